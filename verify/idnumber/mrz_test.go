package idnumber

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// Published zones. ICAO's are of Doc 9303 (parts 4, 5 and 6: appendix; part 11: appendix D.2); "PRADO" is the Council of the
// European Union's register of specimens, by its number; "NIA" the specimens (证件样本) of China's immigration administration.
const (
	icaoTD3     = "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\nL898902C36UTO7408122F1204159ZE184226B<<<<<10"
	icaoTD2     = "I<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<\nD231458907UTO7408122F1204159<<<<<<<6"
	icaoTD1     = "I<UTOD231458907<<<<<<<<<<<<<<<\n7408122F1204159UTO<<<<<<<<<<<6\nERIKSSON<<ANNA<MARIA<<<<<<<<<<"
	icaoLongTD1 = "I<UTOD23145890<7349<<<<<<<<<<<\n3407127M9507122UTO<<<<<<<<<<<2\nSTEVENSON<<PETER<JOHN<<<<<<<<<"
	icaoLongTD2 = "I<UTOSTEVENSON<<PETER<JOHN<<<<<<<<<<\nD23145890<UTO3407127M95071227349<<<8"
	germanTD3   = "P<D<<MUSTERMANN<<ERIKA<<<<<<<<<<<<<<<<<<<<<<\nC01X00T478D<<6408125F2702283<<<<<<<<<<<<<<<4"
	germanTD1   = "IDD<<L01XPVM8J2<<<<<<<<<<<<<<<\n8308126<3108011D<<2108<<<<<<<5\nMUSTERMANN<<ERIKA<<<<<<<<<<<<<"
	germanTD2   = "ITD<<MUSTERMANN<<ERIKA<<<<<<<<<<<<<<\nC<00000004D<<6408125F0404011<<<<<<<4"
	belgianOld  = "IDBEL000590240<6013<<<<<<<<<<<\n8512017F1311048BEL851201002007\nSPECIMEN<<SPECIMEN<<<<<<<<<<<<"
	belgianNew  = "IDBEL600001795<0152<<<<<<<<<<<\n1301014F2311207BEL130101987398\nSPECIMEN<<SPECIMEN<<<<<<<<<<<<"
	portuguese  = "I<PRT007666667<ZZ00<<<<<<<<<<<\n8303143M3405293PRT<<<<<<<<<<<4\nCACADOR<DE<ARAUJO<<ANDRE<ESTEV"
	chineseTD3  = "POCHNZHENGJIAN<<YANGBEN<<<<<<<<<<<<<<<<<<<<<\nEF12608921CHN8503208F2901178NGKELMPONBPJB978"
	chineseTD1  = "C<CHNCA32732010<<<<<<<<<<<<<<<\n8108038F2901178CHN<<<<<<<<<<<6\nZHENGJIAN<<YANGBEN<<<<<<<<<<<<"
	spanishTD3  = "P<ESPESPANOLA<ESPANOLA<<CARMEN<<<<<<<<<<<<<<\nZAB0002549ESP8001014F2501017A9999999900<<<44"
)

