package idnumber

import (
	"strings"
	"testing"
)

// on is the day of every vector.
var on = Date{2026, 11, 22}

// with appends the check character to a body.
func with(body17 string) string { return body17 + string(CheckChar(body17)) }

func TestResidentVectors(t *testing.T) {
	for _, c := range []struct {
		why       string
		kind      Kind
		raw       string
		status    Status
		reason    Code
		canonical string
	}{
		{"GB 11643-1999, first sample", ResidentID, "11010519491231002X", Valid, NoCode, "11010519491231002X"},
		{"GB 11643-1999, second sample, born 1880", ResidentID, "440524188001010014", Valid, NoCode, "440524188001010014"},
		{"lower-case x", ResidentID, "11010519491231002x", Valid, NoCode, "11010519491231002X"},
		{"full-width", ResidentID, "１１０１０５１９４９１２３１００２Ｘ", Valid, NoCode, "11010519491231002X"},
		{"full-width lower case", ResidentID, "11010519491231002ｘ", Valid, NoCode, "11010519491231002X"},
		{"spaces and hyphens", ResidentID, " 110105-1949 1231　002－X\u2010\u2011", Valid, NoCode, "11010519491231002X"},
		{"legacy, peers' vector", ResidentID, "610104620927690", Valid, NoCode, "610104196209276908"},
		{"legacy, peers' vector", ResidentID, "411702700422319", Valid, NoCode, "41170219700422319X"},
		{"legacy centenarian", ResidentID, "110105850203996", Valid, NoCode, with("11010518850203996")},
		{"legacy 995 is no centenarian", ResidentID, "110105850203995", Valid, NoCode, with("11010519850203995")},
		{"legacy centenarian, over 150 by now", ResidentID, "110105010203999", Suspicious, CodeDateTooOld, with("11010518010203999")},
		{"State Council notice 2018, specimen", ResidencePermit, "810000199408230021", Valid, NoCode, "810000199408230021"},
		{"State Council notice 2018, specimen", ResidencePermit, "830000199201300022", Valid, NoCode, "830000199201300022"},
		{"Macau", ResidencePermit, with("82000019920130000"), Valid, NoCode, with("82000019920130000")},

		{"nothing", ResidentID, "", Invalid, CodeEmpty, ""},
		{"nothing but separators", ResidentID, " -　", Invalid, CodeEmpty, ""},
		{"long", ResidentID, strings.Repeat(" ", 129), Invalid, CodeTooLong, ""},
		{"17", ResidentID, "11010519491231002", Invalid, CodeBadLength, ""},
		{"19", ResidentID, "11010519491231002X0", Invalid, CodeBadLength, ""},
		{"past the buffer", ResidentID, strings.Repeat("1", 32), Invalid, CodeBadLength, ""},
		{"Cyrillic Х", ResidentID, "11010519491231002Х", Invalid, CodeBadCharacter, ""},
		{"Roman numeral Ⅹ", ResidentID, "11010519491231002Ⅹ", Invalid, CodeBadCharacter, ""},
		{"Arabic-Indic digits", ResidentID, "١١٠١٠٥19491231002X", Invalid, CodeBadCharacter, ""},
		{"circled digit", ResidentID, "①10105194912310021", Invalid, CodeBadCharacter, ""},
		{"tab within", ResidentID, "110105\t19491231002X", Invalid, CodeBadCharacter, ""},
		{"a spreadsheet's tab", ResidentID, "\t11010519491231002X\r\n", Valid, NoCode, "11010519491231002X"},
		{"byte-order mark and no-break space", ResidentID, "\ufeff11010519491231002X\u00a0", Valid, NoCode, "11010519491231002X"},
		{"en dash and minus", ResidentID, "110105\u201319491231\u2212002X", Valid, NoCode, "11010519491231002X"},
		{"zero-width space", ResidentID, "110105\u200b19491231002X", Invalid, CodeBadCharacter, ""},
		{"bracket", ResidentID, "11010519491231002(", Invalid, CodeBadCharacter, ""},
		{"X in the middle", ResidentID, "1101051949123100X2", Invalid, CodeBadCharacter, ""},
		{"letter as check", ResidentID, "11010519491231002A", Invalid, CodeBadCharacter, ""},
		{"X at the end of a legacy number", ResidentID, "61010462092769X", Invalid, CodeBadCharacter, ""},
		{"cut UTF-8", ResidentID, "11010519491231002\xef\xbc", Invalid, CodeNotUTF8, ""},
		{"no UTF-8", ResidentID, "\xff1010519491231002X", Invalid, CodeNotUTF8, ""},

		{"wrong check", ResidentID, "110105194912310021", Invalid, CodeCheckDigitMismatch, ""},
		{"30 February", ResidentID, with("11010519900230000"), Invalid, CodeDateInvalid, ""},
		{"month 00", ResidentID, with("11010519900001000"), Invalid, CodeDateInvalid, ""},
		{"month 13", ResidentID, with("11010519901301000"), Invalid, CodeDateInvalid, ""},
		{"day 00", ResidentID, with("11010519900100000"), Invalid, CodeDateInvalid, ""},
		{"year 0000", ResidentID, with("11010500000101000"), Invalid, CodeDateInvalid, ""},
		{"1900 was no leap year", ResidentID, with("11010519000229000"), Invalid, CodeDateInvalid, ""},
		{"2000 was", ResidentID, with("11010520000229000"), Valid, NoCode, with("11010520000229000")},
		{"legacy 29 February 1961", ResidentID, "110105610229000", Invalid, CodeDateInvalid, ""},
		{"today", ResidentID, with("11010520261122000"), Valid, NoCode, with("11010520261122000")},
		{"tomorrow", ResidentID, with("11010520261123000"), Invalid, CodeDateFuture, ""},
		{"150th birthday", ResidentID, with("11010518761122000"), Valid, NoCode, with("11010518761122000")},
		{"150 years and a day", ResidentID, with("11010518761121000"), Suspicious, CodeDateTooOld, with("11010518761121000")},

		{"county abolished before birth", ResidentID, with("11010320200101000"), Suspicious, CodeAreaAbolished, with("11010320200101000")},
		{"county created after birth", ResidentID, with("33011320000101000"), Valid, NoCode, with("33011320000101000")},
		{"unknown county", ResidentID, with("11019919900101000"), Suspicious, CodeAreaUnknown, with("11019919900101000")},
		{"seen on cards", ResidentID, with("32021919900101000"), Valid, NoCode, with("32021919900101000")},
		{"city without counties", ResidentID, with("44190019900101000"), Valid, NoCode, with("44190019900101000")},
		{"prefecture", ResidentID, with("11010019900101000"), Invalid, CodeAreaNotCounty, ""},
		{"province", ResidentID, with("11000019900101000"), Invalid, CodeAreaNotCounty, ""},
		{"no province", ResidentID, with("16010119900101000"), Invalid, CodeAreaUnassigned, ""},
		{"Taiwan in GB/T 2260", ResidentID, with("71000019900101000"), Invalid, CodeAreaUnassigned, ""},
		{"a permit is no resident ID", ResidentID, "810000199408230021", Invalid, CodeAreaPermitOnly, ""},
		{"Taiwan's permit is 83", ResidencePermit, with("71000019900101000"), Invalid, CodeAreaNotPermit, ""},
		{"peers accept 810001", ResidencePermit, with("81000119900101000"), Invalid, CodeAreaNotPermit, ""},
		{"a resident ID is no permit", ResidencePermit, "11010519491231002X", Invalid, CodeAreaNotPermit, ""},
		{"permits have no legacy form", ResidencePermit, "810000940823002", Invalid, CodeBadLength, ""},

		{"a real date in all ones: only the area refuses it", ResidentID, "111111111111111", Suspicious, CodeAreaUnknown, with("11111119111111111")},
		{"no such kind", "loyalty_card", "11010519491231002X", Invalid, CodeUnknownKind, ""},
		{"no kind", "", "11010519491231002X", Invalid, CodeUnknownKind, ""},
	} {
		r := Check(c.kind, c.raw, on)
		if r.Kind != c.kind || r.Status != c.status || r.Reason != c.reason || r.Canonical.Reveal() != c.canonical {
			t.Errorf("%s: got %s %s %q, want %s %s %q",
				c.why, r.Status, r.Reason, r.Canonical.Reveal(), c.status, c.reason, c.canonical)
		}
	}
}

