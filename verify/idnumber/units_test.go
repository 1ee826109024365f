package idnumber

import "testing"

type unitVector struct {
	why       string
	kind      Kind
	raw       string
	status    Status
	reason    Code
	canonical string
}

func checkUnitVectors(t *testing.T, vectors []unitVector) {
	t.Helper()
	for _, c := range vectors {
		r := Check(c.kind, c.raw, on)
		if r.Status != c.status || r.Reason != c.reason || r.Canonical.Reveal() != c.canonical {
			t.Errorf("%s: got %s %s %q, want %s %s %q",
				c.why, r.Status, r.Reason, r.Canonical.Reveal(), c.status, c.reason, c.canonical)
		}
	}
}

// social appends the organisation's and the code's own check character to 16 characters.
func social(head16 string) string {
	body := head16 + string(rune(orgCheck([]byte(head16[8:]))))
	var b [numberSize]byte
	copy(b[:], body)
	return body + string(rune(usccCheck(&b)))
}

func TestSocialCreditCodes(t *testing.T) {
	checkUnitVectors(t, []unitVector{
		{"GB 32100-2015, sample", USCC, "91350100M000100Y43", Valid, NoCode, "91350100M000100Y43"},
		{"lower case and spaces", USCC, "9135 0100 m000 100y 43", Valid, NoCode, "91350100M000100Y43"},
		{"hutool's test", USCC, "91310110666007217T", Valid, NoCode, "91310110666007217T"},
		{"hutool's test", USCC, "91310115591693856A", Valid, NoCode, "91310115591693856A"},
		{"xbeginagain/generator#2, a public institution", USCC, "12440600MB2C07549J", Valid, NoCode, "12440600MB2C07549J"},
		{"remainder 0 is written 0, IDCheck's test", USCC, "913502006120495420", Valid, NoCode, "913502006120495420"},
		{"registered nationally", USCC, "52100000523000026F", Valid, NoCode, "52100000523000026F"},
		{"a department that is a letter", USCC, social("N244190000000001"), Valid, NoCode, social("N244190000000001")},
		{"a village committee", USCC, social("5411010500000001"), Valid, NoCode, social("5411010500000001")},
		{"registered by a province", USCC, social("9111000000000001"), Valid, NoCode, social("9111000000000001")},
		{"in a county that is no more", USCC, social("9111010300000001"), Valid, NoCode, social("9111010300000001")},

		{"a type the department does not have", USCC, "9A350100M000100Y47", Suspicious, CodeTypeUnknown, "9A350100M000100Y47"},
		{"no such department", USCC, social("B111010500000001"), Suspicious, CodeTypeUnknown, social("B111010500000001")},
		{"a development zone", USCC, social("9132059400000001"), Suspicious, CodeAreaUnknown, social("9132059400000001")},
		{"a prefecture that never was", USCC, social("9111990000000001"), Suspicious, CodeAreaUnknown, social("9111990000000001")},

		{"a resident's number that satisfies MOD 31, hutool#1367", USCC, "362322198709086409", Invalid, CodeEmbeddedMismatch, ""},
		{"another, hutool#2020: its third to eighth digits are no division", USCC, "430407199312020025", Invalid, CodeAreaUnassigned, ""},
		{"wrong check character", USCC, "91350100M000100Y44", Invalid, CodeCheckDigitMismatch, ""},
		{"an organisation code of zeros", USCC, social("9111010500000000"), Invalid, CodeAllZero, ""},
		{"no such province", USCC, social("9116010500000001"), Invalid, CodeAreaUnassigned, ""},
		{"Hong Kong registers for itself", USCC, social("9181000000000001"), Invalid, CodeAreaUnassigned, ""},
		{"letter O", USCC, "91350100MO00100Y43", Invalid, CodeBadCharacter, ""},
		{"letter in the division", USCC, "9135010AM000100Y43", Invalid, CodeBadCharacter, ""},
		{"17", USCC, "91350100M000100Y4", Invalid, CodeBadLength, ""},
		{"19", USCC, "91350100M000100Y433", Invalid, CodeBadLength, ""},
		{"slash", USCC, "91350100M000100Y4/", Invalid, CodeBadCharacter, ""},
	})
}

