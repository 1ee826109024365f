//go:build vision

package vision

import (
	"slices"
	"strings"
	"unicode"

	"realname/imaging"
	"realname/verify/personname"
)

// Rows of the foreigner's permanent residence card in millimetres: a value
// stands below its label, all beside the portrait. No genuine card was at hand
// and no standard says on which side the portrait stands, so both are tried.
const (
	foreignRow, foreignStep = 16.4, 6.9 // first label; step to the next
	foreignValue            = 3.3       // from a label to its value
	foreignNumberRow        = 47.3
	needForeignPhrases      = 4  // of six
	needForeignMarks        = 14 // characters in place, of 31
)

// permanentResidence stands in the title of every form of the card and on no other document.
const permanentResidence = "永久居留"

// foreignSide is the card with its text at x and its portrait beside.
type foreignSide struct {
	x        float64
	portrait quad
}

var foreignSides = []foreignSide{
	{6.5, zone(57.8, 13.6, 81.7, 43.4)},
	{31, zone(4.3, 13.6, 28.2, 43.4)},
}

// bare are the strips around the portrait on which no value may be printed: not the one towards the text.
func (s foreignSide) bare() []quad {
	all := around(s.portrait)
	outer := all[2]
	if s.portrait[0].X > s.x {
		outer = all[3]
	}
	return []quad{all[0], all[1], outer}
}

func (s foreignSide) marks() []mark {
	var out []mark
	for i, p := range []struct {
		x, y, step float64
		text       string
	}{
		{16.35, 5.6, 3.9, "中华人民共和国外国人永久居留身份证"},
		{s.x + 0.95, foreignRow, 1.95, "姓名"},
		{s.x + 0.95, foreignRow + foreignStep, 1.95, "性别"},
		{s.x + 0.95, foreignRow + 2*foreignStep, 1.95, "国籍"},
		{s.x + 0.95, foreignRow + 3*foreignStep, 1.95, "有效期限"},
		{7.45, foreignNumberRow, 1.95, "证件号码"},
	} {
		for k, r := range []rune(p.text) {
			out = append(out, mark{r: r, part: part(i), at: point{p.x + float64(k)*p.step, p.y}})
		}
	}
	return out
}

// value is the zone of the value below a label; a few characters of the next columns too.
func (s foreignSide) value(row int) quad {
	y := foreignRow + float64(row)*foreignStep + foreignValue
	return zone(s.x-1, y-2.1, s.x+50, y+2.1)
}

// foreignLayout is such a card that was found by its print.
type foreignLayout struct {
	printLayout
	side   foreignSide
	number *line
}

// proven says that the print alone makes this the card: its phrases in their
// places around a number line.
func (l *foreignLayout) proven() bool {
	return l != nil && l.number != nil && l.phrases >= needForeignPhrases && l.marks >= needForeignMarks &&
		below(l.spread, mostSpread) && l.imageQuad(wholeCard).convex()
}

// findForeign looks for the card's print. Nil without its title.
func findForeign(lines []line) *foreignLayout {
	titled := slices.ContainsFunc(lines, func(l line) bool { return strings.Contains(l.text(), permanentResidence) })
	if !titled {
		return nil
	}
	var best *foreignLayout
	for _, s := range foreignSides {
		if p := findPrint(lines, s.marks()); p != nil && (best == nil || p.marks > best.marks) {
			best = &foreignLayout{printLayout: *p, side: s}
		}
	}
	if best == nil {
		return nil
	}
	for i := range lines {
		n := lines[i].number()
		if n == nil {
			continue
		}
		// No digit may stand elsewhere than in the number's row.
		if from, to := best.card(n.centre(0)), best.card(n.centre(len(n.glyphs)-1)); inRow(from, to, foreignNumberRow) {
			best.number = n
		}
	}
	return best
}

func inRow(from, to point, row float64) bool {
	const off = 3.0
	return max(from.Y, to.Y) < row+off && min(from.Y, to.Y) > row-off && from.X < to.X
}

// foreign judges the front of such a card.
func (e *examination) foreign(l *foreignLayout) error {
	corners := l.imageQuad(wholeCard)
	if !e.is(imaging.DocumentForeignPR, &corners) {
		e.outline(corners)
		e.compareNothing()
		return nil
	}
	if e.req.Side == imaging.SideBack {
		e.find(imaging.Reject, imaging.ReasonWrongSide, float64(l.phrases), needForeignPhrases, &corners)
	}
	plan := sheetPlan{wholeCard, l.side.portrait, l.side.portrait.grown(-0.5), zone(30, foreignNumberRow-2.6, 81, foreignNumberRow+2.6), l.side.bare()}
	if err := e.examine(&l.cardMap, plan); err != nil {
		return err
	}
	if err := e.number(&layout{cardMap: l.cardMap, number: l.number, corners: corners}, foreignNumber); err != nil {
		return err
	}
	if err := e.latinName(l); err != nil {
		return err
	}
	if err := e.foreignTerm(l); err != nil {
		return err
	}
	return e.foreignPrinted(l)
}

