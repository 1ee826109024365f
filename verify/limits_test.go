package verify_test

import (
	"bytes"
	"context"
	"slices"
	"testing"
	"time"

	"realname/compliance"
	"realname/compliance/policy"
	"realname/verify"
)

func lookingUp(p person) verify.LimitQuery {
	return verify.LimitQuery{Document: documentOf(p), Purpose: "counter_enquiry", LegalBasis: "contract"}
}

func (h *house) limits(t *testing.T, c verify.Caller, q verify.LimitQuery) verify.LimitView {
	t.Helper()
	v, err := h.Limits(context.Background(), c, q)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// familiesOf are those that were counted and, behind a slash, those that were not.
func familiesOf(v verify.LimitView) []string {
	var out []string
	for _, l := range v.Limits {
		out = append(out, l.Limit.Family)
	}
	for _, l := range v.Uncounted {
		out = append(out, "/"+l.Limit.Family)
	}
	return out
}

func used(t *testing.T, v verify.LimitView, family string) verify.LimitUse {
	t.Helper()
	i := slices.IndexFunc(v.Limits, func(l verify.LimitUse) bool { return l.Limit.Family == family })
	if i < 0 {
		t.Fatalf("%s was not counted: %v", family, familiesOf(v))
	}
	return v.Limits[i]
}

// Five of five, one of them reserved: what is told is what decides.
func TestLimitsOfAPersonAtFiveOfFive(t *testing.T) {
	onEachLedger(t, func(t *testing.T, h *house) {
		p := h.person(true)
		v := h.limits(t, h.carrier, lookingUp(p))
		if got := familiesOf(v); !slices.Equal(got, []string{"phone_cards", "iot_general_cards"}) || v.PersonID != "" {
			t.Fatalf("a carrier is bound by %v; %+v", got, v)
		}
		for _, l := range v.Limits {
			if l.Use.Used != 0 || l.Use.Exceeded() || len(l.Frees()) > 0 {
				t.Errorf("an unknown person has used %+v", l)
			}
		}
		h.fill(t, h.carrier, p, 1)
		h.fill(t, h.other, p, 3)
		lease := h.open(t, h.carrier, h.fullCard(p)).Opening.LeaseUntil
		v = h.limits(t, h.carrier, lookingUp(p))
		cards := used(t, v, "phone_cards")
		if u := cards.Use; u.Used != 5 || u.Limit != 5 || u.Reserved != 1 || !u.FreesAt.Equal(lease) || !u.Exceeded() {
			t.Errorf("%+v, the lease ends %s", u, lease)
		}
		if cards.Clause.ID != "R-5CARD" || cards.Clause.Article != "4" || !slices.Equal(cards.Frees(), []string{"close_one", "release_one", "lease_ends"}) {
			t.Errorf("%+v %v", cards.Clause, cards.Frees())
		}
		if n := used(t, h.limits(t, h.other, lookingUp(p)), "phone_cards").Use.Used; n != 2 {
			t.Errorf("the other carrier is told of %d cards, it has 2", n)
		}
		byID := lookingUp(p)
		byID.Document, byID.PersonID = verify.Document{}, v.PersonID
		if again := h.limits(t, h.carrier, byID); again.PersonID != v.PersonID || used(t, again, "phone_cards").Use.Used != 5 {
			t.Errorf("by id: %+v", again)
		}
		byID.PersonID = h.ids.New(compliance.PrefixPerson)
		if again := h.limits(t, h.carrier, byID); again.PersonID != "" || used(t, again, "phone_cards").Use.Used != 0 {
			t.Errorf("an unknown id: %+v", again)
		}
		h.clock.forward(15 * time.Minute)
		if u := used(t, h.limits(t, h.carrier, lookingUp(p)), "phone_cards").Use; u.Used != 4 || u.Reserved != 0 || !u.FreesAt.IsZero() {
			t.Errorf("after the lease: %+v", u)
		}
	})
}

// A bank sees the person as a holder, as a proxy and by the phone number.
func TestLimitsInEveryRole(t *testing.T) {
	onEachLedger(t, func(t *testing.T, h *house) {
		bank := withKey(h.tenant(t, compliance.SectorBanking), "key_a")
		proxy, holder, child := h.person(true), h.person(true), h.person(true)
		r := h.card(holder, h.attested(compliance.EvidenceAuthorisation))
		r.Request.Scene, r.Request.Product = compliance.SceneBankAccount, "debit_card"
		r.Request.Parties = append(r.Request.Parties, verify.Party{
			Role: compliance.RoleProxy, Name: verify.Secret(proxy.name), Relation: "friend", Authority: "auth-1", Document: documentOf(proxy),
		})
		want(t, h.open(t, bank, r), compliance.Approved, "", "")
		want(t, h.open(t, bank, h.account(holder, "class_2_account", "13800000000")), compliance.Approved, "", "")

		v := h.limits(t, bank, lookingUp(proxy))
		if p, d := used(t, v, "proxy_cards").Use, used(t, v, "debit_cards").Use; p.Used != 1 || p.Limit != 3 || d.Used != 0 {
			t.Errorf("the proxy: %+v %+v", p, d)
		}
		if len(v.Uncounted) != 1 || v.Uncounted[0].Limit.Family != "persons_per_phone" || !slices.Equal(v.Uncounted[0].Needs, []string{"phone"}) {
			t.Errorf("%+v", v.Uncounted)
		}
		byPhone := func(p person, phone string) verify.LimitUse {
			q := lookingUp(p)
			q.Phone = verify.Secret(phone)
			return used(t, h.limits(t, bank, q), "persons_per_phone")
		}
		if l := byPhone(child, "+86 138 0000 0000"); l.Use.Used != 1 || !slices.Contains(l.Frees(), "exception") {
			t.Errorf("another's number: %+v %v", l.Use, l.Frees())
		}
		if l := byPhone(holder, "13800000000"); l.Use.Used != 0 || l.Use.Exceeded() {
			t.Errorf("the own number: %+v", l.Use)
		}
		if l := byPhone(child, "13800000001"); l.Use.Used != 0 {
			t.Errorf("a number of nobody: %+v", l.Use)
		}
		x := h.propose(t, bank, child, "statement-1")
		if _, err := h.ApproveException(context.Background(), withKey(bank, "key_b"), x.ID); err != nil {
			t.Fatal(err)
		}
		if l := byPhone(child, "13800000000"); l.Use.Exception != x.ID || l.Use.Exceeded() || len(l.Frees()) > 0 {
			t.Errorf("with an exception: %+v", l)
		}
	})
}

// Every look-up is an event that names neither the person nor the document.
func TestLookingUpIsAnEvent(t *testing.T) {
	h := newHouse(t)
	p := h.person(true)
	h.active(t, h.carrier, p, "sim-1")
	asked := lookingUp(p)
	v := h.limits(t, withKey(h.carrier, "key_a"), asked)
	found := 0
	for _, e := range h.events(t) {
		if e.Kind != string(compliance.EventPersonLookedUp) {
			continue
		}
		found++
		for _, says := range []string{`"by":"key_a"`, `"purpose":"counter_enquiry"`, `"legal_basis":"contract"`, `"subject":"lku_`} {
			if !bytes.Contains(e.Body, []byte(says)) {
				t.Errorf("no %s in %s", says, e.Body)
			}
		}
		if v.PersonID == "" || bytes.Contains(e.Body, []byte(v.PersonID)) || bytes.Contains(e.Body, []byte(p.number)) {
			t.Errorf("the person %q is in %s", v.PersonID, e.Body)
		}
	}
	if found != 1 {
		t.Errorf("%d events", found)
	}
	for code, change := range map[string]func(q *verify.LimitQuery){
		"validation_failed":    func(q *verify.LimitQuery) { q.Purpose = "" },
		"check_digit_mismatch": func(q *verify.LimitQuery) { q.Document.Number = "110101199001010001" },
	} {
		q := asked
		change(&q)
		_, err := h.Limits(context.Background(), h.carrier, q)
		wantCode(t, err, code)
	}
	for _, change := range []func(q *verify.LimitQuery){
		func(q *verify.LimitQuery) { q.LegalBasis = "because I can" },
		func(q *verify.LimitQuery) { q.Phone = "no digits" },
		func(q *verify.LimitQuery) { q.PersonID = "prs_1" },
	} {
		q := asked
		change(&q)
		_, err := h.Limits(context.Background(), h.carrier, q)
		wantCode(t, err, "validation_failed")
	}
	if n := h.count(t, compliance.EventPersonLookedUp); n != 1 {
		t.Errorf("%d events after refusals", n)
	}
}

// A limit that a tenant sets is there once it is set, and binds as it was set.
func TestLimitsThatTheTenantSets(t *testing.T) {
	h := newHouse(t)
	p := h.person(true)
	if got := familiesOf(h.limits(t, h.platform, lookingUp(p))); len(got) != 0 {
		t.Errorf("a platform that set nothing is bound by %v", got)
	}
	ev, err := compliance.NewEvent(h.ids.New(compliance.PrefixEvent), compliance.EventTenantLimitSet, h.platform.TenantID, h.platform.TenantID, h.clock.now(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := h.store.SetTenantLimit(context.Background(), h.platform.TenantID, "internet_accounts", 2, ev); err != nil {
		t.Fatal(err)
	}
	if l := used(t, h.limits(t, h.platform, lookingUp(p)), "internet_accounts"); l.Use.Limit != 2 || l.Limit.Max != 2 {
		t.Errorf("%+v", l)
	}
}

func TestLimitsOfASector(t *testing.T) {
	scenes := []compliance.Scene{compliance.SceneBankAccount}
	for day, families := range map[string]int{"2015-12-31": 0, "2016-01-01": 4, "2026-01-01": 6} {
		if got := policy.Builtin().LimitsOf(compliance.SectorBanking, scenes, day); len(got) != families {
			t.Errorf("%s: %d limits, want %d: %+v", day, len(got), families, got)
		}
	}
}
