package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestPlain(t *testing.T) {
	for _, row := range []struct{ in, want, why string }{
		{"cè", "ce", "a tone mark"},
		{"lǜ", "lv", "u with diaeresis and tone mark"},
		{"nüè", "nve", "within"},
		{"ê̄", "e", "a circumflex is no diaeresis"},
		{"ḿ", "", "no vowel, no passport"},
	} {
		if got := plain(row.in); got != row.want {
			t.Errorf("%q: %q, want %q: %s", row.in, got, row.want, row.why)
		}
	}
}

func TestChoose(t *testing.T) {
	u := unihan{
		"kTGH":               {'喆': "2013:1", '哲': "2013:2", '龙': "2013:3", '峰': "2013:4", '乾': "2013:5", '干': "2013:6"},
		"kSimplifiedVariant": {'龍': "U+9F99", '乾': "U+5E72", '喆': "U+54F2"},
		"kMandarin":          {'峯': "fēng", '峰': "fēng", '龍': "lóng", '龙': "lóng", '訢': "xīn", '欣': "xīn"},
	}
	f := choose(u, dictionaries{
		simplified: map[rune][]rune{'龍': {'龙'}, '喆': {'哲'}, '峯': {'峰'}, '乾': {'干'}, '訢': {'欣'}},
		regional:   [][2]rune{{'峰', '龍'}},
	})
	for _, row := range []struct {
		pairs    map[rune][]rune
		from, to rune
		want     bool
		why      string
	}{
		{f.traditional, '龍', '龙', true, "both sources have the pair"},
		{f.traditional, '喆', '哲', false, "both are standard characters"},
		{f.oneSense, '乾', '干', true, "simplified in one sense"},
		{f.traditional, '乾', '干', false, "and no traditional form in the others"},
		{f.variant, '峯', '峰', true, "one dictionary only, one reading"},
		{f.variant, '訢', '欣', false, "kept apart by hand"},
		{f.variant, '龍', '峰', false, "no reading in common"},
	} {
		if got := strings.ContainsRune(string(row.pairs[row.from]), row.to); got != row.want {
			t.Errorf("%c to %c: %v: %s", row.from, row.to, got, row.why)
		}
	}
	want := "\nt 龙 龍\n"
	if got := string(encodeForms(f, map[rune]rune{'⺁': '厂'})); !strings.Contains(got, want) || !strings.Contains(got, "\nr 厂 ⺁\n") {
		t.Errorf("no line %q or no radical in %q", want, got)
	}
}

func TestBadSources(t *testing.T) {
	dir := t.TempDir()
	if err := run(sources{dir, dir}, dir); err == nil {
		t.Error("no error without sources")
	}
	name := filepath.Join(dir, "radicals.txt")
	if err := os.WriteFile(name, []byte("# head\n2E8C..2E8D ; 5C0F # two\nwrong\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := readRadicals(name); err == nil || !strings.Contains(err.Error(), "radicals.txt") {
		t.Errorf("error %v does not name the file", err)
	}
}
