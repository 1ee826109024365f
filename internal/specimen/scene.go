package specimen

import (
	"image"
	"math"
	"math/rand/v2"
)

// Scene draws something that a card may lie on: wood, cloth, paper, stone or a
// smooth desk top, sometimes with things lying about.
func Scene(rng *rand.Rand, w, h int) *image.RGBA {
	return SurfaceScene(rng, pick(rng, []Surface{Wood, Cloth, Sheets, Stone, Desk}), w, h)
}

// Surface is a kind of ground to lie on.
type Surface string

// The surfaces. Scene draws the first five only.
const (
	Wood      Surface = "wood"
	Cloth     Surface = "cloth"
	Sheets    Surface = "paper"
	Stone     Surface = "stone"
	Desk      Surface = "desk"
	Tiles     Surface = "tiles"
	Dotted    Surface = "dotted"
	Newsprint Surface = "newsprint"
)

// Surfaces lists every kind.
func Surfaces() []Surface {
	return []Surface{Wood, Cloth, Sheets, Stone, Desk, Tiles, Dotted, Newsprint}
}

// SurfaceScene is a Scene on one kind of ground; one that is not listed is a Desk.
func SurfaceScene(rng *rand.Rand, kind Surface, w, h int) *image.RGBA {
	painters := map[Surface]func(*rand.Rand, int, int) *image.RGBA{Wood: wood, Cloth: cloth, Sheets: paperDesk, Stone: stone,
		Tiles: tiles, Dotted: dotted, Newsprint: newsprint}
	painter := painters[kind]
	if painter == nil {
		painter = smooth
	}
	img := painter(rng, w, h)
	if rng.IntN(2) == 0 {
		clutter(rng, img)
	}
	return img
}

var (
	woodTones  = []rgb{{176, 128, 84}, {120, 78, 48}, {206, 170, 128}, {92, 62, 44}, {188, 150, 110}}
	clothTones = []rgb{{70, 88, 120}, {150, 60, 58}, {200, 192, 180}, {60, 62, 66}, {96, 120, 92}, {214, 200, 170}}
	stoneTones = []rgb{{190, 188, 184}, {96, 98, 102}, {220, 214, 206}, {140, 128, 118}}
	deskTones  = []rgb{{235, 236, 238}, {52, 54, 60}, {150, 170, 190}, {225, 205, 180}, {180, 196, 176}, {110, 80, 96}}
)

func wood(rng *rand.Rand, w, h int) *image.RGBA {
	tone := pick(rng, woodTones)
	warp := newField(rng, w, h, 420, 60, 2)
	grain := newField(rng, w, h, 260, 3, 2)
	rings := between(rng, 6, 16)
	plank := h / (2 + rng.IntN(4))
	return paint(w, h, func(x, y int) rgb {
		v := math.Sin((float64(y)/float64(h)+0.5*float64(warp.at(x, y)))*rings*2*math.Pi)*0.08 + 0.22*float64(grain.at(x, y))
		if y%plank < 3 {
			v -= 0.35
		}
		return tone.scale(1 + v)
	})
}

func cloth(rng *rand.Rand, w, h int) *image.RGBA {
	tone := pick(rng, clothTones)
	folds := newField(rng, w, h, 380, 300, 2)
	lint := newField(rng, w, h, 5, 5, 1)
	period := between(rng, 4, 9)
	weave := make([]float64, max(w, h))
	for i := range weave {
		weave[i] = math.Sin(float64(i) / period * 2 * math.Pi)
	}
	stripes := 60 + rng.IntN(140)
	band := between(rng, -0.25, 0.25) * float64(rng.IntN(2))
	return paint(w, h, func(x, y int) rgb {
		v := 0.07*weave[x]*weave[y] + 0.30*float64(folds.at(x, y)) + 0.10*float64(lint.at(x, y))
		if x%(2*stripes) < stripes {
			v += band
		}
		return tone.scale(1 + v)
	})
}

