package specimen

import (
	"image/color"
	"math"
)

// emblems is how many stand-ins for the state emblem there are.
const emblems = 4

var (
	emblemRed  = color.RGBA{186, 58, 52, 255}
	emblemGold = color.RGBA{222, 176, 84, 255}
	emblemPale = color.RGBA{244, 226, 216, 255}
)

// emblem draws a device of our own in the place and size of the state emblem:
// a disc of red and gold, which is all that a net at card scale sees of it.
func (p *press) emblem(x, y, radius float64) {
	p.note(ZoneEmblem, Box{x - radius, y - radius, 2 * radius, 2 * radius}, "")
	switch p.style.Emblem % emblems {
	case 1:
		p.sunDisc(x, y, radius)
	case 2:
		p.wreath(x, y, radius)
	case 3:
		p.gearRing(x, y, radius)
	default:
		p.roundel(x, y, radius/7.6)
	}
}

// roundel is a ring, hills and the word 样本; k is 1 for a radius of 7.6 mm.
func (p *press) roundel(x, y, k float64) {
	e := p.easel()
	at := func(mm ...float64) []Point {
		for i := range mm {
			mm[i] *= k
		}
		return p.points(x, y, mm...)
	}
	cx, cy := x*perMM, y*perMM
	e.fill(emblemRed, ellipse(cx, cy, 7.6*k*perMM, 7.6*k*perMM))
	e.fill(emblemPale, ellipse(cx, cy, 6.7*k*perMM, 6.7*k*perMM))
	e.stroke(emblemRed, 0.5*k*perMM, curve(at(-5.5, 3.4, -2.8, 1.0, 0, 3.2, 2.6, 1.4, 5.5, 3.4)...))
	e.stroke(emblemRed, 0.5*k*perMM, curve(at(-4.6, 4.6, -1.5, 3.2, 1.6, 4.8, 4.6, 4.4)...))
	p.print(x-3.3*k, y-1.3*k, "样本", textStyle{face: p.sans, em: 3.2 * k, tracking: 0.2 * k, ink: emblemRed})
}

// sunDisc is a red disc with twelve golden petals.
func (p *press) sunDisc(x, y, r float64) {
	e := p.easel()
	cx, cy, unit := x*perMM, y*perMM, r*perMM
	e.fill(emblemGold, ellipse(cx, cy, unit, unit))
	e.fill(emblemRed, ellipse(cx, cy, unit*0.9, unit*0.9))
	for i := range 12 {
		sin, cos := math.Sincos(2 * math.Pi * float64(i) / 12)
		petal := ellipse(cx, cy-unit*0.56, unit*0.1, unit*0.24)
		for j, q := range petal {
			dx, dy := q.X-cx, q.Y-cy
			petal[j] = Point{cx + dx*cos - dy*sin, cy + dx*sin + dy*cos}
		}
		e.fill(emblemGold, petal)
	}
	e.fill(emblemGold, ellipse(cx, cy, unit*0.2, unit*0.2))
}

// wreath is two golden sprays around a red field with a bar beneath.
func (p *press) wreath(x, y, r float64) {
	e := p.easel()
	cx, cy, unit := x*perMM, y*perMM, r*perMM
	e.fill(emblemRed, ellipse(cx, cy, unit*0.78, unit*0.86))
	for _, side := range []float64{-1, 1} {
		for i := range 9 {
			sin, cos := math.Sincos(math.Pi * (0.08 + 0.84*float64(i)/8))
			px, py := cx+side*sin*unit*0.86, cy+cos*unit*0.86
			e.fill(emblemGold, turned(ellipse(px, py, unit*0.09, unit*0.2), px, py, side*(math.Pi*float64(i)/9-0.5)))
		}
	}
	e.fill(emblemGold, rectangle(cx-unit*0.42, cy+unit*0.12, unit*0.84, unit*0.22, 0))
	e.fill(emblemGold, spline(Point{cx - unit*0.3, cy}, Point{cx, cy - unit*0.45}, Point{cx + unit*0.3, cy}))
}

// gearRing is a toothed golden ring around a red field with hills.
func (p *press) gearRing(x, y, r float64) {
	e := p.easel()
	cx, cy, unit := x*perMM, y*perMM, r*perMM
	teeth := make(shape, 0, 80)
	for i := range 80 {
		sin, cos := math.Sincos(2 * math.Pi * float64(i) / 80)
		k := unit * (0.9 + 0.1*float64(i/2%2))
		teeth = append(teeth, Point{cx + k*sin, cy + k*cos})
	}
	e.fill(emblemGold, teeth)
	e.fill(emblemRed, ellipse(cx, cy, unit*0.8, unit*0.8))
	e.stroke(emblemGold, unit*0.07, curve(p.points(x, y, -0.6*r, 0.3*r, -0.25*r, -0.1*r, 0.1*r, 0.3*r, 0.4*r, 0, 0.65*r, 0.25*r)...))
	e.stroke(emblemGold, unit*0.07, curve(p.points(x, y, -0.5*r, 0.5*r, 0, 0.42*r, 0.5*r, 0.5*r)...))
}
