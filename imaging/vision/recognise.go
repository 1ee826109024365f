//go:build vision

package vision

import (
	"fmt"
	"image"
	"image/color"
	"math"
	"slices"
	"strings"

	"gocv.io/x/gocv"
)

// The recogniser's input: lines of 48 pixels' height, one column of output for every 8 pixels' width.
const (
	lineHeight = 48
	lineStride = 8
	lineMost   = 1280 // width; longer lines are squeezed
	lineLeast  = 96
)

// glyph is one character of a line.
type glyph struct {
	r    rune
	at   float64 // centre along the line, 0..1
	conf float64 // the recogniser's, 0..1
}

// line is one line of text: where it stands and what was read, left to right.
type line struct {
	place  quad
	glyphs []glyph
	digits []glyph // the same read as a number, when it looks like one
}

func (l line) text() string {
	var b strings.Builder
	for _, g := range l.glyphs {
		b.WriteRune(g.r)
	}
	return b.String()
}

// confidence is the mean over the glyphs; 0 for an empty line.
func (l line) confidence() float64 {
	if len(l.glyphs) == 0 {
		return 0
	}
	var sum float64
	for _, g := range l.glyphs {
		sum += g.conf
	}
	return sum / float64(len(l.glyphs))
}

// centre is the place of glyph i on the picture.
func (l line) centre(i int) point { return l.place.at(l.glyphs[i].at, 0.5) }

// alphabet is what the recogniser can write: index 0 is the blank between glyphs.
type alphabet struct {
	runes  []rune
	digits []int // indices of 0-9 and X
	known  map[rune]bool
}

// parseAlphabet reads the key list: one character a line, in the order of the model's classes; the space comes last.
func parseAlphabet(keys string) (*alphabet, error) {
	a := &alphabet{runes: []rune{0}, known: map[rune]bool{}}
	for i, k := range strings.Split(strings.TrimRight(keys, "\n"), "\n") {
		rs := []rune(strings.TrimSuffix(k, "\r"))
		if len(rs) != 1 {
			return nil, fmt.Errorf("vision: key list: line %d holds %d characters, want one", i+1, len(rs))
		}
		a.runes = append(a.runes, rs[0])
	}
	a.runes = append(a.runes, ' ')
	for i, r := range a.runes {
		if r >= '0' && r <= '9' || r == 'X' {
			a.digits = append(a.digits, i)
		}
		a.known[r] = true
	}
	if len(a.digits) != 11 {
		return nil, fmt.Errorf("vision: key list: %d of the 11 characters of a number", len(a.digits))
	}
	return a, nil
}

// recogniser reads one line of text.
type recogniser struct {
	net  *net
	keys *alphabet
}

// reading is the recogniser's raw answer for one line: a row of class
// probabilities for every column. It is valid until the next line is read.
type reading struct {
	place   quad
	columns int
	classes int
	probs   []float32
	used    float64 // part of the columns that shows the line; the rest is padding
	keys    *alphabet
}

// read looks at the text inside place.
func (r *recogniser) read(mat gocv.Mat, place quad) (*reading, error) {
	strip, err := cut(mat, place)
	if err != nil {
		return nil, err
	}
	defer strip.Close()
	// Few distinct widths keep the runtime's shape-dependent work and memory low.
	width := max(lineLeast, (strip.Cols()+31)/32*32)
	half := [3]float32{0.5, 0.5, 0.5}
	in := r.net.input(3 * width * lineHeight)
	if err := planes(in, strip, half, half, width); err != nil {
		return nil, err
	}
	probs, shape, err := r.net.run(in, 1, 3, lineHeight, int64(width))
	if err != nil {
		return nil, err
	}
	if len(shape) != 3 || shape[2] != int64(len(r.keys.runes)) {
		return nil, fmt.Errorf("vision: recogniser answered with shape %v for %d keys", shape, len(r.keys.runes))
	}
	return &reading{
		place: place, columns: int(shape[1]), classes: int(shape[2]), probs: probs,
		used: float64(strip.Cols()) / float64(width), keys: r.keys,
	}, nil
}

