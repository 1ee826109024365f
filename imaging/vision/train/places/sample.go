package main

import (
	"image"
	"image/color"

	"realname/internal/specimen"
)

// sample is the picture's colour at a place in shares of the quadrilateral's
// sides, between its four pixels. A portrait's place is small: perspective within it is none.
func sample(img *image.RGBA, c specimen.Corners, u, v float64) color.RGBA {
	mix := func(a, b, c, d float64) float64 {
		return (1-u)*(1-v)*a + u*(1-v)*b + u*v*c + (1-u)*v*d
	}
	x := mix(c[0].X, c[1].X, c[2].X, c[3].X) - 0.5
	y := mix(c[0].Y, c[1].Y, c[2].Y, c[3].Y) - 0.5
	x0, y0 := int(x), int(y)
	fx, fy := x-float64(x0), y-float64(y0)
	at := func(x, y int) color.RGBA {
		r := img.Rect
		return img.RGBAAt(min(max(x, r.Min.X), r.Max.X-1), min(max(y, r.Min.Y), r.Max.Y-1))
	}
	a, b, d, e := at(x0, y0), at(x0+1, y0), at(x0, y0+1), at(x0+1, y0+1)
	channel := func(a, b, d, e uint8) uint8 {
		top := float64(a)*(1-fx) + float64(b)*fx
		low := float64(d)*(1-fx) + float64(e)*fx
		return uint8(min(max(top*(1-fy)+low*fy+0.5, 0), 255))
	}
	return color.RGBA{channel(a.R, b.R, d.R, e.R), channel(a.G, b.G, d.G, e.G), channel(a.B, b.B, d.B, e.B), 255}
}
