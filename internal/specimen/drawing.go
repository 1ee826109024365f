package specimen

import (
	"image"
	"image/color"
	"math/rand/v2"

	"golang.org/x/image/draw"
)

// Drawing is a style of drawn portrait.
type Drawing string

// The styles. DrawnPortrait draws the first three only.
const (
	Flat     Drawing = "flat"
	Outlined Drawing = "outlined"
	Shaded   Drawing = "shaded"
	Pencil   Drawing = "pencil"
	Pixels   Drawing = "pixels"
	Animal   Drawing = "animal"
	Poster   Drawing = "poster" // a photograph put through a cartoon filter
)

// Drawings lists every style.
func Drawings() []Drawing {
	return []Drawing{Flat, Outlined, Shaded, Pencil, Pixels, Animal, Poster}
}

// DrawnPortraitIn draws a portrait in one style, in the shape of a card's. The
// photograph is for Poster only; without one, or in a style that is not listed, it is Shaded.
func DrawnPortraitIn(rng *rand.Rand, style Drawing, photograph image.Image) *image.RGBA {
	const w, h = int(portraitW * perMM), int(portraitH * perMM)
	if style == Poster && photograph != nil {
		return poster(rng, crop(photograph, w, h))
	}
	e := newEasel(w, h)
	e.flood(pick(rng, backdrops).mix(rgb{250, 250, 250}, 0.6).opaque())
	at, unit := Point{float64(w) / 2, float64(h) * 0.44}, float64(w)*between(rng, 0.27, 0.32)
	switch style {
	case Flat:
		newFigure(rng, 0).draw(e, at, unit)
	case Outlined:
		newFigure(rng, 1).draw(e, at, unit)
	case Pencil:
		e.flood(color.RGBA{244, 244, 240, 255})
		f := newFigure(rng, 1)
		f.skin, f.cloth = rgb{246, 246, 243}, rgb{236, 236, 233}
		f.hair = f.skin.scale(between(rng, 0.45, 0.95))
		f.blush = false
		f.draw(e, at, unit)
	case Pixels:
		square := pixelated(rng, h)
		draw.Draw(e.img, e.img.Rect, square, image.Pt((h-w)/2, 0), draw.Src)
	case Animal:
		square := newEasel(h, h)
		square.flood(pick(rng, backdrops).opaque())
		animal(rng, square, float64(h))
		draw.Draw(e.img, e.img.Rect, square.img, image.Pt((h-w)/2, 0), draw.Src)
	default:
		newFigure(rng, 2).draw(e, at, unit)
	}
	return e.img
}

// poster smooths a photograph, cuts its tones into steps and inks its edges.
func poster(rng *rand.Rand, photo *image.RGBA) *image.RGBA {
	f := filmOf(photo)
	f.blur(between(rng, 2, 4))
	steps, ink := between(rng, 3, 6), between(rng, 10, 30)
	vivid := between(rng, 1, 1.6)
	luma := func(x, y int) float64 {
		x, y = max(0, min(x, f.w-1)), max(0, min(y, f.h-1))
		p := f.v[3*(y*f.w+x):][:3]
		return 0.30*float64(p[0]) + 0.59*float64(p[1]) + 0.11*float64(p[2])
	}
	step := func(v, grey float64) float64 {
		v = max(0, min(255, grey+(v-grey)*vivid))
		return float64(int(v/255*steps+0.5)) * 255 / steps
	}
	return paint(f.w, f.h, func(x, y int) rgb {
		dx, dy := luma(x+2, y)-luma(x-2, y), luma(x, y+2)-luma(x, y-2)
		if dx*dx+dy*dy > ink*ink*4 {
			return rgb{30, 26, 30}
		}
		p, grey := f.v[3*(y*f.w+x):][:3], luma(x, y)
		return rgb{step(float64(p[0]), grey), step(float64(p[1]), grey), step(float64(p[2]), grey)}
	})
}

// flattened lays a picture on white.
func flattened(src image.Image) *image.RGBA {
	b := src.Bounds()
	img := image.NewRGBA(image.Rect(0, 0, b.Dx(), b.Dy()))
	draw.Draw(img, img.Rect, image.White, image.Point{}, draw.Src)
	draw.Draw(img, img.Rect, src, b.Min, draw.Over)
	return img
}
