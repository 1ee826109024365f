package personname

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"pgregory.net/rapid"
)

// han draws characters of invented names: common ones, and some with other forms.
func han(t *rapid.T, label string) string {
	return rapid.StringOfN(rapid.OneOf(
		rapid.RuneFrom([]rune("测试甲乙丙丁龍龙峯峰吳吴鎭鎮镇發髮发喆哲葉叶\uE81E\u9FB4\uFA19神\u2F00一䶮\U00020087")),
		rapid.RuneFrom(nil, &ideographs),
	), 1, 20, -1).Draw(t, label)
}

// anything draws names of all scripts, with what may stand in them and what may not.
func anything(t *rapid.T, label string) string {
	return rapid.OneOf(
		rapid.String(),
		rapid.StringOf(rapid.RuneFrom([]rune(" \u3000·.。-'’,测龍龙峯峰\uE81E\uFA19\uFE00\U000E0100AaÄäßıÜüｚ\u0301\u0308\u0327ЙйΣςꭰ"))),
	).Draw(t, label)
}

func readable(s string) bool { _, ok := Canonical(s); return ok }

func TestCompareIsSymmetric(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := anything(t, "a"), anything(t, "b")
		if x, y := Compare(a, b), Compare(b, a); x != y {
			t.Fatalf("%v one way, %v the other", x, y)
		}
	})
}

// reasonsHold wants a reason of every variant and of everything unreadable, and none of a match.
func reasonsHold(t interface{ Fatalf(string, ...any) }, got Result) {
	switch {
	case got.Agreement == Match && got.Reasons != 0,
		(got.Agreement == Variant || got.Agreement == Unreadable) && got.Reasons == 0:
		t.Fatalf("%v for %d reasons", got, len(got.Reasons.List()))
	}
}

func TestAVariantHasAReason(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := anything(t, "a")
		b := rewritten(t, a)
		reasonsHold(t, Compare(a, b))
		words := strings.Fields(strings.ToUpper(b))
		if len(words) > 0 {
			reasonsHold(t, CompareMRZ(a, words[0], strings.Join(words[1:], " "), rapid.Bool().Draw(t, "truncated")))
		}
	})
}

// rewritten is a name with some of its characters as somebody else might write them.
func rewritten(t *rapid.T, s string) string {
	var out strings.Builder
	for _, r := range s {
		switch rapid.SampledFrom([]string{"keep", "keep", "upper", "lower", "spell", "space", "form"}).Draw(t, "how") {
		case "upper":
			r = unicode.ToUpper(r)
		case "lower":
			r = unicode.ToLower(r)
		case "spell":
			if all := spellings(r); len(all) > 0 {
				out.WriteString(rapid.SampledFrom(all).Draw(t, "spelling"))
				continue
			}
		case "space":
			out.WriteRune(' ')
		case "form":
			r = brought(r)
		}
		out.WriteRune(r)
	}
	return out.String()
}

func TestANameMatchesItself(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := anything(t, "name")
		if got := Compare(s, s); readable(s) && got != (Result{Match, 0}) {
			t.Fatalf("%+q: %v", s, got)
		}
	})
}

func TestCanonicalIsTheSameNameAndStays(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) { canonicalHolds(t, anything(t, "name")) })
}

func canonicalHolds(t interface{ Fatalf(string, ...any) }, s string) {
	c, ok := Canonical(s)
	if !ok {
		return
	}
	if !utf8.ValidString(c) || len(c) > MaxBytes || strings.TrimSpace(c) != c {
		t.Fatalf("%+q: canonical %+q", s, c)
	}
	if again, ok := Canonical(c); !ok || again != c {
		t.Fatalf("%+q: canonical %+q, and of that %+q, %v", s, c, again, ok)
	}
	if got := Compare(s, c); got.Agreement < Variant {
		t.Fatalf("%+q is not its canonical form %+q: %v", s, c, got)
	}
}