// Codes that Fujian gave in 2015 and that public programs call genuine.
func TestPilotCodes(t *testing.T) {
	for code, source := range map[string]string{
		"91350100M0001TGQXM": "bluesky335/IDCheck, with the company's name",
		"91350211M0000XUF46": "bluesky335/IDCheck, with the company's name",
		"91350203M0001FUE2P": "bluesky335/IDCheck, with the company's name; hutool#2020",
		"91350211M00013FA1N": "hutool's test",
		"91350203M0001QKT19": "hutool#4119, with the register's page",
		"91350203M0001QAY9B": "let through by name in a public form",
		"91350205M0001WXB32": "listed by a public tax program",
		"91350212M00010RN6D": "a public test of refusals",
		"91350200M000000510": "Xiamen's first, quoted in public programs",
		"91350128M00000019A": "Pingtan's first, quoted in public programs",
	} {
		r := Check(USCC, code, on)
		if r.Status != Valid || r.Findings[CheckDigit] != (Finding{Warning, CodeCheckDigitPilot}) ||
			r.Findings[EmbeddedCode].Outcome != Passed || r.Canonical.Reveal() != code {
			t.Errorf("%s (%s): %v %v", code, source, r, r.Findings)
		}
	}
	// All but the first satisfy MOD 37 and the organisation code's check, and are refused all the same.
	for why, code := range map[string]string{
		"another check character":      "91350211M00013FA1P",
		"another province":             "91360200M000000005",
		"a person's business":          "92350211M000000004",
		"a public institution":         "12350211M00000000C",
		"another organisation's range": "91350211M010000020",
		"a range of later years":       "91350211MA00000073",
		"a range that never was":       "91350211N00000008B",
	} {
		if r := Check(USCC, code, on); r.Findings[CheckDigit] != (Finding{Failed, CodeCheckDigitMismatch}) {
			t.Errorf("%s: %v %v", why, r, r.Findings)
		}
	}
}

func TestOlderRegistrations(t *testing.T) {
	checkUnitVectors(t, []unitVector{
		{"GB 11714-1997, sample", OrgCode, "D2143569-X", Valid, NoCode, "D2143569X"},
		{"without the hyphen", OrgCode, "d2143569x", Valid, NoCode, "D2143569X"},
		{"11 is written 0", OrgCode, "00000107-0", Valid, NoCode, "000001070"},
		{"wrong check character", OrgCode, "D2143569-1", Invalid, CodeCheckDigitMismatch, ""},
		{"A is no check character", OrgCode, "D2143569-A", Invalid, CodeBadCharacter, ""},
		{"zeros satisfy the check", OrgCode, "00000000-0", Invalid, CodeAllZero, ""},
		{"bracket", OrgCode, "D214356(X", Invalid, CodeBadCharacter, ""},
		{"eight", OrgCode, "D2143569", Invalid, CodeBadLength, ""},

		{"GS 15-2006, sample", BizReg, "110108000000016", Valid, NoCode, "110108000000016"},
		{"wrong check digit", BizReg, "110108000000017", Invalid, CodeCheckDigitMismatch, ""},
		{"registered nationally", BizReg, registration("10000000000001"), Valid, NoCode, registration("10000000000001")},
		{"a zone", BizReg, registration("32059400000001"), Suspicious, CodeAreaUnknown, registration("32059400000001")},
		{"no such province", BizReg, registration("16010100000001"), Invalid, CodeAreaUnassigned, ""},
		{"13 digits of before 2007", BizReg, "1101081234567", Valid, NoCode, "1101081234567"},
		{"suffix of a province", BizReg, "11010800000001A", Invalid, CodeBadCharacter, ""},
	})
	for _, raw := range []string{"110108000000016", "D2143569-X"} {
		kind := OrgCode
		if len(raw) == bizRegLength {
			kind = BizReg
		}
		if f := Check(kind, raw, on).Findings[Structure]; f != (Finding{Warning, CodeFormSuperseded}) {
			t.Errorf("%s: %v", kind, f)
		}
	}
}

