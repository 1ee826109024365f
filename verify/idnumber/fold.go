package idnumber

import (
	"strings"
	"unicode/utf8"
)

// maxRaw is the longest input in bytes: the longest canonical number in full-width characters, with room for spaces.
const maxRaw = 128

// fold writes the folded form of raw to e.b and its length to e.n, or gives a code that says what cannot be folded.
//
// These spellings, and no others, are the same number (a closed list, not NFKC: Cyrillic Х, the Roman numeral Ⅹ and
// digits of other scripts are refused):
//   - full-width digits, letters, brackets, plus sign and slash, as their ASCII forms
//   - lower-case ASCII letters, as upper-case
//   - spaces (U+0020, U+3000) and hyphens (U+002D, U+2010, U+2011, U+2013, U+2212, U+FF0D) anywhere, as nothing
//   - tabs, line ends, no-break spaces and byte-order marks at both ends, as nothing
func (e *examination) fold(raw string) Code {
	if len(raw) > maxRaw {
		return CodeTooLong
	}
	raw = trim(raw)
	n := 0
	// Most numbers are digits from the first character on.
	for n < len(raw) && n < numberCap && raw[n]-'0' <= 9 {
		e.b[n] = raw[n]
		n++
	}
	for i := n; i < len(raw); {
		c := raw[i]
		if c < utf8.RuneSelf {
			i++
		} else {
			r, size := utf8.DecodeRuneInString(raw[i:])
			if r == utf8.RuneError && size == 1 {
				return CodeNotUTF8
			}
			if c = byte(Narrow(r)); c == 0 {
				return CodeBadCharacter
			}
			i += size
		}
		switch {
		case c-'0' <= 9, c-'A' <= 'Z'-'A', c == '(', c == ')', c == '+', c == '/':
		case c-'a' <= 'z'-'a':
			c -= 'a' - 'A'
		case c == ' ', c == '-':
			continue
		default:
			return CodeBadCharacter
		}
		if n == numberCap {
			return CodeBadLength
		}
		e.b[n] = c
		n++
	}
	if n == 0 {
		return CodeEmpty
	}
	e.n = n
	return NoCode
}

// trim drops what spreadsheets and copying leave around a number.
func trim(raw string) string {
	if n := len(raw); n == 0 || plain(raw[0]) && plain(raw[n-1]) {
		return raw
	}
	return strings.TrimFunc(raw, func(r rune) bool {
		switch r {
		case '\t', '\r', '\n', '\u00a0', '\ufeff', ' ', '\u3000':
			return true
		}
		return false
	})
}

func plain(c byte) bool { return c > ' ' && c < utf8.RuneSelf }

// Narrow gives the ASCII form of a full-width character, space or hyphen of the closed list; 0 for any other character.
func Narrow(r rune) rune {
	const fullWidth = '！' - '!'
	switch {
	case r >= '０' && r <= '９', r >= 'Ａ' && r <= 'Ｚ', r >= 'ａ' && r <= 'ｚ', r == '（', r == '）', r == '－', r == '＋', r == '／':
		return r - fullWidth
	case r == '\u3000':
		return ' '
	case r == '\u2010', r == '\u2011', r == '\u2013', r == '\u2212':
		return '-'
	}
	return 0
}