func TestPublishedZones(t *testing.T) {
	for _, c := range []struct {
		why, raw                    string
		form                        Form
		code, state, number         string
		birth, expiry               string
		sex                         Sex
		optional, primary, forename string
		truncated                   bool
	}{
		{"ICAO part 4", icaoTD3, FormTD3, "P", "UTO", "L898902C3", "1974-08-12", "2012-04-15", Female, "ZE184226B", "ERIKSSON", "ANNA MARIA", false},
		{"ICAO part 6", icaoTD2, FormTD2, "I", "UTO", "D23145890", "1974-08-12", "2012-04-15", Female, "", "ERIKSSON", "ANNA MARIA", false},
		{"ICAO part 5", icaoTD1, FormTD1, "I", "UTO", "D23145890", "1974-08-12", "2012-04-15", Female, "", "ERIKSSON", "ANNA MARIA", false},
		{"ICAO part 11, long number", icaoLongTD1, FormTD1, "I", "UTO", "D23145890734", "1934-07-12", "1995-07-12", Male, "", "STEVENSON", "PETER JOHN", false},
		{"ICAO part 11, long number", icaoLongTD2, FormTD2, "I", "UTO", "D23145890734", "1934-07-12", "1995-07-12", Male, "", "STEVENSON", "PETER JOHN", false},
		{"PRADO, state D, no optional check digit", germanTD3, FormTD3, "P", "DEU", "C01X00T47", "1964-08-12", "2027-02-28", Female, "", "MUSTERMANN", "ERIKA", false},
		{"PRADO DEU-BO-02004, no sex, optional data in line 2", germanTD1, FormTD1, "ID", "DEU", "L01XPVM8J", "1983-08-12", "2031-08-01", SexUnknown, "2108", "MUSTERMANN", "ERIKA", false},
		{"PRADO DEU-BP-03001, a filler within the number", germanTD2, FormTD2, "IT", "DEU", "C0000000", "1964-08-12", "2004-04-01", Female, "", "MUSTERMANN", "ERIKA", false},
		{"PRADO BEL-BO-03003, check digit counts the filler", belgianOld, FormTD1, "ID", "BEL", "000590240601", "1985-12-01", "2013-11-04", Female, "85120100200", "SPECIMEN", "SPECIMEN", false},
		{"PRADO BEL-BO-11005, check digit does not", belgianNew, FormTD1, "ID", "BEL", "600001795015", "2013-01-01", "2023-11-20", Female, "13010198739", "SPECIMEN", "SPECIMEN", false},
		{"PRADO PRT-BO-04001, name cut", portuguese, FormTD1, "I", "PRT", "007666667ZZ0", "1983-03-14", "2034-05-29", Male, "", "CACADOR DE ARAUJO", "ANDRE ESTEV", true},
		{"NIA, code PO, 14 characters of optional data", chineseTD3, FormTD3, "PO", "CHN", "EF1260892", "1985-03-20", "2029-01-17", Female, "NGKELMPONBPJB9", "ZHENGJIAN", "YANGBEN", false},
		{"NIA, permit for Hong Kong and Macau", chineseTD1, FormTD1, "C", "CHN", "CA3273201", "1981-08-03", "2029-01-17", Female, "", "ZHENGJIAN", "YANGBEN", false},
		{"PRADO ESP-AO-05001, number in the optional data", spanishTD3, FormTD3, "P", "ESP", "ZAB000254", "1980-01-01", "2025-01-01", Female, "A9999999900", "ESPANOLA ESPANOLA", "CARMEN", false},
	} {
		m := ReadMRZ(c.raw, on)
		if m.Status != Valid || m.Kind != PassportMRZ {
			t.Errorf("%s: %v", c.why, m)
			continue
		}
		if m.Form != c.form || m.State.String() != c.state || m.Nationality != m.State || m.Canonical.Reveal() != c.number {
			t.Errorf("%s: form %v, state %v, nationality %v, number %s", c.why, m.Form, m.State, m.Nationality, m.Canonical.Reveal())
		}
		if m.Birth.String() != c.birth || m.Expiry.String() != c.expiry || m.Sex != c.sex {
			t.Errorf("%s: birth %v, expiry %v, sex %v", c.why, m.Birth, m.Expiry, m.Sex)
		}
		primary, secondary, truncated := m.Name()
		if primary != c.primary || secondary != c.forename || truncated != c.truncated {
			t.Errorf("%s: name %q, %q, truncated %v", c.why, primary, secondary, truncated)
		}
		if m.DocumentCode() != c.code || m.Optional() != c.optional {
			t.Errorf("%s: code %q, optional %q", c.why, m.DocumentCode(), m.Optional())
		}
		if r := Check(PassportMRZ, c.raw, on); r != m.Result {
			t.Errorf("%s: Check and ReadMRZ differ: %v, %v", c.why, r, m)
		}
	}
}

// remade changes fields of a zone (place from 0 in the lines run together, and text) and puts every check digit right.
func remade(raw string, changes ...any) string {
	var z mrzZone
	if code := z.fold(raw); code != NoCode {
		panic(code)
	}
	for i := 0; i < len(changes); i += 2 {
		copy(z.b[changes[i].(int):], changes[i+1].(string))
	}
	l := z.layout
	for _, s := range []span{l.number, l.birth, l.expiry} {
		if z.check(s) != filler {
			z.b[s.to] = mrzCheck(z.at(s))
		}
	}
	if l.checkedOptional && z.check(l.optional) != filler {
		z.b[l.optional.to] = mrzCheck(z.at(l.optional))
	}
	c := l.composite
	z.b[l.compositeCheck] = mrzCheck(z.at(c[0]), z.at(c[1]), z.at(c[2]), z.at(c[3]))
	return string(z.b[:l.lines*l.width])
}