func registration(body14 string) string { return body14 + string(rune(mod1110([]byte(body14)))) }

func TestRegistrarIsNamed(t *testing.T) {
	for _, c := range []struct{ raw, name string }{
		{"91350100M000100Y43", "福建省福州市"},
		{social("9143010200000001"), "湖南省长沙市芙蓉区"}, // not as the list of 1980 names it
		{"52100000523000026F", ""},
	} {
		if got := Check(USCC, c.raw, on).Area.FullName(); got != c.name {
			t.Errorf("%s: got %q, want %q", c.raw, got, c.name)
		}
	}
}

func TestBankCards(t *testing.T) {
	checkUnitVectors(t, []unitVector{
		{"UnionPay debit, 19", BankCard, "6216261000000000018", Valid, NoCode, "6216261000000000018"},
		{"in groups", BankCard, "6216 2610 0000 0000 018", Valid, NoCode, "6216261000000000018"},
		{"UnionPay's sandbox card", BankCard, "6221558812340000", Suspicious, CodeLuhnMismatch, "6221558812340000"},
		{"CyberSource's domestic test card", BankCard, "6222040000030012", Suspicious, CodeLuhnMismatch, "6222040000030012"},
		{"12 digits", BankCard, withLuhn("50000000001"), Valid, NoCode, withLuhn("50000000001")},
		{"11 digits", BankCard, withLuhn("5000000001"), Invalid, CodeBadLength, ""},
		{"20 digits", BankCard, withLuhn("6200000000000000001"), Invalid, CodeBadLength, ""},
		{"zeros satisfy Luhn", BankCard, "0000000000000000", Invalid, CodeAllZero, ""},
		{"letter", BankCard, "621626100000000001X", Invalid, CodeBadCharacter, ""},
	})
	for _, c := range []struct {
		why, raw string
		issuer   Issuer
	}{
		{"Stripe's test cards", "6200000000000005", UnionPay},
		{"Stripe's test cards", "4242424242424242", Visa},
		{"Stripe's test cards", "5555555555554444", Mastercard},
		{"Stripe's test cards", "2223003122003222", Mastercard},
		{"Stripe's test cards", "378282246310005", AmericanExpress},
		{"Stripe's test cards", "3566002020360505", JCB},
		{"Stripe's test cards", "6011111111111117", Discover},
		{"Stripe's test cards", "3056930009020004", Diners},
		{"Stripe's test cards", "36227206271667", Diners},
		{"UnionPay, where Discover accepts it", withLuhn("622126000000000"), UnionPay},
		{"UnionPay's second range", withLuhn("810000000000000"), UnionPay},
		{"Industrial and Commercial Bank, before UnionPay", withLuhn("955880000000000000"), UnionPay},
		{"Bank of China, not Discover's 6011", withLuhn("601382000000000000"), UnionPay},
		{"just below Mastercard's", withLuhn("222099000000000"), NoIssuer},
		{"just above Mastercard's", withLuhn("272100000000000"), NoIssuer},
		{"just below JCB's", withLuhn("352799000000000"), NoIssuer},
		{"just above JCB's", withLuhn("359000000000000"), NoIssuer},
		{"Discover's 644", withLuhn("644000000000000"), Discover},
		{"not Discover's 643", withLuhn("643000000000000"), NoIssuer},
		{"Maestro is not told", withLuhn("670000000000000"), NoIssuer},
	} {
		want := Finding{Outcome: Passed}
		if c.issuer == NoIssuer {
			want = Finding{NotExecuted, CodeIssuerUnknown} // and so no suspicion
		}
		if r := Check(BankCard, c.raw, on); r.Status != Valid || r.Issuer != c.issuer || r.Findings[EmbeddedCode] != want {
			t.Errorf("%s, %.6s: %v %v %v", c.why, c.raw, r, r.Issuer, r.Findings[EmbeddedCode])
		}
	}
}

