package verify_test

import (
	"context"
	"testing"
	"time"

	"realname/compliance"
	"realname/ratelimit/quota"
	"realname/verify"
)

// active opens and hands over one card.
func (h *house) active(t *testing.T, c verify.Caller, p person, ref string) verify.Opening {
	t.Helper()
	a := h.open(t, c, h.fullCard(p))
	want(t, a, compliance.Approved, "", "")
	o, err := h.Confirm(context.Background(), c, a.Opening.ID, verify.Confirmation{ExternalRef: ref})
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// fill takes all five slots of the person but `free`.
func (h *house) fill(t *testing.T, c verify.Caller, p person, free int) []verify.Opening {
	t.Helper()
	var out []verify.Opening
	for range 5 - free {
		out = append(out, h.active(t, c, p, h.key()))
	}
	return out
}

func (h *house) state(t *testing.T, c verify.Caller, id string) quota.State {
	t.Helper()
	o, err := h.Opening(context.Background(), c, id)
	if err != nil {
		t.Fatal(err)
	}
	return o.State
}

// transfer asks for the opening in the name of p.
func (h *house) transfer(p person, predecessor string) verify.OpeningRequest {
	r := h.fullCard(p)
	r.Request.Occasion, r.PredecessorID = compliance.OccasionTransfer, predecessor
	return r
}

func TestLateConfirmation(t *testing.T) {
	h := newHouse(t)
	ctx := context.Background()
	p := h.person(true)
	late := h.open(t, h.carrier, h.fullCard(p)).Opening
	h.clock.forward(16 * time.Minute)
	first, err := h.Confirm(ctx, h.carrier, late.ID, verify.Confirmation{ExternalRef: "sim-1"})
	if err != nil || first.ID == late.ID || first.State != quota.Active || first.PredecessorID != late.ID || first.ExternalRef != "sim-1" {
		t.Fatalf("%+v, %v", first, err)
	}
	if s := h.state(t, h.carrier, late.ID); s != quota.Expired {
		t.Errorf("what ran out is %s", s)
	}
	again, err := h.Confirm(ctx, h.carrier, late.ID, verify.Confirmation{ExternalRef: "sim-1"})
	if err != nil || again.ID != first.ID {
		t.Errorf("a repeat: %+v, %v", again, err)
	}
	_, err = h.Confirm(ctx, h.carrier, late.ID, verify.Confirmation{ExternalRef: "sim-2"})
	wantCode(t, err, "predecessor_ended")

	full := h.open(t, h.carrier, h.fullCard(p)).Opening
	h.clock.forward(16 * time.Minute)
	h.fill(t, h.carrier, p, 1)
	_, err = h.Confirm(ctx, h.carrier, full.ID, verify.Confirmation{})
	wantCode(t, err, "quota_exceeded")
	if s := h.state(t, h.carrier, full.ID); s != quota.Expired {
		t.Errorf("the refused one is %s", s)
	}

	q := h.person(true)
	old := h.open(t, h.carrier, h.fullCard(q)).Opening
	h.clock.forward(24 * time.Hour)
	_, err = h.Confirm(ctx, h.carrier, old.ID, verify.Confirmation{})
	wantCode(t, err, "lease_expired")
	_, err = h.Confirm(ctx, h.other, old.ID, verify.Confirmation{})
	wantCode(t, err, "opening_not_found")
}

// A transfer takes one slot of the new holder and frees one of the old holder, in one step and never above a limit.
func TestTransfer(t *testing.T) {
	h := newHouse(t)
	ctx := context.Background()
	from, to := h.person(true), h.person(true)
	held := h.fill(t, h.carrier, from, 0)
	h.fill(t, h.carrier, to, 1)
	a := h.open(t, h.carrier, h.transfer(to, held[0].ID))
	want(t, a, compliance.Approved, "", "")
	want(t, h.open(t, h.carrier, h.fullCard(to)), compliance.Rejected, "quota_exceeded", "R-5CARD")
	want(t, h.open(t, h.carrier, h.fullCard(from)), compliance.Rejected, "quota_exceeded", "R-5CARD")
	for range 2 { // a repeat changes nothing
		o, err := h.Confirm(ctx, h.carrier, a.Opening.ID, verify.Confirmation{ExternalRef: held[0].ExternalRef})
		if err != nil || o.State != quota.Active || o.PredecessorID != held[0].ID || o.ExternalRef != held[0].ExternalRef {
			t.Fatalf("%+v, %v", o, err)
		}
	}
	if s := h.state(t, h.carrier, held[0].ID); s != quota.Closed {
		t.Errorf("what was transferred is %s", s)
	}
	want(t, h.open(t, h.carrier, h.fullCard(from)), compliance.Approved, "", "")

	third := h.person(true)
	for _, tc := range []struct{ predecessor, code string }{
		{"", "predecessor_missing"}, {h.ids.New(compliance.PrefixOpening), "predecessor_not_found"}, {held[0].ID, "predecessor_ended"},
		{a.Opening.ID, "predecessor_same_holder"},
	} {
		who := third
		if tc.code == "predecessor_same_holder" {
			who = to
		}
		_, err := h.Open(ctx, h.carrier, h.key(), h.transfer(who, tc.predecessor))
		wantCode(t, err, tc.code)
	}
	stolen := h.transfer(third, held[1].ID)
	_, err := h.Open(ctx, h.other, h.key(), stolen)
	wantCode(t, err, "predecessor_not_found")

	// Two transfers of one card: the second to be confirmed comes too late.
	one, two := h.open(t, h.carrier, h.transfer(third, held[1].ID)), h.open(t, h.carrier, h.transfer(h.person(true), held[1].ID))
	if _, err := h.Confirm(ctx, h.carrier, two.Opening.ID, verify.Confirmation{}); err != nil {
		t.Fatal(err)
	}
	_, err = h.Confirm(ctx, h.carrier, one.Opening.ID, verify.Confirmation{})
	wantCode(t, err, "predecessor_ended")
	if s := h.state(t, h.carrier, one.Opening.ID); s != quota.Reserved {
		t.Errorf("the late transfer is %s", s)
	}
}

func TestLateConfirmationOfATransfer(t *testing.T) {
	h := newHouse(t)
	held := h.active(t, h.carrier, h.person(true), "sim-1")
	a := h.open(t, h.carrier, h.transfer(h.person(true), held.ID))
	h.clock.forward(time.Hour)
	o, err := h.Confirm(context.Background(), h.carrier, a.Opening.ID, verify.Confirmation{ExternalRef: "sim-1"})
	if err != nil || o.State != quota.Active || h.state(t, h.carrier, held.ID) != quota.Closed {
		t.Errorf("%+v, %v; the old one is %s", o, err, h.state(t, h.carrier, held.ID))
	}
}

func (h *house) verified(t *testing.T, c verify.Caller, r verify.OpeningRequest, what compliance.Occasion) string {
	t.Helper()
	r.Request.Occasion = what
	a := h.decide(t, c, r.Request)
	want(t, a, compliance.Approved, "", "")
	return a.Decision.ID
}

func TestReplacementKeepsTheSlot(t *testing.T) {
	h := newHouse(t)
	ctx := context.Background()
	p := h.person(true)
	held := h.fill(t, h.carrier, p, 0)
	if _, err := h.Suspend(ctx, h.carrier, held[0].ID); err != nil {
		t.Fatal(err)
	}
	with := verify.Replacement{VerificationID: h.verified(t, h.carrier, h.fullCard(p), compliance.OccasionReplaceSIM), ExternalRef: "new-sim"}
	var first verify.Opening
	for range 2 {
		o, err := h.Replace(ctx, h.carrier, held[0].ID, with)
		if err != nil || o.State != quota.Suspended || o.PredecessorID != held[0].ID || o.ExternalRef != "new-sim" || first.ID != "" && o.ID != first.ID {
			t.Fatalf("%+v, %v", o, err)
		}
		first = o
	}
	want(t, h.open(t, h.carrier, h.fullCard(p)), compliance.Rejected, "quota_exceeded", "R-5CARD")
	_, err := h.Replace(ctx, h.carrier, held[1].ID, with)
	wantCode(t, err, "verification_consumed")
	_, err = h.Replace(ctx, h.carrier, held[1].ID, verify.Replacement{VerificationID: h.verified(t, h.carrier, h.fullCard(h.person(true)), compliance.OccasionReplaceSIM)})
	wantCode(t, err, "verification_other_scene")
	_, err = h.Replace(ctx, h.carrier, held[1].ID, verify.Replacement{VerificationID: h.verified(t, h.carrier, h.fullCard(p), compliance.OccasionInfoChange)})
	wantCode(t, err, "verification_other_scene")
	late := verify.Replacement{VerificationID: h.verified(t, h.carrier, h.fullCard(p), compliance.OccasionReplaceSIM)}
	h.clock.forward(24 * time.Hour)
	_, err = h.Replace(ctx, h.carrier, held[1].ID, late)
	wantCode(t, err, "verification_expired")
	_, err = h.Replace(ctx, h.other, held[1].ID, late)
	wantCode(t, err, "opening_not_found")
}

func TestReclass(t *testing.T) {
	h := newHouse(t)
	ctx := context.Background()
	bank := h.tenant(t, compliance.SectorBanking)
	p := h.person(true)
	account := func(class string) verify.OpeningRequest {
		r := h.card(p)
		r.Request.Scene, r.Request.Product = compliance.SceneBankAccount, class
		return r
	}
	open := func(class string) verify.Answer { return h.open(t, bank, account(class)) }
	hand := func(a verify.Answer) verify.Opening {
		t.Helper()
		want(t, a, compliance.Approved, "", "")
		o, err := h.Confirm(ctx, bank, a.Opening.ID, verify.Confirmation{ExternalRef: h.key()})
		if err != nil {
			t.Fatal(err)
		}
		return o
	}
	one := hand(open("class_1_account"))
	var twos []verify.Opening
	for range 5 {
		twos = append(twos, hand(open("class_2_account")))
	}
	up := verify.Replacement{VerificationID: h.verified(t, bank, account("class_1_account"), compliance.OccasionReclass)}
	_, err := h.Reclass(ctx, bank, twos[0].ID, up)
	wantCode(t, err, "quota_exceeded") // there is a class I account already
	if s := h.state(t, bank, twos[0].ID); s != quota.Active {
		t.Errorf("the account that could not move is %s", s)
	}
	if _, err := h.Close(ctx, bank, one.ID, verify.ClosedByHolder); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		o, err := h.Reclass(ctx, bank, twos[0].ID, up)
		if err != nil || o.Product != "class_1_account" || o.State != quota.Active || o.ExternalRef != twos[0].ExternalRef {
			t.Fatalf("%+v, %v", o, err)
		}
	}
	want(t, open("class_1_account"), compliance.Rejected, "quota_exceeded", "R-261-I")
	want(t, open("class_2_account"), compliance.Approved, "", "") // its slot is free
	same := verify.Replacement{VerificationID: h.verified(t, bank, account("class_2_account"), compliance.OccasionReclass)}
	_, err = h.Reclass(ctx, bank, twos[1].ID, same)
	wantCode(t, err, "product_unchanged")
}

