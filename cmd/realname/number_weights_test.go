package main

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"realname/verify/idnumber"
)

// weightVectors has an input for each code, as of 2026-11-22. The numbers are specimens of standards, of sequences that are
// never issued, or no numbers.
var weightVectors = []struct {
	code      string
	kind      idnumber.Kind
	raw       string
	otherwise string // the status, where it is not invalid
}{
	{"unknown_kind", "library_card", "1", ""},
	{"number_empty", idnumber.ResidentID, " ", ""},
	{"number_too_long", idnumber.ResidentID, strings.Repeat(" ", 200), ""},
	{"number_not_utf8", idnumber.ResidentID, "\xff", ""},
	{"number_bad_character", idnumber.ResidentID, "?", ""},
	{"number_bad_length", idnumber.ResidentID, "1", ""},
	{"bracket_unmatched", idnumber.HKID, "A123456(3", ""},
	{"prefix_unknown", idnumber.HKMOPermit, "123456789", ""},
	{"number_all_zero", idnumber.TWPermit, "00000000", ""},
	{"not_reached", idnumber.ResidentID, "1", ""},
	{"check_digit_mismatch", idnumber.ResidentID, "110105194912310021", ""},
	{"check_digit_absent", idnumber.IMEI, "49015420323751", "valid"},
	{"check_digit_unpublished", idnumber.MacauBIR, "1234567(8)", "valid"},
	{"check_digit_undefined", idnumber.ICCID, "898601A0000000000010", "valid"},
	{"check_digit_pilot", idnumber.USCC, "91350100M0001TGQXM", "valid"},    // in the tests of bluesky335/IDCheck
	{"luhn_mismatch", idnumber.BankCard, "6221558812340000", "suspicious"}, // UnionPay's sandbox card
	{"date_invalid", idnumber.ResidentID, "110105194913310021", ""},
	{"date_future", idnumber.ResidentID, numbered("11010520270101000"), ""},
	{"date_over_150_years", idnumber.ResidentID, "110105010203999", "suspicious"},
	{"date_unknown", idnumber.PassportMRZ, "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\nL898902C36UTO<<<<<<0F1204159ZE184226B<<<<<10", "valid"}, // the specimen of ICAO Doc 9303 part 4 with an open birth date
	{"century_assumed", idnumber.ForeignPR, "KAZ110090123105", "valid"},
	{"date_not_in_form", idnumber.MilitaryID, "军字第12345678号", "valid"},
	{"document_expired", idnumber.PassportMRZ, "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\nL898902C36UTO7408122F1204159ZE184226B<<<<<10", "valid"}, // ICAO Doc 9303 part 4
	{"area_unassigned", idnumber.ResidentID, numbered("16010119900101000"), ""},
	{"area_permit_only", idnumber.ResidentID, "810000199408230021", ""}, // State Council notice 2018, the specimen
	{"area_not_permit", idnumber.ResidencePermit, "11010519491231002X", ""},
	{"area_not_county", idnumber.ResidentID, numbered("11000019900101000"), ""},
	{"area_unknown", idnumber.ResidentID, numbered("11019919900101000"), "suspicious"},
	{"area_abolished", idnumber.ResidentID, numbered("11010320200101000"), "suspicious"},
	{"area_created_later", idnumber.ResidentID, numbered("33011319900101000"), "valid"},
	{"sequence_not_issued", idnumber.ResidentID, numbered("11010519900101000"), "valid"},
	{"not_in_form", idnumber.MilitaryID, "军字第12345678号", "valid"},
	{"embedded_code_mismatch", idnumber.USCC, "91350100M000100Y0N", ""},              // the sample of GB 32100-2015 with another check digit within
	{"registration_type_unknown", idnumber.USCC, "9A350100M000100Y47", "suspicious"}, // the sample of GB 32100-2015 with another type
	{"issuer_unknown", idnumber.ICCID, "8986990000000000001", "valid"},               // no operator has 99
	{"issuer_foreign", idnumber.ICCID, "8985200000000000010", "suspicious"},          // Hong Kong
	{"prefix_unallocated", idnumber.MobilePhone, "15400000000", "suspicious"},
	{"prefix_not_personal", idnumber.MobilePhone, "1440000000000", "suspicious"},
	{"prefix_resale", idnumber.MobilePhone, "17000000000", "valid"},
	{"prefix_satellite", idnumber.MobilePhone, "13490000000", "valid"},
	{"leading_digit_unusual", idnumber.MacauBIR, "8234567(8)", "suspicious"},
	{"state_unknown", idnumber.ForeignPR, numbered("91199919900101000"), "suspicious"},
	{"form_superseded", idnumber.TaiwanID, "AA00000009", "valid"},
}

// numbered puts the check character of GB 11643-1999 behind 17 digits.
func numbered(digits string) string { return digits + string(idnumber.CheckChar(digits)) }

// weightOf is the page's word for a finding.
func weightOf(f idnumber.Finding) string {
	switch {
	case f.Outcome == idnumber.Failed:
		return "fails"
	case f.Outcome == idnumber.NotExecuted:
		return "not executed"
	case f.Code.Suspicious():
		return "suspicious"
	}
	return "note"
}

// weightsSeen checks the vectors, and generated numbers with a character changed, and gives the one weight of each code.
func weightsSeen(t *testing.T) map[string]string {
	t.Helper()
	on := idnumber.DateOf(evening())
	seen := map[string]string{}
	note := func(r idnumber.Result) (codes []string) {
		found := r.Findings[:]
		if r.Reason == idnumber.CodeUnknownKind { // no kind, no parts
			found = []idnumber.Finding{{Outcome: idnumber.Failed, Code: r.Reason}}
		}
		for _, f := range found {
			if f.Code == idnumber.NoCode {
				continue
			}
			name := f.Code.String()
			if before := seen[name]; before != "" && before != weightOf(f) {
				t.Errorf("%s: %s is %q here and elsewhere %q", r, name, weightOf(f), before)
			}
			seen[name] = weightOf(f)
			codes = append(codes, name)
		}
		return codes
	}
	for _, c := range weightVectors {
		r := idnumber.Check(c.kind, c.raw, on)
		if !slices.Contains(note(r), c.code) || r.Status.String() != cmp.Or(c.otherwise, "invalid") {
			t.Errorf("the vector of %s gives %s, %v", c.code, r, r.Findings)
		}
	}
	random := rand.New(rand.NewPCG(1, 2))
	for _, kind := range idnumber.Kinds() {
		g := idnumber.Generator{Rand: random, On: on}
		for range 2000 {
			raw, err := g.Next(kind)
			if err != nil {
				t.Fatal(err)
			}
			changed := []byte(raw)
			changed[random.IntN(len(changed))] = "0123456789AXZ<"[random.IntN(14)]
			note(idnumber.Check(kind, string(changed), on))
		}
	}
	return seen
}
