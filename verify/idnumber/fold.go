package idnumber

import "unicode/utf8"

// maxRaw is the longest input in bytes: the longest canonical number in full-width characters, with room for spaces.
const maxRaw = 128

// fold writes the folded form of raw to dst and gives its length, or a code that says what cannot be folded.
//
// These spellings, and no others, are the same number (a closed list, not NFKC: Cyrillic Х, the Roman numeral Ⅹ and
// digits of other scripts are refused):
//   - full-width digits, letters and brackets, as their ASCII forms
//   - lower-case ASCII letters, as upper-case
//   - spaces (U+0020, U+3000) and hyphens (U+002D, U+2010, U+2011, U+FF0D) anywhere, as nothing
func fold(raw string, dst *[numberSize]byte) (int, Code) {
	if len(raw) > maxRaw {
		return 0, CodeTooLong
	}
	n := 0
	for i := 0; i < len(raw); {
		c := raw[i]
		if c < utf8.RuneSelf {
			i++
		} else {
			r, size := utf8.DecodeRuneInString(raw[i:])
			if r == utf8.RuneError && size == 1 {
				return 0, CodeNotUTF8
			}
			if c = narrow(r); c == 0 {
				return 0, CodeBadCharacter
			}
			i += size
		}
		switch {
		case c-'0' <= 9, c-'A' <= 'Z'-'A', c == '(', c == ')':
		case c-'a' <= 'z'-'a':
			c -= 'a' - 'A'
		case c == ' ', c == '-':
			continue
		default:
			return 0, CodeBadCharacter
		}
		if n == numberCap {
			return 0, CodeBadLength
		}
		dst[n] = c
		n++
	}
	if n == 0 {
		return 0, CodeEmpty
	}
	return n, ""
}

// narrow gives the ASCII form of a character of the closed list, 0 for any other.
func narrow(r rune) byte {
	const fullWidth = '！' - '!'
	switch {
	case r >= '０' && r <= '９', r >= 'Ａ' && r <= 'Ｚ', r >= 'ａ' && r <= 'ｚ', r == '（', r == '）', r == '－':
		return byte(r - fullWidth)
	case r == '\u3000':
		return ' '
	case r == '\u2010', r == '\u2011':
		return '-'
	}
	return 0
}
