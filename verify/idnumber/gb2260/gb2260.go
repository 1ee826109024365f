// Package gb2260 knows the division codes of GB/T 2260 that stand in the first six places of a resident identity number,
// with their names and the years they were in force, from 1980 on.
//
// It advises and does not refuse: real cards carry codes that no list has (see Standing). What it knows for certain is
// the closed set of provinces, and that a county's code does not end in 00.
//
// The table is divisions.csv beside this file, written by gen from fact files; its head names the sources.
package gb2260

import (
	_ "embed"
	"fmt"
	"strconv"
	"strings"
	"sync"
)

// Code is a division code as a number: 110105 is Chaoyang district of Beijing.
type Code uint32

// String gives the six digits.
func (c Code) String() string { return fmt.Sprintf("%06d", uint32(c)) }

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

// firstList is the year of the first list: a code in it is not known to have been created in that year.
const firstList = 1980

const (
	yearBase  = 1900
	openStart = 0
	openEnd   = 255
)

// entry is one period of one code. Years count from 1900.
type entry struct {
	code       Code
	name       uint32 // offset in the text
	from, to   uint8
	nameLength uint8
	issued     bool // stands on cards: every county, and the prefectures marked so
}

// Table is a list of codes; it never changes once made.
type Table struct {
	text    string
	entries []entry
	// first[p] is the index of the first entry whose code is p*100 or more; the last element closes the list.
	first [10001]uint16
}

//go:embed divisions.csv
var divisions string

var builtin = sync.OnceValue(func() *Table {
	t, err := Parse(divisions)
	if err != nil {
		panic(err) // the embedded file is broken: every test of this package fails
	}
	return t
})

// Default is the embedded table, indexed at its first use.
func Default() *Table { return builtin() }

// Parse reads a table: lines of "code,first year,last year,name[,issued]" in ascending order of code, then year; an empty
// year is open, lines that start with # are comments. The text is kept, not copied.
func Parse(text string) (*Table, error) {
	t := &Table{text: text, entries: make([]entry, 0, strings.Count(text, "\n")+1)}
	offset, line := 0, 0
	for offset < len(text) {
		line++
		end := strings.IndexByte(text[offset:], '\n')
		if end < 0 {
			end = len(text) - offset
		}
		if row := text[offset : offset+end]; row != "" && row[0] != '#' {
			if err := t.add(row, offset); err != nil {
				return nil, fmt.Errorf("gb2260: line %d: %w", line, err)
			}
		}
		offset += end + 1
	}
	t.index()
	return t, nil
}

func (t *Table) add(row string, offset int) error {
	digits, rest, _ := strings.Cut(row, ",")
	from, rest, _ := strings.Cut(rest, ",")
	to, rest, ok := strings.Cut(rest, ",")
	if !ok {
		return fmt.Errorf("want code,first year,last year,name")
	}
	name, mark, marked := strings.Cut(rest, ",")
	if marked && mark != "issued" {
		return fmt.Errorf("last column: want %q or nothing", "issued")
	}
	code, err := strconv.ParseUint(digits, 10, 32)
	if err != nil || len(digits) != 6 {
		return fmt.Errorf("code %q: want six digits", digits)
	}
	if len(name) > 255 {
		return fmt.Errorf("code %s: name longer than 255 bytes", digits)
	}
	e := entry{
		code:       Code(code),
		name:       uint32(offset + len(digits) + len(from) + len(to) + 3),
		nameLength: uint8(len(name)),
		issued:     marked || code%100 != 0,
	}
	if e.from, err = parseYear(from, openStart); err != nil {
		return fmt.Errorf("code %s: %w", digits, err)
	}
	if e.to, err = parseYear(to, openEnd); err != nil {
		return fmt.Errorf("code %s: %w", digits, err)
	}
	if e.to < e.from {
		return fmt.Errorf("code %s: ends before it begins", digits)
	}
	if n := len(t.entries); n > 0 {
		if last := t.entries[n-1]; last.code > e.code || last.code == e.code && last.from > e.from {
			return fmt.Errorf("code %s: out of order", digits)
		}
		if n == 65535 {
			return fmt.Errorf("more than 65535 lines")
		}
	}
	t.entries = append(t.entries, e)
	return nil
}

func parseYear(s string, open uint8) (uint8, error) {
	if s == "" {
		return open, nil
	}
	y, err := strconv.Atoi(s)
	if err != nil || y <= yearBase+openStart || y >= yearBase+openEnd {
		return 0, fmt.Errorf("year %q: want %d to %d, or nothing", s, yearBase+openStart+1, yearBase+openEnd-1)
	}
	return uint8(y - yearBase), nil
}

func (t *Table) index() {
	i := 0
	for p := range t.first {
		for i < len(t.entries) && int(t.entries[i].code)/100 < p {
			i++
		}
		t.first[p] = uint16(i)
	}
}

// Len is the number of entries, a code counting once for each period and name.
func (t *Table) Len() int { return len(t.entries) }

// At is the code of entry i, 0 ≤ i < Len, in ascending order.
func (t *Table) At(i int) Code { return t.entries[i].code }

// periods gives the entries of one code, oldest first.
func (t *Table) periods(code Code) []entry {
	if code > 999999 {
		return nil
	}
	lo, hi := int(t.first[code/100]), int(t.first[code/100+1])
	for lo < hi && t.entries[lo].code < code {
		lo++
	}
	for end := lo; ; end++ {
		if end == hi || t.entries[end].code != code {
			return t.entries[lo:end]
		}
	}
}

// clamp brings a year into the range of entry years.
func clamp(year int) uint8 { return uint8(min(max(year-yearBase, openStart), openEnd-1)) }

// Standing judges a code for a birth in the given year. Year 0 means any year: the answer is then InForce for every code
// that a list has.
func (t *Table) Standing(code Code, year int) Standing {
	if !numbered(code) {
		return Unassigned
	}
	periods := t.periods(code)
	if code%100 == 0 && (len(periods) == 0 || !periods[0].issued) {
		return NotCounty
	}
	if len(periods) == 0 {
		return Unknown
	}
	if year == 0 {
		return InForce
	}
	y := clamp(year)
	standing := Abolished
	for _, e := range periods {
		switch {
		case e.to < y:
		case e.from <= y || e.from <= firstList-yearBase:
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
	return t.text[found.name : found.name+uint32(found.nameLength)]
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
	return p < 100 && provinces[p/64]&(1<<(p%64)) != 0
}
