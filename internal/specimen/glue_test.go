package specimen

import (
	"errors"
	"image"
	"image/color"
	"image/draw"
	"testing"
)

// What is glued on hides the portrait and nothing else, and a document without a portrait has nowhere to glue it.
func TestGluedPhotographLiesOverThePortrait(t *testing.T) {
	violet := image.NewRGBA(image.Rect(0, 0, 60, 80))
	draw.Draw(violet, violet.Rect, image.NewUniform(color.RGBA{200, 20, 200, 255}), image.Point{}, draw.Src)
	for seed := range uint64(12) {
		img, truth, err := Shot{Options: calm(), Glued: violet}.Take(Seed(seed), plain(85.6, 54))
		if err != nil {
			t.Fatal(err)
		}
		isViolet := func(z Box) bool {
			c, at := truth.Cards[0].Corners.project(85.6, 54, z.corners()), Point{}
			for _, p := range c {
				at = Point{at.X + p.X/4, at.Y + p.Y/4}
			}
			m := mean(img, image.Pt(int(at.X), int(at.Y)))
			return m.R > m.G+60 && m.B > m.G+60
		}
		portrait := truth.Cards[0].Fields[ZonePortrait].Box
		if !isViolet(portrait) {
			t.Errorf("seed %d: the portrait is still seen", seed)
		}
		for _, beside := range []Box{{portrait.X - 9, portrait.Y, 4, portrait.H}, {portrait.X, portrait.Y + portrait.H + 5, portrait.W, 4}} {
			if isViolet(beside) {
				t.Errorf("seed %d: %v is hidden", seed, beside)
			}
		}
	}
	bare := plain(85.6, 54)
	delete(bare.Fields, ZonePortrait)
	if _, _, err := (Shot{Options: calm(), Glued: violet}).Take(Seed(1), bare); !errors.Is(err, ErrNoZone) {
		t.Errorf("without a portrait: %v", err)
	}
}