// The three cards of one proxy are counted over everybody that it acts for.
func TestProxyLimit(t *testing.T) {
	h := newHouse(t)
	bank := h.tenant(t, compliance.SectorBanking)
	proxy := h.person(true)
	for n := range 4 {
		p := h.person(true)
		r := h.card(p, h.attested(compliance.EvidenceAuthorisation))
		r.Request.Scene, r.Request.Product = compliance.SceneBankAccount, "debit_card"
		r.Request.Parties = append(r.Request.Parties, verify.Party{
			Role: compliance.RoleProxy, Name: verify.Secret(proxy.name), Relation: "friend", Authority: "auth-1",
			Document: verify.Document{Kind: "resident_id", Number: verify.Secret(proxy.number)},
		})
		a := h.open(t, bank, r)
		if n < 3 {
			want(t, a, compliance.Approved, "", "")
			continue
		}
		want(t, a, compliance.Rejected, "proxy_quota_exceeded", "R-3AGENT")
	}
}

// A phone number is one person's, in any writing, until that person has no account with it.
func TestPhoneOfAnother(t *testing.T) {
	h := newHouse(t)
	ctx := context.Background()
	bank := h.tenant(t, compliance.SectorBanking)
	open := func(p person, phone string) verify.Answer {
		r := h.card(p)
		r.Request.Scene, r.Request.Product = compliance.SceneBankAccount, "class_2_account"
		r.Request.Parties[0].Phone = verify.Secret(phone)
		return h.open(t, bank, r)
	}
	first, second := h.person(true), h.person(true)
	a := open(first, "13800000000")
	want(t, a, compliance.Approved, "", "")
	want(t, open(first, "+86 138 0000 0000"), compliance.Approved, "", "")
	want(t, open(second, "008613800000000"), compliance.Rejected, "phone_of_another", "R-261-phone")
	want(t, open(second, "13800000001"), compliance.Approved, "", "")
	if _, err := h.Release(ctx, bank, a.Opening.ID); err != nil {
		t.Fatal(err)
	}
	want(t, open(second, "13800000000"), compliance.Rejected, "phone_of_another", "R-261-phone")
}

