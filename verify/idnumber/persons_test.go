package idnumber

import (
	"fmt"
	"strings"
	"testing"

	"golang.org/x/text/language"
)

// Numbers of nothing but zeros stand on forms and in examples.
func TestZerosAreNoPermit(t *testing.T) {
	for _, raw := range []string{"H00000000", "M0000000000", "HA0000000"} {
		if r := Check(HKMOPermit, raw, on); r.Reason != CodeAllZero {
			t.Errorf("%s: %v", raw, r)
		}
	}
	if r := Check(HKMOPermit, "H10000000", on); r.Status != Valid {
		t.Errorf("H10000000: %v", r)
	}
}

func TestZeroChecker(t *testing.T) {
	var c Checker
	if r := c.Check(ResidentID, "11010519491231002X", on); r.Status != Valid {
		t.Errorf("a checker without a table: %v", r)
	}
}

// old appends the check digit to the first 14 characters of a foreigner's number of before 2023-12.
func old(body14 string) string { return body14 + string(mrzCheck([]byte(body14))) }

// personVector is a number and what must be found; canonical is "" when it is invalid.
type personVector struct {
	why       string
	raw       string
	status    Status
	reason    Code
	form      Form
	canonical string
}

func checkVectors(t *testing.T, kind Kind, vectors []personVector) {
	t.Helper()
	state := ParseState(kind.profile().state)
	for _, c := range vectors {
		r := Check(kind, c.raw, on)
		if r.Status != c.status || r.Reason != c.reason || r.Form != c.form || r.Canonical.Reveal() != c.canonical {
			t.Errorf("%s, %s: got %s %s %q %q, want %s %s %q %q", kind, c.why,
				r.Status, r.Reason, r.Form, r.Canonical.Reveal(), c.status, c.reason, c.form, c.canonical)
		}
		if c.status != Invalid && r.State != state {
			t.Errorf("%s, %s: issuing state %q, want %q", kind, c.why, r.State, state)
		}
		for p := range partCount {
			if has := kind.profile().parts.has(p); has == (r.Findings[p].Outcome == Absent) {
				t.Errorf("%s, %s: %s is %v", kind, c.why, p, r.Findings[p].Outcome)
			}
		}
	}
}

