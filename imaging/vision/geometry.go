//go:build vision

package vision

import (
	"image"
	"math"

	"realname/imaging"
)

// point is a place in pixels or, on the card, in millimetres.
type point struct{ X, Y float64 }

func (p point) add(q point) point      { return point{p.X + q.X, p.Y + q.Y} }
func (p point) sub(q point) point      { return point{p.X - q.X, p.Y - q.Y} }
func (p point) scale(f float64) point  { return point{p.X * f, p.Y * f} }
func (p point) length() float64        { return math.Hypot(p.X, p.Y) }
func lerp(p, q point, t float64) point { return p.add(q.sub(p).scale(t)) }
func distance(p, q point) float64      { return p.sub(q).length() }
func (p point) dot(q point) float64    { return p.X*q.X + p.Y*q.Y }
func cross(p, q point) float64         { return p.X*q.Y - p.Y*q.X }

// quad has its corners in reading order: top left, top right, bottom right, bottom left.
type quad [4]point

// at gives the place at fractions u along and v across the reading direction.
func (q quad) at(u, v float64) point {
	return lerp(lerp(q[0], q[1], u), lerp(q[3], q[2], u), v)
}

func (q quad) width() float64  { return (distance(q[0], q[1]) + distance(q[3], q[2])) / 2 }
func (q quad) height() float64 { return (distance(q[0], q[3]) + distance(q[1], q[2])) / 2 }

// turned is the same place read upside down.
func (q quad) turned() quad { return quad{q[2], q[3], q[0], q[1]} }

// convex says whether the corners run clockwise on the screen without crossing, as a card seen from its front does.
func (q quad) convex() bool {
	for i := range q {
		if cross(q[(i+1)%4].sub(q[i]), q[(i+2)%4].sub(q[(i+1)%4])) <= 0 {
			return false
		}
	}
	return true
}

// box is the upright rectangle around q in an image f times as large, cut to w by h.
func (q quad) box(f float64, w, h int) *imaging.Box {
	minX, minY := math.Inf(1), math.Inf(1)
	maxX, maxY := math.Inf(-1), math.Inf(-1)
	for _, p := range q {
		minX, maxX = math.Min(minX, p.X*f), math.Max(maxX, p.X*f)
		minY, maxY = math.Min(minY, p.Y*f), math.Max(maxY, p.Y*f)
	}
	r := image.Rect(int(minX), int(minY), int(math.Ceil(maxX)), int(math.Ceil(maxY))).Intersect(image.Rect(0, 0, w, h))
	if r.Empty() {
		return nil
	}
	return &imaging.Box{X: r.Min.X, Y: r.Min.Y, Width: r.Dx(), Height: r.Dy()}
}

// homography maps one plane to another; the ninth entry is 1.
type homography [8]float64

func (h homography) apply(p point) point {
	d := h[6]*p.X + h[7]*p.Y + 1
	return point{(h[0]*p.X + h[1]*p.Y + h[2]) / d, (h[3]*p.X + h[4]*p.Y + h[5]) / d}
}

// pair is one place known on both planes, with its weight.
type pair struct {
	from, to point
	weight   float64
}

// fitHomography is the least-squares map of the pairs. Ridge pulls the two
// perspective terms towards zero: 0 is a free projective map, a large value an
// affine one. Both planes should be scaled to about 1. False when the places do
// not determine a map.
func fitHomography(pairs []pair, ridge float64) (homography, bool) {
	var a [8][9]float64
	add := func(row [9]float64, w float64) {
		for i := range 8 {
			for j := range 9 {
				a[i][j] += w * row[i] * row[j]
			}
		}
	}
	for _, p := range pairs {
		x, y, u, v := p.from.X, p.from.Y, p.to.X, p.to.Y
		add([9]float64{x, y, 1, 0, 0, 0, -x * u, -y * u, u}, p.weight)
		add([9]float64{0, 0, 0, x, y, 1, -x * v, -y * v, v}, p.weight)
	}
	a[6][6] += ridge
	a[7][7] += ridge
	return solve(&a)
}

// solve is Gaussian elimination with pivoting.
func solve(a *[8][9]float64) (homography, bool) {
	for c := range 8 {
		best := c
		for r := c + 1; r < 8; r++ {
			if math.Abs(a[r][c]) > math.Abs(a[best][c]) {
				best = r
			}
		}
		if math.Abs(a[best][c]) < 1e-12 {
			return homography{}, false
		}
		a[c], a[best] = a[best], a[c]
		for r := range 8 {
			if r == c {
				continue
			}
			f := a[r][c] / a[c][c]
			for k := c; k < 9; k++ {
				a[r][k] -= f * a[c][k]
			}
		}
	}
	var h homography
	for i := range h {
		h[i] = a[i][8] / a[i][i]
	}
	return h, true
}
