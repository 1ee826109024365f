package idnumber

import (
	"math/rand/v2"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

var personKinds = []Kind{
	HKMOPermit, TWPermit, ForeignPR, Passport, MilitaryID, ArmedPoliceID, HKID, MacauBIR, TaiwanID, TaiwanUBN,
}

// generated draws a number of a kind, in canonical spelling.
func generated(t *rapid.T, kind Kind) string {
	n, err := generator(t).Next(kind)
	if err != nil {
		t.Fatal(err)
	}
	return Check(kind, n, on).Canonical.Reveal()
}

// A generated number is valid, and its canonical number is a writing of itself.
func TestGeneratedPersonNumbers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		kind := rapid.SampledFrom(personKinds).Draw(t, "kind")
		n, err := generator(t).Next(kind)
		if err != nil {
			t.Fatal(err)
		}
		r := Check(kind, n, on)
		if r.Status != Valid {
			t.Fatalf("generated: %v", r)
		}
		again := Check(kind, r.Canonical.Reveal(), on)
		if again.Status != Valid || again.Canonical != r.Canonical || again.Subject() != r.Subject() {
			t.Fatalf("canonical again: %v", again)
		}
	})
}

// The generator shows every form that it can make.
func TestGeneratedForms(t *testing.T) {
	g := Generator{Rand: rand.New(rand.NewPCG(1, 2)), On: on}
	seen := map[Form]bool{}
	for range 200 {
		for _, kind := range personKinds {
			n, err := g.Next(kind)
			if err != nil {
				t.Fatal(err)
			}
			seen[Check(kind, n, on).Form] = true
		}
	}
	for _, form := range []Form{
		FormPermitLifelong, FormPermitForeigner, FormForeignPR15, FormForeignPR18, FormMilitary,
		FormTaiwanNational, FormTaiwanARC, FormTaiwanARC2021,
	} {
		if !seen[form] {
			t.Errorf("never generated: %s", form)
		}
	}
}

// changes calls judge with the number changed in each place to each character of the alphabet.
func changes(number, alphabet string, judge func(place int, to byte, changed string)) {
	for i := range len(number) {
		for j := range len(alphabet) {
			if c := alphabet[j]; c != number[i] {
				judge(i, c, number[:i]+string(c)+number[i+1:])
			}
		}
	}
}

// MOD 11-2 catches every change of one character and every swap of neighbours.
func TestNewForeignPRCatchesEveryChange(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		number := generated(t, ForeignPR)
		if len(number) != foreignPR18 {
			return
		}
		changes(number, "0123456789X", func(place int, to byte, changed string) {
			if r := Check(ForeignPR, changed, on); r.Status != Invalid {
				t.Fatalf("place %d changed to %c: %v", place+1, to, r)
			}
		})
		for i := range len(number) - 1 {
			swapped := number[:i] + string(number[i+1]) + string(number[i]) + number[i+2:]
			if r := Check(ForeignPR, swapped, on); swapped != number && r.Status != Invalid {
				t.Fatalf("places %d and %d swapped: %v", i+1, i+2, r)
			}
		}
	})
}

// Weights 7, 3 and 1 have inverses modulo 10: a changed digit is always caught, a letter unless its value moves by 10 or 20.
func TestOldForeignPRCatchesChanges(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		number := generated(t, ForeignPR)
		if len(number) != foreignPR15 {
			return
		}
		changes(number, "0123456789", func(place int, to byte, changed string) {
			if r := Check(ForeignPR, changed, on); r.Status != Invalid {
				t.Fatalf("place %d changed to %c: %v", place+1, to, r)
			}
		})
		changes(number[:3], "ABCDEFGHIJKLMNOPQRSTUVWXYZ", func(place int, to byte, changed string) {
			promised := (int(to)-int(number[place]))%10 != 0
			caught := Check(ForeignPR, changed+number[3:], on).Findings[CheckDigit].Outcome == Failed
			if caught != promised {
				t.Fatalf("letter %d changed from %c to %c: caught %v, promised %v", place+1, number[place], to, caught, promised)
			}
		})
	})
}

