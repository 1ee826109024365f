package idnumber

import (
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

// unitSeeds has writings of every kind that is checked in uscc.go, bankcard.go, mobile.go and device.go.
var unitSeeds = map[Kind][]string{
	USCC:     {"91350100M000100Y43", "91350211M00013FA1N", "362322198709086409", "B1999900000000000Y", "9135"},
	OrgCode:  {"D2143569-X", "00000000-0", "(X"},
	BizReg:   {"110108000000016", "999999999999999"},
	BankCard: {"6216261000000000018", "6221558812340000", "0000000000000000", "1"},
	MobilePhone: {
		"13800000000", "+86 138 0000 0000", "008613800000000", "1064800000000", "+", "15400000000",
	},
	ICCID: {
		"89860070310112094320", "8986007031011209432F", "898600B5000000000001", "8986010110231170983S", "8985200000000000010",
		"FFFF",
	},
	IMEI: {"490154203237518", "49015420323751", "4901542032375100", "00000000000000"},
}

var unitKinds = []Kind{USCC, OrgCode, BizReg, BankCard, MobilePhone, ICCID, IMEI}

func drawUnit(t *rapid.T, kinds ...Kind) (Kind, string) {
	kind := rapid.SampledFrom(kinds).Draw(t, "kind")
	text, err := generator(t).Next(kind)
	if err != nil {
		t.Fatal(err)
	}
	return kind, text
}

func TestGeneratedUnitsAreValid(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		kind, text := drawUnit(t, unitKinds...)
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
		kind, text := drawUnit(t, USCC, BizReg, BankCard, ICCID, IMEI)
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
		kind, text := drawUnit(t, BankCard, ICCID, IMEI)
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

func FuzzUnits(f *testing.F) {
	for kind, raws := range unitSeeds {
		for _, raw := range raws {
			f.Add(string(kind), raw, uint16(2026), uint8(11), uint8(22))
		}
	}
	f.Add("uscc", "\xff", uint16(0), uint8(0), uint8(0))
	f.Fuzz(func(t *testing.T, name, raw string, year uint16, month, day uint8) {
		kind, day0 := Kind(name), Date{year, month, day}
		if _, ours := unitSeeds[kind]; !ours {
			return
		}
		unitInvariants(t, kind, raw, day0)
	})
}

func TestUnitInvariants(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		kind, text := drawUnit(t, unitKinds...)
		unitInvariants(t, kind, vary(t, text), on)
	})
}

func unitInvariants(t interface{ Fatalf(string, ...any) }, kind Kind, raw string, day Date) {
	r := Check(kind, raw, day)
	canonical := r.Canonical.Reveal()
	if (r.Status == Invalid) != (canonical == "") || (r.Status == Valid) != (r.Reason == NoCode) {
		t.Fatalf("%q: %v", raw, r)
	}
	for p, f := range r.Findings {
		if (f.Outcome == Passed || f.Outcome == Absent) != (f.Code == NoCode) {
			t.Fatalf("%q: %v is %v", raw, Part(p), f)
		}
	}
	if !utf8.ValidString(raw) && r.Status != Invalid {
		t.Fatalf("%q is no UTF-8 and %v", raw, r)
	}
	if canonical == "" {
		return
	}
	again := Check(kind, canonical, day)
	if again.Subject() != r.Subject() || again.Status != r.Status || again.Reason != r.Reason {
		t.Fatalf("%q: %v, canonical again: %v", raw, r, again)
	}
	if strings.Trim(canonical, base36) != "" {
		t.Fatalf("%q: canonical %q", raw, canonical)
	}
}

func TestUnitsDoNotAllocate(t *testing.T) {
	for kind, raws := range unitSeeds {
		for _, raw := range raws {
			sink := Result{}
			if n := testing.AllocsPerRun(100, func() { sink = Check(kind, raw, on) }); n != 0 {
				t.Errorf("%s %q: %v allocations (%v)", kind, raw, n, sink)
			}
		}
	}
}
