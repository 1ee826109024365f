//go:build vision

package vision

import (
	"image"
	"math"
)

// Zones of the front that must be seen, in millimetres.
var (
	numberZone = zone(29, numberRow-2.6, 79, numberRow+2.6)
	// Every name has two characters or more, so that print stands here.
	nameStart  = zone(15.5, nameRow-2.2, 23, nameRow+2.2)
	faceMiddle = zone(60, 10, 74, 32)
)

// burntLevel is the least that a highlight leaves of a pixel, 0 to 255.
const burntLevel = 247

// dazzled is the share of a text zone's columns, each about a character wide,
// in which a highlight left no print: even their darkest pixels are burnt out.
func (r raster) dazzled(z quad) float64 {
	const column = 9 // pixels of the sheet: 1.8 mm
	in := r.part(z)
	lost, n := 0, 0
	for x := in.Min.X; x < in.Max.X; x += column {
		n++
		if r.darkest(image.Rect(x, in.Min.Y, min(x+column, in.Max.X), in.Max.Y)) >= burntLevel {
			lost++
		}
	}
	if n == 0 {
		return 0
	}
	return float64(lost) / float64(n)
}

// darkest is the brightness that a twentieth of the pixels stay below: one speck is no print.
func (r raster) darkest(in image.Rectangle) float64 {
	var all []float64
	for y := in.Min.Y; y < in.Max.Y; y++ {
		for x := in.Min.X; x < in.Max.X; x++ {
			all = append(all, r.luma(x, y))
		}
	}
	return quantile(all, 0.05)
}

// burnt is the share of a zone's pixels that are burnt out.
func (r raster) burnt(z quad) float64 {
	in := r.part(z)
	lost, n := 0, 0
	for y := in.Min.Y; y < in.Max.Y; y++ {
		for x := in.Min.X; x < in.Max.X; x++ {
			n++
			p := r.px[3*(y*r.w+x):][:3]
			if min(p[0], p[1], p[2]) >= burntLevel {
				lost++
			}
		}
	}
	if n == 0 {
		return 0
	}
	return float64(lost) / float64(n)
}

// bareFront is where the front has no print, far enough from the edges for the error of its corners.
var bareFront = []quad{
	zone(2.6, 4.5, 4.6, 44), zone(6, 3, 52, 5), zone(55, 2.6, 80, 4.8), zone(82, 6, 84, 44),
	zone(6, 41.2, 50, 43.2), zone(53, 41.2, 81, 43.2), zone(52, 49.4, 80, 51.4), zone(6, 49.4, 34, 51.4),
}

// cell is a bare part of the card with its usual colour, blue first.
type cell struct {
	at     point // middle, mm
	colour [3]float64
}

// cellSide is how the bare strips are cut, in millimetres of the document.
const cellSide = 2.0

// bareCells cuts the bare strips into cells of a size on the sheet. What lies off the sheet is none.
func (r raster) bareCells(strips []quad, side point) []cell {
	var out []cell
	for _, z := range strips {
		for y := z[0].Y; y+side.Y <= z[2].Y+1e-9; y += side.Y {
			for x := z[0].X; x+side.X <= z[2].X+1e-9; x += side.X {
				in := r.part(zone(x, y, x+side.X, y+side.Y))
				if in.Empty() {
					continue
				}
				out = append(out, cell{at: point{x + side.X/2, y + side.Y/2}, colour: r.usual(in)})
			}
		}
	}
	return out
}

// usual is the median of every channel.
func (r raster) usual(in image.Rectangle) [3]float64 {
	var out [3]float64
	values := make([]float64, 0, in.Dx()*in.Dy())
	for c := range out {
		values = values[:0]
		for y := in.Min.Y; y < in.Max.Y; y++ {
			for x := in.Min.X; x < in.Max.X; x++ {
				values = append(values, float64(r.px[3*(y*r.w+x)+c]))
			}
		}
		out[c] = quantile(values, 0.5)
	}
	return out
}

// foreign are the cells that something lies on: darker than the card's ground
// nearby, or of another colour. Brighter is glare.
func foreign(cells []cell) []cell { return differing(cells, mostShade, mostTint) }

// differing are the cells darker than a share of what is usual among them, or of another colour by more than a tint.
func differing(cells []cell, shade, tint float64) []cell {
	var ground [3]float64
	for c := range ground {
		values := make([]float64, len(cells))
		for i, k := range cells {
			values[i] = k.colour[c]
		}
		ground[c] = max(1, quantile(values, 0.5))
	}
	var out []cell
	for _, k := range cells {
		b, g, red := k.colour[0]/ground[0], k.colour[1]/ground[1], k.colour[2]/ground[2]
		mean := max(0.02, (b+g+red)/3)
		if mean < shade || (max(b, g, red)-min(b, g, red))/mean > tint {
			out = append(out, k)
		}
	}
	return out
}

// What the card's own ground may differ by across it: the fall of light, and its tints.
const (
	mostShade = 0.55
	mostTint  = 0.22
	// And along one strip beside a portrait, a few millimetres wide.
	mostStripShade = 0.86
	mostStripTint  = 0.10
)

// span is the zone that encloses cells.
func span(cells []cell) quad {
	lo, hi := point{math.Inf(1), math.Inf(1)}, point{math.Inf(-1), math.Inf(-1)}
	for _, k := range cells {
		lo = point{min(lo.X, k.at.X), min(lo.Y, k.at.Y)}
		hi = point{max(hi.X, k.at.X), max(hi.Y, k.at.Y)}
	}
	const half = cellSide / 2
	return zone(lo.X-half, lo.Y-half, hi.X+half, hi.Y+half)
}

// Zones of the back; what is read stands behind its label.
var (
	authorityZone  = zone(33, authorityRow-2.3, 83, authorityRow+2.3)
	validityZone   = zone(33, validityRow-2.3, 76, validityRow+2.3)
	authorityStart = zone(34.5, authorityRow-2, 50, authorityRow+2)
	validityStart  = zone(34.5, validityRow-2, 55, validityRow+2)
)

// bareBack is bareFront's like.
var bareBack = []quad{
	zone(2.6, 24, 4.6, 50), zone(6, 31, 80, 35), zone(82, 6, 84, 38), zone(6, 38, 16, 50),
}

// sameColour is the largest share of cells whose colours lie within stickerSpread of one of theirs.
func sameColour(cells []cell) float64 {
	most := 0
	for _, a := range cells {
		n := 0
		for _, b := range cells {
			if near := func(c int) bool { return math.Abs(a.colour[c]-b.colour[c]) <= stickerSpread }; near(0) && near(1) && near(2) {
				n++
			}
		}
		most = max(most, n)
	}
	if most == 0 {
		return 0
	}
	return float64(most) / float64(len(cells))
}

// stickerSpread is how many grey levels apart what is of one colour may be, for the fall of light across it.
const stickerSpread = 4.0