// Weights 9 to 1 and digits have inverses modulo 11: a changed digit is always caught, a letter unless it moves by 11 or 22.
// Weights of neighbours differ by one: a swap of digits is always caught.
func TestHKIDCatchesChanges(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		number := generated(t, HKID)
		letters := len(number) - hkidDigits - 1
		changes(number, "0123456789", func(place int, to byte, changed string) {
			if r := Check(HKID, changed, on); r.Status != Invalid {
				t.Fatalf("place %d changed to %c: %v", place+1, to, r)
			}
		})
		changes(number[:letters], "ABCDEFGHIJKLMNOPQRSTUVWXYZ", func(place int, to byte, changed string) {
			promised := (int(to)-int(number[place]))%11 != 0
			caught := Check(HKID, changed+number[letters:], on).Status == Invalid
			if caught != promised {
				t.Fatalf("letter %d changed from %c to %c: caught %v, promised %v", place+1, number[place], to, caught, promised)
			}
		})
		for i := letters; i < len(number)-1; i++ {
			swapped := number[:i] + string(number[i+1]) + string(number[i]) + number[i+2:]
			if r := Check(HKID, swapped, on); swapped != number && r.Status != Invalid {
				t.Fatalf("places %d and %d swapped: %v", i+1, i+2, r)
			}
		}
	})
}

// Modulo 10 the weights 8, 6, 5, 4 and 2 have no inverse: what is caught is computed here for each place.
func TestTaiwanIDCatchesWhatItPromises(t *testing.T) {
	weights := [taiwanLength]int{0, 8, 7, 6, 5, 4, 3, 2, 1, 1} // the letter apart
	rapid.Check(t, func(t *rapid.T) {
		number := generated(t, TaiwanID)
		changes(number, "0123456789", func(place int, to byte, changed string) {
			if place < 2 {
				return
			}
			promised := weights[place]*(int(to)-int(number[place]))%10 != 0
			if caught := Check(TaiwanID, changed, on).Status == Invalid; caught != promised {
				t.Fatalf("place %d changed from %c to %c: caught %v, promised %v", place+1, number[place], to, caught, promised)
			}
		})
		// 1 and 2, 8 and 9, A to D: no two of a form have the same remainder, and the forms have other sexes.
		for _, form := range []string{"12", "89", "ABCD"} {
			if !strings.Contains(form, number[1:2]) {
				continue
			}
			changes(number[1:2], form, func(_ int, to byte, changed string) {
				if r := Check(TaiwanID, number[:1]+changed+number[2:], on); r.Status != Invalid {
					t.Fatalf("second character changed to %c: %v", to, r)
				}
			})
		}
	})
}

// 26 letters share ten remainders: a changed letter is caught when the published table gives the two different ones.
func TestTaiwanLetters(t *testing.T) {
	const table = "A10 B11 C12 D13 E14 F15 G16 H17 J18 K19 L20 M21 N22 P23 Q24 R25 S26 T27 U28 V29 X30 Y31 W32 Z33 I34 O35"
	remainder := map[byte]int{}
	for _, entry := range strings.Fields(table) {
		remainder[entry[0]] = (int(entry[1]-'0') + 9*int(entry[2]-'0')) % 10
	}
	rapid.Check(t, func(t *rapid.T) {
		number := generated(t, TaiwanID)
		changes(number[:1], "ABCDEFGHIJKLMNOPQRSTUVWXYZ", func(_ int, to byte, changed string) {
			promised := remainder[to] != remainder[number[0]]
			if caught := Check(TaiwanID, changed+number[1:], on).Status == Invalid; caught != promised {
				t.Fatalf("letter changed from %c to %c: caught %v, promised %v", number[0], to, caught, promised)
			}
		})
	})
}

// The rule of 2023 divides by 5: a change is caught when the digits of the products differ modulo 5, and the seventh digit
// is 7 neither before nor after.
func TestTaiwanUBNCatchesWhatItPromises(t *testing.T) {
	once := [10]int{0, 1, 2, 3, 4, 0, 1, 2, 3, 4}  // weight 1, modulo 5
	twice := [10]int{0, 2, 4, 1, 3, 1, 3, 0, 2, 4} // weight 2: 10 counts 1, 12 counts 3, …
	four := [10]int{0, 4, 3, 3, 2, 2, 1, 0, 0, 4}  // weight 4: 12 counts 3, 16 counts 7, …
	rows := [ubnLength][10]int{once, twice, once, twice, once, twice, four, once}
	rapid.Check(t, func(t *rapid.T) {
		number := generated(t, TaiwanUBN)
		changes(number, "0123456789", func(place int, to byte, changed string) {
			if changed[6] == '7' || number[6] == '7' || changed == "00000000" {
				return
			}
			promised := rows[place][to-'0'] != rows[place][number[place]-'0']
			if caught := Check(TaiwanUBN, changed, on).Status == Invalid; caught != promised {
				t.Fatalf("place %d changed from %c to %c: caught %v, promised %v", place+1, number[place], to, caught, promised)
			}
		})
	})
}
