package main

import (
	"bytes"
	"maps"
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"
)

const readingsHead = `# Mandarin readings without tones, v for u with diaeresis: a syllable and the characters that can be read so. Made by gen:
# do not edit by hand. The ideographs of U+4E00-9FFF and of the Table of General Standard Chinese Characters (2013).
# Source: Unihan of Unicode 15.0.0 (kMandarin, kTGHZ2013, kXHC1983; kHanyuPinyin for characters that the two dictionaries
# lack), (c) 1991-2022 Unicode, Inc., under the Unicode licence (www.unicode.org/terms_of_use.html); surnames of gen's list.
`

// surnames are readings as a surname that the fields above lack or might lose.
var surnames = map[string]string{
	"单": "shan", "曾": "zeng", "仇": "qiu", "区": "ou", "乐": "yue le", "盖": "ge gai", "华": "hua", "任": "ren", "查": "zha", "翟": "zhai di",
	"解": "xie", "冼": "xian", "洗": "xian", "覃": "qin tan", "朴": "piao", "缪": "miao", "繁": "po", "隗": "kui wei", "秘": "bi", "折": "she",
	"黑": "he", "种": "chong", "召": "shao zhao", "那": "na", "能": "nai", "柏": "bai bo", "郇": "xun huan", "郗": "xi chi", "葛": "ge", "过": "guo",
	"宓": "mi fu", "阚": "kan", "莘": "shen xin", "燕": "yan", "应": "ying", "车": "che", "贾": "jia", "谌": "chen shen", "俞": "yu", "幺": "yao",
	"钭": "tou", "亓": "qi", "员": "yun", "贠": "yun", "祭": "zhai ji", "尉": "yu wei", "万": "mo wan", "俟": "qi", "澹": "tan",
	"宿": "su", "长": "zhang", "令": "ling", "乜": "nie", "佴": "nai", "逄": "pang", "适": "kuo", "撒": "sa", "哈": "ha", "曲": "qu", "沈": "shen",
	"石": "shi", "吕": "lv", "呂": "lv", "堡": "bu", "卜": "bu", "尹": "yin", "洪": "hong", "眭": "sui", "乌": "wu", "褚": "chu", "臧": "zang",
}

func encodeReadings(u unihan) []byte {
	bySyllable := map[string][]rune{}
	for c := range u["kMandarin"] {
		if (c < 0x4E00 || c > 0x9FFF) && !u.standard(c) {
			continue
		}
		all := append(modern(u, c, false), strings.Fields(surnames[string(c)])...)
		for _, s := range all {
			if !slices.Contains(bySyllable[s], c) {
				bySyllable[s] = append(bySyllable[s], c)
			}
		}
	}
	var out bytes.Buffer
	out.WriteString(readingsHead)
	for _, s := range slices.Sorted(maps.Keys(bySyllable)) {
		slices.Sort(bySyllable[s])
		out.WriteString(s + " " + string(bySyllable[s]) + "\n")
	}
	return out.Bytes()
}

// modern gives the readings of c; those of the historical dictionary kHanyuPinyin where the modern ones lack it, or
// always when wide.
func modern(u unihan, c rune, wide bool) []string {
	var out []string
	add := func(reading string) {
		if s := plain(reading); s != "" && !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	for r := range strings.FieldsSeq(u["kMandarin"][c]) {
		add(r)
	}
	known := false
	for _, field := range []string{"kTGHZ2013", "kXHC1983", "kHanyuPinyin"} {
		if field == "kHanyuPinyin" && known && !wide {
			break
		}
		for entry := range strings.FieldsSeq(u[field][c]) {
			_, readings, _ := strings.Cut(entry, ":")
			for r := range strings.SplitSeq(readings, ",") {
				add(r)
			}
			known = true
		}
	}
	return out
}

// plain drops the tone: "lǜ" is "lv"; "" for a syllable that no passport can spell.
func plain(reading string) string {
	var b strings.Builder
	for _, r := range norm.NFD.String(reading) {
		switch {
		case r >= 'a' && r <= 'z':
			b.WriteRune(r)
		case r == '\u0308':
			s := b.String()
			b.Reset()
			b.WriteString(strings.TrimSuffix(s, "u") + "v")
		}
	}
	s := b.String()
	if !strings.ContainsAny(s, "aeiouv") {
		return ""
	}
	return s
}
