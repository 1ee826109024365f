//go:build vision

package vision

import (
	"context"
	"sort"

	"gocv.io/x/gocv"
)

// Bounds of what is recognised: a card's front has about 15 lines, 5 000 columns
// of the recogniser's input together. A page of print would take seconds.
const (
	linesMost   = 40
	columnsMost = 16_000
)

// readable is the number of places, from the first, that stay within the bounds.
func readable(places []quad) int {
	columns := 0.0
	for i, q := range places {
		columns += min(lineMost, lineHeight*q.width()/q.height())
		if i == linesMost || columns > columnsMost {
			return i
		}
	}
	return len(places)
}

// reader finds and reads the text of a picture.
type reader struct {
	detector   detector
	recogniser recogniser
}

// text is what a picture says, read in one of the two directions that its lines allow.
type text struct {
	places []quad // lines found, the largest first
	lines  []line // those read, in the same order; one without glyphs could not be
}

// read finds the lines and reads the largest of them as they stand.
func (r *reader) read(ctx context.Context, mat gocv.Mat) (*text, error) {
	places, err := r.detector.find(mat, detectSide)
	if err != nil {
		return nil, err
	}
	return r.readPlaces(ctx, mat, places)
}

// readNear does the same for the part of the picture around a document.
func (r *reader) readNear(ctx context.Context, mat gocv.Mat, document quad) (*text, error) {
	places, err := r.detector.near(mat, document)
	if err != nil {
		return nil, err
	}
	return r.readPlaces(ctx, mat, places)
}

func (r *reader) readPlaces(ctx context.Context, mat gocv.Mat, places []quad) (*text, error) {
	lines, err := r.readLines(ctx, mat, places[:readable(places)])
	return &text{places: places, lines: lines}, err
}

func (r *reader) readLines(ctx context.Context, mat gocv.Mat, places []quad) ([]line, error) {
	lines := make([]line, 0, len(places))
	for _, q := range places {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		got, err := r.recogniser.read(mat, q)
		if err != nil {
			return nil, err
		}
		lines = append(lines, got.line())
	}
	return lines, nil
}

// turned reads t from the other end of its lines. Nil when the longest lines
// are clearly surer as they stand: print upside down makes no sense.
func (r *reader) turned(ctx context.Context, mat gocv.Mat, t *text) (*text, error) {
	long := append([]line(nil), t.lines...)
	sort.SliceStable(long, func(i, j int) bool { return long[i].place.width() > long[j].place.width() })
	long = long[:min(3, len(long))]
	var as, other float64
	for _, l := range long {
		got, err := r.recogniser.read(mat, l.place.turned())
		if err != nil {
			return nil, err
		}
		as += l.confidence()
		other += got.decode().confidence()
	}
	if len(long) == 0 || as-other > 0.15*float64(len(long)) {
		return nil, nil
	}
	o := &text{places: make([]quad, len(t.places))}
	for i, q := range t.places {
		o.places[i] = q.turned()
	}
	var err error
	o.lines, err = r.readLines(ctx, mat, o.places[:len(t.lines)])
	return o, err
}

// line is the free reading, with the digits read apart when the line looks like a number.
func (r *reading) line() line {
	l := r.decode()
	// Labels stand before the number: digits count from behind the last ideograph.
	after, digits := 0.0, 0
	for _, g := range l.glyphs {
		if g.r >= 0x2E80 {
			after, digits = g.at, 0
			continue
		}
		digits++
	}
	if digits >= numberDigits-3 && digits <= numberDigits+3 {
		n := r.decodeNumber()
		k := sort.Search(len(n.glyphs), func(i int) bool { return n.glyphs[i].at > after+0.01 })
		l.digits = n.glyphs[k:]
	}
	return l
}

// number is the line's run of digits; nil when it cannot be a number line.
func (l *line) number() *line {
	if d := len(l.digits); d < numberDigits-1 || d > numberDigits+1 {
		return nil
	}
	return &line{place: l.place, glyphs: l.digits}
}