func TestPermitVectors(t *testing.T) {
	checkVectors(t, HKMOPermit, []personVector{
		{"life-long, Hong Kong", "H12345678", Valid, NoCode, FormPermitLifelong, "H12345678"},
		{"life-long, Macau, spaced", "m 1234 5678", Valid, NoCode, FormPermitLifelong, "M12345678"},
		{"MPS notice: with the count of replacements", "H1234567800", Valid, NoCode, FormPermitCounted, "H12345678"},
		{"the count does not change the holder", "H1234567812", Valid, NoCode, FormPermitCounted, "H12345678"},
		{"NIA notice 2024-07-01: not a Chinese citizen", "HA1234567", Valid, NoCode, FormPermitForeigner, "HA1234567"},
		{"the same, Macau", "MA1234567", Valid, NoCode, FormPermitForeigner, "MA1234567"},
		{"the new form has no count", "HA123456700", Invalid, CodeBadLength, FormOnly, ""},
		{"any second letter but A", "HB1234567", Invalid, CodeBadCharacter, FormOnly, ""},
		{"the passport prefix KJ", "KJ1234567", Invalid, CodePrefixUnknown, FormOnly, ""},
		{"digits only", "123456789", Invalid, CodePrefixUnknown, FormOnly, ""},
		{"ten characters", "H123456780", Invalid, CodeBadLength, FormOnly, ""},
		{"one character", "H", Invalid, CodeBadLength, FormOnly, ""},
		{"letter O for zero", "H1234567O", Invalid, CodeBadCharacter, FormOnly, ""},
		{"letter in the count", "H123456780A", Invalid, CodeBadCharacter, FormOnly, ""},
		{"brackets", "H(2345678", Invalid, CodeBadCharacter, FormOnly, ""},
	})
	checkVectors(t, TWPermit, []personVector{
		{"card since 2015", "12345678", Valid, NoCode, FormPermitLifelong, "12345678"},
		{"booklet with count", "1234567801", Valid, NoCode, FormPermitCounted, "12345678"},
		{"booklet with count and office", "1234567801(B)", Valid, NoCode, FormPermitCounted, "12345678"},
		{"office in full-width brackets", "1234567801（Ｂ）", Valid, NoCode, FormPermitCounted, "12345678"},
		{"office without brackets", "1234567801D", Valid, NoCode, FormPermitCounted, "12345678"},
		{"the office was a letter or digit (2008-09-11)", "1234567801(3)", Valid, NoCode, FormPermitCounted, "12345678"},
		{"a bare eleventh digit is no office", "12345678013", Invalid, CodeBadLength, FormOnly, ""},
		{"no office without a count", "12345678(B)", Invalid, CodeBadLength, FormOnly, ""},
		{"nor without brackets", "12345678B", Invalid, CodeBadLength, FormOnly, ""},
		{"open bracket", "1234567801(B", Invalid, CodeBracketUnmatched, FormOnly, ""},
		{"close bracket", "1234567801B)", Invalid, CodeBracketUnmatched, FormOnly, ""},
		{"two in brackets", "1234567801(BC)", Invalid, CodeBadCharacter, FormOnly, ""},
		{"nothing in brackets", "1234567801()", Invalid, CodeBadCharacter, FormOnly, ""},
		{"brackets in brackets", "1234567801((B))", Invalid, CodeBadCharacter, FormOnly, ""},
		{"brackets the wrong way", "1234567801)B(", Invalid, CodeBadCharacter, FormOnly, ""},
		{"slash as office", "1234567801(/)", Invalid, CodeBadLength, FormOnly, ""},
		{"letter among the digits", "1234A678", Invalid, CodeBadCharacter, FormOnly, ""},
		{"letter in the count", "123456780A", Invalid, CodeBadCharacter, FormOnly, ""},
		{"one-journey permit", "T12345678", Invalid, CodeBadLength, FormOnly, ""},
		{"seven", "1234567", Invalid, CodeBadLength, FormOnly, ""},
		{"filled in with zeros", "00000000", Invalid, CodeAllZero, FormOnly, ""},
		{"and counted", "0000000001", Invalid, CodeAllZero, FormOnly, ""},
	})
}

