//go:build vision

package vision

import (
	"math"
	"sort"
	"strings"
	"unicode/utf8"

	"gocv.io/x/gocv"
)

// field is one value read from the card by up to two witnesses: the line as it
// was detected, and the field's own zone on the straightened card.
type field struct {
	value string
	// conf is that of the weakest glyph, by the surer witness that reads value.
	conf float64
	// both says that the two witnesses read the same.
	both  bool
	place quad // on the picture
}

// number reads the number. What printReader surely read and the claim repeats needs no
// other witness: no misreading is by chance the number claimed. Otherwise ok when both witnesses read one number that passes
// its own rules, or when one does, surely, and the other reads none that passes.
func (r *reader) number(mat gocv.Mat, l *layout, claimed string, valid func(string) bool) (f field, ok bool, err error) {
	f.place = l.numberPlace()
	if l.printed && claimed != "" && above(l.number.weakest(), sureGlyph) && l.number.text() == claimed {
		f.set([]line{*l.number, *l.number})
		return f, true, nil
	}
	zoneRead, err := r.recogniser.read(mat, f.place)
	if err != nil {
		return f, false, err
	}
	var good, all []line
	for _, w := range []line{*l.number, zoneRead.decodeNumber()} {
		if len(w.glyphs) != numberDigits {
			continue
		}
		all = append(all, w)
		if valid(w.text()) {
			good = append(good, w)
		}
	}
	if len(good) == 2 && good[0].text() != good[1].text() {
		return f, false, nil
	}
	if len(good) > 0 {
		f.set(good)
		return f, f.both || above(f.conf, sureGlyph), nil
	}
	// Not by the rules: worth telling only when both read it so.
	if len(all) == 2 && all[0].text() == all[1].text() {
		f.set(all)
	}
	return f, false, nil
}

// set takes the value of agreeing witnesses.
func (f *field) set(ws []line) {
	f.value, f.both = ws[0].text(), len(ws) == 2
	for _, w := range ws {
		f.conf = math.Max(f.conf, w.weakest())
	}
}

// weakest is the least of the glyphs' confidences; 0 for an empty line.
func (l line) weakest() float64 {
	if len(l.glyphs) == 0 {
		return 0
	}
	least := 1.0
	for _, g := range l.glyphs {
		least = math.Min(least, g.conf)
	}
	return least
}

// numberPlace is where the number stands on the picture: along the detected
// line, since print shifts by a millimetre from card to card.
func (l *layout) numberPlace() quad {
	n := len(l.number.glyphs)
	first, last := l.card(l.number.centre(0)), l.card(l.number.centre(n-1))
	pitch := (last.X - first.X) / float64(n-1)
	const half = 2.7
	return l.imageQuad(quad{
		{first.X - pitch, first.Y - half}, {last.X + pitch, last.Y - half},
		{last.X + pitch, last.Y + half}, {first.X - pitch, first.Y + half},
	})
}

// name reads the name; an empty value when no witness sees one. Where the line
// and the zone disagree, other cuts of the zone decide: a lower one keeps out a
// second script above the row.
func (r *reader) name(mat gocv.Mat, lines []line, l *layout) (field, error) {
	raw := l.nameGlyphs(lines)
	f := field{place: l.imageQuad(namePlace(raw, 1))}
	a := line{}
	for _, g := range raw {
		a.glyphs = append(a.glyphs, g.glyph)
	}
	a.glyphs = nameOnly(a.glyphs)
	witnesses := []line{a}
	for _, room := range []float64{1, 1.25, 0.75} {
		read, err := r.recogniser.read(mat, l.imageQuad(namePlace(raw, room)))
		if err != nil {
			return f, err
		}
		w := read.decode()
		w.glyphs = nameOnly(w.glyphs)
		witnesses = append(witnesses, w)
		if len(w.glyphs) > 0 && agreed(witnesses) {
			break
		}
	}
	f.elect(witnesses)
	return f, nil
}

// agreed says whether the last witness reads what another reads.
func agreed(witnesses []line) bool {
	last := witnesses[len(witnesses)-1].text()
	for _, w := range witnesses[:len(witnesses)-1] {
		if w.text() == last {
			return true
		}
	}
	return false
}

