package explain

import (
	"bytes"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode"

	"pgregory.net/rapid"

	"realname/verify/idnumber"
)

var (
	today     = idnumber.Date{Year: 2026, Month: 11, Day: 22}
	languages = []string{"zh", "en"}
)

// Every kind, part, form, issuer, sex and status has words in both languages.
func TestTextsAreComplete(t *testing.T) {
	c := texts()
	need := func(what string, x text) {
		t.Helper()
		if x.ZH == "" || x.EN == "" {
			t.Errorf("%s lacks a text: %+v", what, x)
		}
	}
	for _, kind := range idnumber.Kinds() {
		k := c.Kinds[kind]
		if k == nil {
			t.Errorf("%s has no texts", kind)
			continue
		}
		need(string(kind), k.Name)
		for _, part := range kind.Parts() {
			need(part.String(), c.Parts[part.String()])
			need(fmt.Sprintf("%s, %s", kind, part), k.Parts[part.String()])
		}
		if len(k.Parts) != len(kind.Parts()) {
			t.Errorf("%s has %d parts and texts for %d", kind, len(kind.Parts()), len(k.Parts))
		}
	}
	if len(c.Kinds) != len(idnumber.Kinds()) {
		t.Errorf("texts for %d kinds, of %d", len(c.Kinds), len(idnumber.Kinds()))
	}
	for f := idnumber.FormOnly + 1; f.String() != "unknown"; f++ {
		need(f.String(), c.Forms[f.String()])
	}
	for i := idnumber.NoIssuer + 1; i.String() != "unknown"; i++ {
		need(i.String(), c.Issuers[i.String()])
	}
	for _, s := range []idnumber.Sex{idnumber.Male, idnumber.Female} {
		need(s.String(), c.Sexes[s.String()])
	}
	for _, s := range []idnumber.Status{idnumber.Valid, idnumber.Suspicious, idnumber.Invalid} {
		need(s.String(), c.Statuses[s.String()])
		need(s.String(), c.Advice[s.String()])
	}
	for name, x := range c.Labels {
		need(name, x)
	}
	for code, x := range c.States {
		need(code, x)
	}
}

// Places are within the number, in order, disjoint, and name parts and fields that have texts.
func TestLayoutsFitTheKinds(t *testing.T) {
	placed := map[string]bool{}
	for _, l := range layouts {
		length := l.length
		if length == 0 {
			length = 19
		}
		for _, kind := range l.kinds {
			end, parts := 0, map[idnumber.Part]bool{idnumber.Structure: true}
			for _, p := range kind.Parts() {
				parts[p] = true
			}
			for _, p := range placesOf(kind, l.form, length) {
				if p.start < end || p.end <= p.start || p.end > length {
					t.Errorf("%s of %d: a place from %d to %d behind %d", kind, length, p.start, p.end, end)
				}
				end = p.end
				if !parts[p.part] {
					t.Errorf("%s of %d: a place of %s, which it has not", kind, length, p.part)
				}
				if x := texts().Kinds[kind].Fields[p.field]; p.field != "" && (x.ZH == "" || x.EN == "") {
					t.Errorf("%s of %d: no text for the field %s", kind, length, p.field)
				}
				placed[string(kind)+p.part.String()] = true
			}
			if end != length {
				t.Errorf("%s of %d: only %d characters have a place", kind, length, end)
			}
		}
	}
	for _, kind := range idnumber.Kinds() {
		for _, p := range kind.Parts() {
			if p != idnumber.Structure && !placed[string(kind)+p.String()] {
				t.Errorf("%s of %s has no place", p, kind)
			}
		}
	}
}

// notInForm tells the codes of parts that a form does not have.
func notInForm(code idnumber.Code) bool {
	return code == idnumber.CodeNotInForm || code == idnumber.CodeDateNotInForm || code == idnumber.CodeCheckDigitAbsent
}

// sound checks what holds for the explanation of any input.
func sound(t interface {
	Helper()
	Fatalf(string, ...any)
}, r idnumber.Result, raw, lang string) Explanation {
	t.Helper()
	x := Explain(r, raw, lang)
	shown := []rune(x.Number)
	for _, c := range shown {
		if c != '\n' && (!unicode.IsPrint(c) || unicode.IsMark(c)) {
			t.Fatalf("%s: %q shows %U", r.Kind, raw, c)
		}
	}
	judged := map[idnumber.Part]int{}
	for _, s := range x.Segments {
		if s.Start < 0 || s.End < s.Start || s.End > len(shown) || s.Name == "" {
			t.Fatalf("%s: %q has the segment %+v", r.Kind, raw, s)
		}
		if s.Field == "" {
			if s.Start < s.End && notInForm(s.Code) {
				t.Fatalf("%s: %q has no %s and a place for it", r.Kind, raw, s.Part)
			}
			judged[s.Part]++
			if s.Outcome != r.Findings[s.Part].Outcome || s.Code != r.Findings[s.Part].Code || s.Meaning == "" {
				t.Fatalf("%s: %q has the part %+v", r.Kind, raw, s)
			}
		}
	}
	for _, p := range r.Kind.Parts() {
		if judged[p] != 1 {
			t.Fatalf("%s: %q is told %s %d times", r.Kind, raw, p, judged[p])
		}
	}
	var out bytes.Buffer
	if err := x.Render(&out); err != nil || out.Len() == 0 {
		t.Fatalf("%s: %q: %v", r.Kind, raw, err)
	}
	return x
}