// cut straightens the text inside place to a strip of the recogniser's height.
func cut(mat gocv.Mat, place quad) (gocv.Mat, error) {
	w, h := place.width(), place.height()
	if !(h > 0) || !(w > 0) {
		return gocv.Mat{}, fmt.Errorf("vision: text line of no size")
	}
	// Large print is first cut at half its size or less, so that no pixels are skipped.
	k := math.Min(1, 2*lineHeight/h)
	cutW, cutH := int(math.Ceil(w*k)), int(math.Ceil(h*k))
	cutW = min(max(cutW, 1), 4*lineMost)
	strip, err := warp(mat, place, image.Pt(cutW, max(cutH, 1)))
	if err != nil {
		return gocv.Mat{}, err
	}
	width := min(lineMost, max(1, int(math.Round(w*lineHeight/h))))
	out := gocv.NewMat()
	how := gocv.InterpolationLinear
	if cutH > lineHeight {
		how = gocv.InterpolationArea
	}
	err = gocv.Resize(strip, &out, image.Pt(width, lineHeight), 0, 0, how)
	strip.Close()
	if err != nil {
		out.Close()
		return gocv.Mat{}, fmt.Errorf("vision: resize a text line: %w", err)
	}
	return out, nil
}

// warp gives what stands inside place as an upright picture of the given size.
func warp(mat gocv.Mat, place quad, size image.Point) (gocv.Mat, error) {
	from := make([]gocv.Point2f, 4)
	for i, p := range place {
		from[i] = gocv.Point2f{X: float32(p.X), Y: float32(p.Y)}
	}
	w, h := float32(size.X), float32(size.Y)
	src := gocv.NewPoint2fVectorFromPoints(from)
	defer src.Close()
	dst := gocv.NewPoint2fVectorFromPoints([]gocv.Point2f{{X: 0, Y: 0}, {X: w, Y: 0}, {X: w, Y: h}, {X: 0, Y: h}})
	defer dst.Close()
	m := gocv.GetPerspectiveTransform2f(src, dst)
	defer m.Close()
	out := gocv.NewMat()
	err := gocv.WarpPerspectiveWithParams(mat, &out, m, size, gocv.InterpolationLinear, gocv.BorderReplicate, color.RGBA{})
	if err != nil {
		out.Close()
		return gocv.Mat{}, fmt.Errorf("vision: straighten: %w", err)
	}
	return out, nil
}

// reduced is warp at twice the size, brought down by area, so that no pixels of
// a large picture are skipped. The caller closes it.
func reduced(mat gocv.Mat, place quad, size image.Point) (gocv.Mat, error) {
	fine, err := warp(mat, place, size.Mul(2))
	if err != nil {
		return gocv.Mat{}, err
	}
	defer fine.Close()
	out := gocv.NewMat()
	if err := gocv.Resize(fine, &out, size, 0, 0, gocv.InterpolationArea); err != nil {
		out.Close()
		return gocv.Mat{}, fmt.Errorf("vision: reduce: %w", err)
	}
	return out, nil
}

// decode reads the most probable glyph in every column (greedy CTC).
func (r *reading) decode() line { return r.greedy(nil) }

// decodeNumber reads digits and X only.
func (r *reading) decodeNumber() line { return r.greedy(r.keys.digits) }

// strongest is the most probable class of a column: of the blank and only, or of all when only is nil.
func strongest(row []float32, only []int) int {
	best := 0
	if only == nil {
		for c, p := range row {
			if p > row[best] {
				best = c
			}
		}
		return best
	}
	for _, c := range only {
		if row[c] > row[best] {
			best = c
		}
	}
	return best
}

// greedy merges runs of one class and drops blanks; only, when given, limits the classes besides the blank.
func (r *reading) greedy(only []int) line {
	out := line{place: r.place}
	last := 0
	for t := range r.columns {
		row := r.probs[t*r.classes : (t+1)*r.classes]
		best := strongest(row, only)
		conf, at := float64(row[best]), (float64(t)+0.5)/float64(r.columns)/r.used
		switch n := len(out.glyphs); {
		case best == 0 || at > 1.02:
		case best == last:
			// The run's strongest column marks the glyph.
			if g := &out.glyphs[n-1]; conf > g.conf {
				g.conf, g.at = conf, at
			}
		case r.keys.runes[best] == ' ' || r.keys.runes[best] == '\u3000':
		default:
			out.glyphs = append(out.glyphs, glyph{r: r.keys.runes[best], at: at, conf: conf})
		}
		last = best
		if best != 0 && (r.keys.runes[best] == ' ' || r.keys.runes[best] == '\u3000') {
			last = 0
		}
	}
	return out
}

// indices are the classes of characters, in their order; an error names none of them.
func (a *alphabet) indices(of string) ([]int, error) {
	var out []int
	for _, r := range of {
		i := slices.Index(a.runes, r)
		if i < 0 {
			return nil, fmt.Errorf("vision: key list: one of the %d characters of a machine-readable zone is missing", len(of))
		}
		out = append(out, i)
	}
	return out, nil
}
