package idnumber

import (
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"realname/verify/idnumber/gb2260"
)

func generator(t *rapid.T) *Generator {
	return &Generator{Rand: rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0)), On: on}
}

func draw(t *rapid.T) (Kind, string) { return drawOf(t, ResidentID, ResidencePermit) }

func drawOf(t *rapid.T, kinds ...Kind) (Kind, string) {
	kind := rapid.SampledFrom(kinds).Draw(t, "kind")
	n, err := generator(t).Next(kind)
	if err != nil {
		t.Fatal(err)
	}
	return kind, n
}

func TestGeneratedNumbersAreValidSpecimens(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		kind, number := draw(t)
		r := Check(kind, number, on)
		if r.Status != Valid || r.Canonical.Reveal() != number {
			t.Fatalf("generated number: %v", r)
		}
		if r.Findings[Sequence] != (Finding{Warning, CodeNotIssued}) {
			t.Fatalf("a generated number might belong to somebody: %v", r.Findings[Sequence])
		}
	})
}

// MOD 11-2 promises both; the check character counts as a digit of its own.
func TestSingleChangesAndTranspositionsAreCaught(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		kind, number := draw(t)
		for i := range number {
			for _, c := range "0123456789X" {
				if byte(c) == number[i] {
					continue
				}
				changed := number[:i] + string(c) + number[i+1:]
				if r := Check(kind, changed, on); r.Status != Invalid || !r.Canonical.IsZero() {
					t.Fatalf("place %d changed to %c: %v", i+1, c, r)
				}
			}
			if i+1 < len(number) && number[i] != number[i+1] {
				swapped := number[:i] + string(number[i+1]) + string(number[i]) + number[i+2:]
				if r := Check(kind, swapped, on); r.Status != Invalid {
					t.Fatalf("places %d and %d swapped: %v", i+1, i+2, r)
				}
			}
		}
	})
}

// Every spelling of the closed list is the same number.
func TestSpellings(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		kind, number := draw(t)
		var spelled strings.Builder
		for _, c := range number {
			spelled.WriteString(rapid.SampledFrom([]string{"", "", " ", "-", "　", "－", "‐"}).Draw(t, "separator"))
			forms := []string{string(c), string(c + 0xFEE0)}
			if c == 'X' {
				forms = append(forms, "x", "ｘ")
			}
			spelled.WriteString(rapid.SampledFrom(forms).Draw(t, "form"))
		}
		r := Check(kind, spelled.String(), on)
		if len(spelled.String()) > maxRaw {
			if r.Reason != CodeTooLong {
				t.Fatalf("%d bytes: %v", spelled.Len(), r)
			}
			return
		}
		if r.Canonical.Reveal() != number {
			t.Fatalf("%q: %v", spelled.String(), r)
		}
	})
}

// A legacy number is the number it was upgraded to, and nothing else.
func TestLegacyIsItsUpgrade(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n, err := generator(t).Next(ResidentID)
		if err != nil {
			t.Fatal(err)
		}
		long := n
		r := Check(ResidentID, long[:6]+long[8:17], on)
		want := with(long[:6] + "19" + long[8:17])
		if strings.HasPrefix(long[14:], "99") {
			want = with(long[:6] + "18" + long[8:17])
		}
		if r.Status == Invalid { // 29 February exists in one century only
			return
		}
		if r.Canonical.Reveal() != want {
			t.Fatalf("%v, want %s", r, want)
		}
	})
}

func TestSpecimenErrors(t *testing.T) {
	for _, c := range []struct {
		why   string
		kind  Kind
		area  gb2260.Code
		birth Date
		sex   Sex
	}{
		{"a man born before 1951", ResidentID, 110105, Date{1950, 1, 1}, Male},
		{"no sex", ResidentID, 110105, Date{1990, 1, 1}, SexUnknown},
		{"no such day", ResidentID, 110105, Date{1990, 2, 30}, Female},
		{"no such area", ResidentID, 110199, Date{1990, 1, 1}, Female},
		{"area of seven digits", ResidentID, 1101050, Date{1990, 1, 1}, Female},
		{"area not yet in force", ResidentID, 330113, Date{2000, 1, 1}, Female},
		{"a resident's area on a permit", ResidencePermit, 110105, Date{1990, 1, 1}, Female},
		{"no such kind", "loyalty_card", 110105, Date{1990, 1, 1}, Female},
		{"a year of five digits", ResidentID, 110105, Date{10000, 1, 1}, Female},
	} {
		if n, err := Specimen(c.kind, c.area, c.birth, c.sex); !errors.Is(err, ErrNoSpecimen) || !n.IsZero() {
			t.Errorf("%s: %v, %v", c.why, n, err)
		}
	}
	for _, g := range []Generator{{On: Date{}}, {On: Date{90, 1, 1}}, {On: Date{10000, 1, 1}}} {
		if _, err := g.Next(ResidentID); !errors.Is(err, ErrNoSpecimen) {
			t.Errorf("on %v: %v", g.On, err)
		}
	}
	g := Generator{Rand: rand.New(rand.NewPCG(1, 1)), On: on}
	if _, err := g.Next("loyalty_card"); !errors.Is(err, ErrNoSpecimen) {
		t.Errorf("no such kind: %v", err)
	}
}

