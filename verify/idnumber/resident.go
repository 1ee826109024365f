package idnumber

import (
	"fmt"
	"io"
	"log/slog"

	"realname/verify/idnumber/gb2260"
)

const hidden = "[hidden]"

const (
	residentLength = 18
	legacyLength   = 15 // GB 11643-1989
	maxAge         = 150
	// centenarians in the legacy form had the sequences 996 to 999: they were born in the 1800s.
	firstCentenarian = 996
)

var china = State{'C', 'H', 'N'}

// Area is the division a number names, as of the year of birth.
type Area struct {
	Code  gb2260.Code
	year  int32
	table *gb2260.Table
}

// Name is the division's own name in the year of birth, in Chinese; "" when no list names it.
func (a Area) Name() string {
	if name := permitArea(a.Code); name != "" || a.table == nil {
		return name
	}
	return a.table.Name(a.Code, int(a.year))
}

// FullName is the name with those of province and prefecture before it.
func (a Area) FullName() string {
	if name := permitArea(a.Code); name != "" || a.table == nil {
		return name
	}
	return a.table.FullName(a.Code, int(a.year))
}

// Format hides the area from every verb: with the year it tells much of a person.
func (a Area) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, hidden) }

// LogValue hides the area.
func (a Area) LogValue() slog.Value { return slog.StringValue(hidden) }

// MarshalText hides the area from encoders.
func (a Area) MarshalText() ([]byte, error) { return []byte(hidden), nil }

// permitArea names the three codes of residence permits; 830000 is not in GB/T 2260.
func permitArea(code gb2260.Code) string {
	switch code {
	case 810000:
		return "香港"
	case 820000:
		return "澳门"
	case 830000:
		return "台湾"
	}
	return ""
}

// resident judges the 18 characters AAAAAA YYYYMMDD SSS C, or the 15 digits AAAAAA YYMMDD SSS.
func (e *examination) resident() {
	r := &e.r
	if code := e.residentStructure(); code != NoCode {
		e.stop(code)
		return
	}
	r.State = china
	e.pass(Structure)
	if e.n == legacyLength {
		r.Form = FormResident15
		upgradeLegacy(&e.b)
		e.omit(CheckDigit, CodeCheckDigitAbsent)
	} else {
		r.Form = FormResident18
		e.demand(CheckDigit, e.b[17] == checkChar(&e.b), CodeCheckDigitMismatch)
	}
	if r.Kind == ResidencePermit {
		r.Form = FormOnly // a number of its own, with one form
	}
	birth := Date{uint16(number(e.b[6:10])), uint8(number(e.b[10:12])), uint8(number(e.b[12:14]))}
	e.found(BirthDate, checkBirth(birth, e.on))
	area := Area{Code: gb2260.Code(number(e.b[:6])), table: e.areas}
	if birth.Valid() {
		r.Birth, area.year = birth, int32(birth.Year)
	}
	r.Area = area
	e.found(AreaCode, checkArea(r.Kind, area))
	e.found(Sequence, checkSequence(&e.b, birth))
	r.Sex = sexOf(e.b[16])
	e.settle(residentLength)
}

// residentStructure wants 17 digits and a digit or X, or for a resident's number 15 digits.
func (e *examination) residentStructure() Code {
	digits := e.n
	if e.n == residentLength {
		digits = residentLength - 1
		if c := e.b[residentLength-1]; c-'0' > 9 && c != 'X' {
			return CodeBadCharacter
		}
	} else if e.n != legacyLength || e.r.Kind == ResidencePermit {
		return CodeBadLength
	}
	if !allDigits(e.b[:digits]) {
		return CodeBadCharacter
	}
	return NoCode
}

func allDigits(b []byte) bool {
	for _, c := range b {
		if c-'0' > 9 {
			return false
		}
	}
	return true
}

// checkSequence notes the sequences that are never issued.
func checkSequence(b *[numberSize]byte, birth Date) Finding {
	sequence := number(b[14:17])
	if sequence == 0 || sequence == 999 && birth.Year > 1950 {
		return Finding{Warning, CodeNotIssued}
	}
	return Finding{Outcome: Passed}
}

// sexOf reads the last digit of a sequence: odd is male.
func sexOf(digit byte) Sex {
	if digit&1 == 1 {
		return Male
	}
	return Female
}

// upgradeLegacy turns 15 digits into 18 characters in place.
func upgradeLegacy(b *[numberSize]byte) {
	century := [2]byte{'1', '9'}
	if number(b[12:15]) >= firstCentenarian {
		century[1] = '8'
	}
	copy(b[8:17], b[6:15])
	b[6], b[7] = century[0], century[1]
	b[17] = checkChar(b)
}

func checkBirth(birth, on Date) Finding {
	switch {
	case !birth.Valid():
		return Finding{Failed, CodeDateInvalid}
	case !on.Valid() || on.Before(birth):
		return Finding{Failed, CodeDateFuture}
	case (Date{birth.Year + maxAge, birth.Month, birth.Day}).Before(on):
		return Finding{Warning, CodeDateTooOld}
	}
	return Finding{Outcome: Passed}
}

func checkArea(kind Kind, area Area) Finding {
	permit := permitArea(area.Code) != ""
	if kind == ResidencePermit {
		return passUnless(!permit, CodeAreaNotPermit)
	}
	if p := area.Code / 10000; p >= 81 && p <= 83 {
		return Finding{Failed, CodeAreaPermitOnly}
	}
	switch area.table.Standing(area.Code, int(area.year)) {
	case gb2260.InForce:
		return Finding{Outcome: Passed}
	case gb2260.CreatedLater:
		return Finding{Warning, CodeAreaCreatedLater}
	case gb2260.Abolished:
		return Finding{Warning, CodeAreaAbolished}
	case gb2260.Unknown:
		return Finding{Warning, CodeAreaUnknown}
	case gb2260.NotCounty:
		return Finding{Failed, CodeAreaNotCounty}
	}
	return Finding{Failed, CodeAreaUnassigned}
}

func passUnless(failed bool, code Code) Finding {
	if failed {
		return Finding{Failed, code}
	}
	return Finding{Outcome: Passed}
}

// number reads ASCII digits.
func number(digits []byte) uint32 {
	var n uint32
	for _, c := range digits {
		n = n*10 + uint32(c-'0')
	}
	return n
}

// Weights and check characters of ISO 7064 MOD 11-2 as GB 11643-1999 prints them.
var (
	mod112Weights = [17]uint32{7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2}
	mod112Chars   = [11]byte{'1', '0', 'X', '9', '8', '7', '6', '5', '4', '3', '2'}
)

func checkChar(b *[numberSize]byte) byte {
	var sum uint32
	for i, w := range mod112Weights {
		sum += w * uint32(b[i]-'0')
	}
	return mod112Chars[sum%11]
}

// CheckChar gives the check character, 0-9 or X, of the first 17 digits of a resident ID or residence permit
// (ISO 7064 MOD 11-2); 0 when body17 is not 17 ASCII digits.
func CheckChar(body17 string) byte {
	if len(body17) != residentLength-1 {
		return 0
	}
	var b [numberSize]byte
	copy(b[:], body17)
	for _, c := range b[:residentLength-1] {
		if c-'0' > 9 {
			return 0
		}
	}
	return checkChar(&b)
}