func TestForeignPRVectors(t *testing.T) {
	checkVectors(t, ForeignPR, []personVector{
		// The first and third stand in the NIA's adaptation notice of 2023-10 (quoted at CSDN, article 134553563); the first
		// two in the tests of Xiahaimoyu's credentialkit. Sums in the facts sheet: 265 and 330.
		{"NIA 2023-10, old specimen", "KAZ110090123105", Valid, NoCode, FormForeignPR15, "KAZ110090123105"},
		{"credentialkit, test", "911398199012310021", Valid, NoCode, FormForeignPR18, "911398199012310021"},
		{"NIA 2023-10, new specimen", "932682198501010017", Valid, NoCode, FormForeignPR18, "932682198501010017"},
		{"lower case, hyphens", "kaz-1100-901231-05", Valid, NoCode, FormForeignPR15, "KAZ110090123105"},
		{"prefecture", old("KAZ44019012310"), Valid, NoCode, FormForeignPR15, old("KAZ44019012310")},
		{"1101, under which Beijing's districts stand", old("KAZ11019012310"), Valid, NoCode, FormForeignPR15, old("KAZ11019012310")},
		{"prefecture in no list", old("KAZ44999012310"), Suspicious, CodeAreaUnknown, FormForeignPR15, old("KAZ44999012310")},
		{"no province", old("KAZ16019012310"), Invalid, CodeAreaUnassigned, FormForeignPR15, ""},
		{"Hong Kong issues none", old("KAZ81009012310"), Invalid, CodeAreaUnassigned, FormForeignPR15, ""},
		{"old, wrong check", "KAZ110090123106", Invalid, CodeCheckDigitMismatch, FormForeignPR15, ""},
		{"old, no such day", old("KAZ11009002300"), Invalid, CodeDateInvalid, FormForeignPR15, ""},
		{"old, 29 February 2000 and not 1900", old("KAZ11000002290"), Valid, NoCode, FormForeignPR15, old("KAZ11000002290")},
		{"no such state", old("ZZZ11009012310"), Suspicious, CodeStateUnknown, FormForeignPR15, old("ZZZ11009012310")},
		{"withdrawn since", old("SCG11009012310"), Valid, NoCode, FormForeignPR15, old("SCG11009012310")},
		{"stateless, ICAO Doc 9303", old("XXA11009012310"), Valid, NoCode, FormForeignPR15, old("XXA11009012310")},
		{"a legacy resident number", "610104620927690", Invalid, CodePrefixUnknown, FormOnly, ""},
		{"two letters", "KA1110090123105", Invalid, CodePrefixUnknown, FormOnly, ""},
		{"letter among the digits", "KAZ11009O123105", Invalid, CodeBadCharacter, FormOnly, ""},
		{"letter as old check", "KAZ11009012310X", Invalid, CodeBadCharacter, FormOnly, ""},
		{"new, X as check", with("91139819901231013"), Valid, NoCode, FormForeignPR18, with("91139819901231013")},
		{"new, wrong check", "911398199012310022", Invalid, CodeCheckDigitMismatch, FormForeignPR18, ""},
		{"new, no such day", with("91139819900230002"), Invalid, CodeDateInvalid, FormForeignPR18, ""},
		{"new, tomorrow", with("91139820261123002"), Invalid, CodeDateFuture, FormForeignPR18, ""},
		{"new, over 150 years", with("91139818761121002"), Suspicious, CodeDateTooOld, FormForeignPR18, with("91139818761121002")},
		{"new, no province", with("91639819901231002"), Invalid, CodeAreaUnassigned, FormForeignPR18, ""},
		{"new, Taiwan takes no applications", with("97139819901231002"), Invalid, CodeAreaUnassigned, FormForeignPR18, ""},
		{"new, no such state", with("91199919901231002"), Suspicious, CodeStateUnknown, FormForeignPR18, with("91199919901231002")},
		{"a resident number", "11010519491231002X", Invalid, CodePrefixUnknown, FormOnly, ""},
		{"letter in the middle", "9113981990123A0021", Invalid, CodeBadCharacter, FormOnly, ""},
		{"letter as check", "91139819901231002A", Invalid, CodeBadCharacter, FormOnly, ""},
		{"sixteen", "9113981990123100", Invalid, CodeBadLength, FormOnly, ""},
	})
}

func TestWhatAForeignersNumberTells(t *testing.T) {
	pass := Finding{Outcome: Passed}
	r := Check(ForeignPR, "KAZ110090123105", on)
	want := Findings{
		Structure: {Warning, CodeFormSuperseded}, CheckDigit: pass, BirthDate: {Warning, CodeCenturyAssumed},
		AreaCode: pass, Sequence: pass, Nationality: pass,
	}
	if r.Findings != want || r.Nationality.String() != "KAZ" || r.Birth != (Date{1990, 12, 31}) || r.Sex != SexUnknown ||
		r.Area.Code != 110000 || r.Area.Name() != "北京市" {
		t.Errorf("old: %v %s %v %q %v %s", r.Findings, r.Nationality, r.Birth, r.Sex, r.Area.Code, r.Area.Name())
	}
	r = Check(ForeignPR, "911398199012310021", on)
	want = Findings{
		Structure: pass, CheckDigit: pass, BirthDate: pass, AreaCode: pass, Sequence: pass, Nationality: pass,
	}
	if r.Findings != want || r.Nationality.String() != "KAZ" || r.Birth != (Date{1990, 12, 31}) || r.Sex != Female ||
		r.Area.Code != 110000 || r.Area.FullName() != "北京市" {
		t.Errorf("new: %v %s %v %q %v %s", r.Findings, r.Nationality, r.Birth, r.Sex, r.Area.Code, r.Area.FullName())
	}
	if r := Check(ForeignPR, "932682198501010017", on); r.Sex != Male || r.Nationality.String() != "SAU" {
		t.Errorf("new, odd sequence: %q %s", r.Sex, r.Nationality)
	}
	// 襄樊 was renamed in 2010: the number does not tell its year of issue, and the name is that of the form's last year.
	if r := Check(ForeignPR, old("KAZ42069012310"), on); r.Area.Name() != "襄阳市" {
		t.Errorf("area of issue %s", r.Area.Name())
	}
	if r := Check(ForeignPR, with("91199919901231002"), on); r.Nationality != (State{}) {
		t.Errorf("a number that no state has is %s", r.Nationality)
	}
}

