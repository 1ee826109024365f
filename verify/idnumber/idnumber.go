// Package idnumber checks identity-document numbers and brings them to the one form that is counted and keyed.
//
// Check is pure: no I/O, no clock, no allocation. It accepts any byte string of any length for any kind. It says what it
// found part by part and never only yes or no, because a table of division codes is always a little old and a genuine
// card must not be refused for that.
//
// # One number, one spelling
//
// Two inputs have the same Subject only by one of these equivalences, and no other:
//   - the spellings that fold joins: full-width forms, lower case, spaces, hyphens
//   - brackets around a check digit (hkid, macau_bir), the slashes of old Macau cards
//   - a legacy resident number of 15 digits and the 18 characters it was upgraded to
//   - the resident number on a temporary card, in a household register, on a soldier's or armed policeman's document
//   - hkmo_permit: the first nine characters, without the count of replacements
//   - tw_permit: the first eight digits, without the count of replacements and the issuing office after it
//   - military_id, armed_police_id: with 字第 and 号 or without
//   - passport_mrz of a passport (TD3) and passport with the same issuing state and number; the state D is DEU,
//     HKG and MAC are CHN, and the classes of British nationals GBR
//   - mobile_phone with or without +86, 0086 or 86; iccid with or without its check digit or the manufacturer's letter in
//     its place, and padding; imei with or without its check digit, and the imeisv of the same device
//
// The old and the new number of a foreigner's permanent residence card cannot be computed from each other: they are two
// documents of one person, linked by evidence and not here.
//
// What it does not do: ask an authority whether the number was issued, or to whom.
package idnumber

import (
	"fmt"
	"io"
	"log/slog"
	"sync"
	"sync/atomic"

	"realname/verify/idnumber/gb2260"
)

// Sex as the number tells it.
type Sex uint8

const (
	// SexUnknown: the number does not tell it.
	SexUnknown Sex = iota
	Male
	Female
)

var sexNames = [...]string{"", "male", "female"}

// String gives "male", "female" or "".
func (s Sex) String() string { return name(sexNames[:], int(s)) }

// MarshalText gives String.
func (s Sex) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// Result is what Check found. It prints as kind, status and reason only: the rest is personal data.
type Result struct {
	Kind   Kind
	Status Status
	// Reason is the code of the first part, in the order of parts, that made the number invalid or else suspicious;
	// NoCode when it is valid.
	Reason Code
	// Form is the written form that was found, where a kind has several.
	Form Form
	// Sex as the number tells it.
	Sex Sex
	// Issuer is who issued the card or line, where its range tells.
	Issuer Issuer
	// State is the issuing state: fixed for the kind, or read in an MRZ; zero for a passport's number alone.
	State State
	// Nationality as the number tells it; zero when it does not.
	Nationality State
	Birth       Date // zero when the number does not tell a day of the calendar
	Expiry      Date // of the document, from an MRZ; zero otherwise
	Findings    Findings
	Area        Area // zero when the number has none or the structure failed
	// Canonical is the one spelling under which the number is counted and keyed; zero when Status is Invalid.
	Canonical Number
}

// Subject is what is keyed: equal subjects are one holder's one number, whatever document it was read from.
type Subject struct {
	Kind   Kind
	State  State // zero when the caller must say it: a passport's number alone
	Number Number
}

// Subject gives the key of the number; its Number is zero when the number is invalid.
func (r *Result) Subject() Subject {
	s := Subject{Kind: r.Kind, State: r.State, Number: r.Canonical}
	switch {
	case r.Form == FormResident18 || r.Form == FormResident15:
		s.Kind = ResidentID
	case r.Form == FormTD3:
		s.Kind = Passport
	}
	return s
}

// Checker checks numbers with a table of division codes that can be replaced at run time.
type Checker struct{ areas atomic.Pointer[gb2260.Table] }

// NewChecker makes a checker that knows these division codes.
func NewChecker(areas *gb2260.Table) *Checker {
	c := &Checker{}
	c.areas.Store(areas)
	return c
}

// Use replaces the division codes; checks that run keep the table they began with.
func (c *Checker) Use(areas *gb2260.Table) { c.areas.Store(areas) }

// Areas gives the division codes in use; the built-in ones until Use was called on a zero Checker.
func (c *Checker) Areas() *gb2260.Table {
	if areas := c.areas.Load(); areas != nil {
		return areas
	}
	return gb2260.Default()
}

var builtin = sync.OnceValue(func() *Checker { return NewChecker(gb2260.Default()) })

