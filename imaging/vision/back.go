//go:build vision

package vision

import (
	"strings"
	"time"
	"unicode"

	"gocv.io/x/gocv"

	"realname/imaging"
	"realname/verify/idnumber"
)

// Rows of the back, from its public layout, in millimetres.
const (
	authorityRow = 40.6
	validityRow  = 47.2
	secondLine   = 3.5 // of a long authority, below the first
)

// backMarks are the back's printed characters in their places; part counts its four phrases.
var backMarks = backPrintMarks()

func backPrintMarks() []mark {
	var out []mark
	for i, p := range []struct {
		x, y, step float64
		text       string
	}{
		{29.3, 10.6, 7.1, "中华人民共和国"},
		{30.2, 19.6, 10.5, "居民身份证"},
		{19.65, authorityRow, 3.1, "签发机关"},
		{19.65, validityRow, 3.1, "有效期限"},
	} {
		for k, r := range []rune(p.text) {
			out = append(out, mark{r: r, part: part(i), at: point{p.x + float64(k)*p.step, p.y}})
		}
	}
	return out
}

// The back's proof: phrases of the four, characters of the twenty, in place.
const (
	needPhrases   = 3
	needBackMarks = 9
)

// backLayout is a back that was found by its print.
type backLayout struct {
	cardMap
	phrases, marks int
}

// proven says that the print alone makes this the back of a resident card.
func (l *backLayout) proven() bool {
	return l != nil && l.phrases >= needPhrases && l.marks >= needBackMarks && l.imageQuad(wholeCard).convex()
}

// findBack looks for the back's print in its places. Nil when two characters of one phrase are nowhere.
func findBack(lines []line) *backLayout {
	p := findPrint(lines, backMarks)
	if p == nil {
		return nil
	}
	return &backLayout{p.cardMap, p.phrases, p.marks}
}

// validity is a card's term. Until is the zero Date for 长期.
type validity struct {
	from, until idnumber.Date
}

// backFields are what the back says.
type backFields struct {
	authority field
	term      field
	validity  validity
	ok        bool // the term was read as two dates, or one and 长期
}

// back reads authority and term, each by its zone and by the line detected there.
func (r *reader) back(mat gocv.Mat, lines []line, l *backLayout) (backFields, error) {
	var out backFields
	var err error
	if out.authority, err = r.zoneField(mat, lines, &l.cardMap, authorityZone, authorityRune); err != nil {
		return out, err
	}
	second := quad{}
	for i, p := range authorityZone {
		second[i] = p.add(point{0, secondLine})
	}
	if more := l.glyphsIn(lines, second, authorityRune); len(more.glyphs) > 1 && !authorityEnds(out.authority.value) {
		out.authority.value += more.text()
		out.authority.conf = min(out.authority.conf, more.weakest())
	}
	if out.term, err = r.zoneField(mat, lines, &l.cardMap, validityZone, termRune); err != nil {
		return out, err
	}
	out.validity, out.ok = parseValidity(out.term.value)
	return out, nil
}

func (r *reader) zoneField(mat gocv.Mat, lines []line, l *cardMap, z quad, keep func(rune) bool) (field, error) {
	f := field{place: l.imageQuad(z)}
	read, err := r.recogniser.read(mat, f.place)
	if err != nil {
		return f, err
	}
	w := read.decode()
	w.glyphs = only(w.glyphs, keep)
	f.elect([]line{l.glyphsIn(lines, z, keep), w})
	return f, nil
}

// glyphsIn are what the detected lines say within a zone, left to right.
func (l *cardMap) glyphsIn(lines []line, z quad, keep func(rune) bool) line {
	var out line
	for _, ln := range lines {
		var run line
		for i, g := range ln.glyphs {
			// A value's first character touches the zone's edge.
			if c := l.card(ln.centre(i)); c.X > z[0].X && c.X < z[2].X && c.Y > z[0].Y && c.Y < z[2].Y {
				run.glyphs = append(run.glyphs, g)
			}
		}
		if len(run.glyphs) > len(out.glyphs) {
			out = run
		}
	}
	out.glyphs = only(out.glyphs, keep)
	return out
}

func only(gs []glyph, keep func(rune) bool) []glyph {
	var out []glyph
	for _, g := range gs {
		if keep(g.r) {
			out = append(out, g)
		}
	}
	return out
}

func authorityRune(r rune) bool { return unicode.Is(unicode.Han, r) }

// termRune leaves out separators: dots and dashes are what recognition loses first.
func termRune(r rune) bool { return r >= '0' && r <= '9' || r == '长' || r == '期' }

// authorityEnds says whether a text ends as the names of issuing authorities do:
// county police of the household's place (Resident Identity Card Law, article 8).
func authorityEnds(s string) bool {
	return strings.HasSuffix(s, "公安局") || strings.Contains(s, "公安") && strings.HasSuffix(s, "局")
}

// parseValidity reads a term without its separators.
func parseValidity(s string) (validity, bool) {
	if rest, long := strings.CutSuffix(s, "长期"); long {
		from, ok := compactDate(rest)
		return validity{from: from}, ok
	}
	if len(s) != 16 {
		return validity{}, false
	}
	from, ok := compactDate(s[:8])
	until, fine := compactDate(s[8:])
	return validity{from, until}, ok && fine
}

