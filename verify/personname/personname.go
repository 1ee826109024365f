// Package personname compares a claimed name with the name on a document, in an authority's answer or in a
// machine-readable zone. It is pure, and safe for hostile input: names are bounded by MaxBytes.
//
// It leans away from accusing anybody. What a lossy system or a recogniser cannot write is Unreadable, never Mismatch;
// what registers are known to write differently for one and the same name is Variant, with the reasons. A variant is to
// be looked at, or accepted by policy.
//
// # What is one name
//
// Han characters differ by a listed pair only: a traditional and its simplified form, or two shapes of one character
// (forms.txt). Two characters that the Table of General Standard Chinese Characters (2013) keeps apart are two names,
// although dictionaries call some of them variants: U+5586 and U+54F2, U+5803 and U+5764. Traditional forms that were
// simplified alike are two characters as well: U+767C and U+9AEE. Six pairs of the Table are Variant all the same, with
// the reason OneSense, since converters bring the one to the other in every sense: 乾 and 干, 徵 and 征, 藉 and 借, 瞭 and
// 了, 麽 and 么, 夥 and 伙.
//
// Characters are read as GB 18030-2022 has them: its former private-use code points as what replaced them; any other
// private-use character cannot be read.
//
// # What it cannot tell
//
// How a name of one script is written in another, but for Mandarin in Hanyu Pinyin; so a Latin name with middle dots
// behind it, a Cantonese spelling, Cyrillic or Arabic against Latin are Unreadable. A Cantonese spelling that happens to
// consist of Mandarin syllables is a Mismatch with the reason Romanised: do not compare the MRZ of a Hong Kong, Macao or
// Taiwan document with a Han name, or treat that reason as not told.
package personname

import (
	"slices"
	"strings"
)

// MaxBytes is the longest name in bytes of UTF-8; longer ones are Unreadable. The longest registered names are below
// forty characters.
const MaxBytes = 256

// Agreement says whether two names are one person's.
type Agreement uint8

const (
	// Unreadable: nobody can compare these by their characters; the zero value.
	Unreadable Agreement = iota
	// Mismatch: two names.
	Mismatch
	// Variant: the same name in another writing.
	Variant
	// Match: the same name, character by character; spaces around it do not count.
	Match
)

var agreementNames = [...]string{"unreadable", "mismatch", "variant", "match"}

// String gives the stable name.
func (a Agreement) String() string {
	if int(a) < len(agreementNames) {
		return agreementNames[a]
	}
	return "unknown"
}

// MarshalText gives String.
func (a Agreement) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

// Reason says in what two writings differ, or why a name cannot be compared.
type Reason uint8

const (
	Spacing           Reason = iota // spaces between characters
	Separator                       // a middle dot and its look-alikes, hyphens, apostrophes: another one, or none
	Width                           // full-width Latin letters
	Case                            // capital and small letters
	CompatibilityForm               // a compatibility ideograph, or a radical that looks like a character
	PrivateUse                      // a private-use code point of GB 18030 before 2022
	TraditionalForm                 // a traditional and its simplified form
	VariantForm                     // another shape of one character, or a variation selector
	Order                           // given name and surname change places, or other words do
	Romanised                       // one is in Latin letters, the other in Han characters
	Truncated                       // the machine-readable zone had no room for all of it
	Diacritic                       // a letter with a diacritic and what is written for it, or two that are written alike; vowel signs
	OneSense                        // a traditional form of the character in one of its senses only: U+4E7E for U+5E72

	Empty          // nothing but spaces and separators
	TooLong        // longer than MaxBytes
	NotUTF8        // bytes that are no text
	Placeholder    // ? * □ U+FFFD and the like: a system could not write the character
	UnmappedUse    // a private-use character that no standard maps
	BadCharacter   // control, direction or invisible characters, digits, symbols
	OtherScript    // the names are in two scripts, or one of them is, and there is no table between them
	OtherSpelling  // not Hanyu Pinyin, a letter without a rule, AE or A for a lost Ä, words parted otherwise, no name for pinyin
	ReadingUnknown // the Mandarin reading of a character is not known
	reasonCount
)

var reasonNames = [reasonCount]string{
	"spacing", "separator", "width", "case", "compatibility_form", "private_use", "traditional_form", "variant_form", "order",
	"romanised", "truncated", "diacritic", "one_sense",
	"name_empty", "name_too_long", "name_not_utf8", "placeholder", "private_use_unmapped", "name_bad_character", "other_script",
	"other_spelling", "reading_unknown",
}

