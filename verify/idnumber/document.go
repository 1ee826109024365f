package idnumber

import (
	"fmt"
	"io"
	"log/slog"
)

// Claims is what is said of a document beside its number. A zero field was not said.
type Claims struct {
	Birth       Date
	Sex         Sex
	Nationality State
	From, To    Date // validity, both days included
	LongTerm    bool // valid without end (长期); To is then not read
}

// Format hides the claims from every verb.
func (c Claims) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, hidden) }

// LogValue hides the claims.
func (c Claims) LogValue() slog.Value { return slog.StringValue(hidden) }

// MarshalText hides the claims from encoders.
func (c Claims) MarshalText() ([]byte, error) { return []byte(hidden), nil }

// DocumentCode is a stable code of a cross-check of a document with its number.
type DocumentCode uint8

const (
	NoDocumentCode DocumentCode = iota
	BirthMismatch
	SexMismatch
	NationalityMismatch
	ValidityImpossible   // the dates contradict each other, the birth or the day of the check
	DocumentExpired      // by the dates claimed, or by its machine-readable zone
	ExpiryMismatch       // the end that was claimed is not that of the machine-readable zone
	ValidityAgeMismatch  // not the term that article 5 of the resident-ID law sets for the age at issue
	TemporaryCardTooLong // more than three months
	FirstGenerationVoid  // a card of the regulations of 1985, void since 2013-01-01
	ClaimNotInNumber     // the number does not tell what was claimed
	documentCodeCount
)

var documentCodeNames = [documentCodeCount]string{
	"", "birth_mismatch", "sex_mismatch", "nationality_mismatch", "validity_impossible", "document_expired",
	"expiry_mismatch", "validity_age_mismatch", "temporary_card_too_long", "first_generation_void", "claim_not_in_number",
}

// String gives the stable name; "" for NoDocumentCode.
func (c DocumentCode) String() string { return name(documentCodeNames[:], int(c)) }

// MarshalText gives String.
func (c DocumentCode) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// DocumentCodes lists every code of a cross-check.
func DocumentCodes() []DocumentCode {
	out := make([]DocumentCode, 0, documentCodeCount-1)
	for c := NoDocumentCode + 1; c < documentCodeCount; c++ {
		out = append(out, c)
	}
	return out
}

// DocumentPart is one cross-check of a document with its number.
type DocumentPart uint8

const (
	BirthClaim DocumentPart = iota
	SexClaim
	NationalityClaim
	ValidityDates // whether the document holds on the day of the check
	ValidityTerm  // whether it may hold for so long
	Generation    // whether cards of its form still count
	documentPartCount
)

var documentPartNames = [documentPartCount]string{
	"birth_claim", "sex_claim", "nationality_claim", "validity_dates", "validity_term", "generation",
}

// String gives the part's stable name.
func (p DocumentPart) String() string { return name(documentPartNames[:], int(p)) }

// DocumentFinding is the judgement of one cross-check; Absent when there is nothing to compare.
type DocumentFinding struct {
	Outcome Outcome
	Code    DocumentCode // NoDocumentCode when it passed or is absent
}

// DocumentFindings has one finding for each cross-check and is indexed by DocumentPart.
type DocumentFindings [documentPartCount]DocumentFinding

var (
	// secondGeneration is the day on which the resident-ID law came into force. Cards issued before it follow the
	// regulations of 1985, which had other terms.
	secondGeneration = Date{2004, 1, 1}
	// firstGenerationVoid is the first day on which cards of those regulations no longer count (resident-ID law,
	// article 23 as amended in 2011).
	firstGenerationVoid = Date{2013, 1, 1}
)

