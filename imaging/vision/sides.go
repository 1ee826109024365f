//go:build vision

package vision

import (
	"math"

	"gocv.io/x/gocv"
)

// The sides of a document are looked for as edges near where the net saw them.
const (
	sideProbes = 40   // places along a side
	sideTop    = 2    // edges kept a place
	leastEdge  = 5.0  // grey levels across an edge
	leastShare = 0.45 // of the places that must lie on one line
)

// sideReach is how far to either side is looked, in shares of the document's
// width: first no farther than where the front's portrait and print begin, then
// nearer, since sides that were found bring the others closer.
var sideReach = []float64{0.055, 0.03}

// edge is a step in brightness found across a side.
type edge struct {
	at   point
	step float64 // grey levels
}

// straight is a line: a point on it and its direction, of length 1.
type straight struct{ at, along point }

func (s straight) off(p point) float64 { return math.Abs(cross(s.along, p.sub(s.at))) }

// meet is where two lines cross; false when they run side by side.
func (s straight) meet(o straight) (point, bool) {
	d := cross(s.along, o.along)
	if math.Abs(d) < 0.1 {
		return point{}, false
	}
	return s.at.add(s.along.scale(cross(o.at.sub(s.at), o.along) / d)), true
}

// sharpened moves the corners onto the edges of the document, to parts of a
// pixel. A side without a clear edge stays where it was; sides counts those that moved.
func sharpened(mat gocv.Mat, q quad, reaches []float64) (out quad, sides int) {
	px, err := mat.DataPtrUint8()
	if err != nil {
		return q, 0
	}
	light := brightness{px: px, w: mat.Cols(), h: mat.Rows()}
	for _, reach := range reaches {
		q, sides = light.sharpen(q, reach*q.width())
	}
	return q, sides
}

// sharpen looks at the four sides once.
func (b brightness) sharpen(q quad, reach float64) (out quad, sides int) {
	var lines [4]straight
	for i := range q {
		from, to := q[i], q[(i+1)%4]
		lines[i] = straight{from, to.sub(from).scale(1 / distance(from, to))}
		if l, ok := b.side(from, to, reach); ok {
			lines[i] = l
			sides++
		}
	}
	for i := range q {
		p, ok := lines[(i+3)%4].meet(lines[i])
		if !ok || distance(p, q[i]) > 2*reach {
			return q, 0
		}
		out[i] = p
	}
	return out, sides
}

// brightness samples the green of a BGR picture.
type brightness struct {
	px   []uint8
	w, h int
}

func (b brightness) inside(p point) bool {
	return p.X >= 0 && p.Y >= 0 && p.X < float64(b.w-1) && p.Y < float64(b.h-1)
}

func (b brightness) at(p point) float64 {
	x, y := int(p.X), int(p.Y)
	fx, fy := p.X-float64(x), p.Y-float64(y)
	v := func(x, y int) float64 { return float64(b.px[3*(y*b.w+x)+1]) }
	return (v(x, y)*(1-fx)+v(x+1, y)*fx)*(1-fy) + (v(x, y+1)*(1-fx)+v(x+1, y+1)*fx)*fy
}

// side is the line that most edges between two corners lie on.
func (b brightness) side(from, to point, reach float64) (straight, bool) {
	along := to.sub(from).scale(1 / distance(from, to))
	normal := point{-along.Y, along.X}
	var edges []edge
	for i := range sideProbes {
		t := 0.08 + 0.84*float64(i)/(sideProbes-1)
		edges = append(edges, b.across(lerp(from, to, t), normal, reach)...)
	}
	near := max(1, reach/18)
	best, ok := consensus(edges, near, distance(from, to)/3)
	if !ok {
		return straight{}, false
	}
	return fitLine(edges, best, near)
}

// across gives the strongest steps in brightness on the way from one side of a line to the other.
func (b brightness) across(at, normal point, reach float64) []edge {
	step := max(1, reach/30)
	n := int(reach / step)
	profile := make([]float64, 0, 2*n+1)
	for i := -n; i <= n; i++ {
		p := at.add(normal.scale(float64(i) * step))
		if !b.inside(p) {
			return nil
		}
		profile = append(profile, b.at(p))
	}
	steps := make([]float64, len(profile))
	for i := 2; i+2 < len(profile); i++ {
		steps[i] = math.Abs(profile[i+1] + profile[i+2] - profile[i-1] - profile[i-2])
	}
	var out []edge
	for range sideTop {
		k := 0
		for i, v := range steps {
			if v > steps[k] {
				k = i
			}
		}
		if steps[k] < 2*leastEdge {
			break
		}
		out = append(out, edge{at.add(normal.scale(float64(k-n) * step)), steps[k] / 2})
		for i := max(0, k-3); i < min(len(steps), k+4); i++ {
			steps[i] = 0
		}
	}
	return out
}

// consensus is the line through two edges, at least apart from each other, that the most others lie near.
func consensus(edges []edge, near, apart float64) (straight, bool) {
	var best straight
	most := 0.0
	for i := range edges {
		for j := i + 1; j < len(edges); j++ {
			d := distance(edges[i].at, edges[j].at)
			if d < apart {
				continue
			}
			l := straight{edges[i].at, edges[j].at.sub(edges[i].at).scale(1 / d)}
			n := 0.0
			for _, e := range edges {
				if l.off(e.at) <= near {
					n += 1 + min(e.step, 40)/80
				}
			}
			if n > most {
				best, most = l, n
			}
		}
	}
	return best, most >= leastShare*sideProbes
}

// fitLine is the least-squares line of the edges near l.
func fitLine(edges []edge, l straight, near float64) (straight, bool) {
	var m point
	n := 0.0
	for _, e := range edges {
		if l.off(e.at) <= near {
			m, n = m.add(e.at), n+1
		}
	}
	if n < 2 {
		return straight{}, false
	}
	m = m.scale(1 / n)
	var xx, xy, yy float64
	for _, e := range edges {
		if d := e.at.sub(m); l.off(e.at) <= near {
			xx, xy, yy = xx+d.X*d.X, xy+d.X*d.Y, yy+d.Y*d.Y
		}
	}
	a := math.Atan2(2*xy, xx-yy) / 2
	fitted := straight{m, point{math.Cos(a), math.Sin(a)}}
	if fitted.along.dot(l.along) < 0 {
		fitted.along = fitted.along.scale(-1)
	}
	return fitted, true
}
