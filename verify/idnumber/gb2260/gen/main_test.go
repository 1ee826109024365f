package main

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// What is committed is what `go generate` makes, byte for byte, and again.
func TestGenerationGivesTheCommittedTable(t *testing.T) {
	committed, err := os.ReadFile("../divisions.csv")
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		out := filepath.Join(t.TempDir(), "divisions.csv")
		if err := run(out); err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(out)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, committed) {
			t.Fatal("divisions.csv is not what gen makes: run go generate")
		}
	}
}

// Every code of a fact file has other periods than the rules give it, or none, and stands in one file only.
func TestNoFactIsIdle(t *testing.T) {
	table, err := fromPeer(timelines())
	if err != nil {
		t.Fatal(err)
	}
	files := map[uint32]string{}
	for name, facts := range map[string]string{"corrections.csv": corrections, "changes.csv": changes, "reported.csv": reported} {
		laid := divisions{}
		if err := laid.lay(facts); err != nil {
			t.Fatal(err)
		}
		for code, periods := range laid {
			if other, twice := files[code]; twice {
				t.Errorf("%d stands in %s and %s", code, name, other)
			}
			files[code] = name
			if slices.Equal(periods, table[code]) {
				t.Errorf("%s: %d: the rules give the same", name, code)
			}
		}
	}
	if n := len(files); n == 0 || n > len(table)/10 {
		t.Errorf("%d of %d codes are corrected: too many to call the peer the source", n, len(table))
	}
}

func TestRules(t *testing.T) {
	type years = []string // first year, last year, name, …
	for _, c := range []struct {
		why  string
		code uint32
		in   years
		want []period
	}{
		{"the first list, no end", 110101, years{"", "", "东城区"}, []period{{1980, 0, "东城区"}}},
		{"the last list with the code is the year before its end", 110103, years{"", "2009", "崇文区"}, []period{{1980, 2010, "崇文区"}}},
		{"the peer read no list of 1981", 110221, years{"1982", "1998", "昌平县"}, []period{{1981, 1999, "昌平县"}}},
		{"districts got codes in 1983", 520102, years{"", "", "南明区"}, []period{{1983, 0, "南明区"}}},
		{"a district that ended before is of the first list", 230402, years{"", "1981", "萨尔图区"}, []period{{1980, 1982, "萨尔图区"}}},
		{"districts of Shanghai are in the first list", 310101, years{"", "", "黄浦区"}, []period{{1980, 0, "黄浦区"}}},
		{"a county is in the first list", 520121, years{"", "", "开阳县"}, []period{{1980, 0, "开阳县"}}},
		{"an aggregate keeps its open start", 140120, years{"", "1982", "市区"}, []period{{0, 1983, "市区"}}},
		{"a heading", 110100, years{"", "", "市辖区"}, nil},
		{"a heading", 659000, years{"1986", "", "自治区直辖县级行政单位"}, nil},
		{"never used", 421085, years{"未曾使用", "", "潜江市"}, nil},
		{"two names", 430102, years{"", "1982", "城东区", "1983", "", "东区"}, []period{{1980, 1983, "城东区"}, {1983, 0, "东区"}}},
	} {
		in := timeline{code: c.code}
		for i := 0; i < len(c.in); i += 3 {
			in.periods = append(in.periods, map[string]string{"start_year": c.in[i], "end_year": c.in[i+1], "address": c.in[i+2]})
		}
		table, err := fromPeer([]timeline{in})
		if err != nil {
			t.Errorf("%s: %v", c.why, err)
			continue
		}
		if got, want := table.encode(), (divisions{c.code: c.want}).encode(); !bytes.Equal(got, want) {
			t.Errorf("%s: got\n%swant\n%s", c.why, got, want)
		}
	}
}

func TestCitiesMoveIn1990(t *testing.T) {
	d := divisions{
		139001: {{1988, 1995, "武安市"}}, 130481: {{1995, 0, "武安市"}},
		139004: {{1993, 1995, "辛集市"}}, 130181: {{1995, 0, "辛集市"}},
		130199: {{1995, 0, "新建区"}}, // was under no province
	}
	d.moveCities()
	for code, want := range map[uint32]period{
		139001: {1988, 1990, "武安市"}, 130481: {1990, 0, "武安市"},
		139004: {1993, 1995, "辛集市"}, 130181: {1993, 0, "辛集市"}, 130199: {1995, 0, "新建区"},
	} {
		if got := d[code][0]; got != want {
			t.Errorf("%d: got %v, want %v", code, got, want)
		}
	}
}

func TestBadFacts(t *testing.T) {
	for facts, want := range map[string]string{
		"1,,,x,r\n":           "want six digits",
		"110101,x,,x,r\n":     "code 110101: year \"x\"",
		"110101,,1066,x,r\n":  "want 1980 or later",
		"110101,1980,,x\n":    "wrong number of fields",
		"110101,1980,,x,\n":   "code 110101: want a reason",
		"110101,1980,,\"x,r":  "quote",
		"1101010,1980,,x,r\n": "want six digits",
	} {
		if err := (divisions{}).lay(facts); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %q", facts, err, want)
		}
	}
	bad := []timeline{{110101, []map[string]string{{"start_year": "soon"}}}}
	if _, err := fromPeer(bad); err == nil || !strings.Contains(err.Error(), "code 110101") {
		t.Errorf("a bad year of the peer: %v", err)
	}
}
