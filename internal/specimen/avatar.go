package specimen

import (
	"image"
	"image/color"
	"math"
	"math/rand/v2"

	"golang.org/x/image/draw"
)

// Avatar draws a square cartoon of the given side in pixels: a flat, an
// outlined, a shaded or a pixelated person, or an animal. All of it is ours.
func Avatar(rng *rand.Rand, size int) *image.RGBA {
	e := newEasel(size, size)
	unit := float64(size)
	back := pick(rng, backdrops)
	e.flood(back.opaque())
	if rng.IntN(2) == 0 {
		e.fill(back.mix(rgb{255, 255, 255}, 0.35).opaque(), ellipse(unit/2, unit/2, unit*0.46, unit*0.46))
	}
	switch style := rng.IntN(5); style {
	case 3:
		animal(rng, e, unit)
	case 4:
		return pixelated(rng, size)
	default:
		newFigure(rng, style).draw(e, Point{unit / 2, unit * 0.46}, unit*between(rng, 0.23, 0.28))
	}
	return e.img
}

// DrawnPortrait draws a cartoon head and shoulders in the shape of a card's
// portrait, for cards that must be refused because their portrait is no photograph.
func DrawnPortrait(rng *rand.Rand) *image.RGBA {
	const w, h = int(portraitW * perMM), int(portraitH * perMM)
	e := newEasel(w, h)
	e.flood(pick(rng, backdrops).mix(rgb{250, 250, 250}, 0.6).opaque())
	newFigure(rng, rng.IntN(3)).draw(e, Point{float64(w) / 2, float64(h) * 0.44}, float64(w)*between(rng, 0.27, 0.32))
	return e.img
}

var (
	backdrops = []rgb{{250, 200, 90}, {120, 190, 230}, {240, 150, 150}, {160, 210, 150}, {190, 160, 220}, {245, 245, 245}, {70, 90, 130}, {255, 225, 200}}
	skins     = []rgb{{255, 224, 196}, {246, 205, 170}, {226, 172, 130}, {172, 118, 80}, {110, 72, 50}}
	hairs     = []rgb{{34, 28, 30}, {84, 54, 36}, {190, 134, 70}, {232, 200, 120}, {150, 60, 50}, {90, 100, 180}, {230, 130, 180}, {190, 190, 195}}
	cloths    = []rgb{{60, 90, 160}, {200, 70, 70}, {60, 140, 100}, {240, 180, 60}, {80, 70, 110}, {230, 230, 235}, {40, 44, 52}}
	outline   = color.RGBA{36, 30, 40, 255}
)

// figure is a drawn person. Positions are in head radii around the head's centre.
type figure struct {
	skin, hair, cloth rgb
	line              float64 // outline in head radii; 0 draws flat shapes
	shaded            bool
	cut, eyes, mouth  int
	wide, tall        float64
	glasses, beard    bool
	blush             bool
}

// newFigure draws the features; styles are 0 flat, 1 outlined, 2 shaded.
func newFigure(rng *rand.Rand, style int) figure {
	f := figure{
		skin: pick(rng, skins), hair: pick(rng, hairs), cloth: pick(rng, cloths),
		shaded: style == 2, cut: rng.IntN(5), eyes: rng.IntN(3), mouth: rng.IntN(4),
		wide: between(rng, 0.84, 1.02), tall: between(rng, 1.0, 1.2),
		glasses: rng.IntN(4) == 0, beard: rng.IntN(5) == 0, blush: rng.IntN(3) == 0,
	}
	if style == 1 {
		f.line = between(rng, 0.04, 0.08)
		f.eyes = 2
	}
	return f
}

// brush draws in head radii around a centre.
type brush struct {
	e    *easel
	at   Point
	unit float64
	line float64
}

func (b brush) place(points ...Point) shape {
	out := make(shape, len(points))
	for i, p := range points {
		out[i] = Point{b.at.X + p.X*b.unit, b.at.Y + p.Y*b.unit}
	}
	return out
}

func (b brush) blob(c rgb, points ...Point) {
	b.e.outlined(c.opaque(), outline, b.line*b.unit, spline(b.place(points...)...))
}

func (b brush) oval(c rgb, x, y, rx, ry float64) {
	b.e.outlined(c.opaque(), outline, b.line*b.unit, ellipse(b.at.X+x*b.unit, b.at.Y+y*b.unit, rx*b.unit, ry*b.unit))
}

func (b brush) dot(c color.Color, x, y, rx, ry float64) {
	b.e.fill(c, ellipse(b.at.X+x*b.unit, b.at.Y+y*b.unit, rx*b.unit, ry*b.unit))
}

func (b brush) draw(c color.Color, width float64, points ...Point) {
	b.e.stroke(c, width*b.unit, curve(b.place(points...)...))
}

