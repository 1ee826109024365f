//go:build vision

package vision

import (
	"slices"
	"strconv"
	"strings"
	"unicode"

	"realname/imaging"
	"realname/verify/idnumber"
)

// pageItem is what a passport's page prints beside its zone. States print it
// where they like, so that it is looked for below its label.
type pageItem struct {
	labels []string // in lower case and without spaces; one of them is enough
	keep   func(rune) bool
	parse  func([]glyph) string
	code   string // when it contradicts the zone
}

var pageItems = struct{ sex, birth, expiry pageItem }{
	sex:    pageItem{[]string{"性别", "sex"}, pageSexRune, pageSex, imaging.ReasonSexMismatch},
	birth:  pageItem{[]string{"出生日期", "dateofbirth"}, alphanumeric, pageDate, imaging.ReasonBirthMismatch},
	expiry: pageItem{[]string{"有效期至", "dateofexpiry"}, alphanumeric, pageDate, imaging.ReasonValidityImpossible},
}

// pagePrinted compares what the page prints with the zone, as far as either can
// be read: a page whose parts contradict each other was altered.
func (e *examination) pagePrinted(mrz *idnumber.MRZ, m *cardMap) error {
	sex, birth, expiry := "", "", ""
	if mrz.Status != idnumber.Invalid {
		sex, birth = mrz.Sex.String(), birthOf(mrz.Result)
		if mrz.Expiry.Valid() {
			expiry = mrz.Expiry.String()
		}
	}
	var fields []printedField
	for _, f := range []struct {
		pageItem
		want string
	}{{pageItems.sex, sex}, {pageItems.birth, birth}, {pageItems.expiry, expiry}} {
		if z, found := e.belowLabel(f.labels, m); found {
			fields = append(fields, printedField{z, f.keep, f.parse, f.want, f.code})
		}
	}
	return e.crossCheck(mrz.Result, fields, m)
}

// belowLabel is the zone of the nearest line that begins below a label.
func (e *examination) belowLabel(labels []string, m *cardMap) (quad, bool) {
	const aside, nearest, farthest = 4.0, 1.8, 7.0 // millimetres
	label, found := e.labelStart(labels, m)
	if !found {
		return quad{}, false
	}
	var z quad
	least := farthest
	for _, l := range e.text.lines {
		from, to := m.card(l.place.at(0, 0.5)), m.card(l.place.at(1, 0.5))
		down := from.Y - label.Y
		if d := from.X - label.X; d < -aside || d > aside || down < nearest || down > least {
			continue
		}
		half := distance(m.card(l.place.at(0.5, 0)), m.card(l.place.at(0.5, 1))) / 2
		least, z = down, zone(from.X, (from.Y+to.Y)/2-half, to.X, (from.Y+to.Y)/2+half)
	}
	return z, least < farthest
}

// labelStart is where one of the labels begins on the page.
func (e *examination) labelStart(labels []string, m *cardMap) (point, bool) {
	for _, l := range e.text.lines {
		text := make([]rune, len(l.glyphs))
		for i, g := range l.glyphs {
			text[i] = unicode.ToLower(g.r)
		}
		for _, label := range labels {
			before, _, found := strings.Cut(string(text), label)
			if !found {
				continue
			}
			first := []rune(before)
			// A translation stands behind the label that is spelt out first.
			if at := slices.Index(first, '/'); at >= 0 && len(first)-at == 1 {
				return m.card(l.centre(0)), true
			}
			return m.card(l.centre(len(first))), true
		}
	}
	return point{}, false
}

func alphanumeric(r rune) bool {
	return r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z'
}

func pageSexRune(r rune) bool { return sexRune(r) || r == 'M' || r == 'F' }

// pageSex reads the sex in Chinese, as ICAO's letter, or in both when they say the same.
func pageSex(gs []glyph) string {
	said := ""
	for _, g := range gs {
		one := idnumber.Female.String()
		if g.r == '男' || g.r == 'M' {
			one = idnumber.Male.String()
		}
		if said != "" && said != one {
			return ""
		}
		said = one
	}
	return said
}

var pageMonths = strings.Fields("JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC")

// pageDate reads a day, a month in letters and a year of four digits (ICAO Doc
// 9303 part 3), also with the month's number before its letters as in China.
func pageDate(gs []glyph) string {
	const year, month = 4, 3
	if len(gs) < 1+month+year {
		return ""
	}
	text := make([]byte, len(gs))
	letters := len(gs) - year - month
	for i, g := range gs {
		c := byte(unicode.ToUpper(g.r))
		if letter := i >= letters && i < letters+month; letter != (c >= 'A') && zoneTwins[c] != 0 {
			c = zoneTwins[c]
		}
		text[i] = c
	}
	number := 1 + slices.Index(pageMonths, string(text[letters:letters+month]))
	day := string(text[:letters])
	switch {
	case letters == 4:
		day = strings.TrimSuffix(day, twoDigits(strconv.Itoa(number)))
	case letters == 3 || letters == 2 && day[0] > '3':
		day = strings.TrimSuffix(day, strconv.Itoa(number))
	}
	if number == 0 || len(day) < 1 || len(day) > 2 {
		return ""
	}
	d, ok := compactDate(string(text[letters+month:]) + twoDigits(strconv.Itoa(number)) + twoDigits(day))
	if !ok || !d.Valid() {
		return ""
	}
	return d.String()
}

func twoDigits(s string) string { return ("0" + s)[len(s)-1:] }

// pageTerm tells a passport whose last day has passed: by the zone, or else by the print.
func (e *examination) pageTerm(mrz *idnumber.MRZ, m *cardMap) {
	place := m.imageQuad(pageZone)
	until := mrz.Expiry
	if mrz.Status == idnumber.Invalid || !until.Valid() {
		var ok bool
		if until, ok = compactDate(strings.ReplaceAll(e.report.Fields.ValidTo, "-", "")); !ok {
			e.find(imaging.Review, imaging.ReasonValidityUnreadable, 0, fairGlyph, &place)
			return
		}
	}
	e.report.Fields.ValidTo = until.String()
	if late := days(until, 0, e.today); late > 0 {
		e.find(imaging.Reject, imaging.ReasonExpired, float64(late), 0, &place)
	}
}