// CrossCheck compares a document with its number as of a civil date in China. Like Check it is pure and allocates nothing.
// Of an invalid number nothing is believed: only the dates are then judged, by themselves.
func (r *Result) CrossCheck(c Claims, on Date) DocumentFindings {
	number := *r
	if r.Status == Invalid {
		number = Result{}
	}
	return DocumentFindings{
		BirthClaim:       number.birthClaim(c.Birth),
		SexClaim:         number.sexClaim(c.Sex),
		NationalityClaim: number.nationalityClaim(c.Nationality),
		ValidityDates:    number.validityDates(&c, on),
		ValidityTerm:     number.validityTerm(&c, on),
		Generation:       number.generation(&c, on),
	}
}

func agree(ok bool, mismatch DocumentCode) DocumentFinding {
	if ok {
		return DocumentFinding{Outcome: Passed}
	}
	return DocumentFinding{Failed, mismatch}
}

var notInNumber = DocumentFinding{NotExecuted, ClaimNotInNumber}

func (r *Result) birthClaim(claimed Date) DocumentFinding {
	switch {
	case claimed == Date{}:
		return DocumentFinding{}
	case r.Birth == Date{}:
		return notInNumber
	}
	told := r.Birth
	if r.centuryAssumed() {
		told.Year, claimed.Year = told.Year%100, claimed.Year%100
	}
	return agree(told == claimed, BirthMismatch)
}

// centuryAssumed reports whether the year of birth has two digits, so that a centenarian's is taken for an infant's.
func (r *Result) centuryAssumed() bool {
	switch r.Form {
	case FormForeignPR15, FormTD1, FormTD2, FormTD3:
		return true
	}
	return false
}

func (r *Result) sexClaim(claimed Sex) DocumentFinding {
	switch {
	case claimed == SexUnknown:
		return DocumentFinding{}
	case r.Sex == SexUnknown:
		return notInNumber
	}
	return agree(r.Sex == claimed, SexMismatch)
}

func (r *Result) nationalityClaim(claimed State) DocumentFinding {
	if claimed == (State{}) {
		return DocumentFinding{}
	}
	switch r.Kind {
	case ResidentID, TemporaryID, HouseholdBook, MilitaryID, ArmedPoliceID, ResidencePermit, TWPermit:
		return agree(chinese(claimed), NationalityMismatch)
	case HKMOPermit:
		return agree(chinese(claimed) != (r.Form == FormPermitForeigner), NationalityMismatch)
	case ForeignPR:
		if r.Nationality == (State{}) {
			return notInNumber
		}
		f := agree(sameNation(r.Nationality, claimed), NationalityMismatch)
		if f.Outcome == Failed {
			f.Outcome = Warning // the number keeps the nationality of the first issue
		}
		return f
	}
	if r.Nationality == (State{}) {
		return notInNumber
	}
	return agree(sameNation(r.Nationality, claimed), NationalityMismatch)
}

// chinese takes the codes that stand on the documents of Chinese citizens.
func chinese(s State) bool {
	switch s {
	case china, State{'H', 'K', 'G'}, State{'M', 'A', 'C'}, State{'T', 'W', 'N'}:
		return true
	}
	return false
}

// british takes the codes of ICAO Doc 9303 part 3 for the classes of British nationals.
func british(s State) bool {
	switch s {
	case State{'G', 'B', 'R'}, State{'G', 'B', 'D'}, State{'G', 'B', 'N'}, State{'G', 'B', 'O'}, State{'G', 'B', 'P'}, State{'G', 'B', 'S'}:
		return true
	}
	return false
}

func sameNation(a, b State) bool {
	return a == b || chinese(a) && chinese(b) || british(a) && british(b)
}

