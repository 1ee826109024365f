package specimen

import (
	"image"
	"image/color"
	"math"
	"math/rand/v2"
)

// Thing is what lies over a zone.
type Thing string

// The things. A Bar is drawn on the finished picture, as people do who hide a number.
const (
	Finger Thing = "finger"
	Slip   Thing = "slip" // of paper
	Pen    Thing = "pen"
	Bar    Thing = "bar"
	// A Sticker is glued on within the zone: of one colour, or with a face drawn on it.
	Sticker Thing = "sticker"
)

// overlay draws in a document's millimetres onto a picture's pixels.
type overlay struct {
	e    *easel
	on   Placed
	unit homography
}

func newOverlay(img *image.RGBA, on Placed) overlay {
	e := newEasel(1, 1)
	e.img = img
	return overlay{e, on, on.Corners.fromUnit()}
}

func (o overlay) fill(c color.Color, mm shape) {
	out := make(shape, len(mm))
	for i, p := range mm {
		out[i].X, out[i].Y = o.unit.apply(p.X/o.on.Width, p.Y/o.on.Height)
	}
	o.e.fill(c, out)
}

// cover draws the thing over a zone, on a transparent picture of w × h pixels.
func (t Thing) cover(rng *rand.Rand, on Placed, z Zone, w, h int) *image.RGBA {
	o := newOverlay(image.NewRGBA(image.Rect(0, 0, w, h)), on)
	b := on.Fields[z].Box
	switch t {
	case Slip:
		paper := rgb{240, 238, 228}.scale(between(rng, 0.8, 1.04))
		m := b.middle()
		angle := between(rng, -0.15, 0.15)
		bw, bh := b.W*between(rng, 0.75, 1.1)+3, b.H*between(rng, 1.3, 2)+4
		at := func(d float64) shape { return turned(rectangle(m.X-bw/2+d, m.Y-bh/2+d, bw, bh, 0.2), m.X, m.Y, angle) }
		o.fill(color.NRGBA{0, 0, 0, 70}, at(0.7))
		o.fill(paper.opaque(), at(0))
	case Pen:
		m := b.middle()
		angle := between(rng, -0.08, 0.08)
		body := pick(rng, houseColours)
		length, thick := max(b.W, 60)*between(rng, 1, 1.2), max(between(rng, 7, 9), b.H*0.8)
		part := func(c color.Color, from, to, k float64) {
			o.fill(c, turned(rectangle(m.X+length*(from-0.5), m.Y-thick*k/2, length*(to-from), thick*k, thick*0.3), m.X, m.Y, angle))
		}
		part(color.NRGBA{0, 0, 0, 60}, 0.01, 1.01, 1.15)
		part(body.opaque(), 0, 1, 1)
		part(body.mix(rgb{255, 255, 255}, 0.5).opaque(), 0.02, 0.98, 0.3)
		part(body.scale(0.5).opaque(), 0.6, 0.64, 1.05)
	case Sticker:
		sticker(rng, o, b)
	default:
		finger(rng, o, b)
	}
	return o.e.img
}

// finger reaches over the zone from the nearest side of the document, nail up.
func finger(rng *rand.Rand, o overlay, b Box) {
	skin := pick(rng, skins).scale(between(rng, 0.85, 1))
	tip := Point{b.X + b.W*between(rng, 0.3, 0.7), b.Y + b.H*between(rng, 0.35, 0.65)}
	angle := nearestSide(tip, o.on) + between(rng, -0.5, 0.5)
	sin, cos := math.Sincos(angle)
	r := between(rng, 7, 9)
	tip = Point{tip.X - cos*r*0.8, tip.Y - sin*r*0.8}
	at := func(along, across float64) Point {
		return Point{tip.X + cos*along - sin*across, tip.Y + sin*along + cos*across}
	}
	hull := func(k float64) shape {
		return spline(at(r*(1-k), 0), at(r*0.5, r*0.82*k), at(r*2.2, r*k), at(r*5, r*0.95*k), at(r*9, r*1.15*k), at(r*16, r*1.3*k),
			at(r*16, -r*1.3*k), at(r*9, -r*1.15*k), at(r*5, -r*0.95*k), at(r*2.2, -r*k), at(r*0.5, -r*0.82*k))
	}
	o.fill(color.NRGBA{0, 0, 0, 60}, hull(1.14))
	for i := range 7 {
		o.fill(skin.scale(0.72+0.045*float64(i)).opaque(), hull(1-0.11*float64(i)))
	}
	nail := spline(at(r*0.35, 0), at(r*0.6, r*0.5), at(r*1.5, r*0.52), at(r*1.8, 0), at(r*1.5, -r*0.52), at(r*0.6, -r*0.5))
	o.fill(skin.mix(rgb{255, 215, 210}, 0.6).opaque(), nail)
	for i := range 3 {
		along := r * (4.2 + 0.35*float64(i))
		o.fill(skin.scale(0.7).opaque(), spline(at(along, -r*0.5), at(along+0.3, 0), at(along, r*0.5), at(along+0.5, 0)))
	}
}