// writings has right, wrong and strange writings of every kind, beside a generated one.
var writings = map[Kind][]string{
	ResidentID: {
		"11010519491231002X", "440524188001010014", "110105010203999", "610104620927690", "110105194912310021", "１１０１０５", "Ⅹ",
		"(8)", " １１０１０５-19491231002ｘ", with("11019919900101000"),
	},
	HKMOPermit:    {"H1234567801", "HA1234567"},
	TWPermit:      {"1234567801(B)"},
	ForeignPR:     {"KAZ110090123105", "KAZ110000022900", old("ZZZ44999012310"), "911398199012310021"},
	Passport:      {"L898902C3", " ｅ-12345678"},
	MilitaryID:    {"军字第12345678号", "武警 字 第 １２３４ 号", "字第号", "军\xff", "\xe5\x86", strings.Repeat("军", 42)},
	ArmedPoliceID: {"11010519491231002X", "武警 字第 12345678 号"},
	HKID:          {"A123456(3)", "AB987654(3)", "(((", ")", "()"},
	MacauBIR:      {"1/234567/8", "////////"},
	TaiwanID:      {"A123456789", "AA00000009"},
	TaiwanUBN:     {"04595257"},
	USCC:          {"91350100M000100Y43", "91350211M00013FA1N", "362322198709086409", "B1999900000000000Y", "9135"},
	OrgCode:       {"D2143569-X", "00000000-0", "(X"},
	BizReg:        {"110108000000016", "999999999999999"},
	BankCard:      {"6216261000000000018", "6221558812340000", "0000000000000000", "1"},
	MobilePhone:   {"13800000000", "+86 138 0000 0000", "008613800000000", "1064800000000", "+", "15400000000"},
	ICCID: {
		"89860070310112094320", "8986007031011209432F", "898600B5000000000001", "8986010110231170983S", "8985200000000000010",
		"FFFF",
	},
	IMEI: {"490154203237518", "49015420323751", "4901542032375100", "00000000000000"},
}

// FuzzCheck reads every writing as a number of every kind, and of the kind that the fuzzer names.
func FuzzCheck(f *testing.F) {
	for _, kind := range Kinds() {
		generated := benchNumber(f, kind, 1)
		f.Add(string(kind), generated, uint16(2026), uint8(11), uint8(22))
		f.Add(string(kind), strings.ToLower(generated)+" ", uint16(0), uint8(0), uint8(0))
		for _, raw := range writings[kind] {
			f.Add(string(kind), raw, uint16(2026), uint8(11), uint8(22))
			f.Add(string(kind), raw, uint16(65535), uint8(2), uint8(29))
		}
	}
	f.Add("loyalty_card", "", uint16(2026), uint8(11), uint8(22))
	f.Add("loyalty_card", "\xff", uint16(0), uint8(0), uint8(0))
	f.Fuzz(func(t *testing.T, kind, raw string, year uint16, month, day uint8) {
		for _, kind := range append(Kinds(), Kind(kind)) {
			checkInvariants(t, kind, raw, Date{year, month, day})
		}
	})
}

func TestInvariants(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		kind, text := drawOf(t, Kinds()...)
		checkInvariants(t, kind, vary(t, text), on)
	})
}

// checkInvariants holds a result against what every result promises.
func checkInvariants(t interface{ Fatalf(string, ...any) }, kind Kind, raw string, day Date) {
	r := Check(kind, raw, day)
	canonical := r.Canonical.Reveal()
	if (r.Status == Invalid) != (canonical == "") || (r.Status == Valid) != (r.Reason == NoCode) {
		t.Fatalf("%s %q: %v", kind, raw, r)
	}
	parts := kind.Parts()
	for p, f := range r.Findings {
		if (f.Outcome == Passed || f.Outcome == Absent) != (f.Code == NoCode) || (f.Outcome == Absent) == slices.Contains(parts, Part(p)) {
			t.Fatalf("%s %q: %v is %v", kind, raw, Part(p), f)
		}
	}
	if !utf8.ValidString(raw) && r.Status != Invalid {
		t.Fatalf("%s %q is no UTF-8 and %v", kind, raw, r)
	}
	if canonical == "" {
		return
	}
	military := kind == MilitaryID || kind == ArmedPoliceID
	if !utf8.ValidString(canonical) || !military && strings.Trim(canonical, base36) != "" {
		t.Fatalf("%s %q: canonical %q", kind, raw, canonical)
	}
	if kind == PassportMRZ { // a zone's canonical number is a passport's
		return
	}
	again := Check(kind, canonical, day)
	if again.Subject() != r.Subject() || again.Canonical != r.Canonical || again.Status != r.Status || again.Reason != r.Reason {
		t.Fatalf("%s %q: %v, canonical again: %v", kind, raw, r, again)
	}
}
