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

func draw(t *rapid.T) (Kind, string) {
	kind := rapid.SampledFrom([]Kind{ResidentID, ResidencePermit}).Draw(t, "kind")
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

func FuzzCheck(f *testing.F) {
	g := &Generator{Rand: rand.New(rand.NewPCG(1, 1)), On: on}
	for _, kind := range Kinds() {
		text, err := g.Next(kind)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(kind), text, uint16(2026), uint8(11), uint8(22))
		f.Add(string(kind), strings.ToLower(text)+" ", uint16(0), uint8(0), uint8(0))
	}
	for _, s := range []string{"11010519491231002X", "440524188001010014", "110105010203999", "１１０１０５", "Ⅹ", "\xff", "(8)"} {
		f.Add("resident_id", s, uint16(2026), uint8(11), uint8(22))
	}
	f.Fuzz(func(t *testing.T, kind, raw string, year uint16, month, day uint8) {
		on := Date{year, month, day}
		r := Check(Kind(kind), raw, on)
		checkInvariants(t, raw, &r)
		if r.Canonical.IsZero() || r.Kind == PassportMRZ { // a zone's canonical number is a passport's
			return
		}
		again := Check(r.Kind, r.Canonical.Reveal(), on)
		if again.Subject() != r.Subject() || again.Status == Invalid {
			t.Fatalf("%q: %v, canonical again: %v", raw, r, again)
		}
	})
}

// checkInvariants holds a result against what every result promises.
func checkInvariants(t *testing.T, raw string, r *Result) {
	t.Helper()
	if (r.Status == Invalid) != r.Canonical.IsZero() || (r.Status == Valid) != (r.Reason == NoCode) {
		t.Fatalf("%q: %v", raw, r)
	}
	for p, f := range r.Findings {
		if (f.Outcome == Passed || f.Outcome == Absent) != (f.Code == NoCode) {
			t.Fatalf("%q: %v is %v", raw, Part(p), f)
		}
		if f.Outcome != Absent && !slices.Contains(r.Kind.Parts(), Part(p)) {
			t.Fatalf("%q: %v is no part of a %s", raw, Part(p), r.Kind)
		}
	}
	if !utf8.ValidString(raw) && r.Status != Invalid {
		t.Fatalf("%q is no UTF-8 and %v", raw, r)
	}
}