func TestFindings(t *testing.T) {
	pass := Finding{Outcome: Passed}
	notReached := Finding{NotExecuted, CodeNotReached}
	for _, c := range []struct {
		why  string
		raw  string
		want Findings
	}{
		{"all well", "11010519491231002X", Findings{pass, pass, pass, pass, pass}},
		{"notes do not decide", with("33011320000101000"), Findings{
			pass, pass, pass, {Warning, CodeAreaCreatedLater}, {Warning, CodeNotIssued}}},
		{"999 is a specimen after 1950", with("11010519510101999"), Findings{pass, pass, pass, pass, {Warning, CodeNotIssued}}},
		{"999 before", with("11010519500101999"), Findings{pass, pass, pass, pass, pass}},
		{"legacy, in a district of 1983", "610104620927690", Findings{
			pass, {NotExecuted, CodeCheckDigitAbsent}, pass, {Warning, CodeAreaCreatedLater}, pass}},
		{"everything wrong at once", "160101199013010010", Findings{
			pass, {Failed, CodeCheckDigitMismatch}, {Failed, CodeDateInvalid}, {Failed, CodeAreaUnassigned}, pass}},
		{"without a birth any year of the area will do", with("11010319901301001"), Findings{
			pass, pass, {Failed, CodeDateInvalid}, pass, pass}},
		{"no structure, nothing else", "11", Findings{{Failed, CodeBadLength}, notReached, notReached, notReached, notReached}},
	} {
		if got := Check(ResidentID, c.raw, on).Findings; got != c.want {
			t.Errorf("%s: got %v, want %v", c.why, got, c.want)
		}
	}
}

