//go:build vision

package vision

import (
	"context"
	"slices"
	"strings"

	"gocv.io/x/gocv"

	"realname/imaging"
	"realname/verify/idnumber"
	"realname/verify/personname"
)

// A passport's data page is ISO/IEC 7810 ID-3. Its zone stands where ICAO Doc
// 9303 part 4 puts it; the portrait's place is that of the standard's examples,
// which states keep to within a few millimetres.
const (
	pageWidth  = 125.0
	pageHeight = 88.0

	zoneFirst, zonePitch = 7.6, 2.54 // middle of the first character; step to the next, mm
	zoneRow, zoneStep    = 71.3, 6.35

	pageSides   = 3   // of the page's four, found as edges, to say where its portrait is
	mostZoneOff = 1.2 // mm that the zone's characters may then be off their places, by the mean
)

// pageReach is how far from where the zone says that they are the page's sides
// are looked for, as sideReach: the far ones first.
var pageReach = [][]float64{{0.055, 0.03}, {0.03, 0.02}, {0.015, 0.012}}

var (
	wholePage = zone(0, 0, pageWidth, pageHeight)
	pageZone  = zone(7, 68, 118, 81)
)

// pagePlan is what is looked at on a page whose portrait fills a place.
func pagePlan(portrait quad) sheetPlan {
	inner := func(u0, v0, u1, v1 float64) quad {
		a, b := portrait.at(u0, v0), portrait.at(u1, v1)
		return zone(a.X, a.Y, b.X, b.Y)
	}
	lo, hi := portrait[0], portrait[2]
	bare := around(zone(lo.X-portraitGap, lo.Y-portraitGap, hi.X+portraitGap, hi.Y+portraitGap))
	return sheetPlan{wholePage, inner(-0.03, -0.03, 1.03, 1.03), inner(0.25, 0.14, 0.75, 0.74), pageZone, bare}
}

// pageMap takes a passport's millimetres to the picture: by its zone, and then
// by the page's edges, since two lines say little of what is far above them.
// Sides counts the edges found.
func pageMap(mat gocv.Mat, z *zoneRead) (m *cardMap, sides int) {
	var found []anchor
	for i, row := range z.middles {
		for k, at := range row {
			card := point{zoneFirst + float64(k)*zonePitch, zoneRow + float64(i)*zoneStep}
			found = append(found, anchor{card: card, image: at})
		}
	}
	// The ridge keeps the perspective that the widths along the lines show.
	rough := fitMap(found, 0.02)
	if rough == nil {
		return nil, 0
	}
	seen := 0
	for _, reach := range pageReach {
		edges, sides := sharpened(mat, rough.imageQuad(wholePage), reach)
		seen = max(seen, sides)
		if sides < pageSides {
			continue
		}
		// The portrait's side is an edge too.
		if exact := mapBetween(wholePage, edges); exact != nil && below(exact.off(found), mostZoneOff) {
			return exact, sides
		}
		seen = min(seen, pageSides-1)
	}
	return rough, seen
}

// off is how far places on the picture are from where they should be on the page, by the mean, in millimetres.
func (m *cardMap) off(found []anchor) float64 {
	sum := 0.0
	for _, a := range found {
		sum += distance(m.card(a.image), a.card)
	}
	return sum / float64(len(found))
}

// mapBetween takes a rectangle of millimetres to a quad; nil for a quad that is none.
func mapBetween(from, to quad) *cardMap {
	m := &cardMap{origin: to.at(0.5, 0.5), unit: to.width()}
	if !(m.unit > 0) {
		return nil
	}
	var pairs []pair
	for i, p := range from {
		pairs = append(pairs, pair{from: p.scale(1 / cardWidth), to: to[i].sub(m.origin).scale(1 / m.unit), weight: 1})
	}
	h, ok := fitHomography(pairs, 0)
	if !ok {
		return nil
	}
	m.to = h
	return m.inverted()
}

// passport judges a data page, when the text shows a machine-readable zone of one.
func (e *examination) passport(ctx context.Context) (found bool, err error) {
	band, ok := findZone(e.text.lines)
	if !ok {
		return false, nil
	}
	z, ok, err := e.reader.zone(ctx, e.frame.mat, band, e.today)
	if err != nil || !ok {
		return false, err
	}
	mrz := z.mrz(e.today)
	if mrz.Form != idnumber.FormTD3 {
		return false, nil
	}
	m, sides := pageMap(e.frame.mat, &z)
	if m == nil {
		return false, nil
	}
	corners := m.imageQuad(wholePage)
	if !e.is(imaging.DocumentPassport, &corners) {
		e.outline(corners)
		e.compareNothing()
		return true, nil
	}
	if sides < pageSides {
		// Where the page ends is not seen, so neither is it that all of it is there.
		e.find(imaging.Review, imaging.ReasonBorderIncomplete, float64(sides), pageSides, &corners)
	}
	portrait, err := findPortrait(e.frame.mat, m)
	if err != nil {
		return true, err
	}
	if err := e.examine(m, pagePlan(portrait)); err != nil {
		return true, err
	}
	if err := e.pagePrinted(&mrz, m); err != nil {
		return true, err
	}
	e.zoneNumber(&mrz, &z, m)
	e.zoneName(&mrz, &z, m)
	e.pageTerm(&mrz, m)
	return true, nil
}

