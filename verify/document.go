package verify

import (
	"slices"
	"strings"

	"realname/compliance"
	"realname/verify/idnumber"
	"realname/verify/personname"
)

// longTerm is the end of validity of a card that has none (长期).
const longTerm = "long_term"

// numberChecker judges a number as of a civil date in China; it is idnumber.Check with some table of division codes.
type numberChecker func(kind idnumber.Kind, raw string, on idnumber.Date) idnumber.Result

func (check numberChecker) document(d Document, on idnumber.Date) idnumber.Result {
	return check(idnumber.Kind(d.Kind), d.Number.Reveal(), on)
}

// judgeDocument judges a party's document: its number under one check, and what else is said of it under another. It
// gives what the number told, and the subject that is counted; the subject has no number where nobody can be counted.
func (a *assessment) judgeDocument(numberCheck, dataCheck string, p Party) (idnumber.Result, idnumber.Subject) {
	today := idnumber.DateOf(a.now)
	r := a.numbers.document(p.Document, today)
	number := a.numberCheck(numberCheck, p, &r)
	a.set(number)
	if number.Result == compliance.Failed {
		r = idnumber.Result{Kind: r.Kind} // of what names nobody nothing is believed
	}
	a.set(documentData(dataCheck, p, &r, today))
	return r, subjectOf(&r, p.Document)
}

// numberCheck says what the number is worth in the hands of this party.
func (a *assessment) numberCheck(name string, p Party, r *idnumber.Result) compliance.Check {
	c := compliance.Check{Name: name, Result: compliance.Passed, Source: sourceGateway}
	found := func(result compliance.CheckResult, code string) compliance.Check {
		c.Result, c.Reasons = result, []string{code}
		return c
	}
	switch {
	case p.Document.Number == "":
		return found(compliance.Failed, idnumber.CodeEmpty.String())
	case r.Reason == idnumber.CodeUnknownKind:
		// A document that the rules may know and we cannot check: somebody must.
		return found(compliance.Inconclusive, r.Reason.String())
	case !a.suits(p, r.Kind.Class()):
		return found(compliance.Failed, "document_not_allowed")
	case r.Status == idnumber.Invalid:
		return found(compliance.Failed, r.Reason.String())
	case r.Form == idnumber.FormMilitary:
		// Any characters of this shape would do, so that they prove nothing.
		return found(compliance.Inconclusive, idnumber.CodeCheckDigitUnpublished.String())
	case cardZone(r):
		return found(compliance.Inconclusive, "further_review")
	case r.Status == idnumber.Suspicious:
		return found(compliance.Warning, r.Reason.String())
	}
	return c
}

// suits reports whether a document of the class can stand for the party. A unit may hold a card or account itself.
func (a *assessment) suits(p Party, class idnumber.Class) bool {
	switch {
	case p.Role == compliance.RoleUnit:
		return class == idnumber.UnitRegistration
	case p.Role == compliance.RoleHolder && a.req.CustomerType == customerUnit && class == idnumber.UnitRegistration:
		return true
	}
	return class == idnumber.PersonDocument
}

// documentData compares what is said of a document with its number, its zone, and the law's terms of validity.
func documentData(name string, p Party, r *idnumber.Result, today idnumber.Date) compliance.Check {
	c := compliance.Check{Name: name, Result: compliance.NotApplicable, Source: sourceGateway}
	claims, failed := claimsOf(p.Document)
	var warned, noted []string
	compared := r.Kind == idnumber.PassportMRZ // with the zone's own name and dates
	for _, f := range r.CrossCheck(claims, today) {
		switch f.Outcome {
		case idnumber.Passed:
			compared = true
		case idnumber.NotExecuted:
			noted = append(noted, f.Code.String())
		case idnumber.Failed:
			failed = append(failed, f.Code.String())
		case idnumber.Warning:
			warned = append(warned, f.Code.String())
		}
	}
	switch code := zoneName(p, r, today); code {
	case "":
	case reasonNameMismatch:
		failed = append(failed, code)
	case reasonNameVariant:
		noted = append(noted, code) // the same name: zones have no room for every writing
	default:
		warned = append(warned, code)
	}
	if !compared && len(noted) == 0 {
		noted = []string{"nothing_compared"} // so that nobody takes the absence of doubt for a proof
	}
	switch {
	case len(failed) > 0:
		c.Result, c.Reasons = compliance.Failed, slices.Compact(failed)
	case r.Status == idnumber.Invalid: // there was no number to compare with
	case len(warned) > 0:
		c.Result, c.Reasons = compliance.Warning, warned
	default:
		c.Result, c.Reasons = compliance.Passed, slices.Compact(noted)
	}
	return c
}

