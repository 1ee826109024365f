package explain

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/width"

	"realname/verify/idnumber"
)

// maxShown is the most characters of an input that are shown: the longest machine-readable zone is 90.
const maxShown = 96

// shown is a number as it is shown: its characters, and where the bare ones (letters, digits and fillers) stand.
type shown struct {
	runes []rune
	bare  []int // indices into runes
}

// legible prepares an input for showing. One that idnumber could fold is shown folded; another as it was typed, so that
// what is wrong with it can be seen. Nothing in it can move a terminal's cursor.
func legible(raw string, r *idnumber.Result) shown {
	raw = strings.TrimSpace(raw)
	if refused(r.Reason) {
		return asTyped(raw)
	}
	var s shown
	for _, c := range raw {
		c = narrow(c, r.Kind)
		switch {
		case c >= 'a' && c <= 'z':
			s.add(c-'a'+'A', true)
		case c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '<' && r.Kind == idnumber.PassportMRZ:
			s.add(c, true)
		case c == '(', c == ')', c == '/':
			s.add(c, false)
		case unicode.Is(unicode.Han, c):
			s.add(c, true)
		}
	}
	switch {
	case r.Kind == idnumber.PassportMRZ:
		s.breakLines()
	case r.Kind == idnumber.MobilePhone && r.Status != idnumber.Invalid:
		s.keepLast(len(r.Canonical.Reveal()))
	case r.Kind == idnumber.ICCID:
		s.dropPadding()
	}
	return s
}

// refused tells the reasons for which idnumber could not fold the input, or not read it by position.
func refused(reason idnumber.Code) bool {
	switch reason {
	case idnumber.CodeEmpty, idnumber.CodeTooLong, idnumber.CodeNotUTF8, idnumber.CodeBadCharacter:
		return true
	}
	return false
}

func asTyped(raw string) shown {
	var s shown
	for _, c := range raw {
		if len(s.runes) == maxShown {
			s.runes = append(s.runes, '…')
			break
		}
		switch {
		case c == '\n':
			s.add(c, false)
		case c == '\r':
		case !unicode.IsPrint(c) || unicode.IsMark(c): // a mark has no column of its own to point at
			s.add(utf8.RuneError, true)
		default:
			s.add(c, unicode.IsLetter(c) || unicode.IsDigit(c) || c == '<' || c == '＜')
		}
	}
	return s
}

func (s *shown) add(c rune, bare bool) {
	if bare {
		s.bare = append(s.bare, len(s.runes))
	}
	s.runes = append(s.runes, c)
}

// breakLines sets a machine-readable zone in its lines.
func (s *shown) breakLines() {
	line, known := map[int]int{88: 44, 72: 36, 90: 30}[len(s.bare)]
	if !known {
		return
	}
	zone := *s
	*s = shown{}
	for i, at := range zone.bare {
		if i > 0 && i%line == 0 {
			s.add('\n', false)
		}
		s.add(zone.runes[at], true)
	}
}

// keepLast leaves the last n bare characters for the layout: what stands before them is a country code.
func (s *shown) keepLast(n int) {
	if n <= len(s.bare) {
		s.bare = s.bare[len(s.bare)-n:]
	}
}

// dropPadding takes a modem's padding off as idnumber does: in a number with letters F counts up to the 20th character.
func (s *shown) dropPadding() {
	const longest = 20
	n := len(s.bare)
	for n > 0 && s.runes[s.bare[n-1]] == 'F' {
		n--
	}
	isLetter := func(at int) bool { return unicode.IsLetter(s.runes[at]) }
	if slices.ContainsFunc(s.bare[:n], isLetter) {
		n = max(n, min(len(s.bare), longest))
	}
	s.bare = s.bare[:n]
}

// misplaced gives the bare characters that a refused number cannot have; nil when each of them might stand in one.
func (s *shown) misplaced(kind idnumber.Kind) []int {
	var out []int
	for i, at := range s.bare {
		c := narrow(s.runes[at], kind)
		letter := c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z'
		switch {
		case c >= '0' && c <= '9', c == '<' && kind == idnumber.PassportMRZ:
		case letter && !digitsOnly(kind), (c == 'X' || c == 'x') && i == 17 && mayEndInX(kind):
		default:
			out = append(out, at)
		}
	}
	return out
}

func digitsOnly(kind idnumber.Kind) bool {
	switch kind {
	case idnumber.MacauBIR, idnumber.TaiwanUBN, idnumber.BizReg, idnumber.BankCard, idnumber.MobilePhone, idnumber.IMEI:
		return true
	}
	return mayEndInX(kind)
}

func mayEndInX(kind idnumber.Kind) bool {
	switch kind {
	case idnumber.ResidentID, idnumber.TemporaryID, idnumber.HouseholdBook, idnumber.ResidencePermit:
		return true
	}
	return false
}

// narrow gives the ASCII form of a character that numbers of the kind may have in full width, and any other as it is.
func narrow(c rune, kind idnumber.Kind) rune {
	if c == '＜' && kind == idnumber.PassportMRZ {
		return '<'
	}
	if n := idnumber.Narrow(c); n != 0 {
		return n
	}
	return c
}

// columns is how many columns of a terminal a character takes.
func columns(c rune) int {
	switch width.LookupRune(c).Kind() {
	case width.EastAsianWide, width.EastAsianFullwidth:
		return 2
	}
	return 1
}
