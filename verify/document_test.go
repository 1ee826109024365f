package verify_test

import (
	"bytes"
	"context"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"realname/compliance"
	"realname/verify"
	"realname/verify/authority/standin"
	"realname/verify/idnumber"
	"realname/verify/idnumber/gb2260"
)

// woman invents a woman of this birth, YYYYMMDD, whom the authority knows.
func (h *house) woman(birth string) person {
	body := "110101" + birth + "000"
	p := person{number: body + string(idnumber.CheckChar(body)), name: "云试"}
	h.sim.Know(standin.Person{Number: p.number, Name: p.name})
	return p
}

// ask is a signup with another document.
func (h *house) ask(name string, d verify.Document) verify.Request {
	r := h.signup(person{name: name})
	r.Parties[0].Document = d
	return r
}

func TestADocumentIsValidByItsOwnDates(t *testing.T) {
	h := newHouse(t)
	p := h.woman("19900101")
	for _, tc := range []struct{ why, from, to, reason, clause string }{
		{"expired", "2010-01-01", "2020-01-01", "document_expired", "R-ATFL-21"},
		{"expired yesterday", "", "2026-11-21", "document_expired", "R-ATFL-21"},
		{"not yet valid", "2050-01-01", "", "validity_impossible", "R-ATFL-21"},
		{"ends before it begins", "2020-01-01", "2010-01-01", "validity_impossible", "R-ATFL-21"},
		{"no date", "", "soon", "validity_impossible", "R-ATFL-21"},
		{"the last day", "2006-11-22", "2026-11-22", "validity_age_mismatch", "R-RID-5"},
		{"long-term at 30", "2020-01-01", "long_term", "validity_age_mismatch", "R-RID-5"},
		{"issued before the law", "1999-01-01", "long_term", "first_generation_void", "R-RID-23"},
		{"twenty years at 30", "2020-01-01", "2040-01-01", "", ""},
		{"ten years at 25, to the last day", "2015-12-31", "2025-12-31", "document_expired", ""},
	} {
		t.Run(tc.why, func(t *testing.T) {
			a := h.decide(t, h.platform, h.ask(p.name, verify.Document{Kind: "resident_id", Number: verify.Secret(p.number), ValidFrom: tc.from, ValidTo: tc.to}))
			if tc.reason == "" {
				want(t, a, compliance.Approved, "", "")
			} else {
				want(t, a, compliance.Rejected, tc.reason, tc.clause)
			}
		})
	}
	// The application's date decides and is not printed: a doubt, no refusal, and a person looks.
	young := h.woman("20100901")
	a := h.decide(t, h.platform, h.ask(young.name, verify.Document{Kind: "resident_id", Number: verify.Secret(young.number), ValidFrom: "2026-09-20", ValidTo: "2031-09-20"}))
	want(t, a, compliance.Review, "validity_age_mismatch", "")
}

func checkOf(a verify.Answer, name string) compliance.Check {
	i := slices.IndexFunc(a.Decision.Checks, func(c compliance.Check) bool { return c.Name == name })
	if i < 0 {
		return compliance.Check{}
	}
	return a.Decision.Checks[i]
}

func TestClaimsMustAgreeWithTheNumber(t *testing.T) {
	h := newHouse(t)
	p := h.woman("19900101")
	for _, tc := range []struct {
		why, birth, sex, nationality, reason string
	}{
		{"all agree", "1990-01-01", "female", "CHN", ""},
		{"another birth date", "1990-01-02", "", "", "birth_mismatch"},
		{"no date", "1990-02-30", "", "", "birth_mismatch"},
		{"another sex", "", "male", "", "sex_mismatch"},
		{"no sex", "", "w", "", "sex_mismatch"},
		{"another nationality", "", "", "DEU", "nationality_mismatch"},
		{"no state", "", "", "Germany", "nationality_mismatch"},
	} {
		r := h.ask(p.name, verify.Document{
			Kind: "resident_id", Number: verify.Secret(p.number),
			BirthDate: verify.Secret(tc.birth), Sex: verify.Secret(tc.sex), Nationality: verify.Secret(tc.nationality),
		})
		asked := h.sim.Asked()
		a := h.decide(t, h.platform, r)
		if tc.reason == "" {
			want(t, a, compliance.Approved, "", "")
			continue
		}
		want(t, a, compliance.Rejected, tc.reason, "R-ATFL-21")
		if h.sim.Asked() != asked {
			t.Errorf("%s: the authority was paid for what could only be refused", tc.why)
		}
	}
}