// Check is Checker.Check with the built-in division codes.
func Check(kind Kind, raw string, on Date) Result { return builtin().Check(kind, raw, on) }

// Check judges a number of the given kind as of a civil date in China. A kind it does not know gives Invalid with
// CodeUnknownKind. A date that is not in the calendar lies before every birth, so that the check fails closed.
func (c *Checker) Check(kind Kind, raw string, on Date) Result {
	e := examination{on: on, areas: c.Areas()}
	e.r.Kind = kind
	switch kind {
	case PassportMRZ:
		e.mrz(raw)
	case MilitaryID, ArmedPoliceID:
		e.military(raw)
	default:
		if code := e.fold(raw); code != NoCode {
			e.stop(code)
			break
		}
		e.folded(kind)
	}
	return e.r
}

// folded judges the kinds that are written in the characters that fold gives.
func (e *examination) folded(kind Kind) {
	switch kind {
	case ResidentID, TemporaryID, HouseholdBook, ResidencePermit:
		e.resident()
	case HKMOPermit:
		e.hkmoPermit()
	case TWPermit:
		e.twPermit()
	case ForeignPR:
		e.foreignPR()
	case Passport:
		e.passport()
	case HKID:
		e.hkid()
	case MacauBIR:
		e.macauBIR()
	case TaiwanID:
		e.taiwanID()
	case USCC:
		e.uscc()
	case OrgCode:
		e.orgCode()
	case BizReg:
		e.bizReg()
	case TaiwanUBN:
		e.taiwanUBN()
	case BankCard:
		e.bankCard()
	case MobilePhone:
		e.mobilePhone()
	case ICCID:
		e.iccid()
	case IMEI:
		e.imei()
	default:
		e.stop(CodeUnknownKind)
	}
}

// examination is one Check on its way: the folded characters and the result they fill. The result is held by value: a
// pointer to it would make it escape.
type examination struct {
	r     Result
	on    Date
	areas *gb2260.Table
	b     [numberSize]byte // folded characters, zero from n on
	n     int
}

func (e *examination) pass(p Part)             { e.r.Findings[p] = Finding{Outcome: Passed} }
func (e *examination) fail(p Part, c Code)     { e.r.Findings[p] = Finding{Failed, c} }
func (e *examination) warn(p Part, c Code)     { e.r.Findings[p] = Finding{Warning, c} }
func (e *examination) omit(p Part, why Code)   { e.r.Findings[p] = Finding{NotExecuted, why} }
func (e *examination) found(p Part, f Finding) { e.r.Findings[p] = f }

// demand passes a part, or fails it with a code.
func (e *examination) demand(p Part, ok bool, c Code) {
	if ok {
		e.pass(p)
	} else {
		e.fail(p, c)
	}
}

// stop records that the structure failed for this reason, so that no other part of the number can be told.
func (e *examination) stop(reason Code) {
	r := &e.r
	r.Status, r.Reason = Invalid, reason
	profile := r.Kind.profile()
	if profile == nil {
		return
	}
	for p := range partCount {
		if profile.parts.has(p) {
			e.omit(p, CodeNotReached)
		}
	}
	e.fail(Structure, reason)
}

// settle draws status and reason from the findings, and keeps the first n characters as the canonical number unless it
// is invalid.
func (e *examination) settle(n int) {
	r := &e.r
	r.Status = Valid
	for _, f := range &r.Findings {
		switch {
		case f.Outcome <= Passed:
		case f.Outcome == Failed:
			r.Status, r.Reason = Invalid, f.Code
			return
		case f.Outcome == Warning && r.Status == Valid && suspicious[f.Code]:
			r.Status, r.Reason = Suspicious, f.Code
		}
	}
	clear(e.b[n:])
	r.Canonical = seal(&e.b, n)
}

// String gives kind, status and reason, no personal data. An unknown kind is the caller's text and is left out.
func (r Result) String() string {
	kind := string(r.Kind)
	if r.Reason == CodeUnknownKind {
		kind = "unknown"
	}
	if r.Reason == NoCode {
		return kind + " " + r.Status.String()
	}
	return kind + " " + r.Status.String() + " " + r.Reason.String()
}

// Format prints String for every verb.
func (r Result) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, r.String()) }

// LogValue logs String.
func (r Result) LogValue() slog.Value { return slog.StringValue(r.String()) }

// MarshalText gives String, so that an encoder never writes the rest.
func (r Result) MarshalText() ([]byte, error) { return []byte(r.String()), nil }
