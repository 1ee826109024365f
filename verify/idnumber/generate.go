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

// Specimen composes a number that is well-formed and belongs to nobody: its sequence is 000 for a woman and 999 for a man.
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
	y, m, d := int(birth.Year)+1e4, int(birth.Month)+100, int(birth.Day)+100 // leading zeros behind a digit to cut off
	body := area.String() + strconv.Itoa(y)[1:] + strconv.Itoa(m)[1:] + strconv.Itoa(d)[1:] + sequence
	r := Check(kind, body+string(CheckChar(body)), birth)
	if r.Findings[AreaCode].Outcome != Passed || r.Status != Valid {
		return Number{}, ErrNoSpecimen
	}
	return r.Canonical, nil
}

// Generator makes specimen numbers for tests and demonstrations.
type Generator struct {
	Rand *rand.Rand
	// On is the day on which every number is valid: births lie in the hundred years up to it.
	On Date
}

// Next makes a number of a kind, with any area in force in the year of birth. The error is ErrNoSpecimen.
func (g *Generator) Next(kind Kind) (Number, error) {
	if kind != ResidentID && kind != ResidencePermit || !g.On.Valid() || g.On.Year <= 100 || g.On.Year > 9999 {
		return Number{}, ErrNoSpecimen
	}
	for {
		birth := Date{g.On.Year - uint16(g.Rand.IntN(100)), uint8(1 + g.Rand.IntN(12)), uint8(1 + g.Rand.IntN(31))}
		if !birth.Valid() || g.On.Before(birth) {
			continue
		}
		sex := Female
		if birth.Year > 1950 && g.Rand.IntN(2) == 1 {
			sex = Male
		}
		area := gb2260.Code(810000 + 10000*g.Rand.IntN(3))
		if kind == ResidentID {
			table := gb2260.Default()
			area = table.At(g.Rand.IntN(table.Len()))
		}
		if number, err := Specimen(kind, area, birth, sex); err == nil {
			return number, nil
		}
	}
}
