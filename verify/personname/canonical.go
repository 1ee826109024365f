package personname

import (
	"strings"
	"unicode"
)

// Canonical gives the one writing under which a name is sent to an authority and stored: NFC, the code points of GB
// 18030-2022, capitals, U+00B7 between the parts of a Han name, no spaces between Han characters and one space between
// words. It keeps traditional forms and shapes: those are the person's. It gives false for a name that cannot be read.
func Canonical(raw string) (string, bool) {
	n, why := read(raw)
	if why != 0 {
		return "", false
	}
	letters := only(Width) | only(Case) | only(CompatibilityForm) | only(PrivateUse) | only(VariantForm)
	runes := n.dotted().fold(letters)
	var out strings.Builder
	for i := 0; i < len(runes); {
		j := i
		for j < len(runes) && gap(runes[j]) {
			j++
		}
		if j == i {
			out.WriteRune(runes[i])
			i++
			continue
		}
		out.WriteString(between(runes, i, j))
		i = j
	}
	s := compose(out.String())
	return s, len(s) <= MaxBytes
}

func gap(r rune) bool { return separator(r) || space(r) }

// between gives the one writing of the spaces and separators runes[i:j].
func between(runes []rune, i, j int) string {
	text := string(runes[i:j])
	first, last := i == 0, j == len(runes)
	hanBefore, hanAfter := !first && ideograph(lastLetter(runes[:i])), !last && ideograph(runes[j])
	han := hanBefore || hanAfter
	switch {
	case first:
		// 't Hart and the like begin with one.
		if !han && strings.ContainsAny(text, apostrophes) {
			return "'"
		}
		return ""
	case last:
		if !han && fullStop(text) {
			return "."
		}
		return ""
	}
	tail := ""
	if !han && strings.ContainsFunc(text, space) {
		tail = " "
	}
	switch {
	case strings.ContainsAny(text, dots):
		if han || !fullStop(text) {
			return "·"
		}
		return "." + tail
	case strings.ContainsAny(text, hyphens):
		return "-"
	case strings.ContainsAny(text, apostrophes):
		return "'" + tail
	case strings.ContainsAny(text, commas):
		return "," + tail
	case hanBefore && hanAfter:
		return ""
	}
	return " "
}

// fullStop tells whether the first dot is one that ends an abbreviation.
func fullStop(text string) bool {
	at := strings.IndexAny(text, dots)
	return at >= 0 && strings.IndexAny(text[at:], stops) == 0
}

// lastLetter gives the last character that is no combining mark.
func lastLetter(runes []rune) rune {
	i := len(runes) - 1
	for i > 0 && unicode.IsMark(runes[i]) {
		i--
	}
	return runes[i]
}
