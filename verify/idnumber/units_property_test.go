package idnumber

import (
	"testing"

	"pgregory.net/rapid"
)

var unitKinds = []Kind{USCC, OrgCode, BizReg, BankCard, MobilePhone, ICCID, IMEI}

func TestGeneratedUnitsAreValid(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		kind, text := drawOf(t, unitKinds...)
		if r := Check(kind, text, on); r.Status != Valid || r.Canonical.IsZero() {
			t.Fatalf("%s: %v", text, r)
		}
	})
}

// Each of these algorithms promises to notice one changed character. GB 11714's own does not: letters whose values differ
// by eleven look alike to it.
func TestOneChangedCharacterIsNoticed(t *testing.T) {
	alphabets := map[Kind]string{USCC: usccAlphabet}
	rapid.Check(t, func(t *rapid.T) {
		kind, text := drawOf(t, USCC, BizReg, BankCard, ICCID, IMEI)
		alphabet := alphabets[kind]
		if alphabet == "" {
			alphabet = "0123456789"
		}
		for i := range text {
			for _, c := range alphabet {
				if byte(c) == text[i] {
					continue
				}
				changed := text[:i] + string(c) + text[i+1:]
				if r := Check(kind, changed, on); r.Findings[CheckDigit].Outcome == Passed {
					t.Fatalf("%s, place %d changed to %c: %v", text, i+1, c, r)
				}
			}
		}
	})
}

// Luhn notices every swap of neighbours but that of 0 and 9.
func TestSwappedNeighboursAreNoticed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		kind, text := drawOf(t, BankCard, ICCID, IMEI)
		for i := range len(text) - 1 {
			a, b := text[i], text[i+1]
			if a == b {
				continue
			}
			blind := a == '0' && b == '9' || a == '9' && b == '0'
			swapped := text[:i] + string([]byte{b, a}) + text[i+2:]
			r := Check(kind, swapped, on)
			reached := r.Findings[CheckDigit].Code != CodeNotReached
			if reached && (r.Findings[CheckDigit].Outcome == Passed) != blind {
				t.Fatalf("%s, places %d and %d swapped: %v", text, i+1, i+2, r)
			}
		}
	})
}