func TestMobilePhones(t *testing.T) {
	checkUnitVectors(t, []unitVector{
		{"plain", MobilePhone, "13800000000", Valid, NoCode, "13800000000"},
		{"country code", MobilePhone, "+86 138-0000-0000", Valid, NoCode, "13800000000"},
		{"full-width plus", MobilePhone, "＋８６13800000000", Valid, NoCode, "13800000000"},
		{"country code without plus", MobilePhone, "8613800000000", Valid, NoCode, "13800000000"},
		{"00", MobilePhone, "008613800000000", Valid, NoCode, "13800000000"},
		{"country code twice", MobilePhone, "+868613800000000", Invalid, CodePrefixUnknown, ""},
		{"country code alone", MobilePhone, "+86", Invalid, CodeBadLength, ""},
		{"plus alone", MobilePhone, "+", Invalid, CodePrefixUnknown, ""},
		{"plus in the middle", MobilePhone, "138+00000000", Invalid, CodeBadCharacter, ""},
		{"Hong Kong", MobilePhone, "+85291234567", Invalid, CodePrefixUnknown, ""},
		{"landline", MobilePhone, "01012345678", Invalid, CodePrefixUnknown, ""},
		{"12 is none", MobilePhone, "12800000000", Invalid, CodePrefixUnknown, ""},
		{"10 digits", MobilePhone, "1380000000", Invalid, CodeBadLength, ""},
		{"13 digits of a person's range", MobilePhone, "1380000000000", Invalid, CodeBadLength, ""},
		{"letter", MobilePhone, "1380000000X", Invalid, CodeBadCharacter, ""},
		{"not allocated", MobilePhone, "15400000000", Suspicious, CodePrefixUnallocated, "15400000000"},
		{"13 digits for things", MobilePhone, "1440000000000", Suspicious, CodePrefixNotPersonal, "1440000000000"},
		{"10648", MobilePhone, "+86 1064800000000", Suspicious, CodePrefixNotPersonal, "1064800000000"},
		{"11 digits of 10648", MobilePhone, "10648000000", Invalid, CodePrefixUnknown, ""},
	})
	for _, c := range []struct {
		prefix string
		issuer Issuer
		note   Code
	}{
		{"130", ChinaUnicom, NoCode}, {"133", ChinaTelecom, NoCode}, {"1340", ChinaMobile, NoCode}, {"1348", ChinaMobile, NoCode},
		{"1349", ChinaTelecom, CodePrefixSatellite}, {"139", ChinaMobile, NoCode}, {"140", ChinaUnicom, CodePrefixNotPersonal},
		{"141", ChinaTelecom, CodePrefixNotPersonal}, {"142", NoIssuer, CodePrefixUnallocated}, {"145", ChinaUnicom, NoCode},
		{"147", ChinaMobile, NoCode}, {"148", ChinaMobile, CodePrefixNotPersonal}, {"152", ChinaMobile, NoCode},
		{"153", ChinaTelecom, NoCode}, {"155", ChinaUnicom, NoCode}, {"157", ChinaMobile, NoCode},
		{"1610", NoIssuer, CodePrefixUnallocated}, {"1619", NoIssuer, CodePrefixSatellite},
		{"162", VirtualOperator, CodePrefixResale}, {"165", VirtualOperator, CodePrefixResale}, {"166", ChinaUnicom, NoCode},
		{"167", VirtualOperator, CodePrefixResale}, {"169", NoIssuer, CodePrefixUnallocated},
		{"170", VirtualOperator, CodePrefixResale}, {"171", VirtualOperator, CodePrefixResale}, {"172", ChinaMobile, NoCode},
		{"17400", ChinaTelecom, CodePrefixSatellite}, {"17406", NoIssuer, CodePrefixSatellite},
		{"17412", NoIssuer, CodePrefixSatellite}, {"17413", NoIssuer, CodePrefixUnallocated},
		{"1749", NoIssuer, CodePrefixSatellite}, {"176", ChinaUnicom, NoCode}, {"177", ChinaTelecom, NoCode},
		{"178", ChinaMobile, NoCode}, {"179", NoIssuer, CodePrefixUnallocated}, {"181", ChinaTelecom, NoCode},
		{"184", ChinaMobile, NoCode}, {"186", ChinaUnicom, NoCode}, {"188", ChinaMobile, NoCode}, {"189", ChinaTelecom, NoCode},
		{"190", ChinaTelecom, NoCode}, {"192", ChinaBroadnet, NoCode}, {"193", ChinaTelecom, NoCode},
		{"194", NoIssuer, CodePrefixUnallocated}, {"195", ChinaMobile, NoCode}, {"196", ChinaUnicom, NoCode},
		{"198", ChinaMobile, NoCode}, {"199", ChinaTelecom, NoCode},
	} {
		r := Check(MobilePhone, (c.prefix + "00000000")[:mobileLength], on)
		if r.Issuer != c.issuer || r.Findings[EmbeddedCode].Code != c.note || r.State != china {
			t.Errorf("%s: %v %v", c.prefix, r.Issuer, r.Findings[EmbeddedCode])
		}
	}
}

