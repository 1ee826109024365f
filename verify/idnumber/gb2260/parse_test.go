package gb2260

import (
	"slices"
	"strings"
	"testing"
)

func TestParseErrors(t *testing.T) {
	for _, c := range []struct{ why, text, want string }{
		{"no name", "110101,1980", "line 1: want code,first year,last year,name"},
		{"a header of names", "code,first year,last year,name\n", "line 1: code: want six digits"},
		{"five digits after comment and blank", "# c\n\n11010,1980,,x", "line 3: code: want six digits"},
		{"a letter", "11010a,1980,,x", "line 1: code: want six digits"},
		{"a sign", "+11010,1980,,x", "line 1: code: want six digits"},
		{"full-width digits", "１１０１０１,1980,,x", "line 1: code: want six digits"},
		{"no such province", "990101,1980,,x", "line 1: code: the first two digits are no province"},
		{"three digits of a year", "110101,198,,x", "line 1: year: want 1901 to 2154, or nothing"},
		{"a year too late", "110101,2155,,x", "line 1: year"},
		{"a long year", "110101,1980,,x\n110102,9999999999999,,x", "line 2: year"},
		{"a negative year", "110101,1980,-199,x", "line 1: year"},
		{"ends before it begins", "110101,1990,1980,x", "line 1: the last year is before the first"},
		{"codes out of order", "110102,,,x\n110101,,,x", "line 2: out of order"},
		{"years out of order", "110101,1990,1991,x\n110101,1980,1981,x", "line 2: out of order"},
		{"another mark", "110101,,,x,yes", "line 1: last column"},
		{"a sixth column", "110101,,,x,issued,", "line 1: last column"},
		{"a long name", "110101,,," + strings.Repeat("x", 256), "line 1: name"},
		{"GB 18030", "110101,1980,,\xb6\xab\xb3\xc7\xc7\xf8", "line 1: name"},
		{"quoted", "110101,1980,,\"x\"", "line 1: name"},
		{"a terminal's escape", "110101,1980,,\x1b[31mx", "line 1: name"},
		{"space", "110101,1980,, x", "line 1: name"},
		{"too many", strings.Repeat("110101,,,\n", 65536), "line 65536: more than 65535 lines"},
	} {
		if _, err := Parse(c.text); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want an error with %q", c.why, err, c.want)
		}
		if _, err := Default().With(c.text); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s, laid over the table: %v, want an error with %q", c.why, err, c.want)
		}
	}
}

// Somebody may pass a file of persons by mistake: no error shows what stood in it.
func TestErrorsDoNotRepeatTheText(t *testing.T) {
	for _, text := range []string{"11010519491231002X,1,2,x", "110105,19491231,,x", "110105,,,x,secret-mark", "110105,,,secret\x00"} {
		_, err := Parse(text)
		if err == nil {
			t.Fatalf("%q is accepted", text)
		}
		for _, part := range []string{"110105", "19491231", "secret"} {
			if strings.Contains(err.Error(), part) {
				t.Errorf("%q: the error repeats %q", text, part)
			}
		}
	}
}

func TestSpreadsheetsAreRead(t *testing.T) {
	table, err := Parse("\ufeff110101,1980,,东城区\r\n441900,1988,,东莞市,issued\r\n")
	if err != nil {
		t.Fatal(err)
	}
	if got := table.Name(110101, 1990); got != "东城区" {
		t.Errorf("name %q", got)
	}
	if got := table.Standing(441900, 1990); got != InForce {
		t.Errorf("standing %v", got)
	}
}

func TestWith(t *testing.T) {
	const own = "# newer than the lists\n" +
		"110101,1980,2026,东城区\n" + // closed
		"110102,1980,2026,西城区\n110102,2026,,新西城区\n" + // renamed
		"110199,2026,,新设区\n" + // added
		"320219,1984,1999,\n" + // a code read on cards gets years
		"419900,2026,,某市,issued\n" + // a prefecture without counties
		"659099,2026,,末市\n" // after the last code of the list
	table, err := Default().With(own)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		why  string
		code Code
		year int
		want Standing
		name string
	}{
		{"closed: the year of change", 110101, 2026, InForce, "东城区"},
		{"closed: after", 110101, 2027, Abolished, "东城区"},
		{"renamed: before", 110102, 2000, InForce, "西城区"},
		{"renamed: after", 110102, 2027, InForce, "新西城区"},
		{"added: before", 110199, 2025, CreatedLater, "新设区"},
		{"added: after", 110199, 2026, InForce, "新设区"},
		{"years for a code of cards", 320219, 2005, Abolished, ""},
		{"issued", 419900, 2026, InForce, "某市"},
		{"the last", 659099, 2026, InForce, "末市"},
		{"not named there: as before", 110105, 1990, InForce, "朝阳区"},
		{"not named there: as before", 330103, 2022, Abolished, "下城区"},
	} {
		if got := table.Standing(c.code, c.year); got != c.want {
			t.Errorf("%s: Standing(%v, %d) = %d, want %d", c.why, c.code, c.year, got, c.want)
		}
		if got := table.Name(c.code, c.year); got != c.name {
			t.Errorf("%s: Name(%v, %d) = %q, want %q", c.why, c.code, c.year, got, c.name)
		}
	}
	if got := Default().Standing(110101, 2027); got != InForce {
		t.Errorf("the table below has changed: %d", got)
	}
	twice, err := table.With("110101,1980,,东城区\n110199,2026,,又一区\n")
	if err != nil {
		t.Fatal(err)
	}
	if got := twice.Standing(110101, 2027); got != InForce {
		t.Errorf("laid twice: Standing = %d", got)
	}
	if got := twice.Name(110199, 2026) + twice.Name(110102, 2027); got != "又一区新西城区" {
		t.Errorf("laid twice: names %q", got)
	}
}

