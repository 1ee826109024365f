package personname

import (
	"slices"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// transliterations are those of ICAO Doc 9303-3 section 6.A that are more than the letter without its marks.
var transliterations = map[rune][]string{
	'Ä': {"AE", "A"}, 'Å': {"AA", "A"}, 'Æ': {"AE"}, 'Ð': {"D"}, 'Đ': {"D"}, 'Ħ': {"H"}, 'Ĳ': {"IJ"}, 'Ł': {"L"}, 'Ŀ': {"L"},
	'Ñ': {"N", "NXX"}, 'Ŋ': {"N"}, 'Ö': {"OE", "O"}, 'Ø': {"OE"}, 'Œ': {"OE"}, 'Þ': {"TH"}, 'Ŧ': {"T"}, 'Ü': {"UE", "UXX", "U"}, 'ẞ': {"SS"},
}

// practice is what else is written for a letter, outside that table: in tickets and registers, in Azerbaijan's
// passports, and in pinyin without the diaeresis.
var practice = map[rune][]string{
	'ß': {"SS"}, 'Ø': {"O"}, 'Ð': {"DH"}, 'Ə': {"A", "E"}, 'Ü': {"V", "YU"}, 'ĸ': {"K"}, 'ŉ': {"N"},
}

// spellings lists what may be written for a letter in A-Z; nothing when there is no rule.
func spellings(r rune) []string {
	r = upper(r)
	if all := slices.Concat(transliterations[r], practice[r]); len(all) > 0 {
		return all
	}
	if !unicode.Is(unicode.Latin, r) {
		return nil
	}
	if base := []rune(norm.NFD.String(string(r)))[0]; base >= 'A' && base <= 'Z' {
		return []string{string(base)}
	}
	return nil
}

// lattice is every spelling of a name at once: nodes in a row, and from each the letters that lead on.
type lattice [][]step

type step struct {
	letter rune
	to     int
}

// spell builds the lattice of a folded name; the last node is its end. Combining diacritics (U+0300 to U+036F) that did
// not compose are left out.
func spell(runes []rune) lattice {
	l := lattice{nil}
	for _, r := range runes {
		if r >= 0x0300 && r <= 0x036F {
			continue
		}
		at := len(l) - 1
		alternatives := spellings(r)
		if r < unicode.MaxASCII {
			alternatives = nil
		}
		inner := 0
		for _, s := range alternatives {
			inner += len(s) - 1
		}
		end := at + inner + 1
		l = append(l, make(lattice, end-at)...)
		l[at] = append(l[at], step{r, end})
		next := at + 1
		for _, s := range alternatives {
			from := at
			for i := range len(s) {
				to := end
				if i < len(s)-1 {
					to, next = next, next+1
				}
				l[from] = append(l[from], step{rune(s[i]), to})
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
				if key := s.to*len(b) + t.to; s.letter == t.letter && !seen[key] {
					seen[key] = true
					open = append(open, pair{s.to, t.to})
				}
			}
		}
	}
	return false
}
