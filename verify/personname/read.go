package personname

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// name is a name that can be read: letters, marks, spaces and separators, with canonically equivalent writings of
// letters (NFC) made one, but not those of ideographs.
type name struct {
	runes   []rune
	scripts scripts
}

// scripts is a set of scripts; Han and Latin have a bit of their own, as have those that names in China come in.
type scripts uint32

const (
	scriptHan scripts = 1 << iota
	scriptLatin
	scriptOther
	firstListed
)

var listedScripts = []*unicode.RangeTable{
	unicode.Cyrillic, unicode.Arabic, unicode.Tibetan, unicode.Mongolian, unicode.Hangul, unicode.Hiragana, unicode.Katakana,
	unicode.Yi, unicode.Greek, unicode.Hebrew, unicode.Thai, unicode.Lao, unicode.Devanagari, unicode.Armenian, unicode.Georgian,
}

func scriptOf(r rune) scripts {
	if ideograph(r) {
		return scriptHan
	}
	if unicode.Is(unicode.Latin, narrow(r)) {
		return scriptLatin
	}
	for i, table := range listedScripts {
		if unicode.Is(table, r) {
			return firstListed << i
		}
	}
	return scriptOther
}

// ideograph tells a Han character, of any plane and any version of Unicode: names are where new characters come from.
func ideograph(r rune) bool {
	switch {
	case r >= 0x4E00 && r <= 0x9FFF, r >= 0x3400 && r <= 0x4DBF, r == '〇', r == '々':
		return true
	case compatibility(r):
		return unicode.Is(unicode.Han, r)
	}
	return r >= 0x20000 && r <= 0x3FFFD && r&0xFFFF <= 0xFFFD
}

// compatibility tells the blocks of compatibility ideographs; a few characters within have no other code point.
func compatibility(r rune) bool { return r >= 0xF900 && r <= 0xFAFF || r >= 0x2F800 && r <= 0x2FA1F }

func selector(r rune) bool { return r >= 0xFE00 && r <= 0xFE0F || r >= 0xE0100 && r <= 0xE01EF }

func privateUse(r rune) bool { return unicode.Is(unicode.Co, r) }

const (
	// dots are the middle dot between the parts of a name and what is typed or recognised for it.
	dots = "\u00B7\u2022\u30FB\uFF65\u2027\u2219\u22C5\u16EB\u2E31\u2E33\uA78F\u318D\u1427\u02D9\u2E30" + stops
	// stops are those of them that end an abbreviation in Latin names.
	stops   = ".\u3002\uFF0E\uFF61\uFE52"
	hyphens = "-\u2010\u2011\u2012\u2013\u2014\u2212\uFE63\uFF0D"
	// apostrophes hold the romanised hamza and ayn too, which few systems can write.
	apostrophes = "'\u2018\u2019\u02BC\u02BB\u02BE\u02BF\u00B4`\uFF07"
	commas      = ",\uFF0C\u3001"
	separators  = dots + hyphens + apostrophes + commas

	// placeholders are what systems write for a character that they do not have.
	placeholders = "?\uFF1F*\uFF0A\uFE61\u25A1\u25A0\u3013\u25CB\u25CF\u25EF\u00D7\uFFFD\u2610\u2612\u2B1C\u2B1A_\uFF3F"

	// fillers are letters by category and show nothing.
	fillers = "\u115F\u1160\u3164\uFFA0"
)

func separator(r rune) bool { return strings.ContainsRune(separators, r) }

// stroke tells that a character is the dot stroke (U+4E36, or its radical) between two Han characters: keyboards and
// recognisers write it for the middle dot.
func (n name) stroke(at int) bool {
	return dotStroke(n.runes[at]) && n.hanBeside(at, -1) && n.hanBeside(at, 1)
}

func dotStroke(r rune) bool { return brought(r) == '丶' }

// hanBeside tells whether the next character in a direction is a Han character other than a stroke.
func (n name) hanBeside(at, direction int) bool {
	for at += direction; at >= 0 && at < len(n.runes); at += direction {
		if r := n.runes[at]; !space(r) && !selector(r) {
			return ideograph(brought(r)) && !dotStroke(r)
		}
	}
	return false
}

// dotted gives the name with middle dots for such strokes.
func (n name) dotted() name {
	out := name{runes: slices.Clone(n.runes), scripts: n.scripts}
	for at := range out.runes {
		if n.stroke(at) {
			out.runes[at] = '·'
		}
	}
	return out
}

func space(r rune) bool { return unicode.Is(unicode.Zs, r) }

func letter(r rune) bool {
	return unicode.IsLetter(r) && !strings.ContainsRune(fillers, r) || ideograph(r)
}

// read checks that a name can be compared at all; otherwise it says why not.
func read(raw string) (name, Reasons) {
	switch {
	case len(raw) > MaxBytes:
		return name{}, only(TooLong)
	case !utf8.ValidString(raw):
		return name{}, only(NotUTF8)
	}
	text := compose(strings.TrimSpace(raw))
	n := name{runes: make([]rune, 0, len(text))}
	var why Reasons
	letters, carries := 0, false // carries: a combining mark may stand here
	for _, r := range text {
		n.runes = append(n.runes, r)
		switch {
		case strings.ContainsRune(placeholders, r):
			why |= only(Placeholder)
		case separator(r), space(r):
			carries = false
		case selector(r):
			if before := len(n.runes) - 2; before < 0 || !ideograph(brought(n.runes[before])) {
				why |= only(BadCharacter)
			}
		case unicode.IsMark(r):
			if !carries {
				why |= only(BadCharacter)
			}
		default:
			mapped := brought(r)
			if !letter(mapped) {
				why |= unread(r)
				continue
			}
			letters++
			carries = true
			n.scripts |= scriptOf(mapped)
		}
	}
	if letters == 0 && why == 0 {
		why = only(Empty)
	}
	return n, why
}

// unread says why a character that is no part of a name is none.
func unread(r rune) Reasons {
	if privateUse(r) {
		return only(UnmappedUse)
	}
	return only(BadCharacter)
}

// compose brings text to NFC but for compatibility ideographs, whose difference is to be reported.
func compose(text string) string {
	if norm.NFC.IsNormalString(text) {
		return text
	}
	var out strings.Builder
	for text != "" {
		i := strings.IndexFunc(text, compatibility)
		if i < 0 {
			i = len(text)
		}
		out.WriteString(norm.NFC.String(text[:i]))
		if text = text[i:]; text != "" {
			_, size := utf8.DecodeRuneInString(text)
			out.WriteString(text[:size])
			text = text[size:]
		}
	}
	return out.String()
}

// words are what stands between spaces and commas.
func (n name) words() [][]rune {
	var out [][]rune
	begun := false
	for _, r := range n.runes {
		if space(r) || strings.ContainsRune(commas, r) {
			begun = false
			continue
		}
		if !begun {
			out, begun = append(out, nil), true
		}
		last := len(out) - 1
		out[last] = append(out[last], r)
	}
	return out
}
