package specimen

import (
	"image"
	"image/color"
	"math"
	"math/rand/v2"

	"golang.org/x/image/draw"
)

// screen shows a picture of the document on a panel of red, green and blue
// stripes and photographs the panel; the beat of its grid with the camera's is moiré.
func (s Shot) screen(rng *rand.Rand, p Print) (*image.RGBA, Truth, error) {
	picture, cards := s.shown(rng, p)
	panel, cards, err := s.panel(rng, picture, cards)
	if err != nil {
		return nil, Truth{}, err
	}
	o := s.Options
	w, h := float64(panel.Rect.Dx()), float64(panel.Rect.Dy())
	o.sheet = extent{w: w * 0.2, h: h * 0.2, overflows: true}
	place := func(fill Range) (Corners, []Placed, bool) {
		o.Fill = fill
		c := pose(rng, o)
		out, inside := make([]Placed, len(cards)), true
		for i, card := range cards {
			out[i] = card
			out[i].Corners = c.project(w, h, card.Corners)
			inside = inside && out[i].Corners.inside(o.Width, o.Height)
		}
		return c, out, inside
	}
	c, seen, inside := place(Range{1, 1.6})
	for range 8 {
		if inside {
			break
		}
		c, seen, inside = place(Range{0.9, 1.3})
	}
	if !inside {
		c, seen, _ = place(Range{0.85, 0.95})
	}
	if s.CutEdge != "" {
		moved := s.cut(seen[0].Corners)
		dx, dy := moved[0].X-seen[0].Corners[0].X, moved[0].Y-seen[0].Corners[0].Y
		c = c.moved(dx, dy)
		for i := range seen {
			seen[i].Corners = seen[i].Corners.moved(dx, dy)
		}
	}
	film := background(rng, o)
	film.glow(rng, panel, c)
	film.reflection(rng, c)
	img, truth := s.expose(rng, film, seen)
	return img, truth, nil
}

// shown is the picture that a screen or phone shows, with the documents in it.
func (s Shot) shown(rng *rand.Rand, p Print) (*image.RGBA, []Placed) {
	if s.Shows != Original {
		return s.electronic(rng, p)
	}
	inner := Shot{Options: Ordinary(), Beside: s.Beside}
	inner.Options.Background = s.Background
	inner.Width, inner.Height = 1200, 900
	img, truth := inner.original(rng, p)
	return img, truth.Cards
}

// electronic is the rendering itself on a flat ground or cropped to its edges.
func (s Shot) electronic(rng *rand.Rand, p Print) (*image.RGBA, []Placed) {
	prints := []Print{p}
	if s.Beside != nil {
		prints = append(prints, *s.Beside)
	}
	perMM := between(rng, 7, 15)
	margin := 0.0
	if rng.IntN(3) > 0 || len(prints) > 1 {
		margin = between(rng, 1, 14)
	}
	w, h := 0.0, margin
	for _, doc := range prints {
		w = max(w, doc.Width+2*margin)
		h += doc.Height + margin
	}
	e := newEasel(int(w*perMM), int(h*perMM))
	back := pick(rng, []rgb{{255, 255, 255}, {245, 246, 248}, {20, 20, 24}, {226, 234, 244}, {240, 240, 240}, {60, 90, 150}})
	e.flood(back.opaque())
	sheet := filmOf(e.img)
	cards := make([]Placed, len(prints))
	top, rounded := margin, rng.IntN(4) > 0 || margin == 0
	for i, doc := range prints {
		c := Box{(w - doc.Width) / 2, top, doc.Width, doc.Height}.corners()
		for j := range c {
			c[j] = Point{c[j].X * perMM, c[j].Y * perMM}
		}
		radius := 0.0
		if rounded {
			radius = doc.Radius / doc.Width
		}
		sheet.lay(doc.Image, c, radius)
		cards[i] = doc.at(c)
		top += doc.Height + margin
	}
	return sheet.flat(), cards
}

// panel is what the screen shows: the picture in a viewer, a phone's interface, or alone. Corners are in its pixels.
func (s Shot) panel(rng *rand.Rand, picture *image.RGBA, cards []Placed) (*image.RGBA, []Placed, error) {
	if rng.IntN(3) == 0 {
		return phone(rng, picture, cards, 620+rng.IntN(200))
	}
	w := 900 + rng.IntN(500)
	h := w * 10 / 16
	e := newEasel(w, h)
	e.flood(pick(rng, []rgb{{28, 28, 30}, {255, 255, 255}, {240, 240, 242}, {60, 64, 70}}).opaque())
	bar := 0.0
	if rng.IntN(2) == 0 {
		bar = float64(h) * 0.06
		e.fill(rgb{222, 225, 230}.opaque(), rectangle(0, 0, float64(w), bar, 0))
		for i, c := range []color.RGBA{{255, 95, 86, 255}, {255, 189, 46, 255}, {39, 201, 63, 255}} {
			e.fill(c, ellipse(bar*(0.6+0.7*float64(i)), bar/2, bar*0.2, bar*0.2))
		}
		e.fill(color.RGBA{255, 255, 255, 255}, rectangle(float64(w)*0.2, bar*0.2, float64(w)*0.5, bar*0.6, bar*0.3))
	}
	return e.img, paste(e.img, picture, cards, Box{0, bar, float64(w), float64(h) - bar}, between(rng, 0.8, 1)), nil
}

