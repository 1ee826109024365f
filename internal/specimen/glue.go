package specimen

import (
	"image"
	"image/color"
	"image/draw"
	"math/rand/v2"
)

// glue lays another photograph over the portrait of a document: cut out by hand, of paper that stands a little
// above the card and throws the light back in its own way. Some keep a white rim.
func (f *film) glue(rng *rand.Rand, photograph image.Image, on Placed) {
	const perMM = 12.0
	b := on.Fields[ZonePortrait].Box
	m := b.middle()
	m = Point{m.X + between(rng, -0.8, 0.8), m.Y + between(rng, -0.8, 0.8)}
	w, h := b.W*between(rng, 0.88, 1.06), b.H*between(rng, 0.88, 1.06)
	angle := between(rng, -0.04, 0.04)
	at := func(d float64) shape {
		c := Box{m.X - w/2 + d, m.Y - h/2 + d, w, h}.corners()
		return turned(c[:], m.X, m.Y, angle)
	}
	paper := image.NewRGBA(image.Rect(0, 0, int(w*perMM), int(h*perMM)))
	draw.Draw(paper, paper.Rect, image.NewUniform(color.RGBA{250, 250, 248, 255}), image.Point{}, draw.Src)
	rim := 0
	if rng.IntN(5) < 2 {
		rim = int(between(rng, 0.4, 1.3) * perMM)
	}
	inner := paper.Rect.Inset(rim)
	draw.Draw(paper, inner, crop(photograph, inner.Dx(), inner.Dy()), image.Point{}, draw.Src)
	gain := between(rng, 0.86, 1.08)
	for i, v := range paper.Pix {
		if i%4 < 3 {
			paper.Pix[i] = clamp8(float64(v) * gain)
		}
	}
	shade := newOverlay(image.NewRGBA(image.Rect(0, 0, f.w, f.h)), on)
	thick := between(rng, 0.1, 0.35)
	shade.fill(color.NRGBA{0, 0, 0, uint8(between(rng, 50, 110))}, at(thick))
	f.over(shade.e.img)
	f.lay(paper, on.Corners.project(on.Width, on.Height, Corners(at(0))), 0)
}
