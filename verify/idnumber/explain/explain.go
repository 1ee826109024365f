// Package explain says in Chinese or English what the parts of a document number mean, which of them is wrong, and what
// the number tells. It is pure, and it never says which change would make a wrong number fit: that helps forgers.
//
// An Explanation is personal data. It is for the person at the terminal or the console who typed the number; its
// judgements are the official texts of the reason catalogue, so it is not for the person whose number it may be.
package explain

import (
	"fmt"
	"io"
	"log/slog"
	"slices"

	"golang.org/x/text/language"
	"golang.org/x/text/language/display"

	"realname/compliance"
	"realname/verify/idnumber"
)

// oldestAreaList is the year of the first list of division codes; names before it are not known.
const oldestAreaList = 1980

// Explanation is a number in words. It prints as kind and status only; its fields hold personal data.
type Explanation struct {
	Kind     idnumber.Kind
	Status   idnumber.Status
	Lang     string // "zh" or "en"
	Title    string // the kind
	Verdict  string // the status
	Number   string // as it is shown, a machine-readable zone in lines ended by \n
	Segments []Segment
	Told     []Told
	Advice   string
}

// Segment is a part of the number that was judged, or a field that only has a meaning.
type Segment struct {
	Part idnumber.Part
	// Field is the stable name of a field that is not judged by itself; "" for a part.
	Field string
	// Start and End bound the characters (runes) of Number; equal where there is no place of its own to point at.
	Start, End int
	Outcome    idnumber.Outcome // Absent for a field
	Code       idnumber.Code
	Name       string // of the part or field
	Meaning    string // what the part means; "" for a field
	Judgement  string // the text of Code; "" when there is none
}

// Told is one thing that the number tells.
type Told struct{ Label, Text string }

// Explain puts a result of idnumber.Check on raw in words: in English for lang "en" and its regions, else in Chinese.
func Explain(r idnumber.Result, raw, lang string) Explanation {
	c := texts()
	s := legible(raw, &r)
	x := Explanation{
		Kind: r.Kind, Status: r.Status, Lang: languageOf(lang), Title: KindName(r.Kind, lang),
		Verdict: StatusName(r.Status, lang), Number: string(s.runes), Advice: c.Advice[r.Status.String()].In(lang),
	}
	x.segments(&r, &s, lang)
	x.told(&r, lang)
	return x
}

func languageOf(lang string) string {
	return compliance.Text{ZH: "zh", EN: "en"}.In(lang)
}

// segments puts the parts in the order of their places, those without a place first.
func (x *Explanation) segments(r *idnumber.Result, s *shown, lang string) {
	var places []place
	if r.Findings[idnumber.Structure].Outcome != idnumber.Failed {
		places = unchecked(placesOf(r.Kind, r.Form, len(s.bare)), r)
	}
	placed := map[idnumber.Part]bool{}
	for _, p := range places {
		placed[p.part] = placed[p.part] || p.field == ""
	}
	for _, p := range r.Kind.Parts() {
		if !placed[p] {
			x.Segments = append(x.Segments, judged(r, p, lang))
		}
	}
	for _, p := range places {
		segment := Segment{Part: p.part, Field: p.field}
		if p.field == "" {
			segment = judged(r, p.part, lang)
		} else if t := texts().Kinds[r.Kind]; t != nil {
			segment.Name = t.Fields[p.field].In(lang)
		}
		segment.Start, segment.End = s.bare[p.start], s.bare[p.end-1]+1
		x.Segments = append(x.Segments, segment)
	}
	if len(x.Segments) > 0 && x.Segments[0].Outcome == idnumber.Failed && x.Segments[0].Part == idnumber.Structure {
		x.markStructure(s, lang)
	}
}

// unchecked gives the place of a check digit that is none to what stands before it: the last digit of some SIM cards is one
// more of the serial number.
func unchecked(places []place, r *idnumber.Result) []place {
	n := len(places) - 1
	if n < 1 || places[n].part != idnumber.CheckDigit || r.Findings[idnumber.CheckDigit].Code != idnumber.CodeCheckDigitAbsent {
		return places
	}
	places[n-1].end = places[n].end
	return places[:n]
}

func judged(r *idnumber.Result, p idnumber.Part, lang string) Segment {
	c, f := texts(), r.Findings[p]
	out := Segment{Part: p, Outcome: f.Outcome, Code: f.Code, Name: c.Parts[p.String()].In(lang), Judgement: judgement(f.Code, lang)}
	if t := c.Kinds[r.Kind]; t != nil {
		out.Meaning = t.Parts[p.String()].In(lang)
	}
	return out
}

// judgement is the official text of a code, and the code itself where the catalogue has none.
func judgement(code idnumber.Code, lang string) string {
	if code == idnumber.NoCode {
		return ""
	}
	if t, ok := compliance.Reason(code.String()); ok {
		return t.For(compliance.ForCompliance).In(lang)
	}
	return code.String()
}

