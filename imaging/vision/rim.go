//go:build vision

package vision

import "math"

// A photograph glued over the portrait shows where it ends: its paper throws a
// thin shadow or keeps a white rim, straight along a side. The printed portrait
// fades into the card within a fraction of a millimetre.
const (
	// Of a side's length, along one straight line. On the training share honest cards reach 0.71 (of 100), and from 0.85 to
	// 0.90 the same 29 of 50 glued photographs are found.
	mostRim = 0.90
	rimStep = 10.0 // grey levels that the line is darker, or brighter, than both its sides

	rimReach = 2.4    // millimetres from the printed portrait's side to look
	rimFine  = 0.1    // between the lines that are tried
	rimSlope = 0.0125 // between their slopes, of which there are rimTilts either way
	rimTilts = 4
	rimAlong = 0.4 // millimetres between the places along a line
	rimSide  = 0.7 // from a line to its two sides
	rimEnds  = 3.0 // left out at the portrait's corners
)

// printedPortrait is the portrait itself within portraitPlace, which has some ground around it.
var printedPortrait = zone(54, 6.8, 80, 38.8)

// glued tells a photograph that lies over the portrait of the resident card's layout.
func (e *evidence) glued() []finding {
	most := 0.0
	for _, s := range sidesOf(printedPortrait) {
		most = max(most, e.sheet.rim(s))
	}
	if below(most, mostRim) {
		return nil
	}
	return e.covers(most, mostRim, portraitPlace)
}

// portraitSide is a side of a zone: from a place along one axis for a length, at a place of the other.
type portraitSide struct {
	upright          bool
	from, length, at float64
}

func sidesOf(z quad) []portraitSide {
	lo, hi := z[0], z[2]
	w, h := hi.X-lo.X-2*rimEnds, hi.Y-lo.Y-2*rimEnds
	return []portraitSide{
		{false, lo.X + rimEnds, w, lo.Y}, {false, lo.X + rimEnds, w, hi.Y},
		{true, lo.Y + rimEnds, h, lo.X}, {true, lo.Y + rimEnds, h, hi.X},
	}
}

// rim is the largest share of a side's length along which one straight line is darker than both its
// sides, or brighter.
func (r raster) rim(s portraitSide) float64 {
	places := int(s.length/rimAlong) + 1
	// What a tilted line reaches at the side's ends is looked at as well.
	beyond := int(math.Ceil(rimSlope * rimTilts * s.length / 2 / rimFine))
	reach := int(math.Round(rimReach / rimFine))
	depths := 2*(reach+beyond) + 1
	steps := make([]int8, places*depths)
	for i := range places {
		for k := range depths {
			steps[i*depths+k] = r.ridge(s, s.from+float64(i)*rimAlong, s.at+float64(k-reach-beyond)*rimFine)
		}
	}
	most := 0
	for tilt := -rimTilts; tilt <= rimTilts; tilt++ {
		for at := beyond; at < depths-beyond; at++ {
			dark, bright := 0, 0
			for i := range places {
				off := rimSlope * float64(tilt) * (float64(i)*rimAlong - s.length/2) / rimFine
				switch steps[i*depths+at+int(math.Round(off))] {
				case -1:
					dark++
				case 1:
					bright++
				}
			}
			most = max(most, dark, bright)
		}
	}
	return float64(most) / float64(places)
}

// ridge is -1 where a place is darker than both its sides across the edge, 1 where it is brighter, else 0.
func (r raster) ridge(s portraitSide, along, across float64) int8 {
	at := func(d float64) float64 {
		if s.upright {
			return r.between(across+d, along)
		}
		return r.between(along, across+d)
	}
	here, a, b := at(0), at(-rimSide), at(rimSide)
	switch {
	case min(a, b)-here > rimStep:
		return -1
	case here-max(a, b) > rimStep:
		return 1
	}
	return 0
}

// between is the brightness at a place of the straightened card, in millimetres, from its four pixels.
func (r raster) between(x, y float64) float64 {
	x = max(0, min(float64(r.w-2), x*sheetScale-0.5))
	y = max(0, min(float64(r.h-2), y*sheetScale-0.5))
	i, j := int(x), int(y)
	u, v := x-float64(i), y-float64(j)
	return (1-u)*(1-v)*r.luma(i, j) + u*(1-v)*r.luma(i+1, j) + (1-u)*v*r.luma(i, j+1) + u*v*r.luma(i+1, j+1)
}