func TestZoneFindings(t *testing.T) {
	const birth, sex, expiry, nationality = 57, 64, 65, 54 // places in TD3
	inp := "P<INPSPECIMEN<<SAMPLE<<<<<<<<<<<<<<<<<<<<<<<\nXX000000<0FRA1901012F16073021234567890<<<<70"
	for _, c := range []struct {
		why    string
		raw    string
		status Status
		reason Code
		part   Part
		want   Finding
	}{
		{"INP specimen in the tests of Arg0s1080/mrz, wrong expiry check digit", inp, Invalid, CodeCheckDigitMismatch, ExpiryCheck, Finding{Failed, CodeCheckDigitMismatch}},
		{"its number's check digit is right", inp, Invalid, CodeCheckDigitMismatch, CheckDigit, Finding{Outcome: Passed}},
		{"its issuer INP is in no list", inp, Invalid, CodeCheckDigitMismatch, Structure, Finding{Warning, CodeStateUnknown}},

		{"nothing", "", Invalid, CodeEmpty, Structure, Finding{Failed, CodeEmpty}},
		{"only line ends", "\r\n \n", Invalid, CodeEmpty, Structure, Finding{Failed, CodeEmpty}},
		{"one line", icaoTD3[:44], Invalid, CodeBadLength, Structure, Finding{Failed, CodeBadLength}},
		{"89 characters", icaoTD3 + "0", Invalid, CodeBadLength, Structure, Finding{Failed, CodeBadLength}},
		{"91 characters", icaoTD1 + "<", Invalid, CodeBadLength, Structure, Finding{Failed, CodeBadLength}},
		{"a line break in the wrong place", icaoTD3[:43] + "\n<" + icaoTD3[45:], Invalid, CodeBadLength, Structure, Finding{Failed, CodeBadLength}},
		{"long", strings.Repeat(" ", maxZone+1), Invalid, CodeTooLong, Structure, Finding{Failed, CodeTooLong}},
		{"a guillemet for two fillers", strings.Replace(icaoTD3, "<<", "«", 1), Invalid, CodeBadCharacter, Structure, Finding{Failed, CodeBadCharacter}},
		{"a single guillemet for a filler", strings.Replace(icaoTD3, "<", "‹", 1), Invalid, CodeBadCharacter, Structure, Finding{Failed, CodeBadCharacter}},
		{"a CJK bracket for a filler", strings.Replace(icaoTD3, "<", "〈", 1), Invalid, CodeBadCharacter, Structure, Finding{Failed, CodeBadCharacter}},
		{"Cyrillic А", strings.Replace(icaoTD3, "A", "А", 1), Invalid, CodeBadCharacter, Structure, Finding{Failed, CodeBadCharacter}},
		{"hyphen", strings.Replace(icaoTD3, "<", "-", 1), Invalid, CodeBadCharacter, Structure, Finding{Failed, CodeBadCharacter}},
		{"tab", "\t" + icaoTD3, Invalid, CodeBadCharacter, Structure, Finding{Failed, CodeBadCharacter}},
		{"cut UTF-8", icaoTD3 + "\xef\xbc", Invalid, CodeNotUTF8, Structure, Finding{Failed, CodeNotUTF8}},
		{"visa of 2x44", remade(icaoTD3, 0, "V<"), Invalid, CodePrefixUnknown, Structure, Finding{Failed, CodePrefixUnknown}},
		{"visa of 2x36", remade(icaoTD2, 0, "V<"), Invalid, CodePrefixUnknown, Structure, Finding{Failed, CodePrefixUnknown}},
		{"an identity card of 2x44", remade(icaoTD3, 0, "I<"), Invalid, CodePrefixUnknown, Structure, Finding{Failed, CodePrefixUnknown}},
		{"a digit in front", remade(icaoTD3, 0, "9<"), Invalid, CodeBadCharacter, Structure, Finding{Failed, CodeBadCharacter}},
		{"French identity card before 2021, PRADO FRA-BO-02002", "IDFRABERTHIER<<<<<<<<<<<<<<<<<<<<<<<\n9409923102854CORINNE<<<<<<<6512068F4", Invalid, CodeBadCharacter, Structure, Finding{Failed, CodeBadCharacter}},
		{"residence permit RP, seen on Estonian ones", remade(icaoTD1, 0, "RP"), Suspicious, CodeLeadingUnusual, Structure, Finding{Warning, CodeLeadingUnusual}},
		{"a digit in the name", remade(icaoTD3, 5, "ERIKSS0N"), Invalid, CodeBadCharacter, Structure, Finding{Failed, CodeBadCharacter}},
		{"a letter in a date", remade(icaoTD3, birth, "74O812"), Invalid, CodeBadCharacter, Structure, Finding{Failed, CodeBadCharacter}},
		{"a letter as check digit", icaoTD3[:len(icaoTD3)-1] + "O", Invalid, CodeBadCharacter, Structure, Finding{Failed, CodeBadCharacter}},
		{"a letter as check digit of optional data", icaoTD3[:len(icaoTD3)-2] + "I0", Invalid, CodeBadCharacter, Structure, Finding{Failed, CodeBadCharacter}},
		{"a digit in the nationality", remade(icaoTD3, nationality, "UT0"), Invalid, CodeBadCharacter, Structure, Finding{Failed, CodeBadCharacter}},
		{"sex X stands in the visual zone only", remade(icaoTD3, sex, "X"), Invalid, CodeBadCharacter, Structure, Finding{Failed, CodeBadCharacter}},
		{"no issuing state", remade(icaoTD3, 2, "<<<"), Invalid, CodeBadCharacter, Structure, Finding{Failed, CodeBadCharacter}},
		{"issuing state of two letters", remade(icaoTD3, 2, "UT<"), Invalid, CodeBadCharacter, Structure, Finding{Failed, CodeBadCharacter}},
		{"issuing state in no list", remade(icaoTD3, 2, "QQQ"), Suspicious, CodeStateUnknown, Structure, Finding{Warning, CodeStateUnknown}},
		{"nationality in no list", remade(icaoTD3, nationality, "QQQ"), Suspicious, CodeStateUnknown, Nationality, Finding{Warning, CodeStateUnknown}},
		{"no nationality", remade(icaoTD3, nationality, "<<<"), Suspicious, CodeStateUnknown, Nationality, Finding{Warning, CodeStateUnknown}},
		{"stateless person, ICAO part 3", remade(icaoTD3, nationality, "XXA"), Valid, NoCode, Nationality, Finding{Outcome: Passed}},
		{"no number", remade(icaoTD3, 44, "<<<<<<<<<"), Invalid, CodeAllZero, Structure, Finding{Failed, CodeAllZero}},
		{"number of zeros", remade(icaoTD3, 44, "000000000"), Invalid, CodeAllZero, Structure, Finding{Failed, CodeAllZero}},

		{"O read for 0 in the number", remade(icaoTD3, 44, "L898902C3")[:44] + "L8989O2C3" + icaoTD3[54:], Invalid, CodeCheckDigitMismatch, CheckDigit, Finding{Failed, CodeCheckDigitMismatch}},
		{"no check digit of the number in TD3", icaoTD3[:54] + "<" + icaoTD3[55:], Invalid, CodeCheckDigitMismatch, CheckDigit, Finding{Failed, CodeCheckDigitMismatch}},
		{"long number without its end", remade(icaoTD1, 14, "<"), Invalid, CodeCheckDigitMismatch, CheckDigit, Finding{Failed, CodeCheckDigitMismatch}},
		{"long number that ends after its ninth character", remade(icaoTD1, 14, "<7"), Invalid, CodeCheckDigitMismatch, CheckDigit, Finding{Failed, CodeCheckDigitMismatch}},
		{"long number with a filler as its ninth", remade(icaoTD1, 13, "<<7349"), Invalid, CodeCheckDigitMismatch, CheckDigit, Finding{Failed, CodeCheckDigitMismatch}},
		{"long number, wrong check digit", remade(icaoLongTD1, 18, "8"), Invalid, CodeCheckDigitMismatch, CheckDigit, Finding{Failed, CodeCheckDigitMismatch}},
		{"wrong birth check digit", remade(icaoTD3)[:63] + "3" + remade(icaoTD3)[64:], Invalid, CodeCheckDigitMismatch, BirthCheck, Finding{Failed, CodeCheckDigitMismatch}},
		{"wrong check digit of optional data", icaoTD3[:len(icaoTD3)-2] + "20", Invalid, CodeCheckDigitMismatch, OptionalCheck, Finding{Failed, CodeCheckDigitMismatch}},
		{"no check digit of optional data that is there", remade(icaoTD3, 86, "<"), Invalid, CodeCheckDigitMismatch, OptionalCheck, Finding{Failed, CodeCheckDigitMismatch}},
		{"no optional data, check digit 0", remade(germanTD3, 86, "0"), Valid, NoCode, OptionalCheck, Finding{Outcome: Passed}},
		{"no optional data, no check digit", germanTD3, Valid, NoCode, OptionalCheck, Finding{Outcome: Passed}},
		{"TD1 has no check digit of optional data", icaoTD1, Valid, NoCode, OptionalCheck, Finding{NotExecuted, CodeCheckDigitAbsent}},
		{"wrong composite check digit", icaoTD3[:len(icaoTD3)-1] + "1", Invalid, CodeCheckDigitMismatch, CompositeCheck, Finding{Failed, CodeCheckDigitMismatch}},
		{"TD2 full of optional data, check digit computed apart", strings.Split(icaoTD2, "\n")[0] + "D231458907UTO7408122F1204159ABCDEFG1", Valid, NoCode, CompositeCheck, Finding{Outcome: Passed}},
		{"no composite check digit", icaoTD3[:len(icaoTD3)-1] + "<", Invalid, CodeCheckDigitMismatch, CompositeCheck, Finding{Failed, CodeCheckDigitMismatch}},

		{"expired", icaoTD3, Valid, NoCode, Expiry, Finding{Warning, CodeDocumentExpired}},
		{"expires today", remade(icaoTD3, expiry, "261122"), Valid, NoCode, Expiry, Finding{Outcome: Passed}},
		{"expired yesterday", remade(icaoTD3, expiry, "261121"), Valid, NoCode, Expiry, Finding{Warning, CodeDocumentExpired}},
		{"30 February", remade(icaoTD3, expiry, "280230"), Invalid, CodeDateInvalid, Expiry, Finding{Failed, CodeDateInvalid}},
		{"expires on 29 February 2028", remade(icaoTD3, expiry, "280229"), Valid, NoCode, Expiry, Finding{Outcome: Passed}},
		{"2027 is no leap year", remade(icaoTD3, expiry, "270229"), Invalid, CodeDateInvalid, Expiry, Finding{Failed, CodeDateInvalid}},
		{"no date of expiry", remade(icaoTD3, expiry, "<<<<<<"), Valid, NoCode, Expiry, Finding{Warning, CodeDateUnknown}},
		{"month 13", remade(icaoTD3, birth, "741301"), Invalid, CodeDateInvalid, BirthDate, Finding{Failed, CodeDateInvalid}},
		{"31 April", remade(icaoTD3, birth, "740431"), Invalid, CodeDateInvalid, BirthDate, Finding{Failed, CodeDateInvalid}},
		{"29 February 1974", remade(icaoTD3, birth, "740229"), Invalid, CodeDateInvalid, BirthDate, Finding{Failed, CodeDateInvalid}},
		{"day 32 of an open month", remade(icaoTD3, birth, "740032"), Invalid, CodeDateInvalid, BirthDate, Finding{Failed, CodeDateInvalid}},
		{"30 February of an open year", remade(icaoTD3, birth, "<<0230"), Invalid, CodeDateInvalid, BirthDate, Finding{Failed, CodeDateInvalid}},
		{"29 February of an open year", remade(icaoTD3, birth, "<<0229"), Valid, NoCode, BirthDate, Finding{Warning, CodeDateUnknown}},
		{"half a month", remade(icaoTD3, birth, "741<12"), Invalid, CodeDateInvalid, BirthDate, Finding{Failed, CodeDateInvalid}},
		{"day open, as fillers", remade(icaoTD3, birth, "7408<<"), Valid, NoCode, BirthDate, Finding{Warning, CodeDateUnknown}},
		{"day open, as zeros", remade(icaoTD3, birth, "740800"), Valid, NoCode, BirthDate, Finding{Warning, CodeDateUnknown}},
		{"month and day open", remade(icaoTD3, birth, "74<<<<"), Valid, NoCode, BirthDate, Finding{Warning, CodeDateUnknown}},
		{"birth open", remade(icaoTD3, birth, "<<<<<<"), Valid, NoCode, BirthDate, Finding{Warning, CodeDateUnknown}},
	} {
		r := Check(PassportMRZ, c.raw, on)
		if r.Status != c.status || r.Reason != c.reason || r.Findings[c.part] != c.want {
			t.Errorf("%s: %v, %v is %v %v", c.why, r, c.part, r.Findings[c.part].Outcome, r.Findings[c.part].Code)
		}
		if f := r.Findings[BirthDate]; f.Code == CodeDateUnknown && r.Birth != (Date{}) {
			t.Errorf("%s: a birth that the document leaves open is %v", c.why, r.Birth)
		}
	}
}