func paperDesk(rng *rand.Rand, w, h int) *image.RGBA {
	tone := rgb{238, 236, 230}.scale(between(rng, 0.85, 1.02))
	bumps := newField(rng, w, h, 300, 300, 2)
	fibre := newField(rng, w, h, 3, 3, 1)
	ruled := 0
	if rng.IntN(2) == 0 {
		ruled = h / (14 + rng.IntN(10))
	}
	return paint(w, h, func(x, y int) rgb {
		c := tone.scale(1 + 0.06*float64(bumps.at(x, y)) + 0.03*float64(fibre.at(x, y)))
		if ruled > 0 && y%ruled < 2 {
			return c.mix(rgb{110, 140, 190}, 0.6)
		}
		return c
	})
}

func stone(rng *rand.Rand, w, h int) *image.RGBA {
	tone := pick(rng, stoneTones)
	veins := newField(rng, w, h, 340, 220, 3)
	speck := newField(rng, w, h, 4, 4, 1)
	return paint(w, h, func(x, y int) rgb {
		vein := max(0, 1-math.Abs(float64(veins.at(x, y)))*14)
		return tone.scale(1 + 0.12*float64(veins.at(x, y)) + 0.22*float64(speck.at(x, y)) - 0.25*vein)
	})
}

func smooth(rng *rand.Rand, w, h int) *image.RGBA {
	a, b := pick(rng, deskTones), pick(rng, deskTones)
	b = a.mix(b, between(rng, 0, 0.5))
	sin, cos := math.Sincos(rng.Float64() * 2 * math.Pi)
	haze := newField(rng, w, h, 500, 500, 1)
	return paint(w, h, func(x, y int) rgb {
		t := 0.5 + 0.6*((float64(x)/float64(w)-0.5)*cos+(float64(y)/float64(h)-0.5)*sin)
		return a.mix(b, max(0, min(1, t))).scale(1 + 0.05*float64(haze.at(x, y)))
	})
}

func tiles(rng *rand.Rand, w, h int) *image.RGBA {
	tone, other := pick(rng, stoneTones), pick(rng, deskTones)
	mottle := newField(rng, w, h, 90, 90, 3)
	side, joint := h/(3+rng.IntN(6)), 3+rng.IntN(6)
	checked := rng.IntN(2) == 0
	return paint(w, h, func(x, y int) rgb {
		if x%side < joint || y%side < joint {
			return tone.scale(0.6)
		}
		c := tone
		if checked && (x/side+y/side)%2 == 1 {
			c = tone.mix(other, 0.7)
		}
		return c.scale(1 + 0.15*float64(mottle.at(x, y)))
	})
}

// dotted is printed oilcloth: spots in rows on one colour.
func dotted(rng *rand.Rand, w, h int) *image.RGBA {
	tone, spot := pick(rng, clothTones), pick(rng, backdrops)
	folds := newField(rng, w, h, 420, 300, 2)
	pitch := h / (6 + rng.IntN(14))
	radius := float64(pitch) * between(rng, 0.15, 0.4)
	return paint(w, h, func(x, y int) rgb {
		row := y / pitch
		dx, dy := (x+row%2*pitch/2)%pitch-pitch/2, y%pitch-pitch/2
		c := tone
		if float64(dx*dx+dy*dy) < radius*radius {
			c = spot
		}
		return c.scale(1 + 0.2*float64(folds.at(x, y)))
	})
}

// newsprint is a page of columns too coarse to be read.
func newsprint(rng *rand.Rand, w, h int) *image.RGBA {
	tone := rgb{226, 222, 210}.scale(between(rng, 0.85, 1.05))
	fibre := newField(rng, w, h, 4, 4, 2)
	letters := newField(rng, w, h, 5, 40, 1)
	column, row := w/(3+rng.IntN(3)), h/(40+rng.IntN(40))
	return paint(w, h, func(x, y int) rgb {
		c := tone.scale(1 + 0.06*float64(fibre.at(x, y)))
		if x%column > column/12 && y%row < row*3/5 && letters.at(x, y) > -0.12 && (y/row)%17 != 0 {
			return c.mix(rgb{60, 58, 56}, 0.75)
		}
		return c
	})
}