// Of every generated number each executed part but the structure has its place, and nothing is called wrong.
func TestGeneratedNumbersAreExplained(t *testing.T) {
	for _, kind := range idnumber.Kinds() {
		g := idnumber.Generator{Rand: rand.New(rand.NewPCG(1, 2)), On: today}
		for range 100 {
			raw, err := g.Next(kind)
			if err != nil {
				t.Fatal(err)
			}
			for _, lang := range languages {
				x := sound(t, idnumber.Check(kind, raw, today), raw, lang)
				for _, s := range x.Segments {
					if s.Start == s.End && s.Part != idnumber.Structure && s.Outcome == idnumber.Passed {
						t.Errorf("%s: %s passed and has no place in %q", kind, s.Part, raw)
					}
				}
			}
		}
	}
}

func TestAnyInputIsExplained(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		kind := rapid.SampledFrom(idnumber.Kinds()).Draw(t, "kind")
		piece := rapid.SampledFrom([]string{"1", "9", "X", "a", "<", "(", "）", "Ｘ", "１", " ", "\n", "\x1b[2J", "\u202e", "e\u0301", "\xff", "字第", "86", "0000", "F", "…"})
		pieces := rapid.SliceOfN(piece, 0, 60).Draw(t, "pieces")
		raw := strings.Join(pieces, "")
		sound(t, idnumber.Check(kind, raw, today), raw, rapid.SampledFrom(languages).Draw(t, "language"))
	})
}

func FuzzExplain(f *testing.F) {
	for i, raw := range []string{"11010519491231002X", "\x1b]0;x\a", "１\u202e", strings.Repeat("9", 500), "P<UTO\n\r<"} {
		f.Add(raw, uint8(i))
	}
	kinds := idnumber.Kinds()
	f.Fuzz(func(t *testing.T, raw string, which uint8) {
		sound(t, idnumber.Check(kinds[int(which)%len(kinds)], raw, today), raw, languages[which%2])
	})
}

// Numbers invented, but for the specimens of GB 11714 (org_code), 3GPP TS 23.003 as Wikipedia has it (imei) and schemes (cards).
func TestTheLikeliestKindIsExplained(t *testing.T) {
	for _, c := range []struct {
		why, raw string
		want     idnumber.Kind
		last     idnumber.Kind // of the list
	}{
		{"a passport has a shape; military numbers have hardly any", "E12345678", idnumber.Passport, idnumber.ArmedPoliceID},
		{"a fixed prefix", "H12345678", idnumber.HKMOPermit, idnumber.ArmedPoliceID},
		{"a fixed prefix of two letters", "MA1234567", idnumber.HKMOPermit, idnumber.ArmedPoliceID},
		{"a fixed prefix before a check digit that fits", "H12345675", idnumber.HKMOPermit, idnumber.ArmedPoliceID},
		{"eight digits", "12345678", idnumber.TWPermit, idnumber.ArmedPoliceID},
		{"a check digit", "04595257", idnumber.TaiwanUBN, ""},
		{"a check character", "D2143569-X", idnumber.OrgCode, idnumber.ArmedPoliceID},
		{"15 digits: a Visa card never has so many", "490154203237518", idnumber.IMEI, idnumber.BankCard},
		{"15 digits: American Express has", "378282246310005", idnumber.BankCard, ""},
		{"16 digits of a card", "4111111111111111", idnumber.BankCard, idnumber.IMEI},
		{"a line of a machine; no card begins so", "1064812345678", idnumber.MobilePhone, idnumber.BankCard},
		{"no issuer is known: still all that it could be", "9000000000001", idnumber.BankCard, idnumber.BankCard},
		{"characters before the number", "军字第12345678号", idnumber.MilitaryID, idnumber.ArmedPoliceID},
		{"a resident number beats what also fits", "110105491231002", idnumber.ResidentID, idnumber.BankCard},
	} {
		possible, best := Candidates(c.raw, today, idnumber.Check)
		if best.Kind != c.want {
			t.Errorf("%s: %s is explained, want %s", c.why, best.Kind, c.want)
		}
		if c.last != "" && (len(possible) == 0 || possible[len(possible)-1].Kind != c.last) {
			t.Errorf("%s: the list is %v, want %s last", c.why, possible, c.last)
		}
	}
}

// A wrong check digit is never answered with the one that fits.
func TestNoHintWhichDigitFits(t *testing.T) {
	g := idnumber.Generator{Rand: rand.New(rand.NewPCG(3, 4)), On: today}
	for range 200 {
		right, err := g.Next(idnumber.ResidentID)
		if err != nil {
			t.Fatal(err)
		}
		wrong := right[:17] + string("0123456789"[(right[17]-'0'+1)%10])
		if right[17] == 'X' {
			wrong = right[:17] + "0"
		}
		for _, lang := range languages {
			var out bytes.Buffer
			x := Explain(idnumber.Check(idnumber.ResidentID, wrong, today), wrong, lang)
			if err := x.Render(&out); err != nil || x.Status != idnumber.Invalid {
				t.Fatalf("%s, %v", x, err)
			}
			if strings.Contains(out.String(), right) {
				t.Fatal("the right number is told")
			}
		}
	}
}

func TestExplanationDoesNotLeak(t *testing.T) {
	const raw = "11010519491231002X"
	x := Explain(idnumber.Check(idnumber.ResidentID, raw, today), raw, "en")
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("explained", "what", x)
	for _, printed := range []string{fmt.Sprint(x), fmt.Sprintf("%+v %#v %s %q", x, x, x, x), log.String()} {
		if strings.Contains(printed, "1949") {
			t.Errorf("printed %s", printed)
		}
	}
}
