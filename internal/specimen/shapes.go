package specimen

import (
	"image"
	"image/color"
	"image/draw"
	"math"

	"golang.org/x/image/vector"
)

// Point is a place on an image in pixels; x grows rightwards, y downwards.
type Point struct{ X, Y float64 }

// shape is a closed outline.
type shape []Point

// easel draws filled and stroked shapes with smooth edges.
type easel struct {
	img *image.RGBA
	ras *vector.Rasterizer
}

func newEasel(w, h int) *easel {
	return &easel{img: image.NewRGBA(image.Rect(0, 0, w, h)), ras: vector.NewRasterizer(w, h)}
}

func (e *easel) flood(c color.Color) {
	draw.Draw(e.img, e.img.Bounds(), image.NewUniform(c), image.Point{}, draw.Src)
}

// fill paints the inside of a shape.
func (e *easel) fill(c color.Color, s shape) { e.rasterize(c, s) }

// stroke paints a line of the given width along the points, with round joins.
func (e *easel) stroke(c color.Color, width float64, line []Point) {
	parts := make([]shape, 0, 2*len(line))
	for i, p := range line {
		parts = append(parts, ellipse(p.X, p.Y, width/2, width/2))
		if i == 0 {
			continue
		}
		q := line[i-1]
		dx, dy := p.X-q.X, p.Y-q.Y
		length := math.Hypot(dx, dy)
		if length < 1e-6 {
			continue
		}
		nx, ny := -dy/length*width/2, dx/length*width/2
		// Wound like ellipse, so that overlaps add instead of cancelling.
		parts = append(parts, shape{{q.X - nx, q.Y - ny}, {p.X - nx, p.Y - ny}, {p.X + nx, p.Y + ny}, {q.X + nx, q.Y + ny}})
	}
	e.rasterize(c, parts...)
}

// outlined paints a shape and its outline.
func (e *easel) outlined(fill, line color.Color, width float64, s shape) {
	e.fill(fill, s)
	if width > 0 {
		e.stroke(line, width, append(append(shape(nil), s...), s[0]))
	}
}

func (e *easel) rasterize(c color.Color, parts ...shape) {
	box := bounds(parts).Intersect(e.img.Bounds())
	if box.Empty() {
		return
	}
	e.ras.Reset(box.Dx(), box.Dy())
	ox, oy := float64(box.Min.X), float64(box.Min.Y)
	for _, s := range parts {
		for i, p := range s {
			x, y := float32(p.X-ox), float32(p.Y-oy)
			if i == 0 {
				e.ras.MoveTo(x, y)
			} else {
				e.ras.LineTo(x, y)
			}
		}
		e.ras.ClosePath()
	}
	e.ras.Draw(e.img, box, image.NewUniform(c), image.Point{})
}

func bounds(parts []shape) image.Rectangle {
	lo, hi := Point{math.Inf(1), math.Inf(1)}, Point{math.Inf(-1), math.Inf(-1)}
	for _, s := range parts {
		for _, p := range s {
			lo = Point{min(lo.X, p.X), min(lo.Y, p.Y)}
			hi = Point{max(hi.X, p.X), max(hi.Y, p.Y)}
		}
	}
	if lo.X > hi.X {
		return image.Rectangle{}
	}
	return image.Rect(int(math.Floor(lo.X)), int(math.Floor(lo.Y)), int(math.Ceil(hi.X))+1, int(math.Ceil(hi.Y))+1)
}

// ellipse has its centre at (x, y).
func ellipse(x, y, rx, ry float64) shape {
	n := max(12, int(4*math.Sqrt(max(rx, ry))))
	s := make(shape, n)
	for i := range s {
		sin, cos := math.Sincos(2 * math.Pi * float64(i) / float64(n))
		s[i] = Point{x + rx*cos, y + ry*sin}
	}
	return s
}

// rectangle has rounded corners of radius r.
func rectangle(x, y, w, h, r float64) shape {
	r = min(r, w/2, h/2)
	var s shape
	for corner := range 4 {
		cx, cy := x+w-r, y+h-r
		if corner == 1 || corner == 2 {
			cx = x + r
		}
		if corner >= 2 {
			cy = y + r
		}
		for step := range 7 {
			sin, cos := math.Sincos(math.Pi / 2 * (float64(corner) + float64(step)/6))
			s = append(s, Point{cx + r*cos, cy + r*sin})
		}
	}
	return s
}

// spline is a closed smooth outline through the points (Catmull–Rom).
func spline(points ...Point) shape {
	n := len(points)
	var s shape
	for i := range points {
		s = append(s, bend(points[(i+n-1)%n], points[i], points[(i+1)%n], points[(i+2)%n])...)
	}
	return s
}

// curve is an open smooth line through the points.
func curve(points ...Point) []Point {
	last := len(points) - 1
	var line []Point
	for i := range last {
		line = append(line, bend(points[max(i-1, 0)], points[i], points[i+1], points[min(i+2, last)])...)
	}
	return append(line, points[last])
}

func bend(a, b, c, d Point) []Point {
	const steps = 10
	out := make([]Point, steps)
	mix := func(t, a, b, c, d float64) float64 {
		return 0.5 * (2*b + (c-a)*t + (2*a-5*b+4*c-d)*t*t + (3*b-a-3*c+d)*t*t*t)
	}
	for i := range out {
		t := float64(i) / steps
		out[i] = Point{mix(t, a.X, b.X, c.X, d.X), mix(t, a.Y, b.Y, c.Y, d.Y)}
	}
	return out
}
