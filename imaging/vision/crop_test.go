//go:build vision

package vision_test

import (
	"bytes"
	"image"
	"image/jpeg"
	"math"
	"testing"

	"realname/imaging"
	"realname/internal/specimen"
)

// difference is the mean distance of two pictures' grey levels over a few hundred places, once each is 4 pixels coarse.
func difference(a, b image.Image) float64 {
	const step = 4
	sum, n := 0.0, 0
	level := func(img image.Image, fx, fy float64) float64 {
		r := img.Bounds()
		v := 0.0
		for dy := range step {
			for dx := range step {
				x, y := int(fx*float64(r.Dx()-step))+dx, int(fy*float64(r.Dy()-step))+dy
				cr, cg, cb, _ := img.At(r.Min.X+x, r.Min.Y+y).RGBA()
				v += float64(cr+cg+cb) / 3 / 257 / step / step
			}
		}
		return v
	}
	for y := 0.02; y < 0.98; y += 0.04 {
		for x := 0.02; x < 0.98; x += 0.04 {
			sum += math.Abs(level(a, x, y) - level(b, x, y))
			n++
		}
	}
	return sum / float64(n)
}

func decoded(t *testing.T, c *imaging.Crop) image.Image {
	t.Helper()
	if c == nil {
		t.Fatal("no crop")
	}
	img, err := jpeg.Decode(bytes.NewReader(c.JPEG))
	if err != nil {
		t.Fatal(err)
	}
	if w, h := c.Kind.Size(); img.Bounds().Size() != image.Pt(w, h) {
		t.Fatalf("the %s is %v", c.Kind, img.Bounds())
	}
	return img
}

// The crop of a photographed card looks like the card that was photographed, and
// unlike the card upside down, however the card lay.
func TestCropIsTheCardStraightened(t *testing.T) {
	rng := specimen.Seed(810)
	p := specimen.NewPerson(rng)
	card := must[*image.RGBA](t)(specimen.Card(p, stockPortrait(t, rng)))
	photo, _ := specimen.Photograph(rng, card, specimen.Easy())
	over := quarterTurn(quarterTurn(card))
	for quarter := range 4 {
		r := check(t, imaging.Request{Image: specimen.JPEG(photo, 90), Claim: claim(p), Crop: imaging.CropCard})
		crop := decoded(t, r.Crop)
		straight, wrong := difference(crop, card), difference(crop, over)
		t.Logf("%d quarter turns: %.1f grey levels off, upside down %.1f, %d bytes", quarter, straight, wrong, len(r.Crop.JPEG))
		if straight > 20 || straight > wrong/2 {
			t.Errorf("%d quarter turns: the crop is %.1f grey levels off, upside down %.1f", quarter, straight, wrong)
		}
		photo = quarterTurn(photo)
	}
}

func TestPortraitCropIsThePortrait(t *testing.T) {
	rng := specimen.Seed(811)
	p := specimen.NewPerson(rng)
	portrait := stockPortrait(t, rng)
	card := must[*image.RGBA](t)(specimen.Card(p, portrait))
	img, _ := specimen.Photograph(rng, card, specimen.Easy())
	r := check(t, imaging.Request{Image: specimen.JPEG(img, 90), Claim: claim(p), Crop: imaging.CropPortrait})
	crop := decoded(t, r.Crop)
	b := card.Bounds()
	at := func(mm, of float64, side int) int { return int(mm / of * float64(side)) }
	place := image.Rect(at(53.2, 85.6, b.Dx()), at(5.8, 54, b.Dy()), at(80.8, 85.6, b.Dx()), at(40.3, 54, b.Dy()))
	d, other := difference(crop, card.SubImage(place)), difference(crop, card.SubImage(place.Sub(image.Pt(place.Min.X, 0))))
	if d > 25 || d > other/2 {
		t.Errorf("%.1f grey levels off; another part of the card: %.1f", d, other)
	}
}

func TestNoCropWithoutACardOrUnasked(t *testing.T) {
	avatar := specimen.JPEG(specimen.Avatar(specimen.Seed(5), 512), 90)
	for _, kind := range []imaging.CropKind{imaging.CropCard, imaging.CropPortrait} {
		if r := check(t, imaging.Request{Image: avatar, Crop: kind}); r.Crop != nil {
			t.Errorf("a drawing has a crop of its %s", kind)
		}
	}
	img, p := photograph(t, 100, specimen.Easy())
	if r := check(t, imaging.Request{Image: specimen.JPEG(img, 85), Claim: claim(p)}); r.Crop != nil {
		t.Error("a crop that nobody asked for")
	}
}
