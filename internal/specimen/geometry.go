package specimen

import (
	"image"
	"math"
	"math/rand/v2"
)

// Corners are the outer corners of the card's outline (before rounding) on a
// photograph, in pixels: the printed side's top left, top right, bottom right
// and bottom left, whichever way it is turned.
type Corners [4]Point

// pose draws how the card lies before the camera and where that puts its corners.
func pose(rng *rand.Rand, o Options) Corners {
	const camera = 260.0 // millimetres
	halfW, halfH := 42.8, 27.0
	if o.sheet != (extent{}) {
		halfW, halfH = o.sheet.w/2, o.sheet.h/2
	}
	radians := func(limit float64) float64 { return between(rng, -limit, limit) * math.Pi / 180 }
	turn, tiltX, tiltY := radians(o.Turn), radians(o.Tilt), radians(o.Tilt)
	sinZ, cosZ := math.Sincos(turn)
	sinX, cosX := math.Sincos(tiltX)
	sinY, cosY := math.Sincos(tiltY)
	var c Corners
	for i, p := range [4]Point{{-halfW, -halfH}, {halfW, -halfH}, {halfW, halfH}, {-halfW, halfH}} {
		x, y := p.X*cosZ-p.Y*sinZ, p.X*sinZ+p.Y*cosZ
		y, z := y*cosX, y*sinX
		x, z = x*cosY+z*sinY, -x*sinY+z*cosY
		k := camera / (camera + z)
		c[i] = Point{x * k, y * k}
	}
	return c.place(rng, o)
}

// place scales the corners to the share of the frame and moves them to a random place inside it.
func (c Corners) place(rng *rand.Rand, o Options) Corners {
	lo, hi := c.extent()
	w, h := float64(o.Width), float64(o.Height)
	fill := between(rng, o.Fill.Min, o.Fill.Max)
	if !o.sheet.overflows {
		fill = min(fill, 0.97)
	}
	k := min(fill*w/(hi.X-lo.X), fill*h/(hi.Y-lo.Y))
	roomX, roomY := w-(hi.X-lo.X)*k, h-(hi.Y-lo.Y)*k
	left, top := roomX*between(rng, 0.2, 0.8), roomY*between(rng, 0.2, 0.8)
	for i, p := range c {
		c[i] = Point{(p.X-lo.X)*k + left, (p.Y-lo.Y)*k + top}
	}
	return c
}

func (c Corners) extent() (lo, hi Point) {
	lo, hi = c[0], c[0]
	for _, p := range c[1:] {
		lo = Point{min(lo.X, p.X), min(lo.Y, p.Y)}
		hi = Point{max(hi.X, p.X), max(hi.Y, p.Y)}
	}
	return lo, hi
}

// around is the part of the frame that holds the corners and a margin.
func (c Corners) around(margin float64, frame image.Rectangle) image.Rectangle {
	lo, hi := c.extent()
	return image.Rect(int(lo.X-margin), int(lo.Y-margin), int(hi.X+margin)+1, int(hi.Y+margin)+1).Intersect(frame)
}

// extent is a sheet before the camera that is no ID-1 card, in millimetres.
type extent struct {
	w, h      float64
	overflows bool // it may be larger than the frame
}

// moved is the outline moved by a number of pixels.
func (c Corners) moved(dx, dy float64) Corners {
	for i, p := range c {
		c[i] = Point{p.X + dx, p.Y + dy}
	}
	return c
}

// inside reports whether the whole outline lies in the frame.
func (c Corners) inside(w, h int) bool {
	lo, hi := c.extent()
	return lo.X >= 0 && lo.Y >= 0 && hi.X <= float64(w) && hi.Y <= float64(h)
}

// project maps points of a w × h sheet onto the photograph.
func (c Corners) project(w, h float64, points Corners) Corners {
	m := c.fromUnit()
	for i, p := range points {
		points[i].X, points[i].Y = m.apply(p.X/w, p.Y/h)
	}
	return points
}

// corners of a rectangle, its own top left first.
func (b Box) corners() Corners {
	return Corners{{b.X, b.Y}, {b.X + b.W, b.Y}, {b.X + b.W, b.Y + b.H}, {b.X, b.Y + b.H}}
}

// edges are the four sides as lines whose value is the distance outwards in pixels.
type edges [4]struct{ a, b, c float64 }

func (c Corners) edges() (e edges) {
	for i, p := range c {
		q := c[(i+1)%4]
		dx, dy := q.X-p.X, q.Y-p.Y
		length := math.Hypot(dx, dy)
		e[i].a, e[i].b = dy/length, -dx/length
		e[i].c = -(e[i].a*p.X + e[i].b*p.Y)
	}
	return e
}

// outside is about how far (x, y) lies outside the outline with corners
// rounded by r pixels; negative inside. Exact for a rectangle, enough for a soft shadow.
func (e *edges) outside(x, y, r float64) float64 {
	across := max(e[1].a*x+e[1].b*y+e[1].c, e[3].a*x+e[3].b*y+e[3].c) + r
	down := max(e[0].a*x+e[0].b*y+e[0].c, e[2].a*x+e[2].b*y+e[2].c) + r
	if across > 0 && down > 0 {
		return math.Sqrt(across*across+down*down) - r
	}
	return max(across, down) - r
}

// homography maps the plane of the photograph to that of the card.
type homography [9]float64

// fromUnit is Heckbert's map of the unit square to the quadrilateral.
func (c Corners) fromUnit() homography {
	dx1, dx2, dx3 := c[1].X-c[2].X, c[3].X-c[2].X, c[0].X-c[1].X+c[2].X-c[3].X
	dy1, dy2, dy3 := c[1].Y-c[2].Y, c[3].Y-c[2].Y, c[0].Y-c[1].Y+c[2].Y-c[3].Y
	det := dx1*dy2 - dx2*dy1
	g, k := (dx3*dy2-dx2*dy3)/det, (dx1*dy3-dx3*dy1)/det
	return homography{
		c[1].X - c[0].X + g*c[1].X, c[3].X - c[0].X + k*c[3].X, c[0].X,
		c[1].Y - c[0].Y + g*c[1].Y, c[3].Y - c[0].Y + k*c[3].Y, c[0].Y,
		g, k, 1,
	}
}

// toCard returns the map that takes the corners to (0,0), (w,0), (w,h), (0,h).
func (c Corners) toCard(w, h float64) homography {
	m := c.fromUnit() // and its adjugate is the way back
	a, b, cc, d, e, f, g, k := m[0], m[1], m[2], m[3], m[4], m[5], m[6], m[7]
	return homography{
		w * (e - f*k), w * (cc*k - b), w * (b*f - cc*e),
		h * (f*g - d), h * (a - cc*g), h * (cc*d - a*f),
		d*k - e*g, b*g - a*k, a*e - b*d,
	}
}

func (m homography) apply(x, y float64) (u, v float64) {
	z := m[6]*x + m[7]*y + m[8]
	return (m[0]*x + m[1]*y + m[2]) / z, (m[3]*x + m[4]*y + m[5]) / z
}
