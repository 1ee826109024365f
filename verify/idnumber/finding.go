package idnumber

// Status is the verdict on a number as a whole.
type Status uint8

const (
	// Invalid: a part failed; no document carries this number.
	Invalid Status = iota
	// Suspicious: unusual, and yet genuine documents look like this: look closer, do not refuse for it.
	Suspicious
	// Valid: nothing failed and nothing is unusual.
	Valid
)

var statusNames = [...]string{"invalid", "suspicious", "valid"}

// String gives the stable name.
func (s Status) String() string { return name(statusNames[:], int(s)) }

// MarshalText gives String.
func (s Status) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// Outcome is the result of one part.
type Outcome uint8

const (
	// Absent: numbers of this kind have no such part.
	Absent Outcome = iota
	// Passed: the part is as its standard wants it.
	Passed
	// Failed: the part is wrong, and with it the number.
	Failed
	// Warning: the part is unusual, or there is something to note; the code says which.
	Warning
	// NotExecuted: the part could not be judged; the code says why.
	NotExecuted
)

var outcomeNames = [...]string{"", "passed", "failed", "warning", "not_executed"}

// String gives the stable name; "" for Absent.
func (o Outcome) String() string { return name(outcomeNames[:], int(o)) }

// MarshalText gives String.
func (o Outcome) MarshalText() ([]byte, error) { return []byte(o.String()), nil }

// Part is a part of a number that is judged by itself. Parts are in the order in which they decide.
type Part uint8

const (
	Structure Part = iota
	CheckDigit
	BirthDate
	AreaCode
	Sequence
	EmbeddedCode // a code of somebody else's within: organisation, card issuer, allocated range
	Nationality
	Expiry
	BirthCheck     // MRZ: the check digit of the birth date
	ExpiryCheck    // MRZ: of the expiry date
	OptionalCheck  // MRZ: of the optional data
	CompositeCheck // MRZ: over all of them
	partCount
)

var partNames = [partCount]string{
	"structure", "check_digit", "date", "area", "sequence", "embedded_code", "nationality", "expiry",
	"birth_check", "expiry_check", "optional_check", "composite_check",
}

// String gives the part's stable name.
func (p Part) String() string { return name(partNames[:], int(p)) }

type partSet uint16

func (s partSet) has(p Part) bool { return s>>p&1 != 0 }

func name(names []string, i int) string {
	if i < len(names) {
		return names[i]
	}
	return "unknown"
}

// Finding is the judgement of one part.
type Finding struct {
	Outcome Outcome
	Code    Code // NoCode when the part passed or is absent
}

// Findings has one finding for each part and is indexed by Part.
type Findings [partCount]Finding

// Code is a stable code of a finding. A part that passed has none.
type Code uint8

const (
	NoCode Code = iota
	CodeUnknownKind
	CodeEmpty
	CodeTooLong // longer than any writing of the kind
	CodeNotUTF8
	CodeBadCharacter
	CodeBadLength
	CodeBracketUnmatched
	CodePrefixUnknown // the letters or digits in front are none that the kind starts with
	CodeAllZero       // nothing but zeros: stands on forms, and satisfies many check digits
	CodeNotReached    // the structure failed, so the part cannot be told

	CodeCheckDigitMismatch
	CodeCheckDigitAbsent      // this form has none
	CodeCheckDigitUnpublished // its algorithm is not public
	CodeCheckDigitUndefined   // letters stand where the algorithm knows digits only
	CodeCheckDigitPilot       // a note: of the pilot of 2015, which had another check digit
	CodeLuhnMismatch          // suspicious: some genuine UnionPay and SIM card numbers fail it

	CodeDateInvalid // no day of the calendar
	CodeDateFuture
	CodeDateTooOld        // suspicious: more than 150 years ago
	CodeDateUnknown       // a note: the document leaves the birth date, or a part of it, open
	CodeCenturyAssumed    // a note: two digits for the year; the latest birth that is possible was taken
	CodeDateNotInForm     // this form of the kind tells no birth date
	CodeDocumentExpired   // a note: the date of expiry has passed; the number is still the person's
	CodeAreaUnassigned    // the first two digits are no province that numbers start with
	CodeAreaPermitOnly    // 81, 82 and 83 stand on residence permits only
	CodeAreaNotPermit     // a permit has 810000, 820000 or 830000
	CodeAreaNotCounty     // a province's or prefecture's own code
	CodeAreaUnknown       // suspicious: in no list
	CodeAreaAbolished     // suspicious: out of force before birth
	CodeAreaCreatedLater  // a note: came into force after birth
	CodeNotIssued         // a note: sequence 000, or 999 for a birth after 1950
	CodeNotInForm         // this form of the kind has no such part, or not one that can be read
	CodeEmbeddedMismatch  // the organisation code within has another check digit
	CodeTypeUnknown       // suspicious: registering department and type are no pair of the standard's table
	CodeIssuerUnknown     // no issuer is known for this range
	CodeIssuerForeign     // suspicious: the range belongs to another country
	CodePrefixUnallocated // suspicious: this range of phone numbers is not allocated
	CodePrefixNotPersonal // suspicious: a range for things, not persons
	CodePrefixResale      // a note: a range of virtual operators
	CodePrefixSatellite   // a note: a range of satellite phones
	CodeLeadingUnusual    // suspicious: the first digit or letter is one that few genuine documents have
	CodeStateUnknown      // suspicious: no state or territory of ISO 3166 or ICAO 9303 has this code
	CodeFormSuperseded    // a note: this form is no longer issued
	codeCount
)

var codeNames = [codeCount]string{
	"", "unknown_kind", "number_empty", "number_too_long", "number_not_utf8", "number_bad_character", "number_bad_length",
	"bracket_unmatched", "prefix_unknown", "number_all_zero", "not_reached",
	"check_digit_mismatch", "check_digit_absent", "check_digit_unpublished", "check_digit_undefined", "check_digit_pilot",
	"luhn_mismatch",
	"date_invalid", "date_future", "date_over_150_years", "date_unknown", "century_assumed", "date_not_in_form",
	"document_expired", "area_unassigned", "area_permit_only", "area_not_permit", "area_not_county", "area_unknown",
	"area_abolished", "area_created_later", "sequence_not_issued", "not_in_form", "embedded_code_mismatch",
	"registration_type_unknown", "issuer_unknown", "issuer_foreign", "prefix_unallocated", "prefix_not_personal",
	"prefix_resale", "prefix_satellite", "leading_digit_unusual", "state_unknown", "form_superseded",
}

// String gives the stable name; "" for NoCode.
func (c Code) String() string { return name(codeNames[:], int(c)) }

// MarshalText gives String.
func (c Code) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// Codes lists every code.
func Codes() []Code {
	out := make([]Code, 0, codeCount-1)
	for c := NoCode + 1; c < codeCount; c++ {
		out = append(out, c)
	}
	return out
}

var suspicious = [codeCount]bool{
	CodeLuhnMismatch: true, CodeDateTooOld: true, CodeAreaUnknown: true, CodeAreaAbolished: true, CodeTypeUnknown: true,
	CodeIssuerForeign: true, CodePrefixUnallocated: true, CodePrefixNotPersonal: true,
	CodeLeadingUnusual: true, CodeStateUnknown: true,
}

// Suspicious tells a warning that makes the whole suspicious from a mere note.
func (c Code) Suspicious() bool { return c < codeCount && suspicious[c] }