func TestAChangedCharacterNeverMatches(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := []rune(han(t, "name"))
		i := rapid.IntRange(0, len(s)-1).Draw(t, "place")
		other := []rune(han(t, "other"))[0]
		if s[i] == other {
			return
		}
		changed := append([]rune(nil), s...)
		changed[i] = other
		if got := Compare(string(s), string(changed)); got.Agreement == Match {
			t.Fatalf("%+q and %+q: %v", string(s), string(changed), got)
		}
	})
}

// No letter occurs twice, so that no other order agrees.
func TestSpacesMayBeLeftOutOnOneSideOnly(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		draw := rapid.SliceOfN(rapid.Bool(), 11, 11)
		parts, partsToo := draw.Draw(t, "spaces"), draw.Draw(t, "other spaces")
		write := func(parts []bool) string {
			var out strings.Builder
			for i, r := range "BCDFGHKLMPRS" {
				if i > 0 && parts[i-1] {
					out.WriteByte(' ')
				}
				out.WriteRune(r)
			}
			return out.String()
		}
		more, less := false, false
		for i := range parts {
			more, less = more || parts[i] && !partsToo[i], less || partsToo[i] && !parts[i]
		}
		got := Compare(write(parts), write(partsToo))
		if want := !more || !less; (got.Agreement >= Variant) != want {
			t.Fatalf("%q and %q: %v", write(parts), write(partsToo), got)
		}
	})
}

func TestFewWordsInAnyOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		words := rapid.SliceOfN(rapid.StringMatching(`[A-ZÄÖÜØ]{1,8}`), 2, maxShuffled).Draw(t, "words")
		turned := rapid.Permutation(words).Draw(t, "turned")
		if got := Compare(strings.Join(words, " "), strings.Join(turned, " ")); got.Agreement < Variant {
			t.Fatalf("%q and %q: %v", words, turned, got)
		}
	})
}

// A variant of two Han names is made of listed pairs only.
func TestHanVariantsAreListed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := []rune(han(t, "a"))[:1], []rune(han(t, "b"))[:1]
		got := Compare(string(a), string(b))
		_, same := sameCharacter(brought(a[0]), brought(b[0]))
		if (got.Agreement >= Variant) != same {
			t.Fatalf("%c and %c: %v", a[0], b[0], got)
		}
	})
}

func FuzzCompare(f *testing.F) {
	for _, seed := range [][2]string{
		{"测试甲", "測試甲"}, {"测试·甲", "测试。甲"}, {"MÜSTER", "MUESTER"}, {"测\uFFFD", "测"}, {"\xff", ""},
		{"a \u0301", "A"}, {strings.Repeat("Ü", 128), strings.Repeat("UE", 128)}, {"测试", "CE SHI"},
	} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		if x, y := Compare(a, b), Compare(b, a); x != y {
			t.Fatalf("%v one way, %v the other", x, y)
		}
		canonicalHolds(t, a)
		reasonsHold(t, Compare(a, b))
		if got := Compare(a, a); readable(a) != (got == Result{Match, 0}) && len(a) < MaxBytes/2 {
			t.Fatalf("%+q: %v", a, got)
		}
	})
}

func FuzzCompareMRZ(f *testing.F) {
	f.Add("测试甲", "CE", "SHIJIA", false)
	f.Add("MÜSTER ÅSE", "MUESTER", "AASE", true)
	f.Add(strings.Repeat("一", 85), strings.Repeat("YI", 64), strings.Repeat("YI", 60), true)
	f.Fuzz(func(t *testing.T, name, primary, secondary string, truncated bool) {
		got := CompareMRZ(name, primary, secondary, truncated)
		reasonsHold(t, got)
		if n, why := read(name); why == 0 && n.scripts == scriptHan && got.Agreement == Match {
			t.Fatal("a romanised name is at best a variant")
		}
		if _, why := read(name); why != 0 && got.Agreement != Unreadable {
			t.Fatalf("%v for a name that cannot be read", got)
		}
	})
}

var ideographs = unicode.RangeTable{
	R16: []unicode.Range16{{Lo: 0x3400, Hi: 0x4DBF, Stride: 1}, {Lo: 0x4E00, Hi: 0x9FFF, Stride: 1}},
	R32: []unicode.Range32{{Lo: 0x20000, Hi: 0x2A6DF, Stride: 1}},
}