func (r *Result) validityDates(c *Claims, on Date) DocumentFinding {
	given := func(d Date) bool { return d != Date{} }
	to := c.To
	if c.LongTerm {
		to = Date{}
	}
	switch {
	case given(c.From) && (!c.From.Valid() || on.Before(c.From)),
		given(to) && (!to.Valid() || to.Before(c.From)),
		given(c.From) && given(r.Birth) && !r.centuryAssumed() && c.From.Before(r.Birth):
		return DocumentFinding{Failed, ValidityImpossible}
	case given(to) && to.Before(on), given(r.Expiry) && r.Expiry.Before(on), r.ended(c, on):
		return DocumentFinding{Failed, DocumentExpired}
	case given(r.Expiry) && (c.LongTerm || given(to) && to != r.Expiry):
		return DocumentFinding{Failed, ExpiryMismatch}
	case given(c.From) || given(to) || c.LongTerm || given(r.Expiry):
		return DocumentFinding{Outcome: Passed}
	}
	return DocumentFinding{}
}

// ended reports whether a card whose end was not said must have ended, by the term of its kind.
func (r *Result) ended(c *Claims, on Date) bool {
	if !c.From.Valid() || c.LongTerm || c.To != (Date{}) {
		return false
	}
	switch r.Kind {
	case TemporaryID:
		return c.From.addMonths(temporaryMonths).days()+1 < on.days()
	case ResidentID:
		age, ok := Age(r.Birth, c.From)
		if !ok || c.From.Before(secondGeneration) || termAt(age) == withoutEnd {
			return false
		}
		return c.From.addMonths(12*termAt(age)).days()+1 < on.days()
	}
	return false
}

func (r *Result) validityTerm(c *Claims, on Date) DocumentFinding {
	switch {
	case c.To == Date{} && !c.LongTerm, !c.LongTerm && !c.To.Valid():
		return DocumentFinding{}
	case r.Kind == TemporaryID:
		return temporaryTerm(c, on)
	case r.Kind != ResidentID || !r.Birth.Valid():
		return DocumentFinding{}
	case c.From == Date{}:
		return r.termOfUnknownIssue(c, on)
	case !c.From.Valid() || c.From.Before(secondGeneration):
		return DocumentFinding{}
	}
	age, ok := Age(r.Birth, c.From)
	if !ok {
		return DocumentFinding{} // issued before the birth: ValidityDates has failed
	}
	if c.lasts(termAt(age)) {
		return DocumentFinding{Outcome: Passed}
	}
	// The age at the application decides, and the card prints the day of issue only, which may be a season later.
	if applied, ok := Age(r.Birth, c.From.addMonths(-applicationMonths)); ok && c.lasts(termAt(applied)) {
		return DocumentFinding{Warning, ValidityAgeMismatch}
	}
	return DocumentFinding{Failed, ValidityAgeMismatch}
}

// termOfUnknownIssue judges an end whose beginning was not said: the card was issued on the day of the check at the
// latest, at an age up to the present one.
func (r *Result) termOfUnknownIssue(c *Claims, on Date) DocumentFinding {
	age, ok := Age(r.Birth, on)
	if !ok {
		return DocumentFinding{}
	}
	longest := termAt(age)
	if c.LongTerm {
		return agree(longest == withoutEnd, ValidityAgeMismatch)
	}
	if longest == withoutEnd {
		longest = termAt(longTermAge - 1) // of a card from before that birthday
	}
	return agree(c.To.days()-on.addMonths(12*longest).days() <= 1, ValidityAgeMismatch)
}

const (
	// longTermAge is the age from which cards have no end.
	longTermAge = 46
	// applicationMonths: a card is issued within 60 days of the application, 90 where roads are bad (resident-ID law,
	// article 12).
	applicationMonths = 3
	// temporaryMonths is the term of a temporary card (Ministry of Public Security, order 78 of 2005, article 7).
	temporaryMonths = 3
	// withoutEnd stands for 长期 among terms in years.
	withoutEnd = 0
)

// termAt gives the term in years for an age at the application, by article 5 of the resident-ID law.
func termAt(age int) int {
	switch {
	case age < 16:
		return 5
	case age < 26:
		return 10
	case age < longTermAge:
		return 20
	}
	return withoutEnd
}