// compactDate reads YYYYMMDD, without asking whether the calendar has that day.
func compactDate(s string) (idnumber.Date, bool) {
	if len(s) != 8 {
		return idnumber.Date{}, false
	}
	n := 0
	for _, r := range s {
		if r < '0' || r > '9' {
			return idnumber.Date{}, false
		}
		n = 10*n + int(r-'0')
	}
	return idnumber.Date{Year: uint16(n / 10000), Month: uint8(n / 100 % 100), Day: uint8(n % 100)}, true
}

// firstIssue is when cards of the second generation began: the Resident
// Identity Card Law came into force.
var firstIssue = idnumber.Date{Year: 2004, Month: 1, Day: 1}

// possible says whether a card may bear the term: days of the calendar, issued
// by now, for 5, 10 or 20 years or without end (article 5). The day before the
// anniversary and, for 29 February, the day after are seen as well.
func (v validity) possible(today idnumber.Date) bool {
	if !v.from.Valid() || v.from.Before(firstIssue) || today.Before(v.from) {
		return false
	}
	if v.until == (idnumber.Date{}) {
		return true
	}
	if !v.until.Valid() {
		return false
	}
	for _, years := range []int{5, 10, 20} {
		if off := days(v.from, years, v.until); off >= -1 && off <= 1 {
			return true
		}
	}
	return false
}

// days is how many lie between the anniversary of a day and another day.
func days(from idnumber.Date, years int, until idnumber.Date) int {
	return int(civil(until).Sub(civil(from).AddDate(years, 0, 0)).Hours() / 24)
}

func civil(d idnumber.Date) time.Time {
	return time.Date(int(d.Year), time.Month(d.Month), int(d.Day), 0, 0, 0, 0, time.UTC)
}

// expired is the days since the last one of the term; 0 or less while it runs.
func (v validity) expired(today idnumber.Date) int {
	if v.until == (idnumber.Date{}) {
		return 0
	}
	return days(v.until, 0, today)
}

// judge gives the reasons against what the back says. A reading that is not sure is for a person.
func (b *backFields) judge(today idnumber.Date) []finding {
	var out []finding
	if !authorityEnds(b.authority.value) || !above(b.authority.conf, fairGlyph) {
		out = append(out, finding{imaging.Review, imaging.ReasonAuthorityUnreadable, b.authority.conf, fairGlyph, &b.authority.place})
	}
	return append(out, b.judgeTerm(today)...)
}

// judgeTerm gives the reasons against the term.
func (b *backFields) judgeTerm(today idnumber.Date) []finding {
	var out []finding
	sure := b.term.both && above(b.term.conf, sureGlyph)
	late := b.validity.expired(today)
	switch {
	case !b.ok || !above(b.term.conf, fairGlyph):
		out = append(out, finding{imaging.Review, imaging.ReasonValidityUnreadable, b.term.conf, fairGlyph, &b.term.place})
	case !b.validity.possible(today):
		out = append(out, finding{surely(sure), imaging.ReasonValidityImpossible, b.term.conf, sureGlyph, &b.term.place})
	case late > 0:
		out = append(out, finding{surely(sure), imaging.ReasonExpired, float64(late), 0, &b.term.place})
	}
	return out
}

// tell adds what was read surely enough to the fields.
func (b *backFields) tell(f *imaging.Fields) {
	if above(b.authority.conf, fairGlyph) && authorityEnds(b.authority.value) {
		f.Authority = b.authority.value
	}
	if !b.ok || !above(b.term.conf, fairGlyph) || !b.validity.from.Valid() {
		return
	}
	f.ValidFrom = b.validity.from.String()
	switch {
	case b.validity.until == (idnumber.Date{}):
		f.ValidTo = "long_term"
	case b.validity.until.Valid():
		f.ValidTo = b.validity.until.String()
	}
}

// temporary tells the temporary card by its print: its title, or authority and
// term below the number, where the resident card has nothing.
func temporary(lines []line) []finding {
	witnesses := 0
	for _, l := range lines {
		if s := l.text(); strings.Contains(s, "临时居民") || strings.Contains(s, "临时") && strings.Contains(s, "身份证") {
			witnesses += 2
		}
	}
	for i := range lines {
		n := lines[i].number()
		if n == nil {
			continue
		}
		for _, l := range lines {
			s := l.text()
			below := belowNumber(n, l)
			if strings.Contains(s, "签发机关") && below > 2 && below < 8 || strings.Contains(s, "有效期限") && below > 6 && below < 12.5 {
				witnesses++
			}
		}
	}
	if witnesses < 1 {
		return nil
	}
	return []finding{{imaging.Review, imaging.ReasonTemporaryCard, float64(witnesses), 1, nil}}
}

// belowNumber is how far a line's beginning lies below the number line, in millimetres by the number's own pitch.
func belowNumber(n *line, l line) float64 {
	first, last := n.centre(0), n.centre(len(n.glyphs)-1)
	along := last.sub(first)
	length := along.length()
	if length < 1 {
		return 0
	}
	from := l.place.at(0, 0.5).sub(first)
	return cross(along, from) / length * numberPitch * float64(len(n.glyphs)-1) / length
}