// latinName compares the name, in which the reader sees no spaces.
func (e *examination) latinName(l *foreignLayout) error {
	f, err := e.readLatin(l)
	if err != nil {
		return err
	}
	// The comma behind the surname is small: where it is lost, all counts as one word.
	whole := l.glyphsIn(e.text.lines, l.side.value(0), func(r rune) bool { return capital(r) || r == ',' })
	surname, given, _ := strings.Cut(whole.text(), ",")
	if surname+given != f.value {
		surname, given = f.value, ""
	}
	e.zone(imaging.PartName, f.place, f.value)
	if above(f.conf, fairGlyph) {
		e.report.Examined(imaging.StepName)
		e.report.Fields.Name = strings.TrimSpace(surname + " " + given)
	}
	if e.req.Claim == nil || e.req.Claim.Name == "" {
		return nil
	}
	e.nameFound(compareLatin(e.req.Claim.Name, surname, given, false), &f)
	return nil
}

// readLatin reads the name's capitals: as detected, in the row's whole zone, and where they disagree, in as much of it as is printed.
func (e *examination) readLatin(l *foreignLayout) (field, error) {
	z := l.side.value(0)
	f, err := e.reader.zoneField(e.frame.mat, e.text.lines, &l.cardMap, z, capital)
	if err != nil || f.both {
		return f, err
	}
	detected, end := l.glyphsIn(e.text.lines, z, capital), z[0].X
	for _, ln := range e.text.lines {
		for i := range ln.glyphs {
			if c := l.card(ln.centre(i)); c.X > z[0].X && c.X < z[2].X && c.Y > z[0].Y && c.Y < z[2].Y {
				end = max(end, c.X)
			}
		}
	}
	const half = 1.9
	middle := (z[0].Y + z[2].Y) / 2
	read, err := e.reader.recogniser.read(e.frame.mat, l.imageQuad(zone(z[0].X, middle-half, end+2.5, middle+half)))
	if err != nil {
		return f, err
	}
	again := read.decode()
	again.glyphs = only(again.glyphs, capital)
	if f.value != "" {
		f.elect([]line{detected, again})
	}
	return f, nil
}

// nameFound settles the name by a comparison and how surely it was read.
func (e *examination) nameFound(a personname.Agreement, f *field) {
	switch {
	case a == personname.Match && above(f.conf, fairGlyph):
		e.report.NameAgreement = imaging.Agrees
	case a == personname.Variant && above(f.conf, fairGlyph):
		e.report.NameAgreement = imaging.Unreadable
		e.find(imaging.Review, imaging.ReasonNameVariant, f.conf, fairGlyph, &f.place)
	case a == personname.Mismatch && f.both && above(f.conf, sureGlyph):
		e.report.NameAgreement = imaging.Disagrees
		e.find(imaging.Reject, imaging.ReasonNameMismatch, f.conf, sureGlyph, &f.place)
	default:
		e.report.NameAgreement = imaging.Unreadable
		e.find(imaging.Review, imaging.ReasonNameUnreadable, f.conf, sureGlyph, &f.place)
	}
}

// compareLatin compares a claimed name with surname and given names in capitals
// whose spaces may be lost. Case, order and what stands between the words make
// no other name of it here: cards print their own.
func compareLatin(claim, surname, given string, truncated bool) personname.Agreement {
	found := personname.CompareMRZ(claim, surname, given, truncated)
	letters := func(s string) string {
		return strings.ToUpper(strings.Map(func(r rune) rune {
			if unicode.IsLetter(r) {
				return r
			}
			return -1
		}, s))
	}
	c, s, g := letters(claim), letters(surname), letters(given)
	words := strings.FieldsFunc(claim, func(r rune) bool { return r == ' ' || r == ',' })
	for i := range words {
		if turned := letters(strings.Join(words[i:], "") + strings.Join(words[:i], "")); s != "" && turned == s+g {
			return personname.Match
		}
	}
	switch {
	case s != "" && (c == s+g || c == g+s):
		return personname.Match
	case found.Agreement == personname.Mismatch && (within(c, s+g) || within(s+g, c)):
		return personname.Unreadable // characters that a reader loses contradict nothing
	}
	return found.Agreement
}

func capital(r rune) bool { return r >= 'A' && r <= 'Z' }

func (e *examination) foreignTerm(l *foreignLayout) error {
	f, err := e.reader.zoneField(e.frame.mat, e.text.lines, &l.cardMap, l.side.value(3), termRune)
	if err != nil {
		return err
	}
	v, ok := parseValidity(f.value)
	e.zone(imaging.PartValidity, f.place, f.value)
	b := backFields{term: f, validity: v, ok: ok}
	e.add(b.judgeTerm(e.today))
	b.tell(&e.report.Fields)
	return nil
}

// foreignPrinted compares the printed birth and sex with those of the number.
func (e *examination) foreignPrinted(l *foreignLayout) error {
	number := foreignNumber(e.report.Fields.Number, e.today)
	e.report.Fields.Nationality = number.Nationality.String()
	row := l.side.value(1)
	sex := zone(row[0].X, row[0].Y, row[0].X+10, row[2].Y) // the birth stands behind
	return e.crossCheck(number, []printedField{
		{sex, sexRune, sexOf, number.Sex.String(), imaging.ReasonSexMismatch},
		{row, digitRune, dateOf, birthOf(number), imaging.ReasonBirthMismatch},
	}, &l.cardMap)
}