// sticker is glued within the zone where a face is, a little above its middle.
func sticker(rng *rand.Rand, o overlay, b Box) {
	colour := pick(rng, houseColours).mix(rgb{255, 240, 200}, between(rng, 0, 0.8))
	r := min(b.W, b.H) * between(rng, 0.22, 0.42)
	m := b.middle()
	m = Point{m.X + b.W*between(rng, -0.06, 0.06), b.Y + b.H*between(rng, 0.36, 0.48)}
	disc := func(x, y, rx, ry float64) shape {
		return spline(Point{x - rx, y}, Point{x - 0.7*rx, y - 0.7*ry}, Point{x, y - ry}, Point{x + 0.7*rx, y - 0.7*ry},
			Point{x + rx, y}, Point{x + 0.7*rx, y + 0.7*ry}, Point{x, y + ry}, Point{x - 0.7*rx, y + 0.7*ry})
	}
	cut := func(d float64) shape { return disc(m.X+d, m.Y+d, r, r) }
	if rng.IntN(2) == 0 {
		angle := between(rng, -0.3, 0.3)
		cut = func(d float64) shape { return turned(rectangle(m.X-r+d, m.Y-r+d, 2*r, 2*r, 0.1*r), m.X, m.Y, angle) }
	}
	o.fill(color.NRGBA{0, 0, 0, 70}, cut(0.4))
	o.fill(colour.opaque(), cut(0))
	if rng.IntN(2) == 0 {
		return
	}
	ink := colour.scale(0.25).opaque()
	for _, side := range []float64{-1, 1} {
		o.fill(ink, disc(m.X+side*0.35*r, m.Y-0.2*r, 0.1*r, 0.15*r))
	}
	o.fill(ink, spline(Point{m.X - 0.45*r, m.Y + 0.25*r}, Point{m.X, m.Y + 0.55*r}, Point{m.X + 0.45*r, m.Y + 0.25*r}, Point{m.X, m.Y + 0.65*r}))
}

// nearestSide is the direction from a place to the nearest side of the document.
func nearestSide(p Point, on Placed) float64 {
	angle, least := 0.0, math.Inf(1)
	for i, d := range []float64{on.Width - p.X, on.Height - p.Y, p.X, p.Y} {
		if d < least {
			angle, least = math.Pi/2*float64(i), d
		}
	}
	return angle
}

// redact draws an opaque bar on the finished picture.
func redact(rng *rand.Rand, img *image.RGBA, on Placed, z Zone) {
	b := on.Fields[z].Box
	grow := between(rng, 0, 1)
	from := between(rng, 0, 0.4) * b.W
	ink := pick(rng, []rgb{{0, 0, 0}, {255, 255, 255}, {230, 40, 40}, {128, 128, 128}})
	newOverlay(img, on).fill(ink.opaque(), rectangle(b.X+from, b.Y-grow, b.W-from+grow, b.H+2*grow, 0))
}

// over lays a translucent picture of the film's size on it.
func (f *film) over(img *image.RGBA) {
	for i, j := 0, 0; j < len(f.v); i, j = i+4, j+3 {
		alpha := img.Pix[i+3]
		if alpha == 0 {
			continue
		}
		keep := 1 - float32(alpha)/255
		for c := range 3 {
			f.v[j+c] = f.v[j+c]*keep + float32(img.Pix[i+c])
		}
	}
}

// dazzle burns out a zone, or most of its length.
func (f *film) dazzle(rng *rand.Rand, on Placed, z Zone) {
	b := on.Fields[z].Box
	length := b.W * between(rng, 0.55, 1)
	b.X += (b.W - length) * rng.Float64()
	b.W = length
	soft, strength := between(rng, 0.25, 0.6), between(rng, 1.1, 2)
	centre, rx, ry := b.middle(), b.W*0.55, max(b.H*0.55, 4)
	m := on.Corners.toCard(on.Width, on.Height)
	far := 1 + 3*soft
	reach := Box{centre.X - rx*far, centre.Y - ry*far, 2 * rx * far, 2 * ry * far}
	box := on.Corners.project(on.Width, on.Height, reach.corners()).around(1, image.Rect(0, 0, f.w, f.h))
	for y := box.Min.Y; y < box.Max.Y; y++ {
		for x := box.Min.X; x < box.Max.X; x++ {
			u, v := m.apply(float64(x)+0.5, float64(y)+0.5)
			dx, dy := (u-centre.X)/rx, (v-centre.Y)/ry
			d := max(0, math.Sqrt(math.Sqrt(dx*dx*dx*dx+dy*dy*dy*dy))-1) / soft
			add := float32(255 * strength * math.Exp(-d*d/2))
			p := f.v[3*(y*f.w+x):][:3]
			p[0], p[1], p[2] = p[0]+add, p[1]+add, p[2]+add
		}
	}
}

// flat turns light into a picture without a camera's noise.
func (f *film) flat() *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, f.w, f.h))
	for i, j := 0, 0; j < len(f.v); i, j = i+4, j+3 {
		img.Pix[i], img.Pix[i+1], img.Pix[i+2], img.Pix[i+3] = clamp8(float64(f.v[j])), clamp8(float64(f.v[j+1])), clamp8(float64(f.v[j+2])), 255
	}
	return img
}

// filmOf is the light of a picture.
func filmOf(img *image.RGBA) *film {
	b := img.Bounds()
	f := &film{w: b.Dx(), h: b.Dy(), v: make([]float32, 3*b.Dx()*b.Dy())}
	for i, j := 0, 0; j < len(f.v); i, j = i+4, j+3 {
		f.v[j], f.v[j+1], f.v[j+2] = float32(img.Pix[i]), float32(img.Pix[i+1]), float32(img.Pix[i+2])
	}
	return f
}
