//go:build vision

package vision

import (
	"context"
	"image"
	"math"
	"slices"
	"strings"

	"gocv.io/x/gocv"

	"realname/verify/idnumber"
)

// A passport's machine-readable zone: two lines of 44 characters of OCR-B at a
// pitch of 2.54 mm (ICAO Doc 9303, parts 3 and 4).
const (
	zoneCells     = 44
	zoneSlack     = 0.08 // of a cell, that a piece reaches beyond its own
	zoneSlim      = 18.0 // times its height is the least that a line of the zone is long
	leastContrast = 0.6  // of the cells' ink over the gaps': 0.87 or more on every rendered page
	leastCell     = 0.08 // probability of a character that is no filler
	cellReach     = 0.38 // of a cell to either side of its middle that is looked at
)

// zonePieces are how many a line is cut into, since the recogniser was taught on short ones: at first, and then.
var zonePieces = []int{4, 7}

const (
	zoneFiller  = "<"
	zoneDigits  = "0123456789"
	zoneLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
)

// zoneGrammar is what may stand where in the two lines of TD3.
var zoneGrammar = [2][zoneCells]string{td3First(), td3Second()}

func td3First() (g [zoneCells]string) {
	for i := range g {
		g[i] = zoneLetters + zoneFiller
	}
	g[0] = "P"
	return g
}

func td3Second() (g [zoneCells]string) {
	for i := range g {
		switch {
		case i < 9, i >= 28 && i < 42:
			g[i] = zoneLetters + zoneDigits + zoneFiller
		case i >= 10 && i < 13:
			g[i] = zoneLetters + zoneFiller
		case i == 20:
			g[i] = "MF" + zoneFiller
		case i == 42:
			g[i] = zoneDigits + zoneFiller
		default:
			g[i] = zoneDigits
		}
	}
	return g
}

// zoneBand is where the two lines of a zone lie.
type zoneBand struct {
	lines  [2]quad
	upward bool // the free reading shows which way up they stand
}

// zoneRead is a zone as it was read.
type zoneRead struct {
	text    [2]string
	weakest [2]float64          // of the cells that hold no filler
	middles [2][zoneCells]point // of the cells, on the picture
}

// mrz is what the zone says. The recogniser cannot tell O from 0, which a
// number's check digit can: it is never right for both.
func (z *zoneRead) mrz(on idnumber.Date) idnumber.MRZ {
	m := idnumber.ReadMRZ(z.text[0]+"\n"+z.text[1], on)
	if m.Findings[idnumber.CheckDigit].Outcome != idnumber.Failed {
		return m
	}
	const number = 9
	digits := strings.ReplaceAll(z.text[1][:number], "O", "0")
	other := idnumber.ReadMRZ(z.text[0]+"\n"+digits+z.text[1][number:], on)
	if other.Findings[idnumber.CheckDigit].Outcome == idnumber.Passed {
		return other
	}
	return m
}

// findZone looks for the longest two lines of the zone's characters that lie one below the other.
func findZone(lines []line) (zoneBand, bool) {
	merged := zoneLines(lines)
	var best zoneBand
	most := 0.0
	for _, a := range merged {
		for _, b := range merged {
			if !nextRow(a.place, b.place) {
				continue
			}
			if w := min(a.place.width(), b.place.width()); w > most {
				most, best = w, zoneBand{aligned(a.place, b.place), strings.HasPrefix(a.text, "P") || strings.Contains(a.text+b.text, zoneFiller)}
			}
		}
	}
	return best, most > 0
}

// zoneLine is one line of a zone, put together from what was detected of it.
type zoneLine struct {
	place quad
	text  string
}

