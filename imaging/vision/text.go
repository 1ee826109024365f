//go:build vision

package vision

import (
	"context"
	"sort"

	"gocv.io/x/gocv"
)

// linesMost bounds what is recognised; a card's front has about 15 lines.
const linesMost = 40

// reader finds and reads the text of a picture.
type reader struct {
	detector   detector
	recogniser recogniser
}

// text is what a picture says, read in the more plausible of the two directions.
type text struct {
	places []quad // lines found, whether read or not
	lines  []line
	sure   bool // the direction is beyond doubt
}

// read finds the lines and reads the largest of them.
func (r *reader) read(ctx context.Context, mat gocv.Mat) (*text, error) {
	places, err := r.detector.find(mat, detectSide)
	if err != nil {
		return nil, err
	}
	t := &text{places: places}
	turned, sure, err := r.upsideDown(mat, places)
	if err != nil {
		return nil, err
	}
	t.sure = sure
	if turned {
		t.turn()
	}
	return t, r.readLines(ctx, mat, t)
}

// turn takes every line to be read from its other end.
func (t *text) turn() {
	for i, q := range t.places {
		t.places[i] = q.turned()
	}
}

func (r *reader) readLines(ctx context.Context, mat gocv.Mat, t *text) error {
	t.lines = t.lines[:0]
	for i, q := range t.places {
		if i == linesMost {
			break
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		got, err := r.recogniser.read(mat, q)
		if err != nil {
			return err
		}
		if l := got.line(); len(l.glyphs) > 0 {
			t.lines = append(t.lines, l)
		}
	}
	return nil
}

// upsideDown reads the longest lines both ways and believes the surer.
func (r *reader) upsideDown(mat gocv.Mat, places []quad) (turned, sure bool, err error) {
	long := append([]quad(nil), places...)
	sort.SliceStable(long, func(i, j int) bool { return long[i].width() > long[j].width() })
	var as, other float64
	n := min(3, len(long))
	for _, q := range long[:n] {
		for _, way := range []struct {
			place quad
			sum   *float64
		}{{q, &as}, {q.turned(), &other}} {
			got, err := r.recogniser.read(mat, way.place)
			if err != nil {
				return false, false, err
			}
			*way.sum += got.decode().confidence()
		}
	}
	return other > as, max(as, other)-min(as, other) > 0.15*float64(n), nil
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
