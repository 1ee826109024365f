package personname

import (
	"slices"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// fold takes the named differences away.
func (n name) fold(take Reasons) []rune {
	out := make([]rune, 0, len(n.runes))
	for at, r := range n.runes {
		switch {
		case separator(r), n.stroke(at):
			if take.Has(Separator) {
				continue
			}
		case space(r):
			if take.Has(Spacing) {
				continue
			}
		case selector(r):
			if take.Has(VariantForm) {
				continue
			}
		default:
			r = letterAs(r, take)
		}
		out = append(out, r)
	}
	if slices.ContainsFunc(out, unicode.IsMark) {
		// What was folded may compose now.
		out = []rune(compose(string(out)))
	}
	return out
}

// letterAs gives the letter without the differences to take away.
func letterAs(r rune, take Reasons) rune {
	if take.Has(PrivateUse) {
		r = standardised(r)
	}
	if take.Has(CompatibilityForm) {
		r = unified(r)
	}
	if take.Has(Width) {
		r = narrow(r)
	}
	if take.Has(Case) {
		r = upper(r)
	}
	return r
}

// brought is a character in the code point that GB 18030-2022 and Unicode want for it.
func brought(r rune) rune { return unified(standardised(r)) }

// narrow gives the ASCII letter of a full-width one.
func narrow(r rune) rune {
	if r >= 'Ａ' && r <= 'Ｚ' || r >= 'ａ' && r <= 'ｚ' {
		return r - 'Ａ' + 'A'
	}
	return r
}

// capitals are the scripts whose names are written in capitals.
var capitals = []*unicode.RangeTable{unicode.Latin, unicode.Cyrillic, unicode.Greek, unicode.Armenian}

func upper(r rune) rune {
	if r >= 'A' && r <= 'Z' {
		return r
	}
	if unicode.IsLetter(r) && unicode.In(r, capitals...) {
		return unicode.ToUpper(r)
	}
	return r
}

// unified gives the ideograph of a compatibility ideograph (its canonical decomposition) or of a radical that looks the
// same (Equivalent_Unified_Ideograph).
func unified(r rune) rune {
	switch {
	case compatibility(r):
		if d := []rune(norm.NFC.String(string(r))); len(d) == 1 {
			return d[0]
		}
	case r >= 0x2E80 && r <= 0x2FDF:
		if to := tables().radicals[r]; to != 0 {
			return to
		}
	}
	return r
}

// gbkFirst is the private-use code point of the first of the eighty characters at FE50 to FEA0, which GBK placed there
// and GB 18030 gave real code points: most in 2000, the rest in 2005 and 2022.
const gbkFirst = 0xE815

var gbkLast80 = []rune("" +
	"\u2E81\U00020087\U00020089\U000200CC\u2E84\u3473\u3447\u2E88\u2E8B\u9FB4\u359E\u361A\u360E\u2E8C\u2E97\u396E" +
	"\u3918\u9FB5\u39CF\u39DF\u3A73\u39D0\u9FB6\u9FB7\u3B4E\u3C6E\u3CE0\u2EA7\U000215D7\u9FB8\u2EAA\u4056\u415F\u2EAE" +
	"\u4337\u2EB3\u2EB6\u2EB7\U0002298F\u43B1\u43AC\u2EBB\u43DD\u44D6\u4661\u464C\u9FB9\u4723\u4729\u477C\u478D\u2ECA" +
	"\u4947\u497A\u497D\u4982\u4983\u4985\u4986\u499F\u499B\u49B7\u49B6\u9FBA\U000241FE\u4CA3\u4C9F\u4CA0\u4CA1\u4C77" +
	"\u4CA2\u4D13\u4D14\u4D15\u4D16\u4D17\u4D18\u4D19\u4DAE\u9FBB")

// standardised gives the code point that GB 18030-2022 has for a private-use one of its earlier editions or of GBK.
// Private-use code points of other vendors' sets are read as GB 18030's too: nothing tells them apart.
func standardised(r rune) rune {
	switch {
	case r >= gbkFirst && r < gbkFirst+rune(len(gbkLast80)):
		return gbkLast80[r-gbkFirst]
	case r == 0xE7C7:
		return 'ḿ'
	case r == 0xE7C8:
		return 'ǹ'
	}
	return r
}
