package main

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

func explainText(t *testing.T, c numberExplainCmd, in string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	err := c.run(t.Context(), testConsole(strings.NewReader(in), &out))
	return out.String(), err
}

func TestNumberExplain(t *testing.T) {
	for _, c := range []struct {
		why, in string
		cmd     numberExplainCmd
		want    []string
		not     []string
	}{
		{"a kind that is said is the one explained", "11010519491231002X\n", numberExplainCmd{Kind: "residence_permit", Lang: "en"},
			[]string{"(residence_permit): invalid", "✗ area code"}, []string{"could be"}},
		{"without a kind the possible ones are listed", "11010519491231002X\n", numberExplainCmd{Lang: "en"},
			[]string{"could be:\n  resident identity number (resident_id) well-formed\n", "(temporary_id)", "(resident_id): well-formed"}, []string{"(residence_permit)"}},
		{"in Chinese", "11010519491231002X", numberExplainCmd{Lang: "zh"}, []string{"居民身份证号码 (resident_id)：形式有效", "1949-12-31"}, nil},
		{"a wrong digit: the nearest kind, and no hint which would fit", "110105194912310021\n", numberExplainCmd{Lang: "en"},
			[]string{"kind that is nearest", "(resident_id): invalid", "✗ check digit", "compare the marked part"}, []string{"11010519491231002X"}},
		{"nothing fits", "?\n", numberExplainCmd{Lang: "en"}, []string{"fits no kind"}, []string{"could be:"}},
		{"only the first line is read", "11010519491231002X\n110105194912310021\n", numberExplainCmd{Kind: "resident_id", Lang: "en"},
			[]string{"(resident_id): well-formed"}, nil},
		{"a zone is read in its lines", // ICAO Doc 9303 part 4, the specimen
			"P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\nL898902C36UTO7408122F1204159ZE184226B<<<<<10\n", numberExplainCmd{Kind: "passport_mrz", Lang: "en"},
			[]string{"(passport_mrz)", "P<UTOERIKSSON", "L898902C36UTO"}, nil},
	} {
		got, err := explainText(t, c.cmd, c.in)
		if err != nil {
			t.Errorf("%s: %v", c.why, err)
		}
		for _, want := range c.want {
			if !strings.Contains(got, want) {
				t.Errorf("%s: no %q in %s", c.why, want, got)
			}
		}
		for _, not := range c.not {
			if strings.Contains(got, not) {
				t.Errorf("%s: %q in %s", c.why, not, got)
			}
		}
	}
}

func TestNumberExplainErrors(t *testing.T) {
	for _, c := range []struct {
		why, in, want string
		cmd           numberExplainCmd
	}{
		{"nothing", "", "no number", numberExplainCmd{}},
		{"a blank line", " \n", "no number", numberExplainCmd{}},
		{"too long", strings.Repeat("1", 2*maxNumberLine), "longer than", numberExplainCmd{}},
		{"a kind that is none", "1", "no such kind", numberExplainCmd{Kind: "11010519491231002X"}},
		{"no date", "1", "YYYY-MM-DD", numberExplainCmd{On: "today"}},
	} {
		got, err := explainText(t, c.cmd, c.in)
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "1101") || got != "" {
			t.Errorf("%s: got %q, %v", c.why, got, err)
		}
	}
	err := (&numberExplainCmd{}).run(t.Context(), testConsole(iotest.ErrReader(errors.New("cable cut")), io.Discard))
	if err == nil || !strings.Contains(err.Error(), "cable cut") {
		t.Errorf("a read error gives %v", err)
	}
}

func TestNumberExplainPrompts(t *testing.T) {
	for _, prompted := range []bool{true, false} {
		var notes bytes.Buffer
		c := testConsole(strings.NewReader("11010519491231002X\n"), io.Discard)
		c.notes, c.prompted = &notes, prompted
		if err := (&numberExplainCmd{Lang: "en"}).run(t.Context(), c); err != nil || (notes.Len() > 0) != prompted {
			t.Errorf("prompted %v: %q, %v", prompted, notes.String(), err)
		}
	}
}

func TestLanguageOfTheEnvironment(t *testing.T) {
	for _, c := range []struct {
		why  string
		env  map[string]string
		want string
	}{
		{"nothing set", nil, "zh"},
		{"LANG", map[string]string{"LANG": "en_GB.UTF-8"}, "en"},
		{"LC_ALL comes before LANG", map[string]string{"LANG": "en_GB.UTF-8", "LC_ALL": "zh_CN.UTF-8"}, "zh"},
		{"an empty LC_ALL is none", map[string]string{"LANG": "en_GB.UTF-8", "LC_ALL": ""}, "en"},
		{"a language that there is not", map[string]string{"LANG": "C.UTF-8"}, "zh"},
	} {
		if got := languageOf(func(name string) string { return c.env[name] }); got != c.want {
			t.Errorf("%s: got %s", c.why, got)
		}
	}
}