func (f figure) draw(e *easel, at Point, unit float64) {
	b := brush{e, at, unit, f.line}
	f.backHair(b)
	f.body(b)
	for _, side := range []float64{-1, 1} {
		b.oval(f.skin.scale(0.95), side*f.wide*0.98, 0.1, 0.16, 0.24)
	}
	b.oval(f.skin, 0, 0, f.wide, f.tall)
	if f.shaded {
		f.shade(b)
	}
	if f.beard {
		b.blob(f.hair, Point{-f.wide * 0.97, 0.25}, Point{-0.45, 0.5}, Point{0, 0.42}, Point{0.45, 0.5}, Point{f.wide * 0.97, 0.25}, Point{f.wide * 0.8, f.tall * 0.85}, Point{0, f.tall * 1.15}, Point{-f.wide * 0.8, f.tall * 0.85})
	}
	f.face(b)
	f.fringe(b)
}

func (f figure) body(b brush) {
	b.blob(f.skin.scale(0.88), Point{-0.36, 0.7}, Point{0.36, 0.7}, Point{0.4, 1.8}, Point{-0.4, 1.8})
	b.blob(f.cloth, Point{-0.5, 1.35}, Point{0, 1.62}, Point{0.5, 1.35}, Point{1.5, 1.75}, Point{1.9, 3.4}, Point{-1.9, 3.4}, Point{-1.5, 1.75})
	if f.shaded {
		for i := range 12 {
			k := 1.5 - 0.1*float64(i)
			b.dot(color.NRGBA{255, 255, 255, 8}, -0.4, 2.3, k, k*0.6)
		}
	}
}

// shade models the head by layers of translucent light and shadow.
func (f figure) shade(b brush) {
	for i := range 14 {
		k := 0.9 - 0.055*float64(i)
		b.dot(color.NRGBA{255, 250, 240, 12}, -0.2*f.wide, -0.2, k*f.wide*0.8, k*f.tall*0.8)
	}
	for i := range 8 {
		k := float64(i) * 0.02
		b.dot(color.NRGBA{90, 40, 20, 8}, 0.1, f.tall*(0.75+k), f.wide*(0.6-k), 0.18-k/2)
	}
}

func (f figure) backHair(b brush) {
	switch f.cut {
	case 0: // long
		b.blob(f.hair.scale(0.85), Point{-1.1, -0.6}, Point{0, -1.45}, Point{1.1, -0.6}, Point{1.3, 1.0}, Point{1.1, 2.0}, Point{-1.1, 2.0}, Point{-1.3, 1.0})
	case 1: // bun
		b.oval(f.hair.scale(0.9), 0, -1.45, 0.45, 0.42)
		b.oval(f.hair.scale(0.85), 0, -0.25, 1.12, 1.15)
	case 2: // curls
		for i := range 11 {
			sin, cos := math.Sincos(math.Pi * (0.92 + 1.16*float64(i)/10))
			b.oval(f.hair.scale(0.85), 1.05*cos, 1.05*sin+0.1, 0.36, 0.36)
		}
	default: // short
		b.oval(f.hair.scale(0.85), 0, -0.3, 1.04, 1.02)
	}
}

func (f figure) fringe(b brush) {
	top := -f.tall * 1.12
	switch f.cut {
	case 0, 1:
		b.blob(f.hair, Point{-f.wide * 1.05, 0.1}, Point{-f.wide * 1.02, -0.6}, Point{0, top}, Point{f.wide * 1.02, -0.6}, Point{f.wide * 1.05, 0.1}, Point{0.7, -0.45}, Point{0.1, -0.62}, Point{-0.5, -0.4})
	case 2:
		for i := range 6 {
			b.oval(f.hair, -0.75+0.3*float64(i), -0.82-0.12*math.Sin(float64(i)*0.63*math.Pi/2), 0.28, 0.26)
		}
	case 3: // spikes
		spikes := []Point{{-f.wide, -0.15}}
		for i := range 7 {
			x := -0.95 + 0.32*float64(i)
			spikes = append(spikes, Point{x, top - 0.28}, Point{x + 0.16, -0.62})
		}
		b.e.outlined(f.hair.opaque(), outline, b.line*b.unit, b.place(append(spikes, Point{f.wide, -0.15}, Point{0, -0.55})...))
	default: // side parting
		b.blob(f.hair, Point{-f.wide * 1.04, -0.05}, Point{-f.wide, -0.75}, Point{-0.2, top}, Point{f.wide * 0.9, -0.8}, Point{f.wide * 1.04, -0.05}, Point{0.75, -0.55}, Point{-0.35, -0.6})
	}
}