func TestCenturies(t *testing.T) {
	for _, c := range []struct {
		why           string
		on            Date
		birth, expiry string
		born, until   string
	}{
		{"born today", on, "261122", "310101", "2026-11-22", "2031-01-01"},
		{"tomorrow a hundred years ago", on, "261123", "310101", "1926-11-23", "2031-01-01"},
		{"born in 2000", on, "000101", "310101", "2000-01-01", "2031-01-01"},
		{"born in 1999", on, "991231", "310101", "1999-12-31", "2031-01-01"},
		{"49 years ahead", on, "900101", "750101", "1990-01-01", "2075-01-01"},
		{"50 years ago", on, "600101", "760101", "1960-01-01", "1976-01-01"},
		{"nobody is born after the document expired", on, "200101", "900101", "1920-01-01", "1990-01-01"},
		{"a leap day in 2000", on, "000229", "310101", "2000-02-29", "2031-01-01"},
		{"2100 has no leap day, 2000 had", Date{2126, 1, 1}, "000229", "310101", "2000-02-29", "2131-01-01"},
		{"neither 2000 nor 1900", Date{1999, 1, 1}, "000229", "010101", "", "2001-01-01"},
		{"pivot across a century", Date{1999, 1, 1}, "700101", "480101", "1970-01-01", "2048-01-01"},
		{"pivot at the century, and born before it expired", Date{2000, 1, 1}, "000101", "500101", "1900-01-01", "1950-01-01"},
		{"a clock outside the calendar", Date{2026, 13, 1}, "900101", "310101", "", ""},
		{"the first year", Date{1, 1, 1}, "900101", "310101", "", "0031-01-01"},
		{"the last year", Date{65535, 12, 31}, "900101", "310101", "5490-01-01", "5531-01-01"},
	} {
		r := Check(PassportMRZ, remade(icaoTD3, 57, c.birth, 65, c.expiry), c.on)
		if got := r.Birth; c.born == "" && (got != (Date{}) || r.Status != Invalid) || c.born != "" && got.String() != c.born {
			t.Errorf("%s: born %v, want %q (%v)", c.why, got, c.born, r)
		}
		if got := r.Expiry; c.until == "" && got != (Date{}) || c.until != "" && got.String() != c.until {
			t.Errorf("%s: expires %v, want %q", c.why, got, c.until)
		}
	}
}

