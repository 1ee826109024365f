// Package gb2260 knows the division codes of GB/T 2260 that stand in the first six places of a resident identity number,
// with their names and the years they were in force, from 1980 on.
//
// It advises and does not refuse: real cards carry codes that no list has (see Standing). What it knows for certain is
// the closed set of provinces, and that a county's code does not end in 00.
//
// The table is divisions.csv beside this file, written by gen from fact files; its head names the sources. An operator
// who has newer lists lays a file of the same form over it (see Table.With).
package gb2260

//go:generate go run ./gen -o divisions.csv

import (
	_ "embed"
	"sync"
)

// Code is a division code as a number: 110105 is Chaoyang district of Beijing.
type Code uint32

// String gives the six digits, seven or more for what is no code.
func (c Code) String() string {
	digits := [10]byte{}
	i := len(digits)
	for n := uint32(c); n > 0 || i > len(digits)-6; n /= 10 {
		i--
		digits[i] = '0' + byte(n%10)
	}
	return string(digits[i:])
}

// Standing says what the lists know of a code for a person born in a given year.
type Standing uint8

const (
	// Unassigned: the first two digits are no province whose residents get numbers; Taiwan (71) has a code and no numbers.
	Unassigned Standing = iota
	// NotCounty: a province or prefecture, whose own code no card carries.
	NotCounty
	// Unknown: in no list; genuine cards with such codes exist.
	Unknown
	// Abolished: out of force before the year of birth; police stations kept old codes for years.
	Abolished
	// CreatedLater: came into force after the year of birth, as for every late registration.
	CreatedLater
	// InForce: in force in the year of birth; the year of a change belongs to both codes.
	InForce
)

// FirstList is the year of the first list: a code in it is not known to have been created in that year.
const FirstList = 1980

//go:embed divisions.csv
var embedded string

var builtin = sync.OnceValue(func() *Table {
	t, err := Parse(embedded)
	if err != nil {
		panic(err) // the embedded file is broken: every test of this package fails
	}
	return t
})

// Default is the embedded table, indexed at its first use.
func Default() *Table { return builtin() }

// clamp brings a year into the range of entry years.
func clamp(year int) uint8 { return uint8(min(max(year-yearBase, openStart), openEnd-1)) }

// Standing judges a code for a birth in the given year. Year 0 means any year: the answer is then InForce for every code
// that a list has. Of a province or prefecture only the periods in which its own code stands on cards count.
func (t *Table) Standing(code Code, year int) Standing {
	if !numbered(code) {
		return Unassigned
	}
	standing := Unknown
	if code%100 == 0 {
		standing = NotCounty
	}
	periods, y := t.periods(code), clamp(year)
	for i := range periods {
		switch e := &periods[i]; {
		case !e.issued:
		case year == 0:
			return InForce
		case e.to < y:
			standing = Abolished
		case e.from <= y || e.from <= FirstList-yearBase:
			return InForce
		default:
			standing = CreatedLater
		}
	}
	return standing
}

// Name is the division's name in the given year, else the nearest later name, else the last it had; "" when no list names it.
func (t *Table) Name(code Code, year int) string {
	periods, y := t.periods(code), clamp(year)
	var found entry
	for i, e := range periods {
		// A later period wins in the year of a change: the yearly lists are as of 31 December.
		if i == 0 || found.to < y || e.from <= y && y <= e.to {
			found = e
		}
	}
	return t.name(found)
}

// FullName joins the names of province, prefecture and county in the given year, as far as the lists name them.
func (t *Table) FullName(code Code, year int) string {
	name := t.Name(code/10000*10000, year)
	if code%10000 != 0 {
		name += t.Name(code/100*100, year)
	}
	if code%100 != 0 {
		name += t.Name(code, year)
	}
	return name
}

// provinces has a bit for every first two digits that resident numbers carry, 11 to 65.
var provinces = func() (set [2]uint64) {
	for _, p := range [...]uint{
		11, 12, 13, 14, 15, 21, 22, 23, 31, 32, 33, 34, 35, 36, 37, 41, 42, 43, 44, 45, 46,
		50, 51, 52, 53, 54, 61, 62, 63, 64, 65,
	} {
		set[p/64] |= 1 << (p % 64)
	}
	return set
}()

func numbered(code Code) bool {
	p := uint(code / 10000)
	return p < 128 && provinces[p/64]&(1<<(p%64)) != 0
}