func (f figure) face(b brush) {
	brow := f.hair.scale(0.7).opaque()
	for _, side := range []float64{-1, 1} {
		x := side * 0.38
		switch f.eyes {
		case 0:
			b.dot(outline, x, 0, 0.09, 0.11)
		case 1:
			b.dot(color.White, x, 0, 0.19, 0.13)
			b.dot(f.hair.mix(rgb{40, 90, 130}, 0.6).opaque(), x, 0, 0.11, 0.12)
			b.dot(outline, x, 0, 0.055, 0.06)
		default:
			b.dot(outline, x, 0, 0.22, 0.28)
			b.dot(f.cloth.mix(rgb{80, 160, 220}, 0.5).opaque(), x, 0.05, 0.17, 0.21)
			b.dot(color.White, x-0.06, -0.1, 0.07, 0.08)
			b.dot(color.White, x+0.07, 0.1, 0.03, 0.04)
		}
		b.draw(brow, 0.07, Point{x - 0.18, -0.33}, Point{x, -0.4}, Point{x + 0.18, -0.34})
		if f.blush {
			b.dot(color.NRGBA{240, 90, 90, 90}, side*0.58, 0.36, 0.17, 0.1)
		}
		if f.glasses {
			ring := ellipse(b.at.X+x*b.unit, b.at.Y, 0.31*b.unit, 0.31*b.unit)
			b.e.stroke(outline, 0.06*b.unit, append(ring, ring[0]))
		}
	}
	if f.glasses {
		b.draw(outline, 0.06, Point{-0.08, -0.02}, Point{0.08, -0.02})
	}
	b.draw(f.skin.scale(0.72).opaque(), 0.06, Point{0.02, 0.1}, Point{0.1, 0.32}, Point{-0.04, 0.36})
	switch f.mouth {
	case 0:
		b.draw(color.RGBA{150, 50, 50, 255}, 0.07, Point{-0.26, 0.58}, Point{0, 0.69}, Point{0.26, 0.58})
	case 1:
		b.blob(rgb{150, 40, 50}, Point{-0.3, 0.54}, Point{0, 0.57}, Point{0.3, 0.54}, Point{0, 0.82})
	case 2:
		b.oval(rgb{150, 40, 50}, 0, 0.65, 0.1, 0.12)
	default:
		b.draw(outline, 0.06, Point{-0.2, 0.64}, Point{0.2, 0.62})
	}
}

// animal draws the head of a cat, a bear or a rabbit.
func animal(rng *rand.Rand, e *easel, unit float64) {
	fur := pick(rng, hairs).mix(rgb{255, 240, 220}, 0.4)
	pale := fur.mix(rgb{255, 255, 255}, 0.6)
	b := brush{e, Point{unit / 2, unit * 0.54}, unit * 0.3, between(rng, 0.03, 0.07)}
	kind := rng.IntN(3)
	for _, side := range []float64{-1, 1} {
		switch kind {
		case 0:
			b.blob(fur, Point{side * 0.35, -0.7}, Point{side * 0.85, -1.45}, Point{side * 0.98, -0.4})
		case 1:
			b.oval(fur, side*0.75, -0.8, 0.36, 0.36)
			b.dot(pale.opaque(), side*0.75, -0.8, 0.2, 0.2)
		default:
			b.oval(fur, side*0.42, -1.25, 0.24, 0.75)
			b.dot(color.RGBA{240, 170, 170, 255}, side*0.42, -1.25, 0.12, 0.55)
		}
	}
	b.oval(fur, 0, 0, 1.08, 0.95)
	b.dot(pale.opaque(), 0, 0.38, 0.6, 0.42)
	for _, side := range []float64{-1, 1} {
		b.dot(outline, side*0.42, -0.1, 0.13, 0.17)
		b.dot(color.White, side*0.42-0.04, -0.16, 0.05, 0.05)
		for i := range 3 {
			y := 0.3 + 0.12*float64(i)
			b.draw(outline, 0.025, Point{side * 0.5, y}, Point{side * 1.15, y - 0.1 + 0.1*float64(i)})
		}
		b.draw(outline, 0.05, Point{0, 0.4}, Point{side * 0.15, 0.52}, Point{side * 0.3, 0.42})
	}
	b.dot(color.RGBA{200, 90, 100, 255}, 0, 0.26, 0.13, 0.09)
}

// pixelated is a figure at 24 × 24, enlarged without smoothing.
func pixelated(rng *rand.Rand, size int) *image.RGBA {
	const grid = 24
	e := newEasel(grid, grid)
	e.flood(pick(rng, backdrops).opaque())
	newFigure(rng, 0).draw(e, Point{grid / 2, grid * 0.46}, grid*0.27)
	img := image.NewRGBA(image.Rect(0, 0, size, size))
	draw.NearestNeighbor.Scale(img, img.Rect, e.img, e.img.Rect, draw.Src, nil)
	return img
}