// The two digits are the latest year whose day has come.
func TestForeignersCentury(t *testing.T) {
	for _, c := range []struct {
		why    string
		yymmdd string
		on     Date
		birth  Date
		found  Finding
	}{
		{"today", "261122", on, Date{2026, 11, 22}, Finding{Warning, CodeCenturyAssumed}},
		{"tomorrow is a hundred years ago", "261123", on, Date{1926, 11, 23}, Finding{Warning, CodeCenturyAssumed}},
		{"last century", "991231", on, Date{1999, 12, 31}, Finding{Warning, CodeCenturyAssumed}},
		{"a leap day that has not come, and was none in 1900", "000229", Date{2000, 1, 1}, Date{}, Finding{Failed, CodeDateInvalid}},
		{"month 13", "901301", on, Date{}, Finding{Failed, CodeDateInvalid}},
		{"no day to judge by", "900101", Date{}, Date{90, 1, 1}, Finding{Failed, CodeDateFuture}},
	} {
		r := Check(ForeignPR, old("KAZ1100"+c.yymmdd+"0"), c.on)
		if r.Birth != c.birth || r.Findings[BirthDate] != c.found {
			t.Errorf("%s: got %v %v, want %v %v", c.why, r.Birth, r.Findings[BirthDate], c.birth, c.found)
		}
	}
}

func TestPassportVectors(t *testing.T) {
	checkVectors(t, Passport, []personVector{
		{"ICAO Doc 9303 part 4, specimen", "L898902C3", Valid, NoCode, FormOnly, "L898902C3"},
		{"German specimen, spaced", "c01x 00t47", Valid, NoCode, FormOnly, "C01X00T47"},
		{"shortest", "A1234", Valid, NoCode, FormOnly, "A1234"},
		{"longest", "A12345678901", Valid, NoCode, FormOnly, "A12345678901"},
		{"four", "A123", Invalid, CodeBadLength, FormOnly, ""},
		{"thirteen", "A123456789012", Invalid, CodeBadLength, FormOnly, ""},
		{"a word", "PASSPORT", Invalid, CodeBadCharacter, FormOnly, ""},
		{"slash", "A1234/5678", Invalid, CodeBadCharacter, FormOnly, ""},
		{"filler", "L898902C<", Invalid, CodeBadCharacter, FormOnly, ""},
		{"filled in with zeros", "000000000", Invalid, CodeAllZero, FormOnly, ""},
	})
	if r := Check(Passport, "L898902C3", on); r.State != (State{}) {
		t.Errorf("a number alone tells the state %s", r.State)
	}
}