// Every writing of the closed list is the same zone.
func TestZoneWritings(t *testing.T) {
	want := ReadMRZ(icaoTD3, on)
	for why, raw := range map[string]string{
		"CR LF":            strings.ReplaceAll(icaoTD3, "\n", "\r\n"),
		"space":            strings.ReplaceAll(icaoTD3, "\n", " "),
		"run together":     strings.ReplaceAll(icaoTD3, "\n", ""),
		"lower case":       strings.ToLower(icaoTD3),
		"around the lines": "\n  " + strings.ReplaceAll(icaoTD3, "\n", " \n　") + "\r\n",
		"full-width": strings.Map(func(r rune) rune {
			if r > ' ' {
				return r + '！' - '!'
			}
			return r
		}, icaoTD3),
	} {
		got := ReadMRZ(raw, on)
		if got != want {
			t.Errorf("%s: %v, want %v", why, got, want)
		}
	}
}

func TestZoneNames(t *testing.T) {
	for _, c := range []struct {
		why, field         string
		primary, secondary string
		truncated          bool
	}{
		{"single name", "ARKFREITH", "ARKFREITH", "", false},
		{"no surname, as India prints", "<<ARKFREITH<TAL", "", "ARKFREITH TAL", false},
		{"parts of both", "NILAVADHANANANDA<DE<ORO<<CHAYAPA<DEJ", "NILAVADHANANANDA DE ORO", "CHAYAPA DEJ", false},
		{"more fillers than one", "MERRIWICK<<TAL<<<JOVA", "MERRIWICK", "TAL JOVA", false},
		{"cut at the last place", "NILAVADHANANANDA<<CHAYAPA<DEJTHAMRONG<K", "NILAVADHANANANDA", "CHAYAPA DEJTHAMRONG K", true},
		{"one place free", "NILAVADHANANANDA<<CHAYAPA<DEJTHAMRONGK", "NILAVADHANANANDA", "CHAYAPA DEJTHAMRONGK", false},
		{"surname alone, cut", strings.Repeat("ABC", 13), strings.Repeat("ABC", 13), "", true},
		{"nothing", "", "", "", false},
	} {
		m := ReadMRZ(remade(icaoTD3, 5, c.field+strings.Repeat("<", 39-len(c.field))), on)
		primary, secondary, truncated := m.Name()
		if m.Status != Valid || primary != c.primary || secondary != c.secondary || truncated != c.truncated {
			t.Errorf("%s: %v %q, %q, %v", c.why, m, primary, secondary, truncated)
		}
	}
	if m := ReadMRZ("nothing of the kind", on); m.DocumentCode() != "" || m.Optional() != "" {
		t.Errorf("a zone without structure: %q, %q", m.DocumentCode(), m.Optional())
	}
	var none MRZ
	if primary, secondary, truncated := none.Name(); primary != "" || secondary != "" || truncated {
		t.Error("the zero zone has a name")
	}
}

