package personname

import (
	"slices"
	"strings"
	"sync"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// readingTable gives what may be written for a character in pinyin. Memory: some 2 MiB, made on first use.
type readingTable struct {
	spellings map[rune][]string
	known     map[string]bool // every spelling of every syllable
}

var readings = sync.OnceValue(func() *readingTable {
	t := &readingTable{spellings: map[rune][]string{}, known: map[string]bool{}}
	for line := range strings.SplitSeq(readingsText, "\n") {
		syllable, characters, ok := strings.Cut(line, " ")
		if !ok || syllable == "#" {
			continue
		}
		spellings := written(strings.ToUpper(syllable))
		for _, s := range spellings {
			t.known[s] = true
		}
		for _, r := range characters {
			t.spellings[r] = append(t.spellings[r], spellings...)
		}
	}
	return t
})

// written gives how passports write a syllable. For u with diaeresis: YU since 2012 (GB/T 28039-2011), before that V or U.
func written(syllable string) []string {
	before, after, ok := strings.Cut(syllable, "V")
	if !ok {
		return []string{syllable}
	}
	return []string{before + "YU" + after, syllable, before + "U" + after}
}

// of lists the spellings of a character, of another form of it where it has none of its own.
func (t *readingTable) of(r rune) []string {
	if s := t.spellings[r]; s != nil {
		return s
	}
	for _, form := range tables().reach(r) {
		if s := t.spellings[form.r]; s != nil {
			return s
		}
	}
	return nil
}

// reading is one way through the letters: which places are reached after each character.
type reading struct {
	t       *readingTable
	letters string
	reached []bool
}

func (t *readingTable) begin(letters string) *reading {
	r := &reading{t: t, letters: letters, reached: make([]bool, len(letters)+1)}
	r.reached[0] = true
	return r
}

// next reads one more character, in every reading of it. It tells whether the letters ended within it.
func (r *reading) next(han rune) (within bool) {
	reached := make([]bool, len(r.letters)+1)
	for at, ok := range r.reached {
		if !ok {
			continue
		}
		rest := r.letters[at:]
		for _, s := range r.t.of(han) {
			if strings.HasPrefix(rest, s) {
				reached[at+len(s)] = true
			} else if strings.HasPrefix(s, rest) {
				within = true
			}
		}
	}
	r.reached = reached
	return within
}

func (r *reading) done() bool { return r.reached[len(r.letters)] }

// spells tells whether the characters can be read as the letters, any reading of each.
func (t *readingTable) spells(han []rune, letters string) bool {
	r := t.begin(letters)
	for _, c := range han {
		r.next(c)
	}
	return r.done()
}

// begins tells whether the letters are a beginning of a reading of the characters.
func (t *readingTable) begins(han []rune, letters string) bool {
	r := t.begin(letters)
	for _, c := range han {
		if r.next(c) {
			return true
		}
	}
	return r.done()
}

// splits lists after how many characters the letters may end.
func (t *readingTable) splits(han []rune, letters string) []int {
	var out []int
	r := t.begin(letters)
	for i, c := range han {
		if r.next(c); r.done() {
			out = append(out, i+1)
		}
	}
	return out
}

// longestSyllable in letters: ZHUANG.
const longestSyllable = 6

// mandarin tells whether letters are a row of Mandarin syllables.
func (t *readingTable) mandarin(letters string) bool {
	reached := make([]bool, len(letters)+1)
	reached[0] = true
	for at := range letters {
		for n := 1; reached[at] && n <= longestSyllable && at+n <= len(letters); n++ {
			if t.known[letters[at:at+n]] {
				reached[at+n] = true
			}
		}
	}
	return reached[len(letters)]
}

// compounds are the surnames of two characters in use, in simplified form.
var compounds = strings.Fields("欧阳 司马 上官 诸葛 东方 皇甫 尉迟 公孙 慕容 令狐 长孙 宇文 司徒 司空 夏侯 端木 南宫 独孤 万俟 闻人 赫连 澹台 " +
	"公冶 宗政 濮阳 淳于 单于 太叔 申屠 仲孙 轩辕 钟离 鲜于 闾丘 亓官 拓跋 百里 东郭 呼延 西门 南门 左丘 梁丘 公羊 第五 谷梁 段干 微生 羊舌 " +
	"东里 哥舒 纳兰 叶赫 那拉 完颜")

// surnameLength is the number of characters of the surname.
func surnameLength(han []rune) int {
	if len(han) < 3 {
		return 1
	}
	for _, c := range compounds {
		c := []rune(c)
		_, first := sameCharacter(han[0], c[0])
		if _, second := sameCharacter(han[1], c[1]); first && second {
			return 2
		}
	}
	return 1
}

const (
	// longestHan is the length of the longest names of Han people; longer ones write another language by its sound.
	longestHan = 4
	// longestRead bounds the search for a reading.
	longestRead = 30
)

// romanised compares a Han name with its spelling in A-Z, in two parts: the surname's and the given name's.
func romanised(n name, primary, secondary string, truncated bool) Result {
	t := readings()
	han := n.dotted().fold(only(Spacing) | only(CompatibilityForm) | only(PrivateUse) | only(VariantForm))
	var known []rune
	sounded := false // another language, written by its sound
	for _, r := range han {
		switch {
		case separator(r):
			sounded = true
		case !ideograph(r) || t.of(r) == nil:
			return Result{Unreadable, only(ReadingUnknown)}
		default:
			known = append(known, r)
		}
	}
	if sounded || len(known) > longestRead {
		return Result{Unreadable, only(OtherSpelling)}
	}
	if why, ok := t.read(known, primary, secondary, truncated); ok {
		return Result{Variant, why | only(Romanised)}
	}
	if len(known) > longestHan || !t.mandarin(primary) || !t.mandarin(secondary) {
		return Result{Unreadable, only(OtherSpelling)}
	}
	return Result{Mismatch, only(Romanised)}
}

// read looks for a reading of the name in the two parts, with the surname first or last.
func (t *readingTable) read(han []rune, primary, secondary string, truncated bool) (Reasons, bool) {
	if secondary == "" {
		if t.spells(han, primary) {
			return only(Spacing), true
		}
		return only(Truncated), truncated && t.begins(han, primary)
	}
	spacing := func(k int) Reasons {
		if k != surnameLength(han) {
			return only(Spacing)
		}
		return 0
	}
	first := t.splits(han, primary)
	for _, k := range first {
		if t.spells(han[k:], secondary) {
			return spacing(k), true
		}
	}
	for _, k := range t.splits(han, secondary) {
		if t.spells(han[k:], primary) {
			return spacing(k) | only(Order), true
		}
	}
	for _, k := range first {
		if truncated && t.begins(han[k:], secondary) {
			return spacing(k) | only(Truncated), true
		}
	}
	return 0, false
}

// acrossScripts compares names that have no script in common.
func acrossScripts(x, y name) Result {
	if y.scripts == scriptHan {
		x, y = y, x
	}
	if x.scripts != scriptHan || y.scripts != scriptLatin {
		return Result{Unreadable, only(OtherScript)}
	}
	words := latinWords(y)
	if words == nil {
		return Result{Unreadable, only(OtherSpelling)}
	}
	last := len(words) - 1
	first := romanised(x, words[0], strings.Join(words[1:], ""), false)
	if first.Agreement == Variant || last == 0 {
		return first
	}
	turned := romanised(x, words[last], strings.Join(words[:last], ""), false)
	if turned.Agreement == Variant {
		turned.Reasons |= only(Order)
		return turned
	}
	return first
}

// latinWords gives the words of a Latin name in A-Z, tone marks dropped and u with diaeresis as V; nil when a letter
// has no such form.
func latinWords(n name) []string {
	var out []string
	for _, word := range n.words() {
		var b strings.Builder
		for _, r := range norm.NFD.String(string(name{runes: word}.fold(only(Separator) | only(Width) | only(Case)))) {
			switch {
			case r >= 'A' && r <= 'Z':
				b.WriteRune(r)
			case r == '\u0308' && strings.HasSuffix(b.String(), "U"):
				s := strings.TrimSuffix(b.String(), "U") + "V"
				b.Reset()
				b.WriteString(s)
			case !unicode.Is(unicode.Mn, r):
				return nil
			}
		}
		if b.Len() > 0 {
			out = append(out, b.String())
		}
	}
	return slices.Clip(out)
}
