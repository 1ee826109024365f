package explain

import (
	"slices"
	"strings"
	"testing"

	"realname/verify/idnumber"
)

// specimens has a number for each layout, and the characters that each part and field has in it by its standard.
var specimens = []struct {
	why    string
	kind   idnumber.Kind
	raw    string
	places string
}{
	{"GB 11643-1999, the standard's sample", idnumber.ResidentID, "11010519491231002X", "area 110105, date 19491231, sequence 002, check_digit X"},
	{"a legacy number, born in 1801", idnumber.ResidentID, "110105010203999", "area 110105, date 010203, sequence 999"},
	{"State Council notice 2018, the specimen", idnumber.ResidencePermit, "810000199408230021", "area 810000, date 19940823, sequence 002, check_digit 1"},
	{"invented, of the form in the notice of 2024", idnumber.HKMOPermit, "HA1234567", "prefix HA, serial 1234567"},
	{"invented", idnumber.HKMOPermit, "H12345678", "prefix H, serial 12345678"},
	{"invented, with the count of replacements", idnumber.HKMOPermit, "H1234567801", "prefix H, serial 12345678, count 01"},
	{"invented", idnumber.TWPermit, "01234567", "serial 01234567"},
	{"invented, with the count of replacements", idnumber.TWPermit, "0123456701", "serial 01234567, count 01"},
	{"Shanghai border inspection, 2008-09-11", idnumber.TWPermit, "0123456701(B)", "serial 01234567, count 01, office B"},
	{"invented, of the form before 2023", idnumber.ForeignPR, "KAZ110090123105", "nationality KAZ, area 1100, date 901231, sequence 0, check_digit 5"},
	{"the specimen in chinabugotech/hutool#4288", idnumber.ForeignPR, "911398199012310021", "marker 9, area 11, nationality 398, date 19901231, sequence 002, check_digit 1"},
	{"Hong Kong Immigration Department, the sample card", idnumber.HKID, "A123456(3)", "prefix A, serial 123456, check_digit 3"},
	{"invented, with two letters", idnumber.HKID, "AB987654(3)", "prefix AB, serial 987654, check_digit 3"},
	{"invented", idnumber.MacauBIR, "1234567(8)", "serial 1234567, check_digit 8"},
	{"the usual example, sum 130", idnumber.TaiwanID, "A123456789", "place A, second 1, serial 2345678, check_digit 9"},
	{"the Ministry of Finance's example", idnumber.TaiwanUBN, "04595257", "serial 0459525, check_digit 7"},
	{"GB 32100-2015, the standard's sample", idnumber.USCC, "91350100M000100Y43", "department 9, type 1, area 350100, embedded_code M000100Y4, check_digit 3"},
	{"GB 11714-1997, the standard's sample", idnumber.OrgCode, "D2143569-X", "serial D2143569, check_digit X"},
	{"GS 15-2006, the standard's sample", idnumber.BizReg, "110108000000016", "area 110108, serial 00000001, check_digit 6"},
	{"invented, of the form before 2007", idnumber.BizReg, "1101080000000", "area 110108, number 0000000"},
	{"UnionPay's sandbox card", idnumber.BankCard, "6221558812340000", "embedded_code 622155, account 881234000, check_digit 0"},
	{"China Mobile's own line for top-ups", idnumber.MobilePhone, "+86 138 0013 8000", "embedded_code 138, serial 00138000"},
	{"invented, of a range for things", idnumber.MobilePhone, "1440000000000", "embedded_code 14400, serial 00000000"},
	{"invented, without a check digit", idnumber.ICCID, "8986010000000000001", "industry 89, country 86, embedded_code 01, account 0000000000001"},
	{"invented", idnumber.ICCID, "89860100000000000019", "industry 89, country 86, embedded_code 01, account 0000000000001, check_digit 9"},
	{"invented, with a last digit that counts", idnumber.ICCID, "89860000000000000010", "industry 89, country 86, embedded_code 00, account 00000000000010"},
	{"invented, 18 characters of another country with padding", idnumber.ICCID, "898520000000000001FF", ""},
	{"invented, with letters: the last F is no padding", idnumber.ICCID, "898601A000000000001F", "industry 89, country 86, embedded_code 01, account A000000000001, check_digit F"},
	{"invented, of a test device", idnumber.IMEI, "00440000123456", "type 00440000, serial 123456"},
	{"3GPP TS 23.003's arithmetic", idnumber.IMEI, "490154203237518", "type 49015420, serial 323751, check_digit 8"},
	{"the same device with its software version", idnumber.IMEI, "4901542032375101", "type 49015420, serial 323751, version 01"},
	{"ICAO Doc 9303 part 4, the specimen", idnumber.PassportMRZ, "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\nL898902C36UTO7408122F1204159ZE184226B<<<<<10",
		"document P<, state UTO, name ERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<, number L898902C3, check_digit 6, nationality UTO, date 740812, birth_check 2, sex F, expiry 120415, expiry_check 9, optional ZE184226B<<<<<, optional_check 1, composite_check 0"},
	{"ICAO Doc 9303 part 6, the specimen", idnumber.PassportMRZ, "I<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<\nD231458907UTO7408122F1204159<<<<<<<6",
		"document I<, state UTO, name ERIKSSON<<ANNA<MARIA<<<<<<<<<<<, number D23145890, check_digit 7, nationality UTO, date 740812, birth_check 2, sex F, expiry 120415, expiry_check 9, optional <<<<<<<, composite_check 6"},
	{"ICAO Doc 9303 part 5, the specimen", idnumber.PassportMRZ, "I<UTOD231458907<<<<<<<<<<<<<<<\n7408122F1204159UTO<<<<<<<<<<<6\nERIKSSON<<ANNA<MARIA<<<<<<<<<<",
		"document I<, state UTO, number D23145890, check_digit 7, optional <<<<<<<<<<<<<<<, date 740812, birth_check 2, sex F, expiry 120415, expiry_check 9, nationality UTO, optional <<<<<<<<<<<, composite_check 6, name ERIKSSON<<ANNA<MARIA<<<<<<<<<<"},
}