// zoneLines are the lines that may belong to a zone: long, in capitals, digits
// and fillers. The detector breaks a line where fillers stand; its parts are joined.
func zoneLines(lines []line) []zoneLine {
	var out []zoneLine
	for i, l := range lines {
		if l.place.width() < zoneSlim/3*l.place.height() || !zoneLike(l) {
			continue
		}
		z := zoneLine{place: l.place, text: l.text()}
		for k, o := range lines {
			if k != i && sameRow(l.place, o.place) && (zoneLike(o) || len(o.glyphs) == 0) {
				z.place = joined(z.place, o.place)
			}
		}
		if z.place.width() >= zoneSlim*z.place.height() {
			out = append(out, z)
		}
	}
	return out
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
		min(a.width(), b.width()) > 0.5*max(a.width(), b.width())
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

// aligned gives both lines the longer extent of the two: each has 44 characters, and the last ones may be missed.
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

// column is one column of the recogniser's output with its place along the whole line.
type column struct {
	at    float64
	probs []float32 // of the zone's alphabet, in its order
}

// zone reads the two lines; false when they do not fall into 44 cells each. What
// the first reading leaves wrong by a check digit is cut elsewhere and read again.
func (r *reader) zone(ctx context.Context, mat gocv.Mat, band zoneBand, on idnumber.Date) (zoneRead, bool, error) {
	var out zoneRead
	var grids [2]cells
	for i, place := range band.lines {
		g, ok, err := fitCells(mat, place)
		if !ok || err != nil {
			return out, false, err
		}
		grids[i] = g
		for k := range zoneCells {
			out.middles[i][k] = place.at(g.at(float64(k)), 0.5)
		}
	}
	var columns [2][]column
	for _, pieces := range zonePieces {
		for i, place := range band.lines {
			if err := ctx.Err(); err != nil {
				return out, false, err
			}
			more, err := r.zoneColumns(mat, place, grids[i], pieces)
			if err != nil {
				return out, false, err
			}
			columns[i] = append(columns[i], more...)
			out.text[i], out.weakest[i] = grids[i].read(columns[i], zoneGrammar[i])
		}
		if m := out.mrz(on); m.Status != idnumber.Invalid && above(min(out.weakest[0], out.weakest[1]), fairGlyph) {
			break
		}
	}
	return out, true, nil
}

// part4 is the part of a place between two fractions of its width.
func part4(q quad, from, to float64) quad {
	return quad{q.at(from, 0), q.at(to, 0), q.at(to, 1), q.at(from, 1)}
}

var zoneAlphabet = zoneLetters + zoneDigits + zoneFiller

// zoneColumns reads a line piece by piece, cut between its characters.
func (r *reader) zoneColumns(mat gocv.Mat, place quad, c cells, pieces int) ([]column, error) {
	index, err := r.recogniser.keys.indices(zoneAlphabet)
	if err != nil {
		return nil, err
	}
	var out []column
	for k := range pieces {
		from, to := c.at(float64(k*zoneCells/pieces)-0.5-zoneSlack), c.at(float64((k+1)*zoneCells/pieces)-0.5+zoneSlack)
		got, err := r.recogniser.read(mat, part4(place, from, to))
		if err != nil {
			return nil, err
		}
		for t := range got.columns {
			at := (float64(t) + 0.5) / float64(got.columns) / got.used
			if at > 1.02 {
				break
			}
			row := got.probs[t*got.classes : (t+1)*got.classes]
			col := column{at: from + at*(to-from), probs: make([]float32, len(index))}
			for i, n := range index {
				col.probs[i] = row[n]
			}
			out = append(out, col)
		}
	}
	return out, nil
}

// cells is the grid of a line: the middles of the first and the last cell, in
// shares of the place's width, and by how many cells the middle of the line is
// off the middle between them, since a page seen aslant has wider cells at one end.
type cells struct{ first, last, bow float64 }

// at is the place of a cell's middle; halves are the gaps.
func (c cells) at(k float64) float64 {
	const n = zoneCells - 1
	return c.first + (c.last-c.first)/n*(k+4*c.bow*k*(n-k)/(n*n))
}

// Ink is looked for on a strip of this size.
const inkWidth, inkHeight = 1200, 32

// inkMargin is how much of a line's width is looked at beyond either end of what was detected.
const inkMargin = 0.03

// fitCells lays 44 cells over the ink of a line: the grid between whose cells there is the least of it.
func fitCells(mat gocv.Mat, place quad) (cells, bool, error) {
	strip, err := warp(mat, part4(place, -inkMargin, 1+inkMargin), image.Pt(inkWidth, inkHeight))
	if err != nil {
		return cells{}, false, err
	}
	defer strip.Close()
	r, err := rasterOf(strip)
	if err != nil {
		return cells{}, false, err
	}
	c, ok := inkGrid(r.ink())
	whole := 1 + 2*inkMargin
	return cells{c.first*whole - inkMargin, c.last*whole - inkMargin, c.bow}, ok, nil
}

// ink is how much darker than the paper around it each column is at its darkest, in grey levels.
func (r raster) ink() []float64 {
	const around = 60
	dark, light := make([]float64, r.w), make([]float64, r.w)
	for x := range r.w {
		column := make([]float64, 0, r.h)
		for y := range r.h {
			column = append(column, r.luma(x, y))
		}
		dark[x], light[x] = quantile(column, 0.08), quantile(column, 0.9)
	}
	out := make([]float64, r.w)
	for x := range out {
		near := slices.Clone(light[max(0, x-around):min(r.w, x+around+1)])
		out[x] = max(0, quantile(near, 0.7)-dark[x])
	}
	return out
}

// inkGrid places the cells by the first and last ink, and then by the gaps.
func inkGrid(ink []float64) (cells, bool) {
	least := 0.4 * quantile(slices.Clone(ink), 0.9)
	from, to := -1, -1
	for x, v := range ink {
		if v > least {
			if from < 0 {
				from = x
			}
			to = x
		}
	}
	if from < 0 || to-from < len(ink)/2 {
		return cells{}, false
	}
	// A character's ink is about two thirds of its cell. A speck beside the line may stand for a cell more.
	pitch := float64(to-from) / (zoneCells - 1 + 0.66)
	middle := cells{float64(from) + 0.8*pitch, float64(to) - 0.8*pitch, 0}
	best, most := middle, math.Inf(-1)
	for _, step := range []float64{0.3, 0.1, 0.03} {
		around := best
		for i := -3.0; i <= 3; i++ {
			for k := -3.0; k <= 3; k++ {
				for m := -4.0; m <= 4; m++ {
					c := cells{around.first + i*step*pitch, around.last + k*step*pitch, around.bow + m*step}
					if v := c.contrast(ink, least); v > most {
						most, best = v, c
					}
				}
			}
		}
	}
	n := float64(len(ink))
	return cells{best.first / n, best.last / n, best.bow}, above(most, leastContrast)
}

// contrast is the share of the cells that hold ink less that of the gaps that do; level is where ink begins.
func (c cells) contrast(ink []float64, level float64) float64 {
	at := func(v float64) float64 {
		i := int(math.Round(v))
		if i < 0 || i >= len(ink) {
			return 0
		}
		return min(1, ink[i]/level)
	}
	sum := -at(c.at(-0.5))
	for k := range zoneCells {
		cell := float64(k)
		sum += (at(c.at(cell-0.15))+at(c.at(cell+0.15)))/2 - at(c.at(cell+0.5))
	}
	return sum / zoneCells
}

// read takes for every cell the most probable character that may stand there.
// Fillers run together in the free reading, so that a cell without anything else is one.
func (c cells) read(columns []column, grammar [zoneCells]string) (text string, weakest float64) {
	var b strings.Builder
	weakest = 1
	for k := range zoneCells {
		best, most := zoneFiller[0], float32(leastCell)
		from, to := c.at(float64(k)-cellReach), c.at(float64(k)+cellReach)
		for _, col := range columns {
			if col.at < from || col.at > to {
				continue
			}
			for i, p := range col.probs {
				if p > most && strings.IndexByte(grammar[k], zoneAlphabet[i]) >= 0 {
					best, most = zoneAlphabet[i], p
				}
			}
		}
		b.WriteByte(best)
		if best != zoneFiller[0] {
			weakest = min(weakest, float64(most))
		}
	}
	return b.String(), weakest
}
