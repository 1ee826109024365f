package verify_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"realname/compliance"
	"realname/verify"
	"realname/verify/authority/standin"
	"realname/verify/idnumber"
)

// wide writes ASCII letters and digits in full width.
func wide(s string) string {
	return strings.Map(func(r rune) rune {
		if r > ' ' && r < 0x7f {
			return r + '！' - '!'
		}
		return r
	}, s)
}

// passport makes a passport of ICAO's specimen state that is valid today: its zone, its number and the name in it.
func passport(t *testing.T, h *house) (zone, number, name string) {
	t.Helper()
	today := idnumber.DateOf(h.clock.now())
	g := idnumber.Generator{Rand: rand.New(rand.NewPCG(1, 2)), On: today}
	zone, err := g.Next(idnumber.PassportMRZ)
	if err != nil {
		t.Fatal(err)
	}
	zone = strings.ReplaceAll(zone, "\n", " ")
	read := idnumber.ReadMRZ(zone, today)
	primary, secondary, _ := read.Name()
	return zone, read.Canonical.Reveal(), primary + " " + secondary
}

// One person with five spellings gets five cards, and not twenty-five: whatever documents the number is read from, and
// however it is written, it counts on one person.
func TestOnePersonUnderEverySpelling(t *testing.T) {
	h := newHouse(t)
	p := h.woman("19900101")
	old := p.number[:6] + p.number[8:17]
	zone, number, name := passport(t, h)
	type writing struct{ kind, number, state string }
	for _, tc := range []struct {
		why, canonical, name string
		writings             []writing
	}{
		{"a resident's number on every document that carries it", p.number, p.name, []writing{
			{"resident_id", p.number, ""}, {"resident_id", wide(p.number), "CHN"},
			{"resident_id", p.number[:6] + " " + p.number[6:14] + "-" + p.number[14:], ""},
			{"temporary_id", p.number, ""}, {"household_register", p.number, ""}, {"household_register", old, ""},
			{"military_id", p.number, ""}, {"military_id", old, ""}, {"armed_police_id", wide(old), ""},
		}},
		{"the check character x", "11010519491231002X", "云初一", []writing{ // GB 11643-1999, sample
			{"resident_id", "11010519491231002X", ""}, {"resident_id", "11010519491231002x", ""},
			{"resident_id", "11010519491231002ｘ", ""}, {"household_register", "110105491231002", ""},
		}},
		{"a travel permit with and without its count", "H12345678", "云初二", []writing{
			{"hkmo_permit", "H12345678", ""}, {"hkmo_permit", "H1234567800", ""}, {"hkmo_permit", "h1234567801", "CHN"},
			{"hkmo_permit", wide("H12345678"), ""}, {"hkmo_permit", "H 1234 5678 02", ""},
		}},
		{"a Taiwan permit with and without its count and office", "12345678", "云初三", []writing{
			{"tw_permit", "12345678", ""}, {"tw_permit", "1234567801", ""}, {"tw_permit", "1234567802(B)", ""}, {"tw_permit", wide("12345678"), ""},
		}},
		{"a passport's number and its zone", number, name, []writing{
			{"passport_mrz", zone, ""}, {"passport_mrz", strings.ToLower(zone), "UTO"}, {"passport_mrz", strings.ReplaceAll(zone, " ", ""), ""},
			{"passport", number, "UTO"}, {"passport", strings.ToLower(number), "UTO"}, {"passport", wide(number), "UTO"},
		}},
		{"a passport of Hong Kong is China's", "KJ0000001", "云初四", []writing{
			{"passport", "KJ0000001", "HKG"}, {"passport", "KJ0000001", "CHN"}, {"passport", "kj0000001", "MAC"},
		}},
		{"a residence permit", "810000199408230021", "云初五", []writing{ // State Council notice of 2018, specimen
			{"residence_permit", "810000199408230021", ""}, {"residence_permit", wide("810000199408230021"), "CHN"},
		}},
		{"a foreigner's card", "911398199012310021", "云初六", []writing{ // NIA notice of 2023-10, specimen
			{"foreign_pr", "911398199012310021", ""}, {"foreign_pr", wide("911398199012310021"), "CHN"},
			{"foreign_pr", "911 398 19901231 002 1", ""},
		}},
	} {
		t.Run(tc.why, func(t *testing.T) {
			h.sim.Know(standin.Person{Number: tc.canonical, Name: tc.name})
			ask := func(w writing) verify.Answer {
				r := h.fullCard(person{name: tc.name})
				r.Request.Parties[0].Document = verify.Document{Kind: w.kind, Number: verify.Secret(w.number), IssuingState: w.state}
				return h.open(t, h.carrier, r)
			}
			for i := range 5 {
				want(t, ask(tc.writings[i%len(tc.writings)]), compliance.Approved, "", "")
			}
			for _, w := range tc.writings {
				a := ask(w)
				if a.Decision.Outcome != compliance.Rejected || len(a.Decision.Quotas) != 1 || a.Decision.Quotas[0].Used != 5 {
					t.Errorf("%s of %d characters: %s, %v", w.kind, len(w.number), a.Decision.Outcome, a.Decision.Quotas)
				}
			}
		})
	}
}