// Ranges that overlap would hide what comes later; 1349 within 134 alone is meant.
func TestPhoneRangesAreInOrder(t *testing.T) {
	for i, p := range phoneRanges {
		if p.first > p.last || i > 0 && p.first <= phoneRanges[i-1].last && p.first != 13400 {
			t.Errorf("range %d to %d", p.first, p.last)
		}
	}
}

func TestSIMCards(t *testing.T) {
	const published = "8986007031011209432" // and check digit 0: a card of 2001, quoted in public explanations of the number
	checkUnitVectors(t, []unitVector{
		{"20 digits", ICCID, published + "0", Valid, NoCode, published},
		{"19 digits", ICCID, published, Valid, NoCode, published},
		{"a modem's padding", ICCID, published + "f", Valid, NoCode, published},
		{"padding after the check digit", ICCID, published + "0FF", Valid, NoCode, published},
		{"letters inside: the 20th counts", ICCID, "898604B703101120943A", Valid, NoCode, "898604B703101120943A"},
		{"letters inside: F in the 20th place too", ICCID, "898604B703101120943F", Valid, NoCode, "898604B703101120943F"},
		{"letters inside, and padding", ICCID, "898604B703101120943FF", Valid, NoCode, "898604B703101120943F"},
		{"the manufacturer's letter for the check digit, Unicom 2001", ICCID, "8986010110231170983S", Valid, NoCode, "8986010110231170983"},
		{"letters inside, openpilot#38735", ICCID, "898600b5000000000001", Valid, NoCode, "898600B5000000000001"},
		{"the next card is another", ICCID, "898600B5000000000002", Valid, NoCode, "898600B5000000000002"},
		{"letters inside, 19", ICCID, "898600B500000000000", Valid, NoCode, "898600B500000000000"},
		{"China Mobile counts with the last digit", ICCID, published + "1", Valid, NoCode, published + "1"},
		{"Unicom's last digit checks", ICCID, withLuhn("8986010000000000001"), Valid, NoCode, "8986010000000000001"},
		{"Unicom, wrong", ICCID, "8986" + "0100000000000010", Suspicious, CodeLuhnMismatch, "89860100000000000010"},
		{"Telecom's 11, wrong", ICCID, "8986" + "1100000000000010", Suspicious, CodeLuhnMismatch, "89861100000000000010"},
		{"Telecom's 03, some do not fit", ICCID, "8986" + "0300000000000010", Suspicious, CodeLuhnMismatch, "89860300000000000010"},
		{"an issuer in no list", ICCID, withLuhn("8986990000000000001"), Valid, NoCode, "8986990000000000001"},

		{"Hong Kong, 19 with a check digit", ICCID, withLuhn("898520000000000001"), Suspicious, CodeIssuerForeign, withLuhn("898520000000000001")},
		{"without", ICCID, "8985200000000000010", Suspicious, CodeIssuerForeign, "8985200000000000010"},
		{"a US card with padding", ICCID, "8901260000000000001F", Suspicious, CodeIssuerForeign, "8901260000000000001"},
		{"18", ICCID, "898520000000000001", Suspicious, CodeIssuerForeign, "898520000000000001"},

		{"17 abroad", ICCID, "89852000000000001", Invalid, CodeBadLength, ""},
		{"18 on the mainland", ICCID, "898601000000000001", Invalid, CodeBadLength, ""},
		{"21", ICCID, published + "01", Invalid, CodeBadLength, ""},
		{"padding alone", ICCID, "FFFFFFFFFFFFFFFFFFFF", Invalid, CodeBadLength, ""},
		{"no telecommunication card", ICCID, "8886007031011209432", Invalid, CodePrefixUnknown, ""},
		{"G is no hexadecimal digit", ICCID, "898600G5000000000001", Invalid, CodeBadCharacter, ""},
		{"letter in the issuer", ICCID, "8986A000000000000001", Invalid, CodeBadCharacter, ""},
		{"letter in the issuer", ICCID, "89860A00000000000001", Invalid, CodeBadCharacter, ""},
		{"letter abroad", ICCID, "898520A0000000000001", Invalid, CodeBadCharacter, ""},
	})
	for code, issuer := range map[string]Issuer{
		"00": ChinaMobile, "02": ChinaMobile, "04": ChinaMobile, "07": ChinaMobile, "08": ChinaMobile, "13": ChinaMobile,
		"01": ChinaUnicom, "06": ChinaUnicom, "09": ChinaUnicom,
		"03": ChinaTelecom, "05": ChinaTelecom, "11": ChinaTelecom, "12": ChinaTelecom, "15": ChinaBroadnet, "99": NoIssuer,
	} {
		r := Check(ICCID, withLuhn("8986"+code+"0000000000001"), on)
		if r.Status != Valid || r.Issuer != issuer || r.Form != FormWithCheck || r.Findings[CheckDigit].Outcome != Passed {
			t.Errorf("8986%s: %v %v %v %v", code, r, r.Issuer, r.Form, r.Findings)
		}
	}
}