// lasts reports whether the validity runs for so many years. Cards print the same day of the last year, as 2016.03.01-2026.03.01;
// a day before or after it is tolerated.
func (c *Claims) lasts(years int) bool {
	if years == withoutEnd || c.LongTerm {
		return years == withoutEnd && c.LongTerm
	}
	off := c.To.days() - c.From.addMonths(12*years).days()
	return -1 <= off && off <= 1
}

// temporaryTerm judges by the day of issue, or by the day of the check when that was not said: it cannot be later.
func temporaryTerm(c *Claims, on Date) DocumentFinding {
	from := c.From
	if !from.Valid() {
		from = on
	}
	return agree(!c.LongTerm && c.To.days()-from.addMonths(temporaryMonths).days() <= 1, TemporaryCardTooLong)
}

// generation refuses the resident card of the regulations of 1985 from the day it became void: its number has 15 digits,
// or the card was issued before the law.
func (r *Result) generation(c *Claims, on Date) DocumentFinding {
	if r.Kind != ResidentID {
		return DocumentFinding{}
	}
	first := r.Form == FormResident15 || c.From.Valid() && c.From.Before(secondGeneration)
	return agree(!first || on.Before(firstGenerationVoid), FirstGenerationVoid)
}

// Age counts the full years from a birth to a civil date: the birthday completes a year, and that of 29 February is on
// 1 March of other years. It gives false when one is no day of the calendar or the birth is later.
func Age(birth, on Date) (years int, ok bool) {
	if !birth.Valid() || !on.Valid() || on.Before(birth) {
		return 0, false
	}
	years = int(on.Year) - int(birth.Year)
	if on.Month < birth.Month || on.Month == birth.Month && on.Day < birth.Day {
		years--
	}
	return years, true
}

// AgeBand is an age as far as rules on minors tell it apart.
type AgeBand uint8

const (
	AgeUnknown AgeBand = iota
	Under14            // a guardian consents to what is done with the data (PIPL, article 31)
	Under18            // a minor of fourteen or more
	Adult
)

var ageBandNames = [...]string{"unknown", "under_14", "under_18", "adult"}

// String gives the stable name.
func (b AgeBand) String() string { return name(ageBandNames[:], int(b)) }

// BandOf gives the band of a birth on a civil date; AgeUnknown where Age tells nothing.
func BandOf(birth, on Date) AgeBand {
	switch years, ok := Age(birth, on); {
	case !ok:
		return AgeUnknown
	case years < 14:
		return Under14
	case years < 18:
		return Under18
	}
	return Adult
}

// PassportState reads the state that is said to have issued a passport; zero when ISO 3166 and ICAO Doc 9303 know none.
// Passports of Hong Kong and Macao are China's, and their zones say so; those of all British nationals are Britain's, whose
// zones tell the class (ICAO Doc 9303 part 3).
func PassportState(code string) State {
	s := ParseState(code)
	switch {
	case !s.known():
		return State{}
	case s == State{'H', 'K', 'G'}, s == State{'M', 'A', 'C'}:
		return china
	case british(s):
		return State{'G', 'B', 'R'}
	}
	return s
}

// addMonths gives the same day so many months later or, when negative, before; where the month has no such day, the first
// day of the next one.
func (d Date) addMonths(n int) Date {
	months := int(d.Year)*12 + int(d.Month) - 1 + n
	if months < 12 {
		return Date{}
	}
	out := Date{uint16(months / 12), uint8(months%12) + 1, d.Day}
	if !out.Valid() {
		return Date{out.Year, out.Month + 1, 1} // never December, which has 31 days
	}
	return out
}

// days counts from a fixed day; zero for the zero Date.
func (d Date) days() int {
	if d == (Date{}) {
		return 0
	}
	y := int(d.Year) - 1
	n := y*365 + y/4 - y/100 + y/400 + int(d.Day)
	for m := uint8(1); m < d.Month; m++ {
		n += int(daysIn(d.Year, m))
	}
	return n
}
