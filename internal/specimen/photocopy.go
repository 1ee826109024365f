package specimen

import (
	"image"
	"math"
	"math/rand/v2"
)

// photocopy prints the document (and Beside below it) on a sheet of paper and photographs the sheet.
func (s Shot) photocopy(rng *rand.Rand, p Print) (*image.RGBA, Truth) {
	prints := []Print{p}
	if s.Beside != nil {
		prints = append(prints, *s.Beside)
	}
	page, places, size := s.page(rng, prints)
	o := s.Options
	o.sheet = extent{w: size.X, h: size.Y, overflows: true}
	cards := make([]Placed, len(prints))
	place := func(fill Range) (sheet Corners, inside bool) {
		o.Fill = fill
		sheet, inside = pose(rng, o), true
		for i, doc := range prints {
			cards[i] = doc.at(sheet.project(size.X, size.Y, places[i]))
			inside = inside && cards[i].Corners.inside(o.Width, o.Height)
		}
		return sheet, inside
	}
	// As near as the sheet allows with the whole document in the frame.
	sheet, inside := place(Range{1.1, 1.4})
	for range 8 {
		if inside {
			break
		}
		sheet, inside = place(Range{0.95, 1.3})
	}
	if !inside {
		sheet, _ = place(Range{0.9, 0.97})
	}
	if s.CutEdge != "" {
		moved := s.cut(cards[0].Corners)
		dx, dy := moved[0].X-cards[0].Corners[0].X, moved[0].Y-cards[0].Corners[0].Y
		sheet = sheet.moved(dx, dy)
		for i := range cards {
			cards[i].Corners = cards[i].Corners.moved(dx, dy)
		}
	}
	film := background(rng, o)
	film.shadow(rng, sheet, o)
	film.lay(page, sheet, 0)
	return s.expose(rng, film, cards)
}

// page is the part of a sheet that lies before the camera: its picture, where
// the documents are on it and its size, both in millimetres.
func (s Shot) page(rng *rand.Rand, prints []Print) (*image.RGBA, []Corners, Point) {
	w := prints[0].Width / between(rng, 0.5, 0.85)
	h := 0.0
	for _, p := range prints {
		h += p.Height / between(rng, 0.55, 0.8)
	}
	perMM := 1700 / max(w, h)
	tone := rgb{246, 246, 242}.scale(between(rng, 0.93, 1.02))
	fibre := newField(rng, int(w*perMM), int(h*perMM), 6, 6, 2)
	paper := filmOf(paint(int(w*perMM), int(h*perMM), func(x, y int) rgb { return tone.scale(1 + 0.015*float64(fibre.at(x, y))) }))
	places := make([]Corners, len(prints))
	slot := h / float64(len(prints))
	angle := between(rng, -0.05, 0.05)
	for i, p := range prints {
		m := Point{w/2 + between(rng, -1, 1)*(w-p.Width)/4, slot*(float64(i)+0.5) + between(rng, -1, 1)*(slot-p.Height)/4}
		copy(places[i][:], turned(shape(cornersAround(m, p)), m.X, m.Y, angle))
		inked := colourCopied
		if s.Medium == GreyCopy {
			inked = toner
		}
		pixels := places[i]
		for j := range pixels {
			pixels[j] = Point{pixels[j].X * perMM, pixels[j].Y * perMM}
		}
		paper.print(inked(rng, p.Image), pixels, p.Radius/p.Width)
		paper.lid(rng, pixels)
	}
	return paper.flat(), places, Point{w, h}
}

func cornersAround(m Point, p Print) []Point {
	c := Box{m.X - p.Width/2, m.Y - p.Height/2, p.Width, p.Height}.corners()
	return c[:]
}

// print multiplies a picture into the paper: ink takes light away.
func (f *film) print(img *image.RGBA, c Corners, rounded float64) {
	const white = 248
	ink := &film{w: f.w, h: f.h, v: make([]float32, len(f.v))}
	for i := range ink.v {
		ink.v[i] = white
	}
	ink.lay(img, c, rounded)
	for i, v := range ink.v {
		f.v[i] *= min(1, v/white)
	}
}