// paste scales the picture into a share of a box of pixels, centred, and moves the documents with it.
func paste(dst *image.RGBA, picture *image.RGBA, cards []Placed, into Box, share float64) []Placed {
	pw, ph := float64(picture.Rect.Dx()), float64(picture.Rect.Dy())
	k := min(into.W/pw, into.H/ph) * share
	x, y := math.Round(into.X+(into.W-pw*k)/2), math.Round(into.Y+(into.H-ph*k)/2)
	at := image.Rect(int(x), int(y), int(x)+int(pw*k), int(y)+int(ph*k))
	draw.BiLinear.Scale(dst, at, picture, picture.Rect, draw.Src, nil)
	kx, ky := float64(at.Dx())/pw, float64(at.Dy())/ph
	out := make([]Placed, len(cards))
	for i, card := range cards {
		out[i] = card
		for j, p := range card.Corners {
			out[i].Corners[j] = Point{x + p.X*kx, y + p.Y*ky}
		}
	}
	return out
}

// glow shines a panel onto the film. Each panel pixel is three upright stripes
// with dark gaps; each film pixel samples them where its red, green and blue
// photosites are.
func (f *film) glow(rng *rand.Rand, panel *image.RGBA, c Corners) {
	w, h := float64(panel.Rect.Dx()), float64(panel.Rect.Dy())
	m := c.toCard(w, h)
	grid, gap := between(rng, 0.35, 1), between(rng, 0.08, 0.22)
	tone := toneCurve(between(rng, 0.75, 1.25), between(rng, 8, 30), rgb{between(rng, 0.86, 1), between(rng, 0.95, 1.03), between(rng, 1, 1.14)})
	bezel := rgb{24, 24, 26}.scale(between(rng, 0.5, 2))
	frame := between(rng, 0.015, 0.05) * w
	box := c.around(0.08*math.Sqrt(area(c)), image.Rect(0, 0, f.w, f.h))
	// Four samples a photosite; red, green and blue lie a quarter pixel apart.
	offsets := [4]Point{{-0.37, -0.12}, {0.12, -0.37}, {0.37, 0.12}, {-0.12, 0.37}}
	sites := [3]Point{{-0.25, -0.25}, {0, 0}, {0.25, 0.25}}
	for y := box.Min.Y; y < box.Max.Y; y++ {
		for x := box.Min.X; x < box.Max.X; x++ {
			px, py := float64(x)+0.5, float64(y)+0.5
			u, v := m.apply(px, py)
			out := f.v[3*(y*f.w+x):][:3]
			if u < 0 || v < 0 || u >= w || v >= h {
				if u > -frame && v > -frame && u < w+frame && v < h+frame {
					out[0], out[1], out[2] = float32(bezel.r), float32(bezel.g), float32(bezel.b)
				}
				continue
			}
			// The map is all but linear within one pixel: its slopes serve every sample.
			ux, vx := m.apply(px+1, py)
			uy, vy := m.apply(px, py+1)
			ux, vx, uy, vy = ux-u, vx-v, uy-u, vy-v
			for ch, site := range sites {
				sum := 0.0
				for _, o := range offsets {
					dx, dy := site.X+o.X, site.Y+o.Y
					sum += stripe(panel, u+ux*dx+uy*dy, v+vx*dx+vy*dy, ch, grid, gap, tone)
				}
				out[ch] = float32(sum / 4)
			}
		}
	}
}

// stripe is the light of one channel at a place of the panel; its mean over a pixel is the pixel's value.
func stripe(panel *image.RGBA, u, v float64, channel int, grid, gap float64, tone *[3][256]float64) float64 {
	x, y := int(u), int(v)
	x, y = max(0, min(x, panel.Rect.Dx()-1)), max(0, min(y, panel.Rect.Dy()-1))
	value := tone[channel][panel.Pix[y*panel.Stride+4*x+channel]]
	fx, fy := (u-float64(x))*3-float64(channel), v-float64(y)
	lit := 0.0
	if fx >= gap && fx < 1-gap && fy >= gap && fy < 1-gap {
		lit = 3 / ((1 - 2*gap) * (1 - 2*gap))
	}
	return value * (1 - grid + grid*lit)
}

// toneCurve is a panel's response: gamma, light that black lets through, and a colour temperature.
func toneCurve(gamma, black float64, white rgb) *[3][256]float64 {
	var t [3][256]float64
	for c, k := range [3]float64{white.r, white.g, white.b} {
		for i := range 256 {
			t[c][i] = (black + (250-black)*math.Pow(float64(i)/255, gamma)) * k
		}
	}
	return &t
}

// reflection adds a window or lamp that the glass mirrors, faint and soft.
func (f *film) reflection(rng *rand.Rand, c Corners) {
	if rng.IntN(2) == 0 {
		return
	}
	strength := between(rng, 8, 45)
	lo, hi := c.extent()
	x, y := between(rng, lo.X, hi.X), between(rng, lo.Y, hi.Y)
	w, h := (hi.X-lo.X)*between(rng, 0.1, 0.35), (hi.Y-lo.Y)*between(rng, 0.1, 0.4)
	for py := range f.h {
		for px := range f.w {
			dx, dy := math.Abs(float64(px)-x)/w, math.Abs(float64(py)-y)/h
			d := max(dx, dy)
			if d >= 1.2 {
				continue
			}
			add := float32(strength * min(1, (1.2-d)*4))
			p := f.v[3*(py*f.w+px):][:3]
			p[0], p[1], p[2] = p[0]+add*0.95, p[1]+add, p[2]+add
		}
	}
}