// The key of a passport is the same from its zone and from its number with its state; cards are apart.
func TestZoneSubjects(t *testing.T) {
	for _, c := range []struct {
		why, zone     string
		kind          Kind
		state, number string
	}{
		{"passport", icaoTD3, Passport, "UTO", "L898902C3"},
		{"German passport", germanTD3, Passport, "DEU", "C01X00T47"},
		{"short number", remade(icaoTD3, 44, "AB2134<<<"), Passport, "UTO", "AB2134"},
		{"filler within the number: a space or hyphen, ICAO part 3", remade(icaoTD3, 44, "L8989<2C3"), Passport, "UTO", "L89892C3"},
		{"card with a passport's number", remade(icaoTD1, 5, "L898902C3"), PassportMRZ, "UTO", "L898902C3"},
		{"long number", icaoLongTD2, PassportMRZ, "UTO", "D23145890734"},
	} {
		r := Check(PassportMRZ, c.zone, on)
		s := r.Subject()
		if s.Kind != c.kind || s.State != ParseState(c.state) || s.Number.Reveal() != c.number {
			t.Errorf("%s: %s %v %s", c.why, s.Kind, s.State, s.Number.Reveal())
		}
	}
}

func TestZonePrintsNothingPersonal(t *testing.T) {
	var logged strings.Builder
	m := ReadMRZ(icaoTD3, on)
	text, err := json.Marshal(struct{ Zone MRZ }{m})
	if err != nil {
		t.Fatal(err)
	}
	slog.New(slog.NewJSONHandler(&logged, nil)).Info("zone", "mrz", m, "pointer", &m)
	prints := string(text) + logged.String()
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		prints += fmt.Sprintf(verb, m) + fmt.Sprintf(verb, &m) + fmt.Sprintf(verb, []MRZ{m})
	}
	hidden := fmt.Sprintf("%v", struct{ zone sealedZone }{m.zone}) // by reflection, past every method
	open := m.open()
	mask := zoneMask
	zoneMask = sealedZone{}
	plain := fmt.Sprintf("%v", struct{ zone sealedZone }{open.seal()})
	zoneMask = mask
	if hidden == plain {
		t.Error("an unexported field prints the zone")
	}
	for _, personal := range []string{"ERIKSSON", "ANNA", "898902", "1974", "740812", "ZE184226B", "2012"} {
		if strings.Contains(prints, personal) {
			t.Errorf("%q is printed: %s", personal, prints)
		}
	}
	if m.String() != "passport_mrz valid" {
		t.Errorf("prints %q", m)
	}
}