func TestHKIDVectors(t *testing.T) {
	checkVectors(t, HKID, []personVector{
		{"facts sheet: sum 481", "A123456(3)", Valid, NoCode, FormOnly, "A1234563"},
		{"Edditoria/validid, test data", "G123456(A)", Valid, NoCode, FormOnly, "G123456A"},
		{"Edditoria/validid, test data", "A5555550", Valid, NoCode, FormOnly, "A5555550"},
		{"Edditoria/validid, two letters", "AB987654(3)", Valid, NoCode, FormOnly, "AB9876543"},
		{"Edditoria/validid, two letters", "WX123456(9)", Valid, NoCode, FormOnly, "WX1234569"},
		{"iLexN/HKID-Check-Digit, README", "CA182361(1)", Valid, NoCode, FormOnly, "CA1823611"},
		{"full-width, lower case", "ａ１２３４５６（３）", Valid, NoCode, FormOnly, "A1234563"},
		{"any-rule's example, which fails (facts sheet)", "K034169(1)", Invalid, CodeCheckDigitMismatch, FormOnly, ""},
		{"any-rule's other example", "K034178(2)", Invalid, CodeCheckDigitMismatch, FormOnly, ""},
		{"open bracket", "A123456(3", Invalid, CodeBracketUnmatched, FormOnly, ""},
		{"close bracket", "A1234563)", Invalid, CodeBracketUnmatched, FormOnly, ""},
		{"brackets elsewhere", "A(123456)3", Invalid, CodeBadCharacter, FormOnly, ""},
		{"no letter", "11234563", Invalid, CodePrefixUnknown, FormOnly, ""},
		{"three letters", "ABC1234563", Invalid, CodeBadLength, FormOnly, ""},
		{"check B", "A123456(B)", Invalid, CodeBadCharacter, FormOnly, ""},
		{"letter in the middle", "A12B4563", Invalid, CodeBadCharacter, FormOnly, ""},
		{"without check", "A123456", Invalid, CodeBadLength, FormOnly, ""},
		{"one character", "3", Invalid, CodeBadLength, FormOnly, ""},
	})
	checkVectors(t, MacauBIR, []personVector{
		{"since 2002", "1234567(8)", Valid, NoCode, FormOnly, "12345678"},
		{"before 2002", "1/234567/8", Valid, NoCode, FormOnly, "12345678"},
		{"bare", "51234567", Valid, NoCode, FormOnly, "51234567"},
		{"first digit 7", "7234567(8)", Valid, NoCode, FormOnly, "72345678"},
		{"first digit 8, reported for a few", "8234567(8)", Suspicious, CodeLeadingUnusual, FormOnly, "82345678"},
		{"first digit 2", "22345678", Suspicious, CodeLeadingUnusual, FormOnly, "22345678"},
		{"one slash", "1/2345678", Invalid, CodeBadLength, FormOnly, ""},
		{"slashes elsewhere", "12/34567/8", Invalid, CodeBadLength, FormOnly, ""},
		{"slash and brackets", "1/234567(8)", Invalid, CodeBadLength, FormOnly, ""},
		{"slash for a digit", "1/345678", Invalid, CodeBadCharacter, FormOnly, ""},
		{"hutool takes a letter as check", "1234567(A)", Invalid, CodeBadCharacter, FormOnly, ""},
		{"open bracket", "1234567(8", Invalid, CodeBracketUnmatched, FormOnly, ""},
		{"seven", "1234567", Invalid, CodeBadLength, FormOnly, ""},
		{"filled in with zeros", "0000000(0)", Invalid, CodeAllZero, FormOnly, ""},
	})
	if f := Check(MacauBIR, "12345678", on).Findings[CheckDigit]; f != (Finding{NotExecuted, CodeCheckDigitUnpublished}) {
		t.Errorf("Macau check digit: %v", f)
	}
}

