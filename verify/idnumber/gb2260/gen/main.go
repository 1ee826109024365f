// Command gen writes divisions.csv, the embedded table of package gb2260, from fact files.
//
//	go run ./verify/idnumber/gb2260/gen -lists LISTS.csv -reported REPORTED.csv -o divisions.csv
//
// LISTS has the columns code, name, parent, valid_from, valid_to, level (province, prefecture, county), basis.
// REPORTED has the codes read on genuine cards in its first column; those the lists lack are added without a name.
package main

import (
	"bytes"
	"encoding/csv"
	"flag"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
)

const header = `# Division codes of GB/T 2260 that stand in resident identity numbers: code, first year, last year, name[, issued].
# Facts of public administration: the Ministry of Civil Affairs' yearly lists of 1980-2025 with the errata of yescallop/areacodes (CC0),
# the aggregate codes (xxxx01, xxxx20) of the standard's editions of 1982-2007, years of a few codes from guanguans/id-validator (MIT).
# An empty year is open. A row without a name was read on genuine cards and stands in no list.
# "issued" marks a prefecture without counties, whose own code stands on cards. Made by gen: do not edit by hand.
`

type row struct {
	code     uint32
	from, to int // 0: open
	name     string
	issued   bool
}

func main() {
	lists := flag.String("lists", "", "CSV file of the lists")
	reported := flag.String("reported", "", "CSV file of codes reported on genuine cards")
	out := flag.String("o", "divisions.csv", "file to write")
	flag.Parse()
	if err := run(*lists, *reported, *out); err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}

func run(lists, reported, out string) error {
	listRecords, err := read(lists, 7)
	if err != nil {
		return err
	}
	reportedRecords, err := read(reported, 1)
	if err != nil {
		return err
	}
	rows, err := fromLists(listRecords)
	if err != nil {
		return err
	}
	if rows, err = addReported(rows, reportedRecords); err != nil {
		return err
	}
	return os.WriteFile(out, encode(merge(rows)), 0o644)
}

func read(name string, columns int) ([][]string, error) {
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	records, err := csv.NewReader(bytes.NewReader(data)).ReadAll()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if len(records) == 0 || len(records[0]) < columns || records[0][0] != "code" {
		return nil, fmt.Errorf("%s: want a header line that starts with code and has %d columns or more", name, columns)
	}
	return records[1:], nil
}

func fromLists(records [][]string) ([]row, error) {
	hasCounty := map[string]bool{}
	for _, r := range records {
		// The aggregate "市辖区" of a city is no county: a city may have it and no district.
		if r[5] == "county" && !neverUsed(r) && !strings.HasSuffix(r[0], "01") {
			hasCounty[r[0][:min(4, len(r[0]))]] = true
		}
	}
	var rows []row
	for _, r := range records {
		if neverUsed(r) {
			continue
		}
		parsed, err := parse(r[0], r[3], r[4])
		if err != nil {
			return nil, err
		}
		parsed.name = r[1]
		parsed.issued = r[5] == "prefecture" && strings.HasSuffix(r[1], "市") && !hasCounty[r[0][:4]]
		rows = append(rows, parsed)
	}
	return rows, nil
}

// neverUsed tells a code that a peer lists and no list of the ministry ever had.
func neverUsed(record []string) bool { return strings.HasPrefix(record[6], "never-used") }

func addReported(rows []row, records [][]string) ([]row, error) {
	known := map[uint32]bool{}
	for _, r := range rows {
		known[r.code] = true
	}
	for _, r := range records {
		parsed, err := parse(r[0], "", "")
		if err != nil {
			return nil, err
		}
		if !known[parsed.code] {
			rows = append(rows, parsed)
		}
	}
	return rows, nil
}

func parse(code, from, to string) (row, error) {
	n, err := strconv.ParseUint(code, 10, 32)
	if err != nil || len(code) != 6 {
		return row{}, fmt.Errorf("code %q: want six digits", code)
	}
	r := row{code: uint32(n)}
	for _, y := range []struct {
		text string
		into *int
	}{{from, &r.from}, {to, &r.to}} {
		if y.text == "" {
			continue
		}
		if *y.into, err = strconv.Atoi(y.text); err != nil {
			return row{}, fmt.Errorf("code %s: year %q: want a number or nothing", code, y.text)
		}
	}
	return r, nil
}

// merge sorts by code, then first year, and joins periods of one code and name that touch.
func merge(rows []row) []row {
	slices.SortFunc(rows, func(a, b row) int {
		if a.code != b.code {
			return int(a.code) - int(b.code)
		}
		return a.from - b.from
	})
	var out []row
	for _, r := range rows {
		if n := len(out) - 1; n >= 0 && out[n].code == r.code && out[n].name == r.name && (out[n].to == 0 || out[n].to >= r.from) {
			if r.to == 0 || out[n].to != 0 && r.to > out[n].to {
				out[n].to = r.to
			}
			continue
		}
		out = append(out, r)
	}
	return out
}

func encode(rows []row) []byte {
	var b bytes.Buffer
	b.WriteString(header)
	year := func(y int) string {
		if y == 0 {
			return ""
		}
		return strconv.Itoa(y)
	}
	for _, r := range rows {
		fmt.Fprintf(&b, "%06d,%s,%s,%s", r.code, year(r.from), year(r.to), r.name)
		if r.issued {
			b.WriteString(",issued")
		}
		b.WriteByte('\n')
	}
	return b.Bytes()
}
