//go:build vision

package vision

import (
	"image"
	"math"

	"gocv.io/x/gocv"
)

// The portrait's sides are looked for on a straightened part of a passport's
// page, since states keep only roughly to the place of ICAO's examples.
const (
	portraitScale = 4.0  // pixels a millimetre
	portraitStep  = 9.0  // grey levels across a side, in one channel
	portraitShare = 0.45 // of a side's length that has such a step
	portraitTall  = 1.15 // times its width, the least and the most that a portrait is high
	portraitLong  = 1.45
	portraitUsual = 1.286 // as ICAO's, 45 by 35 mm
	portraitGap   = 0.9   // millimetres from its sides to bare ground
)

// portraitPart is where a portrait may be; usualPortrait is where it is when no side is seen.
var (
	portraitPart  = zone(0, 9, 48, 66)
	usualPortrait = zone(6, 17, 38, 59)
)

// findPortrait is the portrait's rectangle on the page, in millimetres.
func findPortrait(mat gocv.Mat, m *cardMap) (quad, error) {
	size := image.Pt(int(portraitPart.width()*portraitScale), int(portraitPart.height()*portraitScale))
	sheet, err := reduced(mat, m.imageQuad(portraitPart), size)
	if err != nil {
		return quad{}, err
	}
	defer sheet.Close()
	r, err := rasterOf(sheet)
	if err != nil {
		return quad{}, err
	}
	return r.portraitSides(), nil
}

// sideSeen is where a side may lie, in millimetres of the page, and the share of its length that shows a step.
type sideSeen struct{ at, share float64 }

// portraitSides is the best four sides of a portrait's shape; a side that is not seen is where it usually is.
func (r raster) portraitSides() quad {
	const perShape = 1.5 // shares that a shape weighs
	usual := usualPortrait
	left := r.sidesSeen(2, 10, usual[0].X, r.stepAcross)
	right := r.sidesSeen(32, 43, usual[2].X, r.stepAcross)
	top := r.sidesSeen(11, 21, usual[0].Y, r.stepDown)
	bottom := r.sidesSeen(50, 63.5, usual[2].Y, r.stepDown)
	best, most := usual, 0.0
	for _, a := range left {
		for _, b := range right {
			for _, c := range top {
				for _, d := range bottom {
					tall := (d.at - c.at) / (b.at - a.at)
					sum := a.share + b.share + c.share + d.share - perShape*math.Abs(tall-portraitUsual)
					if sum > most && tall > portraitTall && tall < portraitLong {
						most, best = sum, zone(a.at, c.at, b.at, d.at)
					}
				}
			}
		}
	}
	return best
}

// sidesSeen are the places where a side stands out from its neighbourhood, and its usual one.
func (r raster) sidesSeen(from, to, usual float64, step func(at float64) float64) []sideSeen {
	out := []sideSeen{{usual, portraitShare}}
	const fine = 1 / portraitScale
	for at := from; at <= to; at += fine {
		here := step(at)
		if here > portraitShare && here >= step(at-fine) && here > step(at+fine) {
			out = append(out, sideSeen{at, here})
		}
	}
	return out
}

// stepAcross is the share of rows, in the portrait's upper and middle part, whose colour changes at a column.
func (r raster) stepAcross(at float64) float64 {
	x, from, to := r.partAt(at-portraitPart[0].X), r.partAt(21-portraitPart[0].Y), r.partAt(52-portraitPart[0].Y)
	n := 0
	for y := from; y < to; y++ {
		if r.steps(x-3, y, x+2, y) {
			n++
		}
	}
	return float64(n) / float64(to-from)
}

// stepDown is the like of a row.
func (r raster) stepDown(at float64) float64 {
	y, from, to := r.partAt(at-portraitPart[0].Y), r.partAt(9-portraitPart[0].X), r.partAt(35-portraitPart[0].X)
	n := 0
	for x := from; x < to; x++ {
		if r.steps(x, y-3, x, y+2) {
			n++
		}
	}
	return float64(n) / float64(to-from)
}

func (r raster) partAt(mm float64) int { return int(math.Round(mm * portraitScale)) }

// steps says whether two pixels differ as print does from the ground beside it.
func (r raster) steps(x0, y0, x1, y1 int) bool {
	if min(x0, y0, x1, y1) < 0 || max(x0, x1) >= r.w || max(y0, y1) >= r.h {
		return false
	}
	a, b := r.px[3*(y0*r.w+x0):][:3], r.px[3*(y1*r.w+x1):][:3]
	for c := range 3 {
		if math.Abs(float64(a[c])-float64(b[c])) > portraitStep {
			return true
		}
	}
	return false
}