// placesIn writes the places of an explanation as "part characters", in their order.
func placesIn(x Explanation) string {
	var out []string
	for _, s := range x.Segments {
		if s.Start == s.End {
			continue
		}
		name := s.Field
		if name == "" {
			name = s.Part.String()
		}
		out = append(out, name+" "+string([]rune(x.Number)[s.Start:s.End]))
	}
	return strings.Join(out, ", ")
}

// Every part and field of every layout has exactly its characters.
func TestPlacesOfSpecimens(t *testing.T) {
	used := map[int]bool{}
	for _, c := range specimens {
		r := idnumber.Check(c.kind, c.raw, today)
		x := Explain(r, c.raw, "en")
		if got := placesIn(x); got != c.places {
			t.Errorf("%s, %s: got %q", c.kind, c.why, got)
		}
		s := legible(c.raw, &r)
		used[slices.IndexFunc(layouts, func(l layout) bool { return l.fits(c.kind, r.Form, len(s.bare)) })] = true
	}
	for i, l := range layouts {
		if !used[i] {
			t.Errorf("no specimen has the layout of %v with %d characters, %s", l.kinds, l.length, l.form)
		}
	}
}

// A military number in a form of its own has no parts, however many characters it has.
func TestMilitaryNumbersHaveNoPlaces(t *testing.T) {
	for _, c := range []struct {
		why, raw string
	}{
		{"18 bare characters", "空海军字第123456789012号"},
		{"15 bare characters", "军字第12345678901号"},
		{"short", "军字第12345678号"},
	} {
		r := idnumber.Check(idnumber.MilitaryID, c.raw, today)
		if got := placesIn(Explain(r, c.raw, "en")); got != "" || r.Form != idnumber.FormMilitary {
			t.Errorf("%s: %s has the places %q", c.why, r, got)
		}
	}
	const resident = "11010519491231002X" // GB 11643-1999, the standard's sample
	if got := placesIn(Explain(idnumber.Check(idnumber.MilitaryID, resident, today), resident, "en")); !strings.HasPrefix(got, "area 110105, ") {
		t.Errorf("a resident number has the places %q", got)
	}
}