// claimedName reads as much of the name's row as the claim is long and two
// characters more; ok when it surely says the claim and nothing else.
func (r *reader) claimedName(mat gocv.Mat, l *layout, claim string) (f field, ok bool, err error) {
	const em = 3.9
	end := min(nameZone[1].X, nameZone[0].X+em*float64(utf8.RuneCountInString(claim)+2))
	f.place = l.imageQuad(zone(nameZone[0].X, nameZone[0].Y, end, nameZone[2].Y))
	read, err := r.recogniser.read(mat, f.place)
	if err != nil {
		return f, false, err
	}
	w := read.decode()
	w.glyphs = nameOnly(w.glyphs)
	f.set([]line{w, w})
	return f, above(f.conf, sureGlyph) && foldName(f.value) == claim, nil
}

// namePlace is the part of the card to read the name from: around the glyphs
// found, with room for one more on each side, or else the whole zone.
func namePlace(raw []placed, room float64) quad {
	const half, em = 2.9, 3.8
	if len(raw) == 0 {
		return zone(nameZone[0].X, nameRow-half*room, nameZone[1].X, nameRow+half*room)
	}
	y := 0.0
	for _, g := range raw {
		y += g.card.Y / float64(len(raw))
	}
	x0, x1 := raw[0].card.X-em, raw[len(raw)-1].card.X+1.3*em
	return zone(math.Max(x0, nameZone[0].X-1), y-half*room, x1, y+half*room)
}

// elect takes what two witnesses agree on, or else the surest at half its confidence, since it was contradicted.
func (f *field) elect(witnesses []line) {
	for i, w := range witnesses {
		for _, v := range witnesses[:i] {
			if len(w.glyphs) > 0 && w.text() == v.text() {
				f.set([]line{v, w})
				return
			}
		}
	}
	best := line{}
	for _, w := range witnesses {
		if w.weakest() > best.weakest() {
			best = w
		}
	}
	f.value, f.conf, f.both = best.text(), best.weakest()/2, false
}

// placed is a glyph with its place on the card.
type placed struct {
	glyph
	card point
}

// nameGlyphs are the glyphs that stand in the name's zone, left to right.
func (l *layout) nameGlyphs(lines []line) []placed {
	var out []placed
	for _, ln := range lines {
		for i, g := range ln.glyphs {
			c := l.card(ln.centre(i))
			// Latin letters are a second script's, in a row of its own.
			if g.r < 0x2E80 && !isDot(g.r) && !strings.ContainsRune("-–—―_", g.r) {
				continue
			}
			if c.X > nameZone[0].X && c.X < nameZone[1].X && math.Abs(c.Y-nameRow) < 3 {
				out = append(out, placed{glyph: g, card: c})
			}
		}
	}
	sort.SliceStable(out, func(i, j int) bool { return out[i].card.X < out[j].card.X })
	return out
}

// nameOnly drops what no name holds, such as a label caught at the zone's edge, and takes a dash for the 一 that it looks like.
func nameOnly(gs []glyph) []glyph {
	if len(gs) > 2 && gs[0].r == '姓' && gs[1].r == '名' {
		gs = gs[2:]
	}
	out := make([]glyph, 0, len(gs))
	for _, g := range gs {
		switch {
		case strings.ContainsRune("-–—―_", g.r):
			g.r = '一'
		case isDot(g.r):
			g.r = middleDot
		case g.r < 0x2E80:
			continue
		}
		out = append(out, g)
	}
	// A speck at either end is no part of a name.
	for len(out) > 0 && out[0].r == middleDot {
		out = out[1:]
	}
	for len(out) > 0 && out[len(out)-1].r == middleDot {
		out = out[:len(out)-1]
	}
	return out
}

// middleDot stands between the parts of names of several nationalities (GB/T 30151).
const middleDot = '·'

func isDot(r rune) bool { return strings.ContainsRune("·•・‧∙.。", r) }

// foldName is the spelling that names are compared under: no spaces, one kind of dot.
func foldName(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == ' ' || r == '\u3000' || r == '\t':
			return -1
		case isDot(r):
			return middleDot
		}
		return r
	}, s)
}

// within says whether all of short stands in long, in order: a reading that only lost or gained characters.
func within(short, long string) bool {
	s := []rune(short)
	for _, r := range long {
		if len(s) > 0 && s[0] == r {
			s = s[1:]
		}
	}
	return len(s) == 0
}

// readable says whether the recogniser could write every character of s at all.
func (a *alphabet) readable(s string) bool {
	for _, r := range s {
		if r != middleDot && !a.known[r] {
			return false
		}
	}
	return true
}
