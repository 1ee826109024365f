package watermark

import (
	"bytes"
	"errors"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"math"
	"strings"
	"testing"

	"realname/imaging"
)

var lines = []string{"COPY FOR police.110000", "case_inquiry 2026-12-01", "dis_019abcde-0000-7000-8000-000000000000"}

// plain is a crop of one grey.
func plain(t *testing.T, grey uint8) imaging.Crop {
	t.Helper()
	w, h := imaging.CropCard.Size()
	return cropOf(t, image.NewUniform(color.Gray{grey}), w, h)
}

func cropOf(t *testing.T, src image.Image, w, h int) imaging.Crop {
	t.Helper()
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	draw.Draw(img, img.Bounds(), src, image.Point{}, draw.Src)
	var out bytes.Buffer
	if err := jpeg.Encode(&out, img, &jpeg.Options{Quality: 95}); err != nil {
		t.Fatal(err)
	}
	return imaging.Crop{Kind: imaging.CropCard, JPEG: out.Bytes()}
}

func decoded(t *testing.T, data []byte) image.Image {
	t.Helper()
	img, err := jpeg.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	return img
}

func grey(img image.Image, x, y int) int {
	return int(color.GrayModel.Convert(img.At(x, y)).(color.Gray).Y)
}

// On any ground letters and border differ enough to be read, everywhere on the card, and most of the ground is as it was.
func TestTheMarkIsReadOnAnyGroundAndEverywhere(t *testing.T) {
	const cell = 160 // pixels; smaller than a portrait
	for _, ground := range []uint8{0, 64, 128, 192, 255} {
		data, err := Stamp(plain(t, ground), lines...)
		if err != nil {
			t.Fatal(err)
		}
		img := decoded(t, data)
		b := img.Bounds()
		if w, h := imaging.CropCard.Size(); b.Dx() != w || b.Dy() != h {
			t.Fatalf("the copy has %v", b)
		}
		touched := 0
		for cy := 0; cy+cell <= b.Dy(); cy += cell {
			for cx := 0; cx+cell <= b.Dx(); cx += cell {
				least, most, marked := 255, 0, 0
				for y := cy; y < cy+cell; y++ {
					for x := cx; x < cx+cell; x++ {
						v := grey(img, x, y)
						least, most = min(least, v), max(most, v)
						if v < int(ground)-12 || v > int(ground)+12 {
							marked++
						}
					}
				}
				touched += marked
				if most-least < 50 || marked < cell*cell/30 {
					t.Errorf("ground %d, cell %d,%d: contrast %d, %d pixels marked", ground, cx, cy, most-least, marked)
				}
			}
		}
		if share := float64(touched) / float64(b.Dx()*b.Dy()); share > 0.40 {
			t.Errorf("ground %d: the mark covers %.0f %% of the card", ground, 100*share)
		}
	}
}

// What is printed shows through the mark: black stays darker than white, wherever a letter stands.
func TestPrintShowsThroughTheMark(t *testing.T) {
	black, err := Stamp(plain(t, 20), lines...)
	if err != nil {
		t.Fatal(err)
	}
	white, err := Stamp(plain(t, 235), lines...)
	if err != nil {
		t.Fatal(err)
	}
	b, w := decoded(t, black), decoded(t, white)
	for y := range b.Bounds().Dy() {
		for x := range b.Bounds().Dx() {
			if grey(w, x, y)-grey(b, x, y) < 50 {
				t.Fatalf("at %d,%d print of 20 on 235 is left with %d on %d", x, y, grey(b, x, y), grey(w, x, y))
			}
		}
	}
}

func TestTheSameCopyHasTheSameBytes(t *testing.T) {
	crop := plain(t, 200)
	a, err := Stamp(crop, lines...)
	if err != nil {
		t.Fatal(err)
	}
	b, err := Stamp(crop, lines...)
	if err != nil || !bytes.Equal(a, b) {
		t.Errorf("two copies differ, %v", err)
	}
	other, err := Stamp(crop, append([]string{"COPY FOR court.110000"}, lines[1:]...)...)
	if err != nil || bytes.Equal(a, other) {
		t.Errorf("another recipient has the same copy, %v", err)
	}
}

func TestTheLongestMarkStandsWholeOnTheCard(t *testing.T) {
	long := strings.Repeat("W", MaxLine)
	m, err := newMark([]string{long, long, long})
	if err != nil {
		t.Fatal(err)
	}
	// The mark in the middle leans, and its corners lie within the card.
	sin, cos := math.Sincos(-lean)
	w, h := imaging.CropCard.Size()
	wide, high := float64(m.w)*cos+float64(m.h)*sin, float64(m.w)*sin+float64(m.h)*cos
	if wide > float64(w) || high > float64(h) {
		t.Errorf("the mark takes %.0f by %.0f pixels, the card has %d by %d", wide, high, w, h)
	}
	if _, err := Stamp(plain(t, 255), long, long, long); err != nil {
		t.Error(err)
	}
}

func TestStampRefuses(t *testing.T) {
	good := plain(t, 128)
	for name, bad := range map[string][]string{
		"no line": nil, "an empty line": {"a", ""}, "too long": {strings.Repeat("a", MaxLine+1)},
		"too many": {"a", "b", "c", "d", "e"}, "not ASCII": {"王"}, "a control character": {"a\nb"},
	} {
		if _, err := Stamp(good, bad...); !errors.Is(err, ErrText) {
			t.Errorf("%s: %v", name, err)
		}
	}
	small := cropOf(t, image.White, 100, 100)
	for name, crop := range map[string]imaging.Crop{
		"no picture": {Kind: imaging.CropCard, JPEG: []byte("\xff\xd8 no")}, "another size": small,
		"no kind": {JPEG: good.JPEG}, "cut short": {Kind: imaging.CropCard, JPEG: good.JPEG[:len(good.JPEG)/2]},
		"too large": {Kind: imaging.CropCard, JPEG: append(bytes.Clone(good.JPEG), make([]byte, imaging.MaxCrop)...)},
	} {
		if _, err := Stamp(crop, lines...); err == nil {
			t.Errorf("%s was stamped", name)
		}
	}
}

func BenchmarkStamp(b *testing.B) {
	w, h := imaging.CropCard.Size()
	var out bytes.Buffer
	if err := jpeg.Encode(&out, image.NewRGBA(image.Rect(0, 0, w, h)), nil); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := Stamp(imaging.Crop{Kind: imaging.CropCard, JPEG: out.Bytes()}, lines...); err != nil {
			b.Fatal(err)
		}
	}
}