// String gives the stable name.
func (r Reason) String() string {
	if r < reasonCount {
		return reasonNames[r]
	}
	return "unknown"
}

// MarshalText gives String.
func (r Reason) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// Reasons is a set of reasons.
type Reasons uint32

func only(r Reason) Reasons { return 1 << r }

// Has tells whether r is in the set.
func (s Reasons) Has(r Reason) bool { return r < reasonCount && s&only(r) != 0 }

// List gives the reasons in their fixed order.
func (s Reasons) List() []Reason {
	var out []Reason
	for r := range reasonCount {
		if s.Has(r) {
			out = append(out, r)
		}
	}
	return out
}

// String gives the names with commas between.
func (s Reasons) String() string {
	var names []string
	for _, r := range s.List() {
		names = append(names, r.String())
	}
	return strings.Join(names, ",")
}

// MarshalText gives String.
func (s Reasons) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// Result of a comparison. It holds codes only, nothing of the names.
type Result struct {
	Agreement Agreement
	// Reasons: empty for a match; what differs for a variant; why it cannot be told for unreadable; Romanised for a
	// mismatch between two scripts.
	Reasons Reasons
}

// String gives the agreement and its reasons.
func (r Result) String() string {
	if r.Reasons == 0 {
		return r.Agreement.String()
	}
	return r.Agreement.String() + " " + r.Reasons.String()
}

// MarshalText gives String.
func (r Result) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// Compare says whether a and b are the same name. It is symmetric.
func Compare(a, b string) Result {
	// One fixed order, so that the reasons too do not depend on who comes first.
	if b < a {
		a, b = b, a
	}
	x, why := read(a)
	y, whyToo := read(b)
	if why |= whyToo; why != 0 {
		return Result{Unreadable, why}
	}
	if slices.Equal(x.runes, y.runes) {
		return Result{Match, 0}
	}
	if x.scripts&y.scripts == 0 {
		return acrossScripts(x, y)
	}
	return inOneScript(x, y)
}

// inOneScript compares names that have a script in common and are not equal.
func inOneScript(x, y name) Result {
	if why, ok := sameWriting(x, y); ok {
		return Result{Variant, why}
	}
	if why, ok := inOtherOrder(x, y); ok {
		return Result{Variant, why}
	}
	return apart(x, y)
}

// apart judges names in one script that no rule brings together: it accuses only where the rules reach.
func apart(x, y name) Result {
	switch {
	case x.scripts != y.scripts && (x.scripts|y.scripts)&scriptHan != 0:
		return Result{Unreadable, only(OtherScript)}
	case (x.scripts&y.scripts)&scriptLatin == 0 || (x.scripts|y.scripts)&scriptHan != 0:
		return Result{Agreement: Mismatch}
	case !x.spelled(), !y.spelled(), partedUnlike(x, y), marksLost(x, y):
		return Result{Unreadable, only(OtherSpelling)}
	}
	return Result{Agreement: Mismatch}
}

// foldable are the differences that fold can take away.
var foldable = []Reason{Spacing, Separator, Width, Case, CompatibilityForm, PrivateUse, VariantForm, Diacritic}

// sameWriting compares two names of one script with every fold, and says which of them it takes to make them agree. Case
// goes before Diacritic: a dotless i is no capital, but a small letter's spellings are small.
func sameWriting(x, y name) (Reasons, bool) {
	need := Reasons(0)
	for _, r := range foldable {
		need |= only(r)
	}
	forms, ok := agree(x.fold(need), y.fold(need), need)
	if !ok || (x.scripts|y.scripts)&scriptHan == 0 && !nested(spell(x.parted()), spell(y.parted())) {
		return 0, false
	}
	// One after the other: two folds may each do what the other does, and then one of them is the reason.
	for _, r := range foldable {
		less := need &^ only(r)
		if fewer, ok := agree(x.fold(less), y.fold(less), less); ok {
			need, forms = less, fewer
		}
	}
	return need | forms, true
}

// agree compares two folded names. The reasons are those of Han characters that differ.
func agree(x, y []rune, folds Reasons) (Reasons, bool) {
	if slices.Equal(x, y) {
		return 0, true
	}
	if !slices.ContainsFunc(x, ideograph) && !slices.ContainsFunc(y, ideograph) {
		return 0, folds.Has(Diacritic) && spellAlike(x, y)
	}
	if len(x) != len(y) {
		return 0, false
	}
	var why Reasons
	for i := range x {
		form, same := sameCharacter(x[i], y[i])
		if !same {
			return 0, false
		}
		why |= form
	}
	return why, true
}
