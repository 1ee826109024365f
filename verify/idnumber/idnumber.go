// Package idnumber checks identity-document numbers and brings them to the one form that is counted and keyed.
//
// Check is pure: no I/O, no clock, no allocation on the way of a well-formed number. It accepts any byte string of any
// length for any kind. It says what it found part by part and never only yes or no, because a table of division codes is
// always a little old and a genuine card must not be refused for that.
//
// What it does not do: ask an authority whether the number was issued, or to whom.
package idnumber

import (
	"fmt"
	"io"
	"log/slog"
)

// Kind names a kind of document number, in commands and API alike.
type Kind string

const (
	ResidentID      Kind = "resident_id"      // GB 11643-1999, 18 characters; legacy 15 digits of GB 11643-1989 fold to 18
	ResidencePermit Kind = "residence_permit" // of Hong Kong, Macau and Taiwan residents, State Council notice of 2018-08
)

// Kinds lists every kind that Check knows.
func Kinds() []Kind { return []Kind{ResidentID, ResidencePermit} }

// Status is the verdict on a number as a whole.
type Status string

const (
	Valid      Status = "valid"
	Suspicious Status = "suspicious" // unusual, and yet genuine cards look like this: look closer, do not refuse for it
	Invalid    Status = "invalid"
)

// Outcome is the result of one part.
type Outcome string

const (
	Passed      Outcome = "passed"
	Failed      Outcome = "failed"
	Warning     Outcome = "warning"
	NotExecuted Outcome = "not_executed"
)

// Part is a part of a number that is judged by itself. Parts are in the order in which they decide.
type Part uint8

const (
	Structure Part = iota
	CheckDigit
	BirthDate
	AreaCode
	Sequence
	partCount
)

var partNames = [partCount]string{"structure", "check_digit", "date", "area", "sequence"}

// String gives the part's stable name.
func (p Part) String() string {
	if p < partCount {
		return partNames[p]
	}
	return "unknown"
}

// Code is a stable code of a finding. A part that passed has none.
type Code string

const (
	CodeUnknownKind  Code = "unknown_kind"
	CodeEmpty        Code = "number_empty"
	CodeTooLong      Code = "number_too_long" // more than 128 bytes before folding
	CodeNotUTF8      Code = "number_not_utf8"
	CodeBadCharacter Code = "number_bad_character"
	CodeBadLength    Code = "number_bad_length"
	CodeNotReached   Code = "not_reached" // the structure failed, so the part cannot be told

	CodeCheckDigitMismatch Code = "check_digit_mismatch"
	CodeCheckDigitAbsent   Code = "check_digit_absent" // the legacy form has none

	CodeDateInvalid Code = "date_invalid" // no day of the calendar
	CodeDateFuture  Code = "date_future"
	CodeDateTooOld  Code = "date_over_150_years" // suspicious

	CodeAreaUnassigned   Code = "area_unassigned"     // the first two digits are no province that numbers start with
	CodeAreaPermitOnly   Code = "area_permit_only"    // 81, 82 and 83 stand on residence permits only
	CodeAreaNotPermit    Code = "area_not_permit"     // a permit has 810000, 820000 or 830000
	CodeAreaNotCounty    Code = "area_not_county"     // a province's or prefecture's own code
	CodeAreaUnknown      Code = "area_unknown"        // suspicious: in no list
	CodeAreaAbolished    Code = "area_abolished"      // suspicious: out of force before birth
	CodeAreaCreatedLater Code = "area_created_later"  // a note: came into force after birth
	CodeNotIssued        Code = "sequence_not_issued" // a note: 000, or 999 for a birth after 1950
)

// suspicious tells a warning that makes the whole suspicious from a mere note.
func (c Code) suspicious() bool {
	return c == CodeDateTooOld || c == CodeAreaUnknown || c == CodeAreaAbolished
}

// Finding is the judgement of one part.
type Finding struct {
	Outcome Outcome
	Code    Code
}

// Findings has one finding for each part and is indexed by Part.
type Findings [partCount]Finding

// Sex as the number tells it; "" when it does not.
type Sex string

const (
	Male   Sex = "male"
	Female Sex = "female"
)

// Result is what Check found. It prints as kind, status and reason only: the rest is personal data.
type Result struct {
	Kind   Kind
	Status Status
	// Reason is the code of the first part, in the order of parts, that made the number invalid or else suspicious;
	// "" when it is valid.
	Reason Code
	// Canonical is the one spelling under which the number is counted and keyed; zero when Status is Invalid.
	Canonical Number
	Findings  Findings
	Birth     Date // zero when the number does not tell a day of the calendar
	Sex       Sex
	Area      Area // zero when the structure failed
}

// Check judges a number of the given kind as of a civil date in China. A kind it does not know gives Invalid with
// CodeUnknownKind. A date that is not in the calendar lies before every birth, so that the check fails closed.
func Check(kind Kind, raw string, on Date) Result {
	r := Result{Kind: kind}
	switch kind {
	case ResidentID, ResidencePermit:
		r.checkResident(raw, on)
	default:
		r.stop(CodeUnknownKind)
	}
	return r
}

// settle draws status and reason from the findings.
func (r *Result) settle() {
	r.Status = Valid
	for i := range r.Findings {
		f := &r.Findings[i]
		switch {
		case f.Outcome == Failed:
			r.Status, r.Reason = Invalid, f.Code
			return
		case f.Outcome == Warning && r.Status == Valid && f.Code.suspicious():
			r.Status, r.Reason = Suspicious, f.Code
		}
	}
}

// stop records that the number is invalid for this reason and that no part of it can be told.
func (r *Result) stop(reason Code) {
	r.Status, r.Reason = Invalid, reason
	for p := range r.Findings {
		r.Findings[p] = Finding{NotExecuted, CodeNotReached}
	}
}

// String gives kind, status and reason, no personal data. An unknown kind is the caller's text and is left out.
func (r Result) String() string {
	kind := string(r.Kind)
	if r.Reason == CodeUnknownKind {
		kind = "unknown"
	}
	if r.Reason == "" {
		return kind + " " + string(r.Status)
	}
	return kind + " " + string(r.Status) + " " + string(r.Reason)
}

// Format prints String for every verb.
func (r Result) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, r.String()) }

// LogValue logs String.
func (r Result) LogValue() slog.Value { return slog.StringValue(r.String()) }

// MarshalText gives String, so that an encoder never writes the rest.
func (r Result) MarshalText() ([]byte, error) { return []byte(r.String()), nil }