// The proxy's document is looked at like the holder's.
func TestAProxysDocumentIsLookedAt(t *testing.T) {
	h := newHouse(t)
	r := h.fullCard(h.person(true))
	proxy := h.woman("19900101")
	r.Request.Evidence = append(r.Request.Evidence, h.attested(compliance.EvidenceAuthorisation))
	r.Request.Parties = append(r.Request.Parties, verify.Party{
		Role: compliance.RoleProxy, Name: verify.Secret(proxy.name),
		Document: verify.Document{Kind: "resident_id", Number: "110101900101000"},
	})
	want(t, h.open(t, h.carrier, r), compliance.Rejected, "first_generation_void", "R-RID-23")
	r.Request.BizNo, r.Request.Parties[1].Document.Number = "biz-2", verify.Secret(proxy.number)
	want(t, h.open(t, h.carrier, r), compliance.Approved, "", "")
}

func TestADocumentThatWeCannotCheckIsNotCalledFalse(t *testing.T) {
	h := newHouse(t)
	for _, tc := range []struct {
		why     string
		d       verify.Document
		outcome compliance.Outcome
		reason  string
	}{
		{"a kind that nobody knows", verify.Document{Kind: "library_card", Number: "1"}, compliance.Review, "unknown_kind"},
		{"of which the date is known", verify.Document{Kind: "library_card", Number: "1", ValidTo: "2020-01-01"}, compliance.Rejected, "document_expired"},
		{"a soldier's document without a public check", verify.Document{Kind: "military_id", Number: "军字第00000000号"}, compliance.Rejected, "number_all_zero"},
		{"a soldier's document without a public check", verify.Document{Kind: "military_id", Number: "军字第00000001号"}, compliance.Review, "check_digit_unpublished"},
		{"no document", verify.Document{}, compliance.Rejected, "number_empty"},
	} {
		t.Run(tc.why, func(t *testing.T) {
			want(t, h.decide(t, h.platform, h.ask("云试", tc.d)), tc.outcome, tc.reason, "")
		})
	}
}

// What is no document of a person does not stand for one, nor a person's for a unit.
func TestADocumentSuitsItsParty(t *testing.T) {
	h := newHouse(t)
	for _, d := range []verify.Document{
		{Kind: "uscc", Number: "91350100M000100Y43"}, {Kind: "bank_card", Number: "6216261000000000018"},
		{Kind: "mobile_phone", Number: "13800000000"}, {Kind: "imei", Number: "490154203237518"},
	} {
		a := h.decide(t, h.platform, h.ask("云试", d))
		want(t, a, compliance.Rejected, "document_not_allowed", "R-ATFL-21")
		if c := checkOf(a, compliance.CheckDocumentData); c.Result != compliance.NotApplicable {
			t.Errorf("%s: document_data is %s", d.Kind, c.Result)
		}
	}
	r := h.fullCard(h.person(true))
	r.Request.CustomerType = "unit"
	handler, unit := r.Request.Parties[0], r.Request.Parties[0]
	handler.Role, unit.Role = compliance.RoleHandler, compliance.RoleUnit
	r.Request.Parties = append(r.Request.Parties, handler, unit)
	want(t, h.open(t, h.carrier, r), compliance.Rejected, "document_not_allowed", "R-25-6")
}

func TestMinorsAreToldByNumberOrClaim(t *testing.T) {
	h := newHouse(t)
	for _, tc := range []struct {
		why, band string
		d         verify.Document
	}{
		{"the number's birth", "under_14", verify.Document{Kind: "resident_id", Number: verify.Secret(h.woman("20121123").number)}},
		{"14 today", "under_18", verify.Document{Kind: "resident_id", Number: verify.Secret(h.woman("20121122").number)}},
		{"18 today", "adult", verify.Document{Kind: "resident_id", Number: verify.Secret(h.woman("20081122").number)}},
		{"a passport's number tells none", "unknown", verify.Document{Kind: "passport", IssuingState: "UTO", Number: "L898902C3"}},
		{"what is claimed then counts", "under_14", verify.Document{Kind: "passport", IssuingState: "UTO", Number: "L898902C3", BirthDate: "2020-01-01"}},
		{"and not against the number", "under_14", verify.Document{Kind: "resident_id", Number: verify.Secret(h.woman("20121123").number), BirthDate: "1990-01-01"}},
	} {
		if a := h.decide(t, h.platform, h.ask("云试", tc.d)); a.Decision.Facts.AgeBand != tc.band {
			t.Errorf("%s: %s", tc.why, a.Decision.Facts.AgeBand)
		}
	}
	want(t, h.decide(t, h.platform, h.ask("云试", verify.Document{Kind: "resident_id", Number: verify.Secret(h.woman("20200101").number)})),
		compliance.Review, "guardian_required", "R-PIPL-31")
}

