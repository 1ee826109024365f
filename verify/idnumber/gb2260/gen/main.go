// Command gen writes divisions.csv, the embedded table of package gb2260:
//
//	go generate realname/verify/idnumber/gb2260
//
// It starts from the codes with years of github.com/guanguans/id-validator/data, reads them by the rules of peer.go, and
// lays three fact files over them. A code that stands in a fact file has the periods given there and no others:
//   - corrections.csv: codes whose periods or names no rule can mend
//   - changes.csv: codes made and abolished since the peer's data ends, from 2021 on
//   - reported.csv: codes read on genuine cards that stand in no list
package main

import (
	"bytes"
	_ "embed"
	"encoding/csv"
	"flag"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
)

const header = `# Division codes of GB/T 2260 that stand in resident identity numbers: code, first year, last year, name[, issued].
# Facts of public administration: codes with years of guanguans/id-validator v1.3.0 (MIT), corrected after the Ministry of Civil Affairs'
# yearly lists of 1980-2025 with the errata of yescallop/areacodes (CC0) and the standard's editions of 1982-2007 (codes xxxx01, xxxx20).
# An empty year is open. A row without a name was read on genuine cards and stands in no list.
# "issued" marks a prefecture without counties, whose own code stands on cards. Made by gen: do not edit by hand.
`

// Fact files: code, first year, last year, name, reason.
var (
	//go:embed corrections.csv
	corrections string
	//go:embed changes.csv
	changes string
	//go:embed reported.csv
	reported string
)

// never stands for the first year of a code that is in no list.
const never = "never"

// period is one name of a code, from and to inclusive, 0 for open.
type period struct {
	from, to int
	name     string
}

// divisions holds the periods of each code.
type divisions map[uint32][]period

func main() {
	out := flag.String("o", "divisions.csv", "file to write")
	flag.Parse()
	if err := run(*out); err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}

// run writes the table to a file.
func run(out string) error {
	table, err := fromPeer(timelines())
	if err != nil {
		return err
	}
	for _, facts := range []struct{ name, text string }{
		{"corrections.csv", corrections}, {"changes.csv", changes}, {"reported.csv", reported},
	} {
		if err := table.lay(facts.text); err != nil {
			return fmt.Errorf("%s: %w", facts.name, err)
		}
	}
	return os.WriteFile(out, table.encode(), 0o644)
}

// lay replaces the periods of every code that the facts name.
func (d divisions) lay(facts string) error {
	r := csv.NewReader(strings.NewReader(facts))
	r.Comment, r.FieldsPerRecord = '#', 5
	records, err := r.ReadAll()
	if err != nil {
		return err
	}
	replaced := map[uint32]bool{}
	for _, record := range records {
		code, err := parseCode(record[0])
		if err != nil {
			return err
		}
		if !replaced[code] {
			replaced[code] = true
			delete(d, code)
		}
		if record[1] == never {
			continue
		}
		p := period{name: record[3]}
		if p.from, err = parseYear(record[1]); err == nil {
			p.to, err = parseYear(record[2])
		}
		if err != nil {
			return fmt.Errorf("code %s: %w", record[0], err)
		}
		if record[4] == "" {
			return fmt.Errorf("code %s: want a reason", record[0])
		}
		d[code] = append(d[code], p)
	}
	return nil
}

func parseCode(s string) (uint32, error) {
	n, err := strconv.ParseUint(s, 10, 32)
	if err != nil || len(s) != 6 {
		return 0, fmt.Errorf("code %q: want six digits", s)
	}
	return uint32(n), nil
}

func parseYear(s string) (int, error) {
	if s == "" {
		return 0, nil
	}
	year, err := strconv.Atoi(s)
	if err != nil || year < firstList {
		return 0, fmt.Errorf("year %q: want %d or later, or nothing", s, firstList)
	}
	return year, nil
}

// encode gives the table in ascending order of code, then first year.
func (d divisions) encode() []byte {
	codes := make([]uint32, 0, len(d))
	hasCounty := map[uint32]bool{}
	for code := range d {
		codes = append(codes, code)
		// The aggregate "市辖区" of a city is no county: a city may have it and no district.
		if suffix := code % 100; suffix > 1 {
			hasCounty[code/100] = true
		}
	}
	slices.Sort(codes)
	b := bytes.NewBufferString(header)
	for _, code := range codes {
		periods := slices.Clone(d[code])
		slices.SortStableFunc(periods, func(a, b period) int { return a.from - b.from })
		for _, p := range periods {
			fmt.Fprintf(b, "%06d,%s,%s,%s", code, formatYear(p.from), formatYear(p.to), p.name)
			if code%100 == 0 && code%10000 != 0 && strings.HasSuffix(p.name, "市") && !hasCounty[code/100] {
				b.WriteString(",issued")
			}
			b.WriteByte('\n')
		}
	}
	return b.Bytes()
}

func formatYear(year int) string {
	if year == 0 {
		return ""
	}
	return strconv.Itoa(year)
}
