package personname

import (
	"slices"
	"strings"
)

// everything is what fold can take away but for where words end.
const everything = 1<<Width | 1<<Case | 1<<CompatibilityForm | 1<<PrivateUse | 1<<VariantForm | 1<<Diacritic

// parted gives the folded name with one space wherever its words are parted. An apostrophe parts none.
func (n name) parted() []rune {
	var out []rune
	for _, r := range n.fold(everything) {
		switch {
		case strings.ContainsRune(apostrophes, r):
		case !space(r) && !separator(r):
			out = append(out, r)
		case len(out) > 0 && out[len(out)-1] != ' ':
			out = append(out, ' ')
		}
	}
	if last := len(out) - 1; last >= 0 && out[last] == ' ' {
		out = out[:last]
	}
	return out
}

// nested tells whether two spellings agree when the words of one are parted further in the other: XIAN is XI AN, but
// FANG AN and FAN GAN are two names.
func nested(a, b lattice) bool {
	return meet(a, b.loosened(), false) || meet(a.loosened(), b, false)
}

// loosened lets the spaces be left out. No two spaces may follow each other, and none may be last.
func (l lattice) loosened() lattice {
	out := slices.Clone(l)
	for at, steps := range l {
		for _, s := range steps {
			if s.letter == ' ' {
				out[at] = append(slices.Clip(out[at]), l[s.to]...)
			}
		}
	}
	return out
}

// partedUnlike tells names of the same letters that have a place in common where words end, and on its two sides are
// each parted further in another name: ANNAMARIA VAN DER BERG and ANNA MARIA VANDERBERG.
func partedUnlike(x, y name) bool {
	a, b := name{runes: x.parted()}.words(), name{runes: y.parted()}.words()
	for i := 1; i < min(len(a), maxWords); i++ {
		for j := 1; j < min(len(b), maxWords); j++ {
			if spellAlike(slices.Concat(a[:i]...), slices.Concat(b[:j]...)) && spellAlike(slices.Concat(a[i:]...), slices.Concat(b[j:]...)) {
				return true
			}
		}
	}
	return false
}

// marksLost tells names that agree when A, O or U of the one may be AE, OE or UE of the other: both are written for a
// letter with a diaeresis that neither name shows. In pinyin XU and XUE are two syllables.
func marksLost(x, y name) bool {
	for turned, other := range turns(x, y) {
		if nested(spellBy(turned.parted(), spellingsWithoutMarks), spellBy(other.parted(), spellingsWithoutMarks)) {
			return !pinyin(x) || !pinyin(y)
		}
	}
	return false
}

// spellingsWithoutMarks lists what may be written for a letter that may have lost its diaeresis.
func spellingsWithoutMarks(r rune) []string {
	switch r {
	case 'A', 'O', 'U':
		return []string{string(r) + "E"}
	}
	return spellingsOfMarked(r)
}

// pinyin tells a name that is a row of Mandarin syllables.
func pinyin(n name) bool {
	return readings().mandarin(strings.ReplaceAll(string(n.parted()), " ", ""))
}
