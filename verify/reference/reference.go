// Package reference says what may name something of a tenant's own: a reference is kept in the clear, so it must not be
// a person's number.
package reference

import (
	"regexp"
	"strings"

	"realname/verify/idnumber"
)

// Max is the most characters of an ordinary reference.
const Max = 128

var (
	pattern      = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._:/#@-]*$`)
	digitRun     = regexp.MustCompile(`[0-9]+[Xx]?`)
	mobileNumber = regexp.MustCompile(`^1[3-9][0-9]{9}$`)
	// Random identifiers hold eleven digits in a row now and then: one UUID in some three thousand does.
	randomHex = regexp.MustCompile(`(?i)[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|[0-9a-f]{16,}`)
)

// WellFormed reports whether a text has the characters of a reference and no others: there is no room for free text.
func WellFormed(text string) bool { return pattern.MatchString(text) }

// Personal reports whether a reference holds a resident number or that of a
// foreigner's residence card, in 18 characters anywhere, a resident number in
// the 15 digits of old standing alone, or a mainland mobile number standing
// alone. Names it cannot tell, nor numbers of so little form as a passport's.
func Personal(reference string) bool {
	for _, run := range digitRun.FindAllString(reference, -1) {
		for i := 0; i+18 <= len(run); i++ {
			if residentNumber(run[i : i+18]) {
				return true
			}
		}
	}
	for _, run := range digitRun.FindAllString(randomHex.ReplaceAllString(reference, "-"), -1) {
		digits := strings.TrimRight(run, "Xx")
		if mobileNumber.MatchString(digits) || len(digits) == 15 && residentNumber(digits) {
			return true
		}
	}
	return false
}

// aLongTime makes no birth lie in the future, so that the judgement needs no clock.
var aLongTime = idnumber.Date{Year: 2099, Month: 12, Day: 31}

// residentNumber takes what anybody alive may have. What dates a birth before
// 1900 is an order number that looks like one; and so is, without a check digit, what names no known county.
func residentNumber(text string) bool {
	kind := idnumber.ResidentID
	switch text[0] {
	case '8':
		kind = idnumber.ResidencePermit
	case '9':
		kind = idnumber.ForeignPR
	}
	r := idnumber.Check(kind, text, aLongTime)
	chance := r.Birth.Year < 1900 || len(text) == 15 && r.Findings[idnumber.AreaCode].Code == idnumber.CodeAreaUnknown
	return r.Status != idnumber.Invalid && !chance
}
