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
var zonePieces = []int{4, 7, 11}

const (
	zoneFiller  = "<"
	zoneDigits  = "0123456789"
	zoneLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	zoneSymbols = 37
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

// zoneRead is a zone as it was read.
type zoneRead struct {
	text    [2]string
	surest  [2][zoneCells]float64 // of the characters, 0 of fillers
	middles [2][zoneCells]point   // of the cells, on the picture
}

// weakest is the least sure character of a line that is no filler.
func (z *zoneRead) weakest(i int) float64 {
	least := 1.0
	for _, p := range z.surest[i] {
		if p > 0 {
			least = min(least, p)
		}
	}
	return least
}

// Fields of the second line.
const zoneNumberEnd, zoneOptional, zoneOptionalEnd = 9, 28, 42

// mrz is what the zone says: as it was read, or else in another of its spellings,
// which take nothing for what it does not look like. The recogniser cannot tell O
// from 0, which a number's check digit can, as it is never right for both; and it
// sees faint characters between fillers where there are none.
func (z *zoneRead) mrz(on idnumber.Date) idnumber.MRZ {
	second := z.text[1]
	digits := strings.ReplaceAll(second[:zoneNumberEnd], "O", "0") + second[zoneNumberEnd:]
	var first, checked *idnumber.MRZ
	for _, spelling := range []string{second, digits, z.withoutFaint(second), z.withoutFaint(digits)} {
		m := idnumber.ReadMRZ(z.text[0]+"\n"+spelling, on)
		if m.Status != idnumber.Invalid {
			return m
		}
		if first == nil {
			first = &m
		}
		if checked == nil && m.Findings[idnumber.CheckDigit].Outcome == idnumber.Passed {
			checked = &m
		}
	}
	if checked != nil {
		return *checked
	}
	return *first
}

// withoutFaint takes the optional data's unsure characters for fillers.
func (z *zoneRead) withoutFaint(second string) string {
	out := []byte(second)
	for i := zoneOptional; i < zoneOptionalEnd; i++ {
		if !above(z.surest[1][i], fairGlyph) {
			out[i] = zoneFiller[0]
		}
	}
	return string(out)
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
		g, contrast, err := fitCells(mat, place)
		if longer := part4(place, 0, band.reach); err == nil && band.reach > 1 {
			var other cells
			var surer float64
			if other, surer, err = fitCells(mat, longer); surer > contrast {
				g, contrast, place = other, surer, longer
			}
		}
		if err != nil || !above(contrast, leastContrast) {
			return out, false, err
		}
		grids[i], band.lines[i] = g, place
		for k := range zoneCells {
			out.middles[i][k] = place.at(g.at(float64(k)), 0.5)
		}
	}
	var columns [2][][]column
	for _, pieces := range zonePieces {
		for i, place := range band.lines {
			if err := ctx.Err(); err != nil {
				return out, false, err
			}
			more, err := r.zoneColumns(mat, place, grids[i], pieces)
			if err != nil {
				return out, false, err
			}
			columns[i] = append(columns[i], more)
			out.text[i], out.surest[i] = grids[i].read(columns[i], zoneGrammar[i])
		}
		if m := out.mrz(on); m.Status != idnumber.Invalid && above(min(out.weakest(0), out.weakest(1)), fairGlyph) {
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

// fitCells lays 44 cells over the ink of a line: the grid between whose cells
// there is the least of it. Contrast is 0 for a line without ink.
func fitCells(mat gocv.Mat, place quad) (c cells, contrast float64, err error) {
	strip, err := warp(mat, part4(place, -inkMargin, 1+inkMargin), image.Pt(inkWidth, inkHeight))
	if err != nil {
		return cells{}, 0, err
	}
	defer strip.Close()
	r, err := rasterOf(strip)
	if err != nil {
		return cells{}, 0, err
	}
	c, contrast = inkGrid(r.ink())
	whole := 1 + 2*inkMargin
	return cells{c.first*whole - inkMargin, c.last*whole - inkMargin, c.bow}, contrast, nil
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
func inkGrid(ink []float64) (c cells, contrast float64) {
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
		return cells{}, 0
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
	return cells{best.first / n, best.last / n, best.bow}, most
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

// zoneTwins are characters that the recogniser takes for each other; where only
// one of two may stand, what it sees of either speaks for that one.
var zoneTwins = map[byte]byte{'0': 'O', 'O': '0', '1': 'I', 'I': '1', '2': 'Z', 'Z': '2', '5': 'S', 'S': '5', '6': 'G', 'G': '6', '8': 'B', 'B': '8'}

// read takes for every cell the most probable character that may stand there, by
// the mean over several readings. Fillers run together in the free reading, so
// that a cell without anything else is one.
func (c cells) read(readings [][]column, grammar [zoneCells]string) (text string, surest [zoneCells]float64) {
	out := make([]byte, zoneCells)
	for k := range out {
		var seen [zoneSymbols]float64
		for _, columns := range readings {
			for i, p := range c.strongest(columns, k) {
				seen[i] += p / float64(len(readings))
			}
		}
		best, most := zoneFiller[0], leastCell
		for i, p := range seen {
			symbol := zoneAlphabet[i]
			if strings.IndexByte(grammar[k], symbol) < 0 {
				if symbol = zoneTwins[symbol]; symbol == 0 || strings.IndexByte(grammar[k], symbol) < 0 {
					continue
				}
			}
			if p > most {
				best, most = symbol, p
			}
		}
		out[k] = best
		if best != zoneFiller[0] {
			surest[k] = most
		}
	}
	return string(out), surest
}

// strongest is how probable each character is in the columns of a cell.
func (c cells) strongest(columns []column, cell int) (out [zoneSymbols]float64) {
	from, to := c.at(float64(cell)-cellReach), c.at(float64(cell)+cellReach)
	for _, col := range columns {
		if col.at < from || col.at > to {
			continue
		}
		for i, p := range col.probs {
			out[i] = max(out[i], float64(p))
		}
	}
	return out
}
