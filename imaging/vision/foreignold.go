//go:build vision

package vision

import (
	"regexp"
	"slices"
	"strings"

	"realname/imaging"
	"realname/verify/idnumber"
)

// olderNumber is a number of the foreigner's permanent residence card before December 2023, and
// likeOlderNumber one of which a character or two were misread.
var (
	olderNumber     = regexp.MustCompile(`[A-Z]{3}[0-9]{12}$`)
	likeOlderNumber = regexp.MustCompile(`(^|[^A-Z0-9])[A-Z][A-Z0-9]{2}[0-9A-Z]*[0-9]{6}[0-9A-Z]{1,6}$`)
)

// findOlderForeign reads such a card's number below its title. Nil without the two; no value when the number
// is not right in itself. Where the rest stands on that card no standard says and no genuine one was at hand.
func findOlderForeign(lines []line, on idnumber.Date) *field {
	titled := slices.ContainsFunc(lines, func(l line) bool { return strings.Contains(l.text(), permanentResidence) })
	if !titled {
		return nil
	}
	var found *field
	for _, l := range lines {
		text := l.text()
		if number := olderNumber.FindString(text); number != "" && foreignNumber(number, on).Status != idnumber.Invalid {
			glyphs := l.glyphs[len(l.glyphs)-len(number):]
			return &field{value: number, conf: line{glyphs: glyphs}.weakest(), place: l.place}
		}
		if likeOlderNumber.MatchString(text) {
			found = &field{place: l.place}
		}
	}
	return found
}

// olderForeign names the card and leaves it to a person: neither its portrait nor its other fields are looked at.
func (e *examination) olderForeign(f *field) {
	if !e.is(imaging.DocumentForeignPR, &f.place) {
		e.compareNothing()
		return
	}
	e.find(imaging.Review, imaging.ReasonOlderCard, f.conf, fairGlyph, &f.place)
	e.compareNothing()
	e.zone(imaging.PartNumber, f.place, f.value)
	if !above(f.conf, fairGlyph) {
		return
	}
	e.report.Fields.Number = f.value
	e.report.Examined(imaging.StepNumber)
	if e.req.Claim == nil || e.req.Claim.Number == "" {
		return
	}
	claim, card := foreignNumber(e.req.Claim.Number, e.today), foreignNumber(f.value, e.today)
	switch {
	case claim.Status != idnumber.Invalid && claim.Canonical.Equal(card.Canonical):
		e.report.NumberAgreement = imaging.Agrees
	case claim.Form == card.Form && above(f.conf, sureGlyph):
		// A number of the new form is not computed from the old: it contradicts nothing.
		e.report.NumberAgreement = imaging.Disagrees
		e.find(imaging.Reject, imaging.ReasonNumberMismatch, f.conf, sureGlyph, &f.place)
	}
}