// A platform's own limit counts only once it is set, and never loosens a clause.
func TestTenantsOwnLimit(t *testing.T) {
	h := newHouse(t)
	p := h.person(true)
	limit := func(c verify.Caller, family string, most int) {
		t.Helper()
		ev, err := compliance.NewEvent(h.ids.New(compliance.PrefixEvent), compliance.EventTenantLimitSet, c.TenantID, c.TenantID, h.clock.now(), nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := h.store.SetTenantLimit(context.Background(), c.TenantID, family, most, ev); err != nil {
			t.Fatal(err)
		}
	}
	account := func() verify.Answer { return h.open(t, h.platform, verify.OpeningRequest{Request: h.signup(p)}) }
	want(t, account(), compliance.Approved, "", "")
	limit(h.platform, "internet_accounts", 2)
	want(t, account(), compliance.Approved, "", "")
	want(t, account(), compliance.Rejected, "quota_exceeded", "OP-ACCOUNTS")
	limit(h.carrier, "phone_cards", 1)
	limit(h.other, "phone_cards", 50)
	h.fill(t, h.carrier, p, 4)
	want(t, h.open(t, h.carrier, h.fullCard(p)), compliance.Rejected, "quota_exceeded", "R-5CARD")
	h.fill(t, h.other, p, 0)
	want(t, h.open(t, h.other, h.fullCard(p)), compliance.Rejected, "quota_exceeded", "R-5CARD")
}

// Where the carrier has not stated that its stock is loaded, nobody knows how many cards a person has: somebody must look.
func TestStockThatIsNotLoaded(t *testing.T) {
	h := newHouse(t)
	p := h.person(true)
	if err := h.StateBaseline(context.Background(), h.carrier, "phone_cards", "2026-11-22", false); err != nil {
		t.Fatal(err)
	}
	a := h.open(t, h.carrier, h.fullCard(p))
	want(t, a, compliance.Review, "stock_incomplete", "R-5CARD")
	if a.Opening != nil || !a.Decision.Quotas[0].Incomplete {
		t.Errorf("%+v, %+v", a.Opening, a.Decision.Quotas)
	}
	if err := h.StateBaseline(context.Background(), h.carrier, "phone_cards", "2026-11-22", true); err != nil {
		t.Fatal(err)
	}
	want(t, h.open(t, h.carrier, h.fullCard(p)), compliance.Approved, "", "")
}