// zone is ICAO Doc 9303 part 4's specimen, valid until 2012-04-15.
const zone = "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<< L898902C36UTO7408122F1204159ZE184226B<<<<<10"

// mrzCheck is the check digit of ICAO Doc 9303 part 3, section 4.9: weights 7, 3, 1.
func mrzCheck(field string) string {
	sum := 0
	for i, c := range []byte(field) {
		value := 0
		switch {
		case c >= '0' && c <= '9':
			value = int(c - '0')
		case c >= 'A' && c <= 'Z':
			value = int(c-'A') + 10
		}
		sum += value * []int{7, 3, 1}[i%3]
	}
	return strconv.Itoa(sum % 10)
}

// filled pads a field of a zone.
func filled(text string, length int) string { return text + strings.Repeat("<", length-len(text)) }

// zoneOf composes the zone of an invented woman's passport (ICAO Doc 9303 part 4), valid until 2030-04-15.
func zoneOf(state, name, number string) string {
	number = filled(number, 9)
	number += mrzCheck(number)
	const birth, expiry = "7408122", "3004157"
	optional := filled("", 14) + "0"
	return "P<" + state + filled(name, 39) + " " + number + state + birth + "F" + expiry + optional + mrzCheck(number+birth+expiry+optional)
}

// cardOf composes the zone of a card (ICAO Doc 9303 part 5) for the same woman.
func cardOf(state, number string) string {
	number = filled(number, 9)
	first := "I<" + state + number + mrzCheck(number) + filled("", 15)
	const birth, expiry = "7408122", "3004157"
	return first + " " + birth + "F" + expiry + state + filled("", 11) + mrzCheck(first[5:]+birth+expiry+filled("", 11)) + " " + filled("ERIKSSON<<ANNA", 30)
}

func TestAZonesNameIsCompared(t *testing.T) {
	h := newHouse(t)
	h.clock.at.Store(time.Date(2010, 1, 1, 4, 0, 0, 0, time.UTC).UnixMicro()) // while the specimen was valid
	for _, tc := range []struct {
		why, name string
		result    compliance.CheckResult
		reason    string
	}{
		{"the same name", "ERIKSSON ANNA MARIA", compliance.Passed, ""},
		{"given names first", "Anna Maria Eriksson", compliance.Passed, "name_variant"},
		{"another name", "Anna Maria Svensson", compliance.Failed, "name_mismatch"},
		{"a name that no table spells", "Анна", compliance.Warning, "name_not_comparable"},
		{"a Han name against a foreign zone", "云试", compliance.Warning, "name_not_comparable"},
	} {
		a := h.decide(t, h.platform, h.ask(tc.name, verify.Document{Kind: "passport_mrz", Number: zone}))
		c := checkOf(a, compliance.CheckDocumentData)
		if c.Result != tc.result || tc.reason != "" && !slices.Contains(c.Reasons, tc.reason) {
			t.Errorf("%s: %+v", tc.why, c)
		}
	}
}

// A Han name is spelled by its Mandarin reading on the mainland's passports, and by others elsewhere.
func TestHanNamesInZones(t *testing.T) {
	h := newHouse(t)
	for _, tc := range []struct{ why, state, number, name, reason string }{
		{"the reading", "CHN", "E00000001", "YUN<<SHI", "name_variant"},
		{"another reading, on a mainland passport", "CHN", "E00000001", "WANG<<SHI", "name_mismatch"},
		{"another reading, on a passport of Hong Kong", "CHN", "K00000001", "WANG<<SHI", "name_not_comparable"},
		{"another reading, abroad", "SGP", "E0000001A", "WANG<<SHI", "name_not_comparable"},
	} {
		a := h.decide(t, h.platform, h.ask("云试", verify.Document{Kind: "passport_mrz", Number: verify.Secret(zoneOf(tc.state, tc.name, tc.number))}))
		if c := checkOf(a, compliance.CheckDocumentData); !slices.Equal(c.Reasons, []string{tc.reason}) {
			t.Errorf("%s: %+v", tc.why, c)
		}
	}
}