// Stock is counted on the same person, from documents that nobody may show today too.
func TestStockCountsOnTheSamePerson(t *testing.T) {
	h := newHouse(t)
	p := h.woman("19900101")
	var rows []verify.StockRow
	for i, d := range []verify.Document{
		{Kind: "resident_id", Number: verify.Secret(p.number[:6] + p.number[8:17])}, // first generation: void, and hers
		{Kind: "resident_id", Number: verify.Secret(wide(p.number)), ValidTo: "2015-01-01"},
		{Kind: "temporary_id", Number: verify.Secret(p.number)},
		{Kind: "military_id", Number: verify.Secret(p.number), BirthDate: "1990-01-01", Sex: "female", Nationality: "CHN"},
		{Kind: "household_register", Number: verify.Secret(p.number), IssuingState: "CHN"},
	} {
		rows = append(rows, verify.StockRow{Document: d, Product: "mobile_card", ExternalRef: fmt.Sprint(i)})
	}
	if s, err := h.Import(context.Background(), h.carrier, h.key(), rows); err != nil || s.Loaded != 5 {
		t.Fatalf("%+v, %v", s, err)
	}
	want(t, h.open(t, h.carrier, h.fullCard(p)), compliance.Rejected, "quota_exceeded", "R-5CARD")
}

func TestStockThatNamesNobodyIsRefused(t *testing.T) {
	h := newHouse(t)
	p := h.woman("19900101")
	good := verify.Document{Kind: "resident_id", Number: verify.Secret(p.number)}
	with := func(change func(*verify.Document)) verify.Document {
		d := good
		change(&d)
		return d
	}
	for code, d := range map[string]verify.Document{
		"document_not_allowed":   {Kind: "bank_card", Number: "6216261000000000018"},
		"issuing_state_missing":  {Kind: "passport", Number: "L898902C3"},
		"issuing_state_unknown":  {Kind: "passport", Number: "L898902C3", IssuingState: "AAA"},
		"issuing_state_mismatch": with(func(d *verify.Document) { d.IssuingState = "AAA" }),
		"birth_mismatch":         with(func(d *verify.Document) { d.BirthDate = "1990-01-02" }),
		"sex_mismatch":           with(func(d *verify.Document) { d.Sex = "male" }),
		"nationality_mismatch":   with(func(d *verify.Document) { d.Nationality = "DEU" }),
		"unknown_kind":           {Kind: "library_card", Number: "1"},
	} {
		row := verify.StockRow{Document: d, Product: "mobile_card", ExternalRef: code}
		s, err := h.Import(context.Background(), h.carrier, h.key(), []verify.StockRow{row})
		if err != nil || s.Loaded != 0 || len(s.Refused) != 1 || s.Refused[0].Code != code {
			t.Errorf("%s: %+v, %v", code, s, err)
		}
	}
}

func TestAPassportNeedsItsState(t *testing.T) {
	h := newHouse(t)
	zone, number, name := passport(t, h)
	for _, tc := range []struct{ why, kind, number, state, code string }{
		{"many states issue the number", "passport", number, "", "issuing_state_missing"},
		{"no such state", "passport", number, "AAA", "issuing_state_unknown"},
		{"the zone says another", "passport_mrz", zone, "DEU", "issuing_state_mismatch"},
		{"the zone says another than none", "passport_mrz", zone, "AAA", "issuing_state_mismatch"},
		{"of Hong Kong", "hkid", "A123456(3)", "CHN", "issuing_state_mismatch"},
	} {
		r := h.ask(name, verify.Document{Kind: tc.kind, Number: verify.Secret(tc.number), IssuingState: tc.state})
		_, err := h.Decide(context.Background(), h.platform, h.key(), r)
		if got := compliance.CodeOf(err); err == nil || got != tc.code {
			t.Errorf("%s: %v, want %s", tc.why, err, tc.code)
		}
	}
	// One number of two states is two passports.
	h.sim.Know(standin.Person{Number: number, Name: name})
	for i := range 10 {
		r := h.fullCard(person{name: name})
		r.Request.Parties[0].Document = verify.Document{Kind: "passport", Number: verify.Secret(number), IssuingState: []string{"UTO", "DEU"}[i%2]}
		want(t, h.open(t, h.carrier, r), compliance.Approved, "", "")
	}
}

// A document that proves nothing, or names nobody who can be counted, opens nothing by itself.
func TestWhoCannotBeCountedIsReviewed(t *testing.T) {
	h := newHouse(t)
	for _, tc := range []struct {
		why, reason string
		d           verify.Document
		counted     int
	}{
		{"no public check", "check_digit_unpublished", verify.Document{Kind: "military_id", Number: "军字第00000001号"}, 1},
		{"a card's zone, which may be that of a permit with a number of its own", "further_review",
			verify.Document{Kind: "passport_mrz", Number: verify.Secret(cardOf("UTO", "D23145890"))}, 0},
	} {
		r := h.fullCard(person{name: "云试"})
		r.Request.Parties[0].Document = tc.d
		a := h.open(t, h.carrier, r)
		want(t, a, compliance.Review, tc.reason, "")
		if a.Opening != nil || len(a.Decision.Quotas) != tc.counted {
			t.Errorf("%s: opening %+v, quotas %v", tc.why, a.Opening, a.Decision.Quotas)
		}
	}
}
