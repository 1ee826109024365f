package personname

import (
	"slices"
	"strings"
)

// CompareMRZ compares a name with the primary and secondary identifiers of a machine-readable zone, in A-Z with spaces
// where the zone has fillers (ICAO Doc 9303-3, section 4.6). Truncated says that the zone's name field is full, so that
// its name may be a beginning (Doc 9303-4, section 4.2.3): the caller reads that from the field's last position.
//
// Latin names are compared by the transliterations of Doc 9303-3, section 6.A. A Han name is at best a Variant, by its
// Mandarin readings; see the package's limits for what pinyin does not spell. Names in other scripts, and names of more
// than one, are Unreadable.
func CompareMRZ(written, primary, secondary string, truncated bool) Result {
	primary, secondary = strings.Trim(primary, " "), strings.Trim(secondary, " ")
	n, why := read(written)
	why |= zone(primary, secondary)
	if why != 0 {
		return Result{Unreadable, why}
	}
	if primary == "" {
		primary, secondary = secondary, ""
	}
	switch n.scripts {
	case scriptHan:
		return romanised(n, strings.ReplaceAll(primary, " ", ""), strings.ReplaceAll(secondary, " ", ""), truncated)
	case scriptLatin:
		return latinZone(n, primary, secondary, truncated)
	}
	return Result{Unreadable, only(OtherScript)}
}

// zone says why the identifiers are none of a machine-readable zone.
func zone(primary, secondary string) Reasons {
	var why Reasons
	if len(primary)+len(secondary) > MaxBytes {
		return only(TooLong)
	}
	for _, c := range []byte(primary + secondary) {
		if c != ' ' && (c < 'A' || c > 'Z') {
			why |= only(BadCharacter)
		}
	}
	if primary+secondary == "" {
		why |= only(Empty)
	}
	return why
}

// latinZone compares a Latin name, which may stand in either order. The zone has capitals only, so case tells nothing.
func latinZone(n name, primary, secondary string, truncated bool) Result {
	n = name{runes: n.fold(only(Case)), scripts: n.scripts}
	if !n.spelled() {
		return Result{Unreadable, only(OtherSpelling)}
	}
	z := name{runes: []rune(strings.Trim(primary+" "+secondary, " ")), scripts: scriptLatin}
	if slices.Equal(n.runes, z.runes) {
		return Result{Match, 0}
	}
	found := inOneScript(n, z)
	if found.Agreement == Variant || !truncated {
		return found
	}
	why := only(Truncated)
	for words := range orders(n.words()) {
		if shortened(words, strings.Fields(primary), strings.Fields(secondary)) {
			return Result{Variant, why}
		}
		why = only(Truncated) | only(Order)
	}
	return found
}

// spelled tells whether there is a rule for each letter of a Latin name.
func (n name) spelled() bool {
	return !slices.ContainsFunc(n.runes, func(r rune) bool {
		return r >= 0x80 && !separator(r) && !space(r) && !unwritten(r) && spellings(narrow(r)) == nil
	})
}

// shortened tells whether the zone's words are the name's, cut short as Doc 9303 allows: letters off the end of a
// word, words off the end of an identifier. The secondary's may begin anywhere after the primary's: where the surname
// ends, the name does not tell.
func shortened(words [][]rune, primary, secondary []string) bool {
	var all [][]rune
	for _, w := range words {
		for _, part := range strings.FieldsFunc(string(w), func(r rune) bool { return strings.ContainsRune(hyphens+dots, r) }) {
			all = append(all, name{runes: []rune(part)}.fold(only(Separator)|only(Width)|only(Case)))
		}
	}
	if len(all) < len(primary)+len(secondary) || !cut(all[:len(primary)], primary) {
		return false
	}
	if len(secondary) == 0 {
		return true
	}
	for at := len(primary); at+len(secondary) <= len(all); at++ {
		if cut(all[at:at+len(secondary)], secondary) {
			return true
		}
	}
	return false
}

// cut tells whether each word of the zone begins the word of the name.
func cut(words [][]rune, zone []string) bool {
	for i, z := range zone {
		if !meet(spell(words[i]), spell([]rune(z)), true) {
			return false
		}
	}
	return true
}