func TestTaiwanVectors(t *testing.T) {
	checkVectors(t, TaiwanID, []personVector{
		{"facts sheet: sum 130", "A123456789", Valid, NoCode, FormTaiwanNational, "A123456789"},
		{"Edditoria/validid, test data", "M115187864", Valid, NoCode, FormTaiwanNational, "M115187864"},
		{"Edditoria/validid, Z", "Z256783650", Valid, NoCode, FormTaiwanNational, "Z256783650"},
		{"enylin/taiwan-id-validator, README", "A800000014", Valid, NoCode, FormTaiwanARC2021, "A800000014"},
		{"enylin/taiwan-id-validator, tests", "A900000016", Valid, NoCode, FormTaiwanARC2021, "A900000016"},
		{"third digit 7, no nationality", "A970000017", Valid, NoCode, FormTaiwanARC2021, "A970000017"},
		{"third digit 8, Hong Kong or Macau", "A880000018", Valid, NoCode, FormTaiwanARC2021, "A880000018"},
		{"third digit 9, mainland", "A990000013", Valid, NoCode, FormTaiwanARC2021, "A990000013"},
		{"imgarylai/taiwan-validator, README", "A823456783", Valid, NoCode, FormTaiwanARC2021, "A823456783"},
		{"enylin/taiwan-id-validator, README", "AA00000009", Valid, NoCode, FormTaiwanARC, "AA00000009"},
		{"imgarylai's README, which fails: sum 119", "AA23456786", Invalid, CodeCheckDigitMismatch, FormTaiwanARC, ""},
		{"facts sheet: sum 130 again", "ab23456789", Valid, NoCode, FormTaiwanARC, "AB23456789"},
		{"wrong check", "A123456788", Invalid, CodeCheckDigitMismatch, FormTaiwanNational, ""},
		{"second digit 3", "A323456789", Invalid, CodePrefixUnknown, FormOnly, ""},
		{"second letter E", "AE23456789", Invalid, CodePrefixUnknown, FormOnly, ""},
		{"no letter", "0123456789", Invalid, CodePrefixUnknown, FormOnly, ""},
		{"letter as check", "A12345678X", Invalid, CodeBadCharacter, FormOnly, ""},
		{"nine, enylin's README", "A12345678", Invalid, CodeBadLength, FormOnly, ""},
	})
	for raw, want := range map[string]Sex{
		"A123456789": Male, "Z256783650": Female, "A800000014": Male, "A900000016": Female,
		"AA00000009": Male, "AB23456789": Female, "AC00000005": Male, "AD00000003": Female,
	} {
		if got := Check(TaiwanID, raw, on).Sex; got != want {
			t.Errorf("%s: %q, want %q", raw, got, want)
		}
	}
	if f := Check(TaiwanID, "AA00000009", on).Findings[Structure]; f != (Finding{Warning, CodeFormSuperseded}) {
		t.Errorf("old residence certificate: %v", f)
	}
	checkVectors(t, TaiwanUBN, []personVector{
		{"Ministry of Finance, the old and new example", "04595257", Valid, NoCode, FormOnly, "04595257"},
		{"the same under the rule of 2023: sum 35", "04595252", Valid, NoCode, FormOnly, "04595252"},
		{"enylin/taiwan-id-validator: seventh digit 7, sum 39 and one", "12345675", Valid, NoCode, FormOnly, "12345675"},
		{"seventh digit 7, sum 40", "12345676", Valid, NoCode, FormOnly, "12345676"},
		{"seventh digit 7, sum 41", "12345677", Invalid, CodeCheckDigitMismatch, FormOnly, ""},
		{"sum 39 without a 7", "04595256", Invalid, CodeCheckDigitMismatch, FormOnly, ""},
		{"all zeros satisfy the rule", "00000000", Invalid, CodeAllZero, FormOnly, ""},
		{"letter", "0459525A", Invalid, CodeBadCharacter, FormOnly, ""},
		{"seven", "0459525", Invalid, CodeBadLength, FormOnly, ""},
	})
}