// lid is the thin shadow that a card's edge throws on the copier's glass.
func (f *film) lid(rng *rand.Rand, c Corners) {
	strength, sides := between(rng, 0, 0.5), c.edges()
	radius := math.Sqrt(area(c)) * 0.047
	box := c.around(6, image.Rect(0, 0, f.w, f.h))
	for y := box.Min.Y; y < box.Max.Y; y++ {
		for x := box.Min.X; x < box.Max.X; x++ {
			if d := math.Abs(sides.outside(float64(x), float64(y), radius)); d < 3 {
				f.scale(x, y, float32(1-strength*(1-d/3)))
			}
		}
	}
}

// toner is a grey copy: pale grounds drop out, the rest is pressed together, with specks and bands.
func toner(rng *rand.Rand, src *image.RGBA) *image.RGBA {
	lo, hi, gamma := between(rng, 30, 75), between(rng, 175, 245), between(rng, 0.7, 1.3)
	black, grain := between(rng, 20, 60), between(rng, 0.02, 0.12)
	screened := rng.IntN(3) == 0
	period := between(rng, 3, 5)
	table := gaussians()
	return paint(src.Rect.Dx(), src.Rect.Dy(), func(x, y int) rgb {
		p := src.Pix[y*src.Stride+4*x:][:3]
		v := 0.30*float64(p[0]) + 0.59*float64(p[1]) + 0.11*float64(p[2])
		v = math.Pow(max(0, min(1, (v-lo)/(hi-lo))), gamma) + grain*float64(table[(x*193+y*389+x*y)&4095])
		if screened { // a line screen at 45°
			v = max(0, min(1, 0.5+(v-0.5)*1.6+0.35*math.Sin(float64(x+y)*2*math.Pi/period)*(1-math.Abs(2*v-1))))
		}
		grey := max(0, min(1, v))*(248-black) + black
		return rgb{grey, grey, grey}
	})
}

// colourCopied shifts colours as a printer does and rasters them lightly.
func colourCopied(rng *rand.Rand, src *image.RGBA) *image.RGBA {
	saturation, contrast := between(rng, 0.7, 1.5), between(rng, 0.9, 1.3)
	cast := rgb{between(rng, 0.94, 1.05), between(rng, 0.95, 1.04), between(rng, 0.92, 1.05)}
	raster, period := between(rng, 0.02, 0.10), between(rng, 3.2, 5.5)
	black := between(rng, 20, 50)
	return paint(src.Rect.Dx(), src.Rect.Dy(), func(x, y int) rgb {
		p := src.Pix[y*src.Stride+4*x:][:3]
		luma := 0.30*float64(p[0]) + 0.59*float64(p[1]) + 0.11*float64(p[2])
		// Each ink has its own screen angle, so that their dots beat into a rosette.
		dot := func(cos, sin float64) float64 {
			u, v := (float64(x)*cos+float64(y)*sin)/period, (float64(y)*cos-float64(x)*sin)/period
			return 1 + raster*wave(u)*wave(v)
		}
		ink := func(value uint8, gain, cos, sin float64) float64 {
			v := (luma+(float64(value)-luma)*saturation-128)*contrast + 132
			return (black + v*(255-black)/255) * gain * dot(cos, sin)
		}
		return rgb{ink(p[0], cast.r, 0.966, 0.259), ink(p[1], cast.g, 0.259, 0.966), ink(p[2], cast.b, 1, 0)}
	})
}

// wave is a cheap sine of period 1: a parabola from crest to crest.
func wave(t float64) float64 {
	t -= math.Floor(t)
	if t < 0.5 {
		return 16 * t * (0.5 - t)
	}
	return -16 * (t - 0.5) * (1 - t)
}