func TestZonesDoNotAllocate(t *testing.T) {
	for why, raw := range map[string]string{
		"TD1": icaoLongTD1, "TD2": icaoTD2, "TD3": icaoTD3, "run together": strings.ReplaceAll(icaoTD3, "\n", ""),
		"invalid": icaoTD3[:len(icaoTD3)-1] + "1", "garbage": "\xff", "long": strings.Repeat("<", 1<<16),
	} {
		var r Result
		var m MRZ
		if n := testing.AllocsPerRun(100, func() { r = Check(PassportMRZ, raw, on) }); n != 0 {
			t.Errorf("Check, %s: %v allocations (%v)", why, n, r)
		}
		if n := testing.AllocsPerRun(100, func() { m = ReadMRZ(raw, on) }); n != 0 {
			t.Errorf("ReadMRZ, %s: %v allocations (%v)", why, n, m)
		}
	}
}

// The worked examples of ICAO Doc 9303 part 3, section 4.9 and its appendix.
func TestCheckDigitExamples(t *testing.T) {
	for field, want := range map[string]byte{
		"520727": '3', "AB2134<<<": '5', "HA672242<658022549601086<<<<<<<<<<<<<<0": '8', "L898902C3": '6',
		"D231458907<<<<<<<<<<<<<<<34071279507122<<<<<<<<<<": '2', "HA672242<658022549601086<<<<<<<": '8',
	} {
		if got := mrzCheck([]byte(field)); got != want {
			t.Errorf("%s: %c, want %c", field, got, want)
		}
	}
}