// claimsOf reads what is said of a document; a claim that cannot even be read is named by the code of its failure.
func claimsOf(d Document) (c idnumber.Claims, impossible []string) {
	read := func(text string, into *idnumber.Date, code idnumber.DocumentCode) {
		if text == "" {
			return
		}
		date, err := idnumber.ParseDate(text)
		if err != nil {
			impossible = append(impossible, code.String())
		}
		*into = date
	}
	read(d.BirthDate.Reveal(), &c.Birth, idnumber.BirthMismatch)
	read(d.ValidFrom, &c.From, idnumber.ValidityImpossible)
	if c.LongTerm = d.ValidTo == longTerm; !c.LongTerm {
		read(d.ValidTo, &c.To, idnumber.ValidityImpossible)
	}
	switch d.Sex.Reveal() {
	case "":
	case idnumber.Male.String():
		c.Sex = idnumber.Male
	case idnumber.Female.String():
		c.Sex = idnumber.Female
	default:
		impossible = append(impossible, idnumber.SexMismatch.String())
	}
	if d.Nationality != "" {
		if c.Nationality = idnumber.ParseState(d.Nationality.Reveal()); c.Nationality == (idnumber.State{}) {
			impossible = append(impossible, idnumber.NationalityMismatch.String())
		}
	}
	return c, impossible
}

const (
	reasonNameMismatch      = "name_mismatch"
	reasonNameVariant       = "name_variant"
	reasonNameNotComparable = "name_not_comparable"
)

// zoneName compares the name that was claimed with that of a machine-readable zone, and gives a reason unless they are
// the same.
func zoneName(p Party, r *idnumber.Result, today idnumber.Date) string {
	if r.Kind != idnumber.PassportMRZ || r.Status == idnumber.Invalid || p.Name == "" {
		return ""
	}
	zone := idnumber.ReadMRZ(p.Document.Number.Reveal(), today)
	primary, secondary, truncated := zone.Name()
	found := personname.CompareMRZ(p.Name.Reveal(), primary, secondary, truncated)
	switch {
	case found.Agreement == personname.Match:
		return ""
	case found.Agreement == personname.Variant:
		return reasonNameVariant
	case found.Agreement == personname.Mismatch && (!found.Reasons.Has(personname.Romanised) || spellsPinyin(r)):
		return reasonNameMismatch
	}
	return reasonNameNotComparable
}

// spellsPinyin tells the passports in which a Han name is spelled by its Mandarin reading: those of the mainland, whose
// numbers begin with these letters. In Hong Kong and Macao, whose passports say CHN too, names are Cantonese.
func spellsPinyin(r *idnumber.Result) bool {
	return r.State == idnumber.ParseState("CHN") && strings.ContainsAny(r.Canonical.Reveal()[:1], "DEGPS")
}

// cardZone reports whether a zone is that of a card and no passport's. Permits have such zones, and are counted by the
// number of their own kind: by its zone one card would count on a second person.
func cardZone(r *idnumber.Result) bool {
	return r.Form == idnumber.FormTD1 || r.Form == idnumber.FormTD2
}

// subjectOf gives the person or unit that a number names, whatever document it was read from. It has no number where the
// document does not say who that is.
func subjectOf(r *idnumber.Result, d Document) idnumber.Subject {
	s := r.Subject()
	if s.Kind == idnumber.Passport {
		state := s.State.String()
		if state == "" {
			state = d.IssuingState
		}
		s.State = idnumber.PassportState(state)
		if s.State == (idnumber.State{}) {
			return idnumber.Subject{}
		}
	}
	if cardZone(r) {
		return idnumber.Subject{}
	}
	return s
}

// stateFault says why the issuing state that is claimed of a document cannot be its own; "" when it can. Where the kind
// or the zone tells the state, the caller's word may only repeat it: another state would make another person of one number.
func stateFault(r *idnumber.Result, d Document) string {
	claimed, told := idnumber.ParseState(d.IssuingState), r.State
	if s := r.Subject(); s.Kind == idnumber.Passport {
		claimed, told = idnumber.PassportState(d.IssuingState), idnumber.PassportState(told.String())
		switch {
		case d.Number == "":
			return ""
		case r.State == (idnumber.State{}) && d.IssuingState == "":
			return "issuing_state_missing"
		case r.State == (idnumber.State{}) && claimed == (idnumber.State{}):
			return "issuing_state_unknown"
		}
	}
	if d.IssuingState != "" && told != (idnumber.State{}) && claimed != told {
		return "issuing_state_mismatch"
	}
	return ""
}
