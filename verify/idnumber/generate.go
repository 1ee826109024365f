package idnumber

import (
	"errors"
	"math/rand/v2"
	"strconv"

	"realname/verify/idnumber/gb2260"
)

// ErrNoSpecimen says that no specimen number exists for what was asked: an unknown kind, an area that the kind does not
// have in that year, no day of the calendar, or a man born before 1951, who has no sequence that is never issued.
var ErrNoSpecimen = errors.New("idnumber: no specimen number for this kind, area, birth and sex")

// Specimen composes a resident ID or residence permit number that is well-formed and belongs to nobody: its sequence is
// 000 for a woman and 999 for a man.
func Specimen(kind Kind, area gb2260.Code, birth Date, sex Sex) (Number, error) {
	var sequence string
	switch {
	case sex == Female:
		sequence = "000"
	case sex == Male && birth.Year > 1950:
		sequence = "999"
	default:
		return Number{}, ErrNoSpecimen
	}
	if !birth.Valid() || birth.Year > 9999 {
		return Number{}, ErrNoSpecimen
	}
	body := area.String() + birth.compact() + sequence
	r := Check(kind, body+string(CheckChar(body)), birth)
	if r.Findings[AreaCode].Outcome != Passed || r.Status != Valid {
		return Number{}, ErrNoSpecimen
	}
	return r.Canonical, nil
}

// compact gives YYYYMMDD.
func (d Date) compact() string {
	y, m, day := int(d.Year)+1e4, int(d.Month)+100, int(d.Day)+100 // leading zeros behind a digit to cut off
	return strconv.Itoa(y)[1:] + strconv.Itoa(m)[1:] + strconv.Itoa(day)[1:]
}

// maxDraws bounds the tries for one number: the least likely draw, an old area in force at a birth, fits one time in ten.
const maxDraws = 10_000

// Generator makes numbers for tests and demonstrations.
type Generator struct {
	Rand *rand.Rand
	// On is the day on which every number is valid: births lie in the hundred years up to it.
	On Date
}

// NeverIssued reports whether every number that Generator makes of this kind lies in a range that is not issued, so that
// it belongs to nobody. Of the other kinds no such range is known: a generated number may exist.
func NeverIssued(kind Kind) bool {
	switch kind {
	case ResidentID, TemporaryID, HouseholdBook, ResidencePermit:
		return true
	case PassportMRZ:
		return true // UTO is the state of ICAO's specimens
	case IMEI:
		return true // reporting body 00 is for test devices (GSMA TS.06)
	}
	return false
}

// Next makes a number of a kind that Check finds Valid on the day g.On, as it stands on the document; for PassportMRZ
// the two lines of a TD3 zone. The error is ErrNoSpecimen.
func (g *Generator) Next(kind Kind) (string, error) {
	if kind.Class() == NoClass || !g.On.Valid() || g.On.Year <= 100 || g.On.Year > 9999 {
		return "", ErrNoSpecimen
	}
	for range maxDraws {
		if text := g.draw(kind); Check(kind, text, g.On).Status == Valid {
			return text, nil
		}
	}
	return "", ErrNoSpecimen
}

func (g *Generator) draw(kind Kind) string {
	switch kind {
	case HKMOPermit:
		return g.hkmoPermit()
	case TWPermit:
		return g.twPermit()
	case ForeignPR:
		return g.foreignPR()
	case PassportMRZ:
		return g.mrz()
	case Passport:
		return g.passport()
	case MilitaryID, ArmedPoliceID:
		return g.military()
	case HKID:
		return g.hkid()
	case MacauBIR:
		return g.macauBIR()
	case TaiwanID:
		return g.taiwanID()
	case TaiwanUBN:
		return g.taiwanUBN()
	case USCC:
		return g.uscc()
	case OrgCode:
		return g.orgCode()
	case BizReg:
		return g.bizReg()
	case BankCard:
		return g.bankCard()
	case MobilePhone:
		return g.mobilePhone()
	case ICCID:
		return g.iccid()
	case IMEI:
		return g.imei()
	}
	return g.resident(kind)
}

// resident makes a specimen with any area in force in the year of birth; "" when the dice fell on none.
func (g *Generator) resident(kind Kind) string {
	birth := g.birth()
	sex := Female
	if birth.Year > 1950 && g.Rand.IntN(2) == 1 {
		sex = Male
	}
	area := gb2260.Code(810000 + 10000*g.Rand.IntN(3))
	if kind != ResidencePermit {
		table := gb2260.Default()
		area = table.At(g.Rand.IntN(table.Len()))
	}
	number, err := Specimen(kind, area, birth, sex)
	if err != nil {
		return ""
	}
	return number.Reveal()
}

// birth draws a day of the hundred years up to g.On.
func (g *Generator) birth() Date {
	for {
		birth := Date{g.On.Year - uint16(g.Rand.IntN(100)), uint8(1 + g.Rand.IntN(12)), uint8(1 + g.Rand.IntN(31))}
		if birth.Valid() && !g.On.Before(birth) {
			return birth
		}
	}
}

// digits draws n digits.
func (g *Generator) digits(n int) string { return g.letters(n, "0123456789") }

// letters draws n characters of an alphabet.
func (g *Generator) letters(n int, alphabet string) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = alphabet[g.Rand.IntN(len(alphabet))]
	}
	return string(b)
}