// zoneNumber settles the number: of the zone by its check digits, with the page's own print as second witness.
func (e *examination) zoneNumber(mrz *idnumber.MRZ, z *zoneRead, m *cardMap) {
	place := m.imageQuad(pageZone)
	claimed := e.req.Claim != nil && e.req.Claim.Number != ""
	number := mrz.Canonical.Reveal()
	printed := number != "" && e.printedOn(number)
	switch {
	case mrz.Status == idnumber.Invalid:
		if claimed {
			e.report.NumberAgreement = imaging.Unreadable
		}
		e.find(imaging.Review, imaging.ReasonNumberUnreadable, z.weakest(1), fairGlyph, &place)
		return
	case !printed:
		e.find(imaging.Review, imaging.ReasonNumberUnreadable, z.weakest(1), fairGlyph, &place)
	}
	e.report.Fields.Number = number
	e.zone(imaging.PartNumber, place, number)
	if printed {
		e.report.Examined(imaging.StepNumber)
	}
	e.report.Fields.Nationality = mrz.Nationality.String()
	e.report.Fields.Sex, e.report.Fields.Birth = mrz.Sex.String(), birthOf(mrz.Result)
	if !claimed {
		return
	}
	if passportNumber(e.req.Claim.Number, e.today) == number {
		e.report.NumberAgreement = imaging.Agrees
		return
	}
	e.report.NumberAgreement = imaging.Disagrees
	e.find(imaging.Reject, imaging.ReasonNumberMismatch, z.weakest(1), fairGlyph, &place)
}

// passportNumber is the number that a claim names: by itself, or in a zone that was read elsewhere.
func passportNumber(claim string, on idnumber.Date) string {
	kind := idnumber.Passport
	if strings.Contains(claim, zoneFiller) {
		kind = idnumber.PassportMRZ
	}
	r := idnumber.Check(kind, claim, on)
	return r.Canonical.Reveal()
}

// printedOn says whether a line of the page holds the text, by letters and digits; O and 0, and I and 1, are not told apart.
func (e *examination) printedOn(text string) bool {
	like := strings.NewReplacer("O", "0", "I", "1", "l", "1")
	want := like.Replace(text)
	return slices.ContainsFunc(e.text.lines, func(l line) bool {
		return !zoneLong(l) && strings.Contains(like.Replace(l.text()), want)
	})
}

// zoneLong tells the zone's own lines, which are no second witness.
func zoneLong(l line) bool { return l.place.width() > zoneSlim/3*l.place.height() && zoneLike(l) }

// zoneName settles the name by the zone. A Han name must stand on the page too;
// what a reading says against the claim counts only when the page prints the zone's name as well.
func (e *examination) zoneName(mrz *idnumber.MRZ, z *zoneRead, m *cardMap) {
	surname, given, truncated := mrz.Name()
	e.report.Fields.Name = strings.TrimSpace(surname + " " + given)
	if e.report.Fields.Name != "" {
		e.report.Examined(imaging.StepName)
	}
	if e.req.Claim == nil || e.req.Claim.Name == "" {
		return
	}
	claim := foldName(e.req.Claim.Name)
	f := field{value: e.report.Fields.Name, conf: z.weakest(0), place: m.imageQuad(pageZone)}
	f.both = e.printedName(surname, given)
	if f.both {
		f.conf = 1 // two witnesses
	}
	found := personname.CompareMRZ(claim, surname, given, truncated)
	switch {
	case found.Reasons.Has(personname.Romanised):
		found.Agreement = e.romanised(found, mrz, claim)
	default:
		found.Agreement = compareLatin(e.req.Claim.Name, surname, given, truncated)
	}
	if found.Agreement == personname.Match {
		f.conf = 1 // nothing is misread into the very name that is claimed
	}
	e.nameFound(found.Agreement, &f)
}

// romanised judges a Han name by its spelling in the zone and by the page's own
// print. Only the mainland's passports spell names by their Mandarin readings.
func (e *examination) romanised(found personname.Result, mrz *idnumber.MRZ, claim string) personname.Agreement {
	mainland := mrz.State == idnumber.ParseState("CHN") && strings.IndexAny(mrz.Canonical.Reveal(), "DEGPS") == 0
	switch {
	case found.Agreement == personname.Variant && e.hanOn(claim):
		return personname.Match
	case found.Agreement == personname.Mismatch && !mainland:
		return personname.Unreadable
	}
	return found.Agreement
}

// hanOn says whether a line of the page holds just this Han name, surely read.
func (e *examination) hanOn(name string) bool {
	return slices.ContainsFunc(e.text.lines, func(l line) bool {
		l.glyphs = only(l.glyphs, authorityRune)
		return l.text() == name && above(l.weakest(), fairGlyph)
	})
}

// printedName says whether a line of the page holds the zone's name.
func (e *examination) printedName(surname, given string) bool {
	want := strings.ReplaceAll(surname+given, " ", "")
	return want != "" && slices.ContainsFunc(e.text.lines, func(l line) bool {
		l.glyphs = only(l.glyphs, capital)
		return !zoneLong(l) && strings.Contains(l.text(), want)
	})
}
