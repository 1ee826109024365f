package personname

import (
	"slices"
	"strings"
	"testing"

	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/unicode/norm"
)

// The codec of x/text knows neither side of the fourteen characters that were private use in GB 18030-2000 and have code
// points since Unicode 3.1 and 4.1. For these the values are those of glibc 2.36 (iconv -f GB18030 of the two bytes).
func TestPrivateUseAgreesWithTheCodecs(t *testing.T) {
	glibc := map[rune]rune{
		0xE816: 0x20087, 0xE817: 0x20089, 0xE818: 0x200CC, 0xE81E: 0x9FB4, 0xE826: 0x9FB5, 0xE82B: 0x9FB6, 0xE82C: 0x9FB7,
		0xE831: 0x215D7, 0xE832: 0x9FB8, 0xE83B: 0x2298F, 0xE843: 0x9FB9, 0xE854: 0x9FBA, 0xE855: 0x241FE, 0xE864: 0x9FBB,
	}
	decoder := simplifiedchinese.GB18030.NewDecoder()
	at := rune(gbkFirst)
	for trail := 0x50; trail <= 0xA0; trail++ {
		if trail == 0x7F {
			continue
		}
		text, err := decoder.String(string([]byte{0xFE, byte(trail)}))
		if err != nil {
			t.Fatal(err)
		}
		want := []rune(text)[0]
		if known := glibc[at]; known != 0 {
			if want != '\uFFFD' && want != known {
				t.Errorf("FE%02X: the codecs disagree: %U and %U", trail, want, known)
			}
			want = known
		}
		if got := standardised(at); got != want {
			t.Errorf("%U, FE%02X: %U, the codec has %U", at, trail, got, want)
		}
		at++
	}
	if at != gbkFirst+rune(len(gbkLast80)) {
		t.Errorf("the map does not end before %U", at)
	}
}

func TestNoTwoCharactersShareAPrivateUse(t *testing.T) {
	seen := map[rune]bool{}
	for _, r := range gbkLast80 {
		if seen[r] || privateUse(r) {
			t.Errorf("%U stands twice or is private use itself", r)
		}
		seen[r] = true
	}
}

func TestRadicalsAgreeWithTheirDecomposition(t *testing.T) {
	for r := rune(0x2F00); r <= 0x2FD5; r++ {
		if want := []rune(norm.NFKC.String(string(r))); unified(r) != want[0] {
			t.Errorf("%U: %c, its decomposition is %c", r, unified(r), want[0])
		}
	}
}

// Counts change when the sources do: look at what came and went.
func TestTablesAreWhole(t *testing.T) {
	f, r := tables(), readings()
	for _, row := range []struct {
		what      string
		got, want int
	}{
		{"traditional forms", len(f.simplified), 3841},
		{"traditional forms in one sense", len(f.oneSense), 6},
		{"shapes", len(f.shape), 418},
		{"radicals", len(f.radicals), 328},
		{"characters with a reading", len(r.spellings), 21171},
		{"spellings", len(r.known), 419},
	} {
		if row.got != row.want {
			t.Errorf("%s: %d, want %d", row.what, row.got, row.want)
		}
	}
	for from, targets := range f.simplified {
		for _, to := range targets {
			if f.shape[to] != nil || f.simplified[to] != nil {
				t.Errorf("%c leads to %c, which leads on", from, to)
			}
		}
	}
	if n := max(len(formsText), len(readingsText)); n > 100_000 {
		t.Errorf("a table of %d bytes", n)
	}
	for s := range r.known {
		if len(s) > longestSyllable || strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" {
			t.Errorf("syllable %q", s)
		}
	}
}

func TestCompoundSurnamesCanBeRead(t *testing.T) {
	for _, c := range compounds {
		han := []rune(c)
		if len(han) != 2 || slices.ContainsFunc(han, func(r rune) bool { return readings().of(r) == nil }) {
			t.Errorf("%q", c)
		}
	}
}

// The most frequent surnames, which no table may bring together.
func TestSurnamesStayApart(t *testing.T) {
	surnames := []rune("王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧肖程曹袁邓许傅付沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎闫余潘杜戴代夏锺钟汪田任姜范方石" +
		"姚谭廖邹熊金陆郝孔白崔康毛邱丘秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文於宁甯后候冼洗佘涂凃兰蓝邢刑仇裘翟")
	for i, a := range surnames {
		for _, b := range surnames[i+1:] {
			if why, same := sameCharacter(a, b); same {
				t.Errorf("%c and %c: %v", a, b, why)
			}
		}
	}
}