// A failure must win over an earlier suspicion, and the first failure over a later one.
func TestReasonOrder(t *testing.T) {
	r := Check(ResidentID, with("71000018000101000"), on)
	if r.Status != Invalid || r.Reason != CodeAreaUnassigned {
		t.Errorf("over 150 and no province: got %v", r)
	}
	r = Check(ResidentID, "160101199013010010", on)
	if r.Reason != CodeCheckDigitMismatch {
		t.Errorf("check digit, date and area wrong: got %v", r)
	}
}

func TestWhatANumberTells(t *testing.T) {
	r := Check(ResidentID, "11010519491231002X", on)
	if r.Birth != (Date{1949, 12, 31}) || r.Sex != Female || r.Area.Code != 110105 ||
		r.Area.Name() != "朝阳区" || r.Area.FullName() != "北京市朝阳区" {
		t.Errorf("got %v %s %v %s %s", r.Birth, r.Sex, r.Area.Code, r.Area.Name(), r.Area.FullName())
	}
	r = Check(ResidentID, "440524188001010014", on)
	if r.Sex != Male || r.Area.FullName() != "广东省汕头市潮阳县" {
		t.Errorf("got %s %s", r.Sex, r.Area.FullName())
	}
	r = Check(ResidencePermit, "830000199201300022", on)
	if r.Area.Name() != "台湾" || r.Area.FullName() != "台湾" {
		t.Errorf("got %s %s", r.Area.Name(), r.Area.FullName())
	}
	for code, want := range map[string]string{"810000199408230021": "香港", with("82000019920130000"): "澳门"} {
		if got := Check(ResidencePermit, code, on).Area.Name(); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	if r := Check(ResidentID, "1", on); r.Sex != SexUnknown || r.Birth != (Date{}) || r.Area != (Area{}) {
		t.Errorf("a number without structure tells %s %v %v", r.Sex, r.Birth, r.Area)
	}
}

// A check without a valid day must not pass a birth.
func TestNoDay(t *testing.T) {
	for _, day := range []Date{{}, {2026, 13, 1}, {2026, 2, 30}, {2026, 1, 0}} {
		if r := Check(ResidentID, "11010519491231002X", day); r.Status != Invalid || r.Reason != CodeDateFuture {
			t.Errorf("on %v: got %v", day, r)
		}
	}
}

func TestCheckChar(t *testing.T) {
	for body, want := range map[string]byte{
		"11010519491231002": 'X', "44052418800101001": '4', "81000019940823002": '1', // GB 11643-1999, State Council 2018
		"": 0, "1101051949123100": 0, "110105194912310020": 0, "1101051949123100X": 0, "１１０１０": 0,
	} {
		if got := CheckChar(body); got != want {
			t.Errorf("CheckChar(%q) = %q, want %q", body, got, want)
		}
	}
}

func TestNames(t *testing.T) {
	seen := map[string]bool{}
	for p := range partCount {
		seen[p.String()] = true
	}
	if len(seen) != int(partCount) || seen[""] || (partCount).String() != "unknown" {
		t.Errorf("part names %v", seen)
	}
	for _, k := range Kinds() {
		if r := Check(k, "", on); r.Reason != CodeEmpty {
			t.Errorf("kind %s is listed and not checked: %v", k, r)
		}
	}
}
