package gb2260

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

const (
	maxName    = 255
	maxEntries = 1<<16 - 1
	// byteOrderMark stands before what spreadsheets save as UTF-8.
	byteOrderMark = "\ufeff"
)

// What can be wrong with a line. None repeats the text: a wrong file may hold anything.
var (
	errColumns  = errors.New("want code,first year,last year,name")
	errLast     = errors.New(`last column: want "issued" or nothing`)
	errCode     = errors.New("code: want six digits")
	errProvince = errors.New("code: the first two digits are no province")
	errName     = errors.New("name: want at most 255 bytes of UTF-8 without quotes, control characters and spaces around it")
	errYear     = fmt.Errorf("year: want %d to %d, or nothing", yearBase+openStart+1, yearBase+openEnd-1)
	errReversed = errors.New("the last year is before the first")
	errOrder    = errors.New("out of order: want ascending codes, and ascending first years of a code")
	errMany     = fmt.Errorf("more than %d lines", maxEntries)
)

// Parse reads a table: lines of "code,first year,last year,name[,issued]" in ascending order of code, then year; an empty
// year is open, lines that start with # are comments. The text is kept, not copied. Errors name the line and never
// repeat its text.
func Parse(text string) (*Table, error) {
	t := &Table{text: text}
	var err error
	if t.entries, err = parse(text, 0); err != nil {
		return nil, err
	}
	t.index()
	return t, nil
}

// With lays an operator's own lines, in the form that Parse reads, over the table: a code that they name has the periods
// they give and no others, every other code keeps its own. So a code is closed by its old lines with a last year, and
// renamed by its old lines, closed, with the new one after them. The receiver does not change. The errors are those of
// Parse.
func (t *Table) With(text string) (*Table, error) {
	laid, err := parse(text, len(t.text)+len(t.own))
	if err != nil {
		return nil, err
	}
	out := &Table{text: t.text, own: t.own + text, entries: lay(t.entries, laid)}
	if len(out.entries) > maxEntries {
		return nil, fmt.Errorf("gb2260: %w", errMany)
	}
	out.index()
	return out, nil
}

// lay merges two lists in order; of a code that is in both, only the entries laid stay.
func lay(under, laid []entry) []entry {
	out := make([]entry, 0, len(under)+len(laid))
	for len(laid) > 0 {
		code := laid[0].code
		for len(under) > 0 && under[0].code < code {
			out, under = append(out, under[0]), under[1:]
		}
		for len(under) > 0 && under[0].code == code {
			under = under[1:]
		}
		for len(laid) > 0 && laid[0].code == code {
			out, laid = append(out, laid[0]), laid[1:]
		}
	}
	return append(out, under...)
}

// parse reads the lines of a text; the names lie at their offset in it plus base.
func parse(text string, base int) ([]entry, error) {
	entries := make([]entry, 0, min(strings.Count(text, "\n")+1, maxEntries))
	offset, line := 0, 0
	if strings.HasPrefix(text, byteOrderMark) {
		offset = len(byteOrderMark)
	}
	for offset < len(text) {
		line++
		end := strings.IndexByte(text[offset:], '\n')
		if end < 0 {
			end = len(text) - offset
		}
		row := strings.TrimSuffix(text[offset:offset+end], "\r")
		if row != "" && row[0] != '#' {
			e, err := parseRow(row)
			if err == nil {
				e.name += uint32(base + offset)
				err = follows(entries, e)
			}
			if err != nil {
				return nil, fmt.Errorf("gb2260: line %d: %w", line, err)
			}
			entries = append(entries, e)
		}
		offset += end + 1
	}
	return entries, nil
}

func follows(entries []entry, e entry) error {
	n := len(entries)
	if n == maxEntries {
		return errMany
	}
	if n > 0 && (entries[n-1].code > e.code || entries[n-1].code == e.code && entries[n-1].from > e.from) {
		return errOrder
	}
	return nil
}

// parseRow reads one line; the name's offset counts from its beginning.
func parseRow(row string) (entry, error) {
	digits, rest, _ := strings.Cut(row, ",")
	from, rest, _ := strings.Cut(rest, ",")
	to, rest, ok := strings.Cut(rest, ",")
	if !ok {
		return entry{}, errColumns
	}
	name, mark, marked := strings.Cut(rest, ",")
	if marked && mark != "issued" {
		return entry{}, errLast
	}
	code, ok := parseDigits(digits)
	if !ok || len(digits) != 6 {
		return entry{}, errCode
	}
	e := entry{
		code: Code(code), name: uint32(len(digits) + len(from) + len(to) + 3), nameLength: uint8(len(name)),
		issued: marked || code%100 != 0,
	}
	if !listed(e.code) {
		return entry{}, errProvince
	}
	if !validName(name) {
		return entry{}, errName
	}
	var okTo bool
	if e.from, ok = parseYear(from, openStart); !ok {
		return entry{}, errYear
	}
	if e.to, okTo = parseYear(to, openEnd); !okTo {
		return entry{}, errYear
	}
	if e.to < e.from {
		return entry{}, errReversed
	}
	return e, nil
}

// listed reports whether the first two digits are in GB/T 2260: a province, Taiwan, Hong Kong or Macau.
func listed(code Code) bool {
	p := code / 10000
	return numbered(code) || p == 71 || p == 81 || p == 82
}

func validName(name string) bool {
	if len(name) > maxName || !utf8.ValidString(name) || strings.TrimSpace(name) != name {
		return false
	}
	for i := range len(name) {
		if c := name[i]; c < ' ' || c == '"' || c == 0x7f {
			return false
		}
	}
	return true
}

func parseYear(s string, open uint8) (uint8, bool) {
	if s == "" {
		return open, true
	}
	year, ok := parseDigits(s)
	if !ok || len(s) != 4 || year <= yearBase+openStart || year >= yearBase+openEnd {
		return 0, false
	}
	return uint8(year - yearBase), true
}

// parseDigits reads up to nine ASCII digits.
func parseDigits(s string) (uint32, bool) {
	if s == "" || len(s) > 9 {
		return 0, false
	}
	n := uint32(0)
	for i := range len(s) {
		c := s[i] - '0'
		if c > 9 {
			return 0, false
		}
		n = n*10 + uint32(c)
	}
	return n, true
}