func TestGeneratedZones(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text, err := generator(t).Next(PassportMRZ)
		if err != nil {
			t.Fatal(err)
		}
		m := ReadMRZ(text, on)
		primary, secondary, truncated := m.Name()
		if m.Status != Valid || m.Form != FormTD3 || m.State.String() != "UTO" || len(m.Canonical.Reveal()) != 9 {
			t.Fatalf("%v %v", m, m.State)
		}
		if primary == "" || secondary == "" && !truncated || m.Expiry.Before(on) || on.Before(m.Birth) || m.Birth.Year < on.Year-100 {
			t.Fatalf("name %q, %q, birth %v, expiry %v", primary, secondary, m.Birth, m.Expiry)
		}
	})
}

// The weights 7, 3 and 1 have no factor in common with 10: a changed character is caught if and only if its value changes
// modulo 10. So 0, A, K, U and the filler pass for each other, and so on through the alphabet. Dates are digits, which all
// differ.
func TestChangesThatTheCheckDigitsCatch(t *testing.T) {
	const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ<"
	rapid.Check(t, func(t *rapid.T) {
		text, err := generator(t).Next(PassportMRZ)
		if err != nil {
			t.Fatal(err)
		}
		text = strings.ReplaceAll(text, "\n", "")
		l := layoutOf(FormTD3)
		for _, field := range []span{l.number, l.birth, l.expiry, l.optional} {
			for i := int(field.from); i < int(field.to); i++ {
				for j := range alphabet {
					changed := text[:i] + alphabet[j:j+1] + text[i+1:]
					if changed == text {
						continue
					}
					same := mrzValue(text[i])%10 == mrzValue(alphabet[j])%10
					date := field == l.birth || field == l.expiry
					// Optional data that is there needs its check digit.
					unchecked := field == l.optional && text[field.to] == filler
					want := same && !date && !unchecked
					if r := Check(PassportMRZ, changed, on); (r.Status != Invalid) != want {
						t.Fatalf("place %d, %c for %c: %v", i+1, alphabet[j], text[i], r)
					}
				}
			}
		}
		for _, i := range []uint8{l.number.to, l.birth.to, l.expiry.to, l.compositeCheck} {
			for _, digit := range "0123456789<" {
				changed := text[:i] + string(digit) + text[i+1:]
				if r := Check(PassportMRZ, changed, on); changed != text && r.Status != Invalid {
					t.Fatalf("check digit in place %d: %v", i+1, r)
				}
			}
		}
	})
}

// Neighbouring weights differ by an even number: a swap is caught if and only if the values differ modulo 5.
func TestSwapsThatTheCheckDigitsCatch(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text, err := generator(t).Next(PassportMRZ)
		if err != nil {
			t.Fatal(err)
		}
		text = strings.ReplaceAll(text, "\n", "")
		number := layoutOf(FormTD3).number
		for i := int(number.from); i+1 < int(number.to); i++ {
			a, b := text[i], text[i+1]
			swapped := text[:i] + string(rune(b)) + string(rune(a)) + text[i+2:]
			want := mrzValue(a)%5 == mrzValue(b)%5
			if r := Check(PassportMRZ, swapped, on); (r.Status != Invalid) != want {
				t.Fatalf("places %d and %d: %v", i+1, i+2, r)
			}
		}
	})
}
