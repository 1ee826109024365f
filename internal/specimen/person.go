package specimen

import (
	"fmt"
	"math/rand/v2"
	"time"

	"realname/verify/idnumber"
)

// Sex is what a card prints under 性别.
type Sex string

// The sexes of GB/T 2261.1 that a card prints.
const (
	Male   Sex = "男"
	Female Sex = "女"
)

// Person is what the two sides of a card say about an invented person.
// Dates are at midnight UTC.
type Person struct {
	Name      string
	Sex       Sex
	Nation    string // ethnic group without 族, as the card prints it
	Birth     time.Time
	Address   string
	Number    string // 18 characters, GB 11643-1999, with a sequence that is not issued
	Authority string
	Issued    time.Time
	Expires   time.Time // zero: 长期
}

// NewPerson invents an adult, born 1951 to 2004, whose card was issued in 2021 to 2025 and is valid in 2030.
func NewPerson(rng *rand.Rand) Person {
	place := pick(rng, places)
	first := time.Date(1951, 1, 1, 0, 0, 0, 0, time.UTC)
	days := int(time.Date(2005, 1, 1, 0, 0, 0, 0, time.UTC).Sub(first).Hours() / 24)
	p := Person{Sex: Male, Birth: first.AddDate(0, 0, rng.IntN(days)), Authority: place.authority}
	if rng.IntN(2) == 0 {
		p.Sex = Female
	}
	p.Nation = inventNation(rng)
	p.Name = inventName(rng, p.Sex, p.Nation)
	p.Address = inventAddress(rng, place)
	p.Issued = time.Date(2021+rng.IntN(5), time.Month(1+rng.IntN(12)), 1+rng.IntN(28), 0, 0, 0, 0, time.UTC)
	p.Expires = expiry(p.Birth, p.Issued)
	p.Number = number(place.code, p.Birth, p.Sex)
	return p
}

// number is a resident number (GB 11643-1999) that is never issued: sequence
// 000 for a woman, 999 for a man, which marked centenarians before births of
// 1951. idnumber.Specimen is stricter: it wants a county code as old as the
// person, and cards show younger ones.
func number(division string, birth time.Time, sex Sex) string {
	body := division + birth.Format("20060102") + sequence(sex)
	return body + string(idnumber.CheckChar(body))
}

func sequence(sex Sex) string {
	if sex == Male {
		return "999"
	}
	return "000"
}

// expiry follows article 5 of the Resident Identity Card Law: five years for
// holders under 16, ten from 16, twenty from 26, without end from 46.
func expiry(birth, issued time.Time) time.Time {
	switch {
	case issued.Before(birth.AddDate(16, 0, 0)):
		return issued.AddDate(5, 0, 0)
	case issued.Before(birth.AddDate(26, 0, 0)):
		return issued.AddDate(10, 0, 0)
	case issued.Before(birth.AddDate(46, 0, 0)):
		return issued.AddDate(20, 0, 0)
	default:
		return time.Time{}
	}
}

func inventNation(rng *rand.Rand) string {
	if rng.IntN(10) > 0 {
		return "汉"
	}
	return pick(rng, nations)
}

func inventName(rng *rand.Rand, sex Sex, nation string) string {
	given := givenMale
	if sex == Female {
		given = givenFemale
	}
	if nation == "维吾尔" {
		own := uyghurMale
		if sex == Female {
			own = uyghurFemale
		}
		return pick(rng, own) + "·" + pick(rng, uyghurMale)
	}
	surname := pick(rng, surnames)
	if rng.IntN(30) == 0 {
		surname = pick(rng, compoundSurnames)
	}
	name := surname + string(pick(rng, given))
	if rng.IntN(5) > 0 {
		name += string(pick(rng, given))
	}
	return name
}

func inventAddress(rng *rand.Rand, p place) string {
	switch rng.IntN(3) {
	case 0:
		return fmt.Sprintf("%s%s路%d号%d栋%d单元%d室", p.name, pick(rng, streets), 1+rng.IntN(398),
			1+rng.IntN(30), 1+rng.IntN(5), 100*(1+rng.IntN(25))+1+rng.IntN(4))
	case 1:
		return fmt.Sprintf("%s%s街%d号", p.name, pick(rng, streets), 1+rng.IntN(398))
	default:
		return fmt.Sprintf("%s%s花园%d幢%d室", p.name, pick(rng, streets), 1+rng.IntN(60),
			100*(1+rng.IntN(18))+1+rng.IntN(4))
	}
}