// The mark stands on a period: a prefecture that loses its last county, or gets its first, has periods with and without.
func TestIssuedPeriods(t *testing.T) {
	table, err := Default().With("330100,1980,2026,甲市\n330100,2026,,甲市,issued\n330200,1983,2020,乙市,issued\n330200,2020,,乙市\n")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		why  string
		code Code
		year int
		want Standing
	}{
		{"before its first issued year: registered late", 330100, 2000, CreatedLater},
		{"the first issued year", 330100, 2026, InForce},
		{"after", 330100, 2030, InForce},
		{"any year asked", 330100, 0, InForce},
		{"issued of old", 330200, 1990, InForce},
		{"the year of change", 330200, 2020, InForce},
		{"in force and no longer issued", 330200, 2021, Abolished},
		{"never issued", 330300, 2026, NotCounty},
	} {
		if got := table.Standing(c.code, c.year); got != c.want {
			t.Errorf("%s: Standing(%v, %d) = %d, want %d", c.why, c.code, c.year, got, c.want)
		}
	}
}

func TestWithNothing(t *testing.T) {
	table, err := Default().With("# no lines\n")
	if err != nil {
		t.Fatal(err)
	}
	if changes := Diff(Default(), table); len(changes) != 0 {
		t.Errorf("%d changes, the first %v", len(changes), changes[0])
	}
}

// Laying the whole list over itself changes nothing, and its own lines replace none.
func TestWithItself(t *testing.T) {
	table, err := Default().With(embedded)
	if err != nil {
		t.Fatal(err)
	}
	if changes := Diff(Default(), table); len(changes) != 0 || table.Len() != Default().Len() {
		t.Errorf("%d changes, %d entries", len(changes), table.Len())
	}
}

func TestDiff(t *testing.T) {
	const before = "110101,1980,,a\n110102,1980,,b\n110103,1980,2010,c\n110104,1980,,d\n110105,1980,,e\n110106,1980,,f\n"
	const after = "110100,2026,,市,issued\n110101,1980,2026,a\n110102,1980,2026,b\n110102,2026,,B\n110103,1980,,c\n110104,1981,,d\n110106,1980,,f\n"
	tables := [2]*Table{}
	for i, text := range []string{before, after} {
		table, err := Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		tables[i] = table
	}
	want := []Kind{Added, Closed, Renamed, Reopened, Redated, Removed}
	var got []Kind
	for i, c := range Diff(tables[0], tables[1]) {
		got = append(got, c.Kind)
		if want := Code(110100 + i); c.Code != want {
			t.Errorf("change %d is of %v, want %v", i, c.Code, want)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("changes %v, want %v", got, want)
	}
}

func TestOverlaps(t *testing.T) {
	for _, c := range []struct {
		why, text string
		want      bool
	}{
		{"they share the year of change", "110101,1980,1990,a\n110101,1990,,b\n", false},
		{"they share no year", "110101,1980,1990,a\n110101,1995,,b\n", false},
		{"a code of one year and its successor", "110101,1980,1980,a\n110101,1980,,b\n", false},
		{"two years in two periods", "110101,1980,1991,a\n110101,1990,,b\n", true},
		{"a period within another", "110101,1980,1991,a\n110101,1985,1986,b\n", true},
		{"within the last but one", "110101,1980,1991,a\n110101,1983,1984,b\n110101,1984,,c\n", true},
		{"nothing comes behind an open period", "110101,1980,,a\n110101,1990,,b\n", true},
		{"both open at the beginning", "110101,,1990,a\n110101,,1995,b\n", true},
		{"the same period", "110101,1980,1990,a\n110101,1980,1990,b\n", true},
		{"the same period of one year", "110101,1980,1980,a\n110101,1980,1980,b\n", true},
		{"a built-in period twice", "110105,1980,,朝阳区\n110105,1980,,朝阳区\n", true},
		{"as in the built-in list, and closed", "150206,1980,2007,白云矿区\n150206,1983,2026,白云鄂博矿区\n", false},
		{"more than in the built-in list", "150206,1980,2008,白云矿区\n150206,1983,2026,白云鄂博矿区\n", true},
	} {
		table, err := Default().With(c.text)
		if err != nil {
			t.Fatal(err)
		}
		changes := Diff(Default(), table)
		if len(changes) != 1 || changes[0].Overlaps() != c.want {
			t.Errorf("%s: want Overlaps %v of %+v", c.why, c.want, changes)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("110101,1980,,东城区\n110102,,1990,x,issued\n", uint32(110101), 1985)
	f.Fuzz(func(t *testing.T, text string, code uint32, year int) {
		table, err := Parse(text)
		laid, laidErr := Default().With(text)
		if (err == nil) != (laidErr == nil) {
			t.Fatalf("Parse says %v, With says %v", err, laidErr)
		}
		if err != nil {
			return
		}
		for code := range table.Codes() {
			if !slices.Equal(table.Periods(code), laid.Periods(code)) {
				t.Fatalf("%v: laid %v, want %v", code, laid.Periods(code), table.Periods(code))
			}
		}
		table.Standing(Code(code), year)
		if full, name := table.FullName(Code(code), year), table.Name(Code(code), year); len(full) < len(name) && code <= 999999 {
			t.Errorf("FullName %q is shorter than Name %q", full, name)
		}
	})
}
