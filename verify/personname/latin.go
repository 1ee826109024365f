package personname

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// transliterations are those of ICAO Doc 9303-3 section 6.A that are more than the letter without its marks.
var transliterations = map[rune][]string{
	'Ä': {"AE", "A"}, 'Å': {"AA", "A"}, 'Æ': {"AE"}, 'Ð': {"D"}, 'Đ': {"D"}, 'Ħ': {"H"}, 'Ĳ': {"IJ"}, 'Ł': {"L"}, 'Ŀ': {"L"},
	'Ñ': {"N", "NXX"}, 'Ŋ': {"N"}, 'Ö': {"OE", "O"}, 'Ø': {"OE"}, 'Œ': {"OE"}, 'Þ': {"TH"}, 'Ŧ': {"T"}, 'Ü': {"UE", "UXX", "U"}, 'ẞ': {"SS"},
}

// practice is what else is written for a letter, outside that table: in tickets and registers, in Azerbaijan's
// passports, in pinyin without the diaeresis, in West Africa without the hooks, and in Russian print.
var practice = map[rune][]string{
	'ß': {"SS"}, 'Ø': {"O"}, 'Ð': {"DH"}, 'Ə': {"A", "E"}, 'Ü': {"V", "YU"}, 'ĸ': {"K"}, 'ŉ': {"N"},
	'Ɓ': {"B"}, 'Ɗ': {"D"}, 'Ɛ': {"E"}, 'Ɔ': {"O"}, 'Ƙ': {"K"}, 'Ƴ': {"Y"}, 'Ё': {"Е"},
}

// spellings lists what may be written for a letter, in small letters for one that has a capital; nothing when there is
// no rule.
func spellings(r rune) []string {
	capital := upper(r)
	all := slices.Concat(transliterations[capital], practice[capital])
	if len(all) == 0 {
		all = withoutMarks(capital)
	}
	if capital == r {
		return all
	}
	for i := range all {
		all[i] = strings.ToLower(all[i])
	}
	return all
}

// withoutMarks gives what is written for a capital of the alphabets that are written without diacritics too: the
// spellings of the letter with fewer of them, the letter under them, the letters of a ligature or digraph.
func withoutMarks(capital rune) []string {
	decomposed := []rune(norm.NFD.String(string(capital)))
	if unicode.Is(unicode.Greek, capital) && decomposed[0] != capital {
		return []string{string(decomposed[0])}
	}
	if !unicode.Is(unicode.Latin, capital) || narrow(capital) != capital {
		return nil
	}
	for n := len(decomposed) - 1; n > 0; n-- {
		fewer := []rune(norm.NFC.String(string(decomposed[:n])))
		if all := transliterations[fewer[0]]; len(fewer) == 1 && all != nil {
			return slices.Concat(all, practice[fewer[0]])
		}
	}
	var letters strings.Builder
	for _, r := range norm.NFKD.String(string(capital)) {
		switch r = upper(r); {
		case r >= 'A' && r <= 'Z':
			letters.WriteRune(r)
		case !unicode.IsMark(r):
			return nil
		}
	}
	return []string{letters.String()}
}

// spellingsOfMarked lists what may be written for a letter outside A-Z.
func spellingsOfMarked(r rune) []string {
	if r < unicode.MaxASCII {
		return nil
	}
	return spellings(r)
}

// unwritten tells the marks that many leave out, where they did not compose: combining diacritics, the vowel signs of
// Arabic with the stroke that draws a word out, the points of Hebrew.
func unwritten(r rune) bool {
	switch {
	case r >= 0x0300 && r <= 0x036F, r >= 0x064B && r <= 0x0652, r == 0x0670, r == 0x0640:
		return true
	}
	return r >= 0x0591 && r <= 0x05C7 && unicode.IsMark(r)
}

// lattice is every spelling of a name at once: nodes in a row, and from each the letters that lead on.
type lattice [][]step

type step struct {
	letter  rune
	to      int
	anyCase bool
}

func (s step) agrees(t step) bool {
	return s.letter == t.letter || (s.anyCase || t.anyCase) && upper(s.letter) == upper(t.letter)
}

// spell builds the lattice of a folded name; the last node is its end.
func spell(runes []rune) lattice { return spellBy(runes, spellingsOfMarked) }

func spellBy(runes []rune, alternativesOf func(rune) []string) lattice {
	l := lattice{nil}
	for _, r := range runes {
		if unwritten(r) {
			continue
		}
		at := len(l) - 1
		alternatives := alternativesOf(r)
		inner := 0
		for _, s := range alternatives {
			inner += utf8.RuneCountInString(s) - 1
		}
		end := at + inner + 1
		l = append(l, make(lattice, end-at)...)
		l[at] = append(l[at], step{letter: r, to: end})
		// Small letters without a capital stand among capitals too.
		caseless := unicode.IsLower(r) && upper(r) == r
		next := at + 1
		for _, s := range alternatives {
			from := at
			letters := []rune(s)
			for i, letter := range letters {
				to := end
				if i < len(letters)-1 {
					to, next = next, next+1
				}
				l[from] = append(l[from], step{letter, to, caseless || i > 0})
				from = to
			}
		}
	}
	return l
}

// spellAlike tells whether two folded names have a spelling in common.
func spellAlike(x, y []rune) bool { return meet(spell(x), spell(y), false) }

// meet walks both lattices together. With prefix, it is enough that all of b is used up. Each pair of nodes is visited
// once, so that the work is bounded by their product (MaxBytes).
func meet(a, b lattice, prefix bool) bool {
	seen := make([]bool, len(a)*len(b))
	type pair struct{ a, b int }
	open := []pair{{0, 0}}
	for len(open) > 0 {
		at := open[len(open)-1]
		open = open[:len(open)-1]
		if at.b == len(b)-1 && (prefix || at.a == len(a)-1) {
			return true
		}
		for _, s := range a[at.a] {
			for _, t := range b[at.b] {
				if key := s.to*len(b) + t.to; s.agrees(t) && !seen[key] {
					seen[key] = true
					open = append(open, pair{s.to, t.to})
				}
			}
		}
	}
	return false
}