// clutter scatters sheets, cups and pens over the picture; most of them at its rim.
func clutter(rng *rand.Rand, img *image.RGBA) {
	w, h := img.Rect.Dx(), img.Rect.Dy()
	e := newEasel(w, h)
	e.img = img
	unit := float64(min(w, h))
	for range 2 + rng.IntN(6) {
		x, y := rng.Float64()*float64(w), rng.Float64()*float64(h)
		ink := rgb{between(rng, 30, 240), between(rng, 30, 240), between(rng, 30, 240)}
		edge := ink.scale(0.7).opaque()
		switch rng.IntN(3) {
		case 0:
			e.outlined(ink.mix(rgb{245, 245, 245}, 0.5).opaque(), edge, unit/400, turned(
				rectangle(x, y, unit*between(rng, 0.2, 0.7), unit*between(rng, 0.15, 0.5), unit*0.01), x, y, rng.Float64()*6))
		case 1:
			r := unit * between(rng, 0.05, 0.14)
			e.outlined(ink.opaque(), edge, unit/150, ellipse(x, y, r, r))
			e.outlined(ink.scale(0.5).opaque(), edge, unit/300, ellipse(x, y, r*0.8, r*0.8))
		default:
			sin, cos := math.Sincos(rng.Float64() * 6)
			l := unit * between(rng, 0.2, 0.5)
			e.stroke(edge, unit*0.022, []Point{{x, y}, {x + l*cos, y + l*sin}})
			e.stroke(ink.opaque(), unit*0.014, []Point{{x, y}, {x + l*0.8*cos, y + l*0.8*sin}})
		}
	}
}

// turned rotates a shape about (x, y) by an angle in radians.
func turned(s shape, x, y, angle float64) shape {
	sin, cos := math.Sincos(angle)
	out := make(shape, len(s))
	for i, p := range s {
		dx, dy := p.X-x, p.Y-y
		out[i] = Point{x + dx*cos - dy*sin, y + dx*sin + dy*cos}
	}
	return out
}

func paint(w, h int, at func(x, y int) rgb) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			c := at(x, y)
			*(*[4]uint8)(img.Pix[y*img.Stride+4*x:]) = [4]uint8{clamp8(c.r), clamp8(c.g), clamp8(c.b), 255}
		}
	}
	return img
}

// field is smooth value noise from about -0.5 to 0.5.
type field struct {
	w int
	v []float32
}

// newField sums octaves of value noise; cells are in pixels and halve from octave to octave.
func newField(rng *rand.Rand, w, h int, cellX, cellY float64, octaves int) *field {
	f := &field{w: w, v: make([]float32, w*h)}
	weight := float32(1)
	for range octaves {
		f.add(rng, h, cellX, cellY, weight)
		cellX, cellY, weight = cellX/2, cellY/2, weight/2
	}
	return f
}

func (f *field) add(rng *rand.Rand, h int, cellX, cellY float64, weight float32) {
	cols, rows := int(float64(f.w)/cellX)+3, int(float64(h)/cellY)+3
	grid := make([]float32, cols*rows)
	for i := range grid {
		grid[i] = (rng.Float32() - 0.5) * weight
	}
	left, share := steps(f.w, cellX)
	top, down := steps(h, cellY)
	for y := range h {
		a, b := grid[top[y]*cols:], grid[(top[y]+1)*cols:]
		row := f.v[y*f.w:][:f.w]
		for x := range row {
			i, t := left[x], share[x]
			upper := a[i] + (a[i+1]-a[i])*t
			lower := b[i] + (b[i+1]-b[i])*t
			row[x] += upper + (lower-upper)*down[y]
		}
	}
}

// steps gives each pixel its grid cell and the eased way through it.
func steps(n int, cell float64) (index []int, share []float32) {
	index, share = make([]int, n), make([]float32, n)
	for i := range n {
		whole, part := math.Modf(float64(i) / cell)
		index[i], share[i] = int(whole), float32(part*part*(3-2*part))
	}
	return index, share
}

func (f *field) at(x, y int) float32 { return f.v[y*f.w+x] }