func TestMilitaryVectors(t *testing.T) {
	woman := with("11010519900101000")
	for _, kind := range []Kind{MilitaryID, ArmedPoliceID} {
		checkVectors(t, kind, []personVector{
			{"as printed", "军字第12345678号", Valid, NoCode, FormMilitary, "军12345678"},
			{"without 号", "军字第12345678", Valid, NoCode, FormMilitary, "军12345678"},
			{"without 字第", "军12345678号", Valid, NoCode, FormMilitary, "军12345678"},
			{"spaces, full-width, hyphens", " 军 字 第 １２３４-5678 号 ", Valid, NoCode, FormMilitary, "军12345678"},
			{"two characters, letters", "武警字第a1234号", Valid, NoCode, FormMilitary, "武警A1234"},
			{"four characters, twelve digits", "东南西北字第123456789012号", Valid, NoCode, FormMilitary, "东南西北123456789012"},
			{"number alone", "1234567", Valid, NoCode, FormMilitary, "1234567"},
			{"another prefix is another number", "海字第12345678号", Valid, NoCode, FormMilitary, "海12345678"},
			{"resident number", woman, Valid, NoCode, FormResident18, woman},
			{"resident number, legacy", "110105900101000", Valid, NoCode, FormResident15, woman},
			{"resident number, wrong check", "110105194912310021", Invalid, CodeCheckDigitMismatch, FormResident18, ""},
			{"fifteen that are no resident number", "11010590010100A", Invalid, CodeBadCharacter, FormOnly, ""},
			{"a resident number behind Han", "军字第" + woman + "号", Invalid, CodeBadLength, FormOnly, ""},
			{"five characters", "东南西北中字第12345678号", Invalid, CodeBadCharacter, FormOnly, ""},
			{"字 without 第", "军字12345678号", Invalid, CodeBadCharacter, FormOnly, ""},
			{"no Han before 字第", "字第12345678号", Invalid, CodeBadCharacter, FormOnly, ""},
			{"no Han before 号", "12345678号", Invalid, CodeBadCharacter, FormOnly, ""},
			{"two 号", "军字第12345678号号", Invalid, CodeBadCharacter, FormOnly, ""},
			{"Han in the middle", "军字第1234军5678号", Invalid, CodeBadCharacter, FormOnly, ""},
			{"Han outside U+4E00 to U+9FFF", "㐀字第12345678号", Invalid, CodeBadCharacter, FormOnly, ""},
			{"compatibility form of 車", "\uf902字第12345678号", Invalid, CodeBadCharacter, FormOnly, ""},
			{"three digits", "军字第123号", Invalid, CodeBadLength, FormOnly, ""},
			{"thirteen digits", "军字第1234567890123号", Invalid, CodeBadLength, FormOnly, ""},
			{"five alone", "12345", Invalid, CodeBadLength, FormOnly, ""},
			{"a word", "ABCDEFGH", Invalid, CodeBadCharacter, FormOnly, ""},
			{"brackets", "军字第(12345678)号", Invalid, CodeBadCharacter, FormOnly, ""},
			{"filled in with zeros", "军字第00000000号", Invalid, CodeAllZero, FormOnly, ""},
			{"no number", "军字第号", Invalid, CodeEmpty, FormOnly, ""},
			{"long", strings.Repeat("军", 43), Invalid, CodeTooLong, FormOnly, ""},
			{"cut UTF-8 before", "\xe5\x86字第12345678号", Invalid, CodeNotUTF8, FormOnly, ""},
			{"cut UTF-8 behind", "军字第12345678\xe5\x8f", Invalid, CodeNotUTF8, FormOnly, ""},
		})
	}
	want := Findings{
		Structure: {Outcome: Passed}, CheckDigit: {NotExecuted, CodeCheckDigitUnpublished},
		BirthDate: {NotExecuted, CodeDateNotInForm}, AreaCode: {NotExecuted, CodeNotInForm}, Sequence: {NotExecuted, CodeNotInForm},
	}
	if r := Check(MilitaryID, "军字第12345678号", on); r.Findings != want {
		t.Errorf("free form: %v", r.Findings)
	}
	free, police := Check(MilitaryID, "军字第12345678号", on), Check(ArmedPoliceID, "军字第12345678号", on)
	if free.Subject().Kind != MilitaryID || free.Subject() == police.Subject() {
		t.Error("a soldier's number is keyed as an armed policeman's")
	}
}

// Every state of the list has the number that CLDR has for it, and no two have one.
func TestStates(t *testing.T) {
	numbers := map[string]string{}
	for _, entry := range strings.Fields(iso3166) {
		code, number := entry[:3], entry[3:]
		region, err := language.ParseRegion(code)
		if err != nil || region.ISO3() != code || fmt.Sprintf("%03d", region.M49()) != number {
			t.Errorf("%s: number %s, CLDR has %s %03d (%v)", code, number, region.ISO3(), region.M49(), err)
		}
		if other, twice := numbers[number]; twice {
			t.Errorf("%s and %s have one number", code, other)
		}
		numbers[number] = code
		if !ParseState(code).known() {
			t.Errorf("%s is listed and not found", code)
		}
	}
	if len(numbers) != 249 {
		t.Errorf("%d states, ISO 3166-1 has 249", len(numbers))
	}
	for _, code := range strings.Fields(icaoCodes) {
		if !ParseState(code).known() {
			t.Errorf("%s is listed and not found", code)
		}
	}
	if n := len(strings.Fields(icaoCodes)); n != 29 {
		t.Errorf("%d codes beside ISO 3166-1", n)
	}
	known := 0
	for i := range 26 * 26 * 26 {
		if (State{'A' + byte(i/676), 'A' + byte(i/26%26), 'A' + byte(i%26)}).known() {
			known++
		}
	}
	if known != 249+29 {
		t.Errorf("%d codes are known", known)
	}
	if (State{}).known() || (State{0xff, 0xff, 0xff}).known() || !ParseState("D").known() {
		t.Error("the zero State is known, or D is not")
	}
}
