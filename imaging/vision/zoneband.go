//go:build vision

package vision

import (
	"math"
	"slices"
	"strings"
)

// zoneBand is where the two lines of a zone lie.
type zoneBand struct {
	lines  [2]quad
	reach  float64 // times its length, that a line may go on to its right
	upward bool    // the free reading shows which way up they stand
}

// findZone looks for the longest two lines of the zone's characters that lie one
// below the other. The detector may lose the fillers at the end of one or both:
// the longer says how far they reach, and its characters' pitch how far it should.
func findZone(lines []line) (zoneBand, bool) {
	merged := zoneLines(lines)
	var best zoneBand
	most := 0.0
	for _, a := range merged {
		for _, b := range merged {
			long := a
			if b.place.width() > a.place.width() {
				long = b
			}
			if !nextRow(a.place, b.place) || long.place.width() < zoneSlim*long.place.height() {
				continue
			}
			if w := a.place.width() + b.place.width(); w > most {
				both := aligned(a.place, b.place)
				upward := strings.HasPrefix(a.text, "P") || strings.Contains(a.text+b.text, zoneFiller)
				most, best = w, zoneBand{both, zoneReach(both, a, b), upward}
			}
		}
	}
	return best, most > 0
}

// zoneLine is one line of a zone, put together from what was detected of it.
type zoneLine struct {
	place quad
	text  string
	steps []float64 // between neighbouring letters and digits, in pixels
}

// zoneLines are the lines that may belong to a zone: in capitals, digits and
// fillers. The detector breaks a line where fillers stand; its parts are joined.
func zoneLines(lines []line) []zoneLine {
	var out []zoneLine
	for i, l := range lines {
		if l.place.width() < zoneSlim/3*l.place.height() || !zoneLike(l) {
			continue
		}
		z := zoneLine{place: l.place, text: l.text(), steps: zoneSteps(l)}
		for k, o := range lines {
			if k != i && sameRow(l.place, o.place) && (zoneLike(o) || len(o.glyphs) == 0) {
				z.place = joined(z.place, o.place)
			}
		}
		out = append(out, z)
	}
	return out
}

// zoneSteps are the distances between neighbours; between fillers the reading loses some.
func zoneSteps(l line) []float64 {
	var out []float64
	solid := func(i int) bool { return strings.ContainsRune(zoneLetters+zoneDigits, l.glyphs[i].r) }
	for i := 0; i+1 < len(l.glyphs); i++ {
		if solid(i) && solid(i+1) {
			out = append(out, distance(l.centre(i), l.centre(i+1)))
		}
	}
	return out
}

// zoneReach is by how much longer than was detected 44 characters of the pitch
// of two lines are; 1 where that says nothing or no more.
func zoneReach(both [2]quad, a, b zoneLine) float64 {
	const fewest, most = 12, 1.7
	steps := slices.Concat(a.steps, b.steps)
	if len(steps) < fewest {
		return 1
	}
	return min(most, max(1, quantile(steps, 0.5)*zoneCells/both[0].width()))
}

// zoneLike says that nearly all of a line is of the zone's alphabet; the free reading takes fillers for brackets of other kinds.
func zoneLike(l line) bool {
	if len(l.glyphs) == 0 {
		return false
	}
	n := 0
	for _, g := range l.glyphs {
		if strings.ContainsRune(zoneLetters+zoneDigits+zoneFiller+"«く〈《K(", g.r) {
			n++
		}
	}
	return float64(n) >= 0.85*float64(len(l.glyphs))
}

// sameRow says whether two places lie on one line of text, without overlap.
func sameRow(a, b quad) bool {
	along, h := a.direction(), a.height()
	from := b.at(0.5, 0.5).sub(a.at(0.5, 0.5))
	off := math.Abs(cross(along, from))
	apart := math.Abs(along.dot(from)) - (a.width()+b.width())/2
	return off < 0.4*h && apart > -h && apart < 6*h && b.height() < 1.6*h && math.Abs(cross(along, b.direction())) < 0.3
}

// nextRow says whether b is the line under a, as the two of a zone are: 6.35 mm apart at about 3 mm of height.
func nextRow(a, b quad) bool {
	along, h := a.direction(), (a.height()+b.height())/2
	from := b.at(0.5, 0.5).sub(a.at(0.5, 0.5))
	down := cross(along, from)
	return down > 1.1*h && down < 3.2*h && math.Abs(cross(along, b.direction())) < 0.12 &&
		min(a.width(), b.width()) > 0.25*max(a.width(), b.width())
}

// direction is the unit vector along the reading direction.
func (q quad) direction() point {
	d := q.at(1, 0.5).sub(q.at(0, 0.5))
	return d.scale(1 / max(1e-9, d.length()))
}

// joined is a place that spans two on one row.
func joined(a, b quad) quad {
	along := a.direction()
	across := point{-along.Y, along.X}
	origin := a.at(0.5, 0.5)
	lo, hi := math.Inf(1), math.Inf(-1)
	for _, p := range slices.Concat(a[:], b[:]) {
		d := along.dot(p.sub(origin))
		lo, hi = min(lo, d), max(hi, d)
	}
	half := across.scale(a.height() / 2)
	from, to := origin.add(along.scale(lo)), origin.add(along.scale(hi))
	return quad{from.sub(half), to.sub(half), to.add(half), from.add(half)}
}

// aligned gives both lines the longer extent of the two.
func aligned(a, b quad) [2]quad {
	stretch := func(q, by quad) quad {
		along := q.direction()
		origin := q.at(0.5, 0.5)
		lo, hi := math.Inf(1), math.Inf(-1)
		for _, p := range []point{q.at(0, 0.5), q.at(1, 0.5), by.at(0, 0.5), by.at(1, 0.5)} {
			d := along.dot(p.sub(origin))
			lo, hi = min(lo, d), max(hi, d)
		}
		half := point{-along.Y, along.X}.scale(q.height() / 2)
		from, to := origin.add(along.scale(lo)), origin.add(along.scale(hi))
		return quad{from.sub(half), to.sub(half), to.add(half), from.add(half)}
	}
	return [2]quad{stretch(a, b), stretch(b, a)}
}
