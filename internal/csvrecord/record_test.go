package csvrecord

import (
	"encoding/csv"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"pgregory.net/rapid"
)

// split reads all records of a text; a broken record is nil.
func split(in io.Reader) [][]string {
	reader := NewReader(NewWindow(in))
	var out [][]string
	for {
		record := reader.Next()
		if record == nil {
			return out
		}
		if !record.Sound {
			out = append(out, nil)
			continue
		}
		var cells []string
		for i := range record.ends {
			cells = append(cells, string(record.Cell(i)))
		}
		out = append(out, cells)
	}
}

func TestCSVRecords(t *testing.T) {
	long := strings.Repeat("x", MaxLine)
	for _, c := range []struct {
		why, in string
		want    [][]string
	}{
		{"nothing", "", nil},
		{"cells", "a,b\nc,d\n", [][]string{{"a", "b"}, {"c", "d"}}},
		{"no line end", "a,b", [][]string{{"a", "b"}}},
		{"CRLF", "a,b\r\nc,d\r\n", [][]string{{"a", "b"}, {"c", "d"}}},
		{"an empty line is a record", "a\n\nb\n", [][]string{{"a"}, {""}, {"b"}}},
		{"empty cells", ",\n\"\",\n", [][]string{{"", ""}, {"", ""}}},
		{"quotes, commas and lines in a cell", "\"a,\"\"b\"\"\r\nc\",d\n", [][]string{{"a,\"b\"\nc", "d"}}},
		{"a quote within a plain cell", "a\"b,c\nd,e\n", [][]string{nil, {"d", "e"}}},
		{"text behind a closing quote", "\"a\"b,c\nd,e\n", [][]string{nil, {"d", "e"}}},
		{"an unclosed quote costs its own line", "\"a,b\nc,d\ne,f\n", [][]string{nil, {"c", "d"}, {"e", "f"}}},
		{"a quote that closes too far away", "\"a\n" + strings.Repeat("b\n", MaxLine) + "\"\n",
			slices.Concat([][]string{nil}, slices.Repeat([][]string{{"b"}}, MaxLine), [][]string{nil})},
		{"too long", long + "\nb\n", [][]string{nil, {"b"}}},
		{"as long as may be", long[1:] + "\nb\n", [][]string{{long[1:]}, {"b"}}},
		{"too long without an end", long + long, [][]string{nil}},
		{"bytes of GBK", "\xd5\xc5\xc8\xfd,1\n", [][]string{{"\xd5\xc5\xc8\xfd", "1"}}},
	} {
		if got := split(strings.NewReader(c.in)); !slices.EqualFunc(got, c.want, slices.Equal) {
			t.Errorf("%s: got %q", c.why, clip(got))
		}
		if got := split(iotest.OneByteReader(strings.NewReader(c.in))); !slices.EqualFunc(got, c.want, slices.Equal) {
			t.Errorf("%s, byte by byte: got %q", c.why, clip(got))
		}
	}
}

func clip(records [][]string) [][]string { return records[:min(len(records), 5)] }

// referenceRecords is what encoding/csv reads; ok is false when it refuses some of it.
func referenceRecords(text string) (records [][]string, ok bool) {
	reference := csv.NewReader(strings.NewReader(text))
	reference.FieldsPerRecord = -1
	records, err := reference.ReadAll()
	return records, err == nil
}

// agrees compares with encoding/csv, which drops empty lines: they are one empty cell here.
func agrees(t interface {
	Helper()
	Errorf(string, ...any)
}, text string) {
	t.Helper()
	got := split(strings.NewReader(text))
	want, ok := referenceRecords(text)
	if !ok {
		if !slices.ContainsFunc(got, func(r []string) bool { return r == nil }) {
			t.Errorf("%q: encoding/csv refuses it, this reads %q", text, got)
		}
		return
	}
	emptyLine := func(r []string) bool { return len(r) == 1 && r[0] == "" }
	got, want = slices.DeleteFunc(got, emptyLine), slices.DeleteFunc(want, emptyLine)
	if !slices.EqualFunc(got, want, slices.Equal) {
		t.Errorf("%q: got %q, encoding/csv %q", text, got, want)
	}
}

func TestCSVRecordsAreThoseOfEncodingCSV(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		pieces := rapid.SliceOf(rapid.SampledFrom([]string{"a", `"`, `""`, ",", "\n", "\r\n", "\r", "1", "张", " ", `"x"`, `"y,z"`})).Draw(t, "pieces")
		agrees(t, strings.Join(pieces, ""))
	})
}

func FuzzCSVRecords(f *testing.F) {
	for _, seed := range []string{"a,b\n", "\"a\"\"\r\nb\",c\r\n", "\"", "a\"b\n\"c\n", "\r", "\"a\"\r", ",\n\n,"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) <= MaxLine {
			agrees(t, text)
		}
	})
}

// An error behind a record that is cut: the whole records are read, the cut one is not.
func TestCSVRecordCutByAnError(t *testing.T) {
	for _, cut := range []string{"c,", "\"c\nd", "\"c"} {
		in := io.MultiReader(strings.NewReader("a,b\n"+cut), iotest.ErrReader(errors.New("cable cut")))
		if got := split(in); len(got) != 1 || !slices.Equal(got[0], []string{"a", "b"}) {
			t.Errorf("%q: got %q", cut, got)
		}
	}
}