// A stock of consecutive cards must be as many subjects as cards, whoever issued them.
func TestConsecutiveCardsStayApart(t *testing.T) {
	for _, issuer := range []string{"898600", "898603", "898604C", "898606", "898615", "898599"} {
		subjects, cards := map[Number]bool{}, 0
		for i := range 100 {
			serial := string([]byte{'0' + byte(i/10), '0' + byte(i%10)})
			number := (issuer + "000000000000")[:18] + serial
			if r := Check(ICCID, number, on); r.Status != Invalid {
				subjects[r.Canonical] = true
				cards++
			}
		}
		if cards < 10 || len(subjects) != cards {
			t.Errorf("%s: %d cards are %d subjects", issuer, cards, len(subjects))
		}
	}
}

func TestDevices(t *testing.T) {
	checkUnitVectors(t, []unitVector{
		{"15, 3GPP TS 23.003's arithmetic", IMEI, "490154203237518", Valid, NoCode, "49015420323751"},
		{"in groups", IMEI, "49-015420-323751-8", Valid, NoCode, "49015420323751"},
		{"14", IMEI, "49015420323751", Valid, NoCode, "49015420323751"},
		{"with a software version", IMEI, "4901542032375100", Valid, NoCode, "49015420323751"},
		{"wrong check digit", IMEI, "490154203237519", Invalid, CodeCheckDigitMismatch, ""},
		{"17", IMEI, "49015420323751800", Invalid, CodeBadLength, ""},
		{"13", IMEI, "4901542032375", Invalid, CodeBadLength, ""},
		{"zeros satisfy Luhn", IMEI, "000000000000000", Invalid, CodeAllZero, ""},
		{"zeros with a version", IMEI, "0000000000000001", Invalid, CodeAllZero, ""},
		{"the letter of an MEID", IMEI, "A10000009296F2", Invalid, CodeBadCharacter, ""},
	})
	for raw, form := range map[string]Form{
		"490154203237518": FormWithCheck, "49015420323751": FormWithoutCheck, "4901542032375100": FormIMEISV,
	} {
		r := Check(IMEI, raw, on)
		if passed := r.Findings[CheckDigit].Outcome == Passed; r.Form != form || passed != (form == FormWithCheck) {
			t.Errorf("%s: %v %v", form, r.Form, r.Findings)
		}
	}
}