// markStructure points at what a number of no known structure was refused for.
func (x *Explanation) markStructure(s *shown, lang string) {
	structure := x.Segments[0]
	switch structure.Code {
	case idnumber.CodeBadLength, idnumber.CodeTooLong:
		x.Segments[0].Judgement += " " + fmt.Sprintf(texts().Labels["characters"].In(lang), len(s.bare))
	case idnumber.CodeBadCharacter, idnumber.CodeNotUTF8:
		for _, at := range s.misplaced(x.Kind) {
			if n := len(x.Segments); x.Segments[n-1].Field == "misplaced" && x.Segments[n-1].End == at {
				x.Segments[n-1].End++
				continue
			}
			x.Segments = append(x.Segments, Segment{
				Part: idnumber.Structure, Field: "misplaced", Start: at, End: at + 1, Outcome: idnumber.Failed,
				Name: texts().Labels["misplaced"].In(lang),
			})
		}
	}
}

func (x *Explanation) told(r *idnumber.Result, lang string) {
	c := texts()
	tell := func(label, value string) {
		if value != "" {
			x.Told = append(x.Told, Told{c.Labels[label].In(lang), value})
		}
	}
	tell("form", c.Forms[r.Form.String()].In(lang))
	if r.Birth.Valid() {
		tell("birth", r.Birth.String())
	}
	tell("sex", c.Sexes[r.Sex.String()].In(lang))
	if area := r.Area.FullName(); area != "" {
		label := c.Labels["area"].In(lang)
		if r.Birth.Valid() && r.Birth.Year >= oldestAreaList {
			label = fmt.Sprintf(c.Labels["area_then"].In(lang), r.Birth.Year)
		}
		x.Told = append(x.Told, Told{label, area})
	}
	tell("nationality", StateName(r.Nationality, lang))
	if r.Kind.Class() == idnumber.PersonDocument {
		tell("state", StateName(r.State, lang))
	}
	tell("issuer", c.Issuers[r.Issuer.String()].In(lang))
	if r.Expiry.Valid() {
		tell("expiry", r.Expiry.String())
	}
	tell("canonical", r.Canonical.Reveal())
}

// StateName names a state, territory or special code of ICAO Doc 9303; its letters when no table knows them, "" for none.
func StateName(s idnumber.State, lang string) string {
	code := s.String()
	if t, ok := texts().States[code]; ok {
		return t.In(lang)
	}
	region, err := language.ParseRegion(code)
	if err != nil || !region.IsCountry() {
		return code
	}
	tag := language.SimplifiedChinese
	if languageOf(lang) == "en" {
		tag = language.English
	}
	return display.Regions(tag).Name(region)
}

// Candidate is a kind that a number was checked as.
type Candidate struct {
	Kind   idnumber.Kind
	Result idnumber.Result
	weight int
}

// Candidates checks raw as every kind with check, such as idnumber.Check. It gives the kinds whose result is not invalid, the likeliest first, and the one
// to explain: the likeliest of them, or the nearest kind when much of that fits and a part is wrong. best is the zero
// Candidate when nothing fits.
func Candidates(
	raw string, on idnumber.Date, check func(kind idnumber.Kind, raw string, on idnumber.Date) idnumber.Result,
) (possible []Candidate, best Candidate) {
	for _, kind := range idnumber.Kinds() {
		candidate := Candidate{Kind: kind, Result: check(kind, raw, on)}
		candidate.weight = weigh(&candidate.Result)
		if candidate.Result.Status != idnumber.Invalid {
			possible = append(possible, candidate)
		}
		if candidate.weight > best.weight {
			best = candidate
		}
	}
	slices.SortStableFunc(possible, func(a, b Candidate) int { return b.weight - a.weight })
	return possible, best
}

// weigh counts what speaks for a kind: each part that passed, less what failed or is unusual. A structure that failed
// speaks for nothing.
func weigh(r *idnumber.Result) int {
	if r.Findings[idnumber.Structure].Outcome == idnumber.Failed || r.Findings[idnumber.Structure].Outcome == idnumber.Absent {
		return 0
	}
	weight := 1
	for _, f := range r.Findings {
		switch {
		case f.Outcome == idnumber.Passed:
			weight += 2
		case f.Outcome == idnumber.Failed:
			weight -= 3
		case f.Outcome == idnumber.Warning && f.Code.Suspicious():
			weight--
		}
	}
	switch {
	case r.Kind == idnumber.HKMOPermit:
		weight += 2 // its fixed letters are no part of their own
	case r.Kind == idnumber.Passport:
		weight = barePassport
	case r.Form == idnumber.FormMilitary && r.Canonical.Reveal() < firstHan, cardOfNobody(r):
		weight = fitsAnything
	}
	return weight
}

// firstHan is before every canonical number that begins with Han characters, and after every other.
const firstHan = "一"

// What a shape without a check says: that of a military number, or of a card whose issuer is not known, takes even more
// than a passport's.
const (
	fitsAnything = 1 + iota
	barePassport
)

// cardOfNobody reports whether a bank card has a number of no known scheme. The table of schemes knows no lengths, and of
// 15 digits only American Express makes cards.
func cardOfNobody(r *idnumber.Result) bool {
	return r.Kind == idnumber.BankCard &&
		(r.Issuer == idnumber.NoIssuer || r.Issuer != idnumber.AmericanExpress && len(r.Canonical.Reveal()) == 15)
}

// String gives kind and status, no personal data.
func (x Explanation) String() string { return string(x.Kind) + " " + x.Status.String() }

// Format prints String for every verb.
func (x Explanation) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, x.String()) }

// LogValue logs String.
func (x Explanation) LogValue() slog.Value { return slog.StringValue(x.String()) }