// A name that a lossy system spoilt is not the answer to whether it is the number's.
func TestTheAuthorityIsAskedForNamesThatCanBeRead(t *testing.T) {
	h := newHouse(t)
	p := h.person(true)
	asked := h.sim.Asked()
	for _, spoilt := range []string{"云?", "云□", "云\ufffd"} {
		a := h.decide(t, h.platform, h.signup(person{p.number, spoilt}))
		want(t, a, compliance.Review, "name_not_comparable", "")
	}
	if h.sim.Asked() != asked {
		t.Error("the authority was asked for a name that nobody can read")
	}
	minority := person{h.person(false).number, "阿依古丽·买买提"}
	h.sim.Know(standin.Person{Number: minority.number, Name: minority.name})
	for _, written := range []string{"阿依古丽·买买提", "阿依古丽•买买提", "阿依古丽．买买提", " 阿依古丽 · 买买提"} {
		want(t, h.decide(t, h.platform, h.signup(person{minority.number, written})), compliance.Approved, "", "")
	}
}

func TestClaimsAreSealedAndCommitted(t *testing.T) {
	h := newHouse(t)
	p := h.woman("19900101")
	r := h.ask(p.name, verify.Document{Kind: "resident_id", Number: verify.Secret(p.number), BirthDate: "1990-01-01", Sex: "female", Nationality: "CHN"})
	plain := h.decide(t, h.platform, h.signup(p))
	a := h.decide(t, h.platform, r)
	if len(a.Decision.Commitments) != len(plain.Decision.Commitments)+1 {
		t.Errorf("%d commitments with claims, %d without", len(a.Decision.Commitments), len(plain.Decision.Commitments))
	}
	for _, e := range h.events(t) {
		for _, secret := range []string{"1990", "female", p.number} {
			if bytes.Contains(e.Body, []byte(secret)) {
				t.Errorf("event %s holds %s", e.Kind, secret)
			}
		}
	}
	for _, suffix := range []string{"", "-wal"} {
		if fileHolds(t, h.file+suffix, []byte("1990-01-01")) {
			t.Error("the birth date lies in the ledger in the clear")
		}
	}
	// The same key with another claim is another request.
	ctx := context.Background()
	if _, err := h.Decide(ctx, h.platform, "claims", r); err == nil {
		t.Fatal("biz_no is taken")
	}
	r.BizNo = "biz-claims"
	if _, err := h.Decide(ctx, h.platform, "claims", r); err != nil {
		t.Fatal(err)
	}
	r.Parties[0].Document.Sex = "male"
	_, err := h.Decide(ctx, h.platform, "claims", r)
	wantCode(t, err, "idempotency_key_reused")
	// And they are there when the verification is consumed.
	card := h.fullCard(p)
	card.Request.Parties[0].Document = r.Parties[0].Document
	card.Request.Parties[0].Document.Sex = "female"
	ver := h.decide(t, h.carrier, card.Request)
	want(t, ver, compliance.Approved, "", "")
	want(t, h.open(t, h.carrier, verify.OpeningRequest{VerificationID: ver.Decision.ID, Request: verify.Request{BizNo: "consumed"}}), compliance.Approved, "", "")
}

func TestTheOperatorsDivisionCodesAreUsed(t *testing.T) {
	h := newHouse(t)
	body := "110199" + "19900101" + "000" // a county in no list
	number := verify.Secret(body + string(idnumber.CheckChar(body)))
	judged := func() compliance.CheckResult {
		a := h.decide(t, h.platform, h.ask("云试", verify.Document{Kind: "resident_id", Number: number}))
		return checkOf(a, compliance.CheckNumber).Result
	}
	if got := judged(); got != compliance.Warning {
		t.Errorf("by the built-in codes: %s", got)
	}
	areas, err := gb2260.Parse("110199,1980,,试区\n")
	if err != nil {
		t.Fatal(err)
	}
	h.options.Numbers = idnumber.NewChecker(areas)
	h.Service = verify.New(h.options)
	if got := judged(); got != compliance.Passed {
		t.Errorf("by the operator's codes: %s", got)
	}
	if r := h.CheckNumber(idnumber.ResidentID, number.Reveal(), idnumber.DateOf(h.clock.now())); r.Status != idnumber.Valid {
		t.Errorf("CheckNumber: %v", r)
	}
}
