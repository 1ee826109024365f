package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"realname/internal/csvrecord"
)

func explainText(t *testing.T, c numberExplainCmd, in string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	err := c.run(t.Context(), testConsole(strings.NewReader(in), &out))
	return out.String(), err
}

// wideZone is the specimen of ICAO Doc 9303 part 4 as an input method for Chinese writes it.
var wideZone = strings.Map(func(r rune) rune {
	if r == '\n' {
		return r
	}
	return r - '!' + '！'
}, "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\nL898902C36UTO7408122F1204159ZE184226B<<<<<10")

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
		{"a zone in full-width characters too", wideZone + "\n", numberExplainCmd{Kind: "passport_mrz", Lang: "en"},
			[]string{"(passport_mrz): well-formed", "L898902C36UTO"}, nil},
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
		{"too long", strings.Repeat("1", 2*csvrecord.MaxLine), "longer than", numberExplainCmd{}},
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

func TestNumberExplainInterrupted(t *testing.T) {
	ctx, interrupt := context.WithCancel(t.Context())
	interrupt()
	err := (&numberExplainCmd{}).run(ctx, testConsole(blocked{}, io.Discard))
	if !errors.Is(err, errInterrupted) || err.Error() != "interrupted" {
		t.Errorf("got %v", err)
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

// A line that is not explained is not passed over in silence; a person who types is not waited for.
func TestNumberExplainSaysWhatIsLeftOut(t *testing.T) {
	const zone = "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\nL898902C36UTO7408122F1204159ZE184226B<<<<<10\n"
	for _, c := range []struct {
		why, in string
		typed   bool
		want    bool
	}{
		{"a second number", "11010519491231002X\n110105194912310021\n", false, true},
		{"behind a blank line", "11010519491231002X\n\n \r\n1", false, true},
		{"blank lines", "11010519491231002X\n\n \r\n", false, false},
		{"one line", "11010519491231002X", false, false},
		{"the lines of a zone", zone, false, false},
		{"a line behind a zone", zone + "1\n", false, true},
		{"typed", "11010519491231002X\n1\n", true, false},
	} {
		var out, notes bytes.Buffer
		console := testConsole(strings.NewReader(c.in), &out)
		console.notes, console.typed = &notes, c.typed
		if err := (&numberExplainCmd{Lang: "en"}).run(t.Context(), console); err != nil || out.Len() == 0 {
			t.Errorf("%s: %q, %v", c.why, out.String(), err)
		}
		if got := strings.Contains(notes.String(), "left out"); got != c.want {
			t.Errorf("%s: noted %q", c.why, notes.String())
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
