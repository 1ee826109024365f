package evaluation

import (
	"bytes"
	"errors"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"testing"

	"github.com/google/go-cmp/cmp"

	"realname/imaging"
)

func encoded(t *testing.T, img image.Image, asPNG bool) []byte {
	t.Helper()
	var b bytes.Buffer
	var err error
	if asPNG {
		err = png.Encode(&b, img)
	} else {
		err = jpeg.Encode(&b, img, &jpeg.Options{Quality: 95})
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// stripes are black and white by column, as wide as asked: print, as far as a reader minds.
func stripes(w, h, wide int) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			c := color.RGBA{A: 0xff}
			if x/wide%2 == 1 {
				c = color.RGBA{0xff, 0xff, 0xff, 0xff}
			}
			img.SetRGBA(x, y, c)
		}
	}
	return img
}

// contrast is the greatest step between neighbours in the middle row, grey levels.
func contrast(img image.Image) int {
	b, most := img.Bounds(), 0
	grey := func(x int) int { return int(color.GrayModel.Convert(img.At(x, b.Min.Y+b.Dy()/2)).(color.Gray).Y) }
	for x := b.Min.X + 1; x < b.Max.X; x++ {
		step := grey(x) - grey(x-1)
		most = max(most, step, -step)
	}
	return most
}

// EXIF 2.3, tag Orientation: where row 0 and column 0 of the stored picture are on the upright one.
func TestUprightTurns(t *testing.T) {
	const a, b, c, d, e, f = 1, 2, 3, 4, 5, 6
	for _, x := range []struct {
		why         string
		orientation int
		want        [][]uint8
	}{
		{"absurd values change nothing", 9, [][]uint8{{a, b, c}, {d, e, f}}},
		{"1: row 0 is the top, column 0 the left", 1, [][]uint8{{a, b, c}, {d, e, f}}},
		{"2: top, right", 2, [][]uint8{{c, b, a}, {f, e, d}}},
		{"3: bottom, right", 3, [][]uint8{{f, e, d}, {c, b, a}}},
		{"4: bottom, left", 4, [][]uint8{{d, e, f}, {a, b, c}}},
		{"5: left, top", 5, [][]uint8{{a, d}, {b, e}, {c, f}}},
		{"6: right, top", 6, [][]uint8{{d, a}, {e, b}, {f, c}}},
		{"7: right, bottom", 7, [][]uint8{{f, c}, {e, b}, {d, a}}},
		{"8: left, bottom", 8, [][]uint8{{c, f}, {b, e}, {a, d}}},
	} {
		src := image.NewRGBA(image.Rect(0, 0, 3, 2))
		for i := range 6 {
			src.Pix[4*i] = uint8(i + 1)
		}
		img := turned(src, x.orientation)
		var got [][]uint8
		for y := range img.Rect.Dy() {
			var row []uint8
			for i := range img.Rect.Dx() {
				row = append(row, img.RGBAAt(i, y).R)
			}
			got = append(got, row)
		}
		if diff := cmp.Diff(x.want, got); diff != "" {
			t.Errorf("%s: %s", x.why, diff)
		}
	}
}

func TestUprightReadsTheOrientation(t *testing.T) {
	data := encoded(t, stripes(30, 20, 5), false)
	// APP1 of EXIF 2.3 with one entry: orientation 6.
	exif := append([]byte("\xff\xe1\x00\x22Exif\x00\x00"), "II*\x00\x08\x00\x00\x00\x01\x00\x12\x01\x03\x00\x01\x00\x00\x00\x06\x00\x00\x00\x00\x00\x00\x00"...)
	img, err := Upright(bytes.Join([][]byte{data[:2], exif, data[2:]}, nil))
	if err != nil || img.Rect != image.Rect(0, 0, 20, 30) {
		t.Errorf("got %v, %v", img, err)
	}
}

func TestUprightLaysOnWhite(t *testing.T) {
	img, err := Upright(encoded(t, image.NewNRGBA(image.Rect(0, 0, 4, 4)), true))
	if err != nil || img.RGBAAt(1, 1) != (color.RGBA{0xff, 0xff, 0xff, 0xff}) {
		t.Errorf("what is not there is %v, %v", img, err)
	}
	var upload *imaging.UploadError
	if _, err := Upright([]byte("GIF89a")); !errors.As(err, &upload) {
		t.Errorf("what the gate refuses gives %v", err)
	}
}

// The digits of a card stand every 2.78 mm of 85.6: stripes of that step must not be seen any more.
func TestVeilHidesDigits(t *testing.T) {
	const side = 1200
	pitch := side * 278 / 8560
	sharp := stripes(side, side*54/86, pitch/2)
	veiled := Veil(sharp)
	if veiled.Rect != sharp.Rect {
		t.Errorf("the size is %v", veiled.Rect)
	}
	if before, after := contrast(sharp), contrast(veiled); before != 255 || after > 64 {
		t.Errorf("steps of %d became %d", before, after)
	}
	different := 0
	for x := 1; x < side; x++ {
		if veiled.RGBAAt(x, 9) != veiled.RGBAAt(x-1, 9) {
			different++
		}
	}
	if different >= veilCells {
		t.Errorf("%d steps along the long side", different)
	}
}

// Only the asker lets a picture be seen.
func TestShown(t *testing.T) {
	data := encoded(t, stripes(400, 250, 6), true)
	for _, c := range []struct {
		why    string
		reveal bool
	}{
		{"nobody asked", false}, {"asked for", true},
	} {
		img, err := shown(data, c.reveal, 400)
		if err != nil {
			t.Fatal(err)
		}
		if sharp := contrast(img) > 128; sharp != c.reveal || img.Rect.Dx() != 400 {
			t.Errorf("%s: sharp is %v, %v", c.why, sharp, img.Rect)
		}
	}
}
