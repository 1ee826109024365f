package explain

import (
	"errors"
	"strings"
	"testing"

	"realname/verify/idnumber"
)

func rendered(t *testing.T, kind idnumber.Kind, raw, lang string) string {
	t.Helper()
	var b strings.Builder
	if err := Explain(idnumber.Check(kind, raw, today), raw, lang).Render(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestRender(t *testing.T) {
	for _, c := range []struct {
		why  string
		kind idnumber.Kind
		raw  string
		lang string
		want []string
	}{
		{"folded as it is counted", idnumber.ResidentID, " １１０１０５ 19491231-002x", "en", // GB 11643-1999, the standard's sample
			[]string{"  11010519491231002X\n  ^^^^^^              ✓ area code: ", "  counted as                  11010519491231002X\n"}},
		{"a refused character is marked, and shown as typed", idnumber.ResidentID, "1101051949123100O2", "en",
			[]string{"  1101051949123100O2\n                  ^   ✗ characters that cannot stand here\n"}},
		{"a wide character takes two columns", idnumber.ResidentID, "张11010519491231002", "zh",
			[]string{"  张11010519491231002\n  ^^                   ✗ 这里不应出现的字符\n"}},
		{"neighbours are marked together", idnumber.BankCard, "6216AB1000000000018", "en", []string{"      ^^             "}},
		{"how many characters were read", idnumber.ResidentID, "1101051949123100", "en", []string{"16 characters were read."}},
		{"controls are shown as something else", idnumber.ResidentID, "1\x1b[2J", "en", []string{"  1\ufffd[2J\n"}},
		{"brackets are passed over", idnumber.HKID, "a123456(3)", "en", []string{"  A123456(3)\n  ^ ", "          ^   ✓ check digit: "}}, // Hong Kong Immigration Department, the sample card
		{"a country code has no part", idnumber.MobilePhone, "+86 138 0013 8000", "en", // China Mobile's own line for top-ups
			[]string{"  8613800138000\n    ^^^          ✓ embedded code"}},
		{"count and office behind a travel permit", idnumber.TWPermit, "0123456701(B)", "en", // Shanghai border inspection, 2008-09-11
			[]string{"          ^^       ", "             ^ "}},
		{"a zone stands in lines, each with its parts", idnumber.PassportMRZ, // ICAO Doc 9303 part 4, the specimen
			"P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<L898902C36UTO7408122F1204159ZE184226B<<<<<10", "en",
			[]string{"  P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\n  ^^ ", "  L898902C36UTO7408122F1204159ZE184226B<<<<<10\n  ^^^^^^^^^ ", "Utopia"}},
		{"a state in words", idnumber.ForeignPR, "911398199012310021", "zh", []string{"国籍", "哈萨克斯坦"}}, // the specimen in chinabugotech/hutool#4288
	} {
		got := rendered(t, c.kind, c.raw, c.lang)
		for _, want := range c.want {
			if !strings.Contains(got, want) {
				t.Errorf("%s: no %q in\n%s", c.why, want, got)
			}
		}
	}
}

// What idnumber does not fold is never shown as if it did.
func TestLegibleFoldsWhatIsFolded(t *testing.T) {
	const zone = "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\nL898902C36UTO7408122F1204159ZE184226B<<<<<10" // ICAO Doc 9303 part 4
	wide := strings.NewReplacer("<", "＜", "6", "６").Replace(zone)
	for _, c := range []struct {
		why  string
		kind idnumber.Kind
		raw  string
		want string
	}{
		{"a filler of a zone", idnumber.PassportMRZ, wide, zone},
		{"no other number has fillers", idnumber.BankCard, strings.Repeat("1", 32) + "＜<", strings.Repeat("1", 32)},
		{"a full-width bracket", idnumber.HKID, "A123456（3）", "A123456(3)"},
		{"a full-width number sign", idnumber.BankCard, "＃1", "＃1"},
		{"half-width Katakana", idnumber.BankCard, "ｱ1", "ｱ1"},
	} {
		r := idnumber.Check(c.kind, c.raw, today)
		if got := Explain(r, c.raw, "en").Number; got != c.want {
			t.Errorf("%s: %q is shown as %q", c.why, c.raw, got)
		}
	}
	if got := rendered(t, idnumber.PassportMRZ, wide, "en"); !strings.Contains(got, "well-formed") {
		t.Errorf("a zone in full width is explained as\n%s", got)
	}
	if got := rendered(t, idnumber.BankCard, "6216＜1000000000018", "en"); !strings.Contains(got, "\n      ^^ ") {
		t.Errorf("a filler in a card number is not marked:\n%s", got)
	}
}

func TestStateNames(t *testing.T) {
	for _, c := range []struct{ why, state, zh, en string }{
		{"ISO 3166", "KAZ", "哈萨克斯坦", "Kazakhstan"},
		{"as Chinese documents say it", "HKG", "中国香港", "Hong Kong, China"},
		{"ICAO Doc 9303", "XXA", "无国籍人", "stateless person"},
		{"printed D", "D", "德国", "Germany"},
		{"none", "", "", ""},
		{"no state", "QQQ", "QQQ", "QQQ"},
	} {
		s := idnumber.ParseState(c.state)
		if zh, en := StateName(s, "zh"), StateName(s, "en"); zh != c.zh || en != c.en {
			t.Errorf("%s: %s is %q and %q", c.why, c.state, zh, en)
		}
	}
}

func TestCandidates(t *testing.T) {
	for _, c := range []struct {
		why, raw string
		best     idnumber.Kind
		status   idnumber.Status
	}{
		{"GB 11643-1999, the standard's sample", "11010519491231002X", idnumber.ResidentID, idnumber.Valid},
		{"a resident number with a wrong digit is no bank card", "110105194912310021", idnumber.ResidentID, idnumber.Invalid},
		{"a residence permit", "830000199201300022", idnumber.ResidencePermit, idnumber.Valid},
		{"GB 32100-2015, the standard's sample", "91350100M000100Y43", idnumber.USCC, idnumber.Valid},
		{"nothing", "", "", idnumber.Invalid},
	} {
		possible, best := Candidates(c.raw, today, idnumber.Check)
		if best.Kind != c.best || best.Result.Status != c.status {
			t.Errorf("%s: %s %s", c.why, best.Kind, best.Result.Status)
		}
		for i, p := range possible {
			if p.Result.Status == idnumber.Invalid || i > 0 && p.weight > possible[i-1].weight {
				t.Errorf("%s: %s is out of place", c.why, p.Kind)
			}
		}
	}
}

// A caller with division codes of its own brings its own check.
func TestCandidatesUseTheCheck(t *testing.T) {
	var asked []idnumber.Kind
	_, best := Candidates("11010519491231002X", today, func(kind idnumber.Kind, raw string, on idnumber.Date) idnumber.Result {
		asked = append(asked, kind)
		return idnumber.Check(kind, "", on)
	})
	if len(asked) != len(idnumber.Kinds()) || best.Kind != "" {
		t.Errorf("asked for %v, best is %s", asked, best.Kind)
	}
}

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, errors.New("disk full") }

func TestRenderTellsOfWriteErrors(t *testing.T) {
	x := Explain(idnumber.Check(idnumber.ResidentID, "1", today), "1", "en")
	if err := x.Render(fullDisk{}); err == nil {
		t.Error("a write error is lost")
	}
}

func TestParseErrors(t *testing.T) {
	for _, c := range []struct{ why, text string }{
		{"a key that nobody reads", "kinds: {resident_id: {nam: {zh: a, en: b}}}"},
		{"like a kind that has no texts", "kinds: {resident_id: {like: uscc}}"},
		{"no YAML", "kinds: ["},
	} {
		if _, err := parse([]byte(c.text)); err == nil {
			t.Errorf("%s: no error", c.why)
		}
	}
}
