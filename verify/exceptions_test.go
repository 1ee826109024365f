package verify_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"realname/compliance"
	"realname/internal/sqlstore/storetest"
	"realname/verify"
)

// onEachLedger runs a test on a house of every engine.
func onEachLedger(t *testing.T, f func(t *testing.T, h *house)) {
	storetest.Each(t, func(t *testing.T, e storetest.Engine) { f(t, newHouseOn(t, e.DSN(t))) })
}

func documentOf(p person) verify.Document {
	return verify.Document{Kind: "resident_id", Number: verify.Secret(p.number)}
}

// withKey is the caller under another key of the same tenant.
func withKey(c verify.Caller, id string) verify.Caller {
	c.KeyID = id
	return c
}

func (h *house) propose(t *testing.T, c verify.Caller, p person, grounds string) verify.Exception {
	t.Helper()
	x, made, err := h.ProposeException(context.Background(), c,
		verify.NewException{Document: documentOf(p), Family: "persons_per_phone", Grounds: grounds, Days: 7})
	if err != nil || !made {
		t.Fatalf("%+v, %v, %v", x, made, err)
	}
	return x
}

func (h *house) count(t *testing.T, kind compliance.EventKind) int {
	t.Helper()
	n := 0
	for _, e := range h.events(t) {
		if e.Kind == string(kind) {
			n++
		}
	}
	return n
}

// One person's phone number opens one account of another person's once, after two people granted it.
func TestExceptionOfFourEyes(t *testing.T) {
	onEachLedger(t, func(t *testing.T, h *house) {
		ctx := context.Background()
		bank := withKey(h.tenant(t, compliance.SectorBanking), "key_a")
		child, parent, third := h.person(true), h.person(true), h.person(true)
		open := func(p person) verify.Answer { return h.open(t, bank, h.account(p, "class_2_account", "13800000000")) }
		refused := func(p person) {
			t.Helper()
			want(t, open(p), compliance.Rejected, "phone_of_another", "R-261-phone")
		}
		want(t, open(parent), compliance.Approved, "", "")
		refused(child)

		x := h.propose(t, bank, child, "statement-1")
		refused(child) // what nobody approved does not hold
		_, err := h.ApproveException(ctx, bank, x.ID)
		wantCode(t, err, "four_eyes")
		refused(child)
		for range 2 { // a repeat, and a third key, change nothing
			got, err := h.ApproveException(ctx, withKey(bank, "key_b"), x.ID)
			if err != nil || got.ApprovedBy != "key_b" || got.ProposedBy != "key_a" || got.State(h.clock.now()) != verify.ExceptionApproved {
				t.Fatalf("%+v, %v", got, err)
			}
		}
		if got, err := h.ApproveException(ctx, withKey(bank, "key_c"), x.ID); err != nil || got.ApprovedBy != "key_b" {
			t.Errorf("%+v, %v", got, err)
		}
		refused(third) // it is of one person
		a := open(child)
		want(t, a, compliance.Approved, "", "")
		if i := slices.IndexFunc(a.Decision.Quotas, func(q compliance.QuotaUse) bool { return q.Exception == x.ID }); i < 0 {
			t.Errorf("the decision does not say that it rests on the exception: %+v", a.Decision.Quotas)
		}
		if got, err := h.Exception(ctx, bank, x.ID); err != nil || got.UsedBy != a.Decision.ID || got.State(h.clock.now()) != verify.ExceptionUsed {
			t.Errorf("%+v, %v", got, err)
		}
		refused(child) // it was for once
		if p, a := h.count(t, compliance.EventExceptionProposed), h.count(t, compliance.EventExceptionApproved); p != 1 || a != 1 {
			t.Errorf("%d proposed and %d approved by events", p, a)
		}
	})
}

func TestAnExceptionIsOneForItsGrounds(t *testing.T) {
	onEachLedger(t, func(t *testing.T, h *house) {
		bank, p := withKey(h.tenant(t, compliance.SectorBanking), "key_a"), h.person(true)
		ask := verify.NewException{Document: documentOf(p), Family: "persons_per_phone", Grounds: "statement-1", Days: 30}
		ids, made := make([]string, 16), make([]bool, 16)
		var wg sync.WaitGroup
		for i := range ids {
			wg.Go(func() {
				x, first, err := h.ProposeException(context.Background(), bank, ask)
				if err != nil {
					t.Error(err)
				}
				ids[i], made[i] = x.ID, first
			})
		}
		wg.Wait()
		if n := len(slices.Compact(slices.Sorted(slices.Values(ids)))); n != 1 {
			t.Errorf("%d exceptions on the same grounds", n)
		}
		if n := h.count(t, compliance.EventExceptionProposed); n != 1 {
			t.Errorf("%d events", n)
		}
		first := 0
		for _, m := range made {
			if m {
				first++
			}
		}
		if first != 1 {
			t.Errorf("%d say that they were first", first)
		}
		ask.Grounds = "statement-2"
		if x, made, err := h.ProposeException(context.Background(), bank, ask); err != nil || !made || x.ID == ids[0] {
			t.Errorf("other grounds: %+v, %v, %v", x, made, err)
		}
	})
}

func TestExceptionsThatCannotBe(t *testing.T) {
	h := newHouse(t)
	ctx := context.Background()
	bank, other := withKey(h.tenant(t, compliance.SectorBanking), "key_a"), withKey(h.tenant(t, compliance.SectorBanking), "key_z")
	p := h.person(true)
	good := verify.NewException{Document: documentOf(p), Family: "persons_per_phone", Grounds: "statement-1", Days: 7}
	for code, change := range map[string]func(n *verify.NewException){
		"limit_is_hard":        func(n *verify.NewException) { n.Family = "debit_cards" },
		"family_unknown":       func(n *verify.NewException) { n.Family = "phone_cards" }, // no bank's
		"validation_failed":    func(n *verify.NewException) { n.Days = 31 },
		"check_digit_mismatch": func(n *verify.NewException) { n.Document.Number = "110101199001010001" },
		"document_not_allowed": func(n *verify.NewException) {
			n.Document = verify.Document{Kind: "mobile_phone", Number: "13800000000"}
		},
	} {
		ask := good
		change(&ask)
		_, _, err := h.ProposeException(ctx, bank, ask)
		wantCode(t, err, code)
	}
	none := good
	none.Days = 0
	_, _, err := h.ProposeException(ctx, bank, none)
	wantCode(t, err, "validation_failed")
	none.Days, none.Family = 7, "no_such_family"
	_, _, err = h.ProposeException(ctx, bank, none)
	wantCode(t, err, "family_unknown")

	x := h.propose(t, bank, p, "statement-1")
	_, err = h.Exception(ctx, other, x.ID)
	wantCode(t, err, "exception_not_found")
	_, err = h.ApproveException(ctx, other, x.ID)
	wantCode(t, err, "exception_not_found")
	h.clock.forward(7 * 24 * time.Hour)
	_, err = h.ApproveException(ctx, withKey(bank, "key_b"), x.ID)
	wantCode(t, err, "exception_expired")
	if n := h.count(t, compliance.EventExceptionProposed); n != 1 {
		t.Errorf("%d events of one exception", n)
	}
}

// What was granted holds until its day, not a moment longer.
func TestAnExceptionRunsOut(t *testing.T) {
	h := newHouse(t)
	bank := withKey(h.tenant(t, compliance.SectorBanking), "key_a")
	parent, child := h.person(true), h.person(true)
	held := h.open(t, bank, h.account(parent, "class_2_account", "13800000000"))
	want(t, held, compliance.Approved, "", "")
	if _, err := h.Confirm(context.Background(), bank, held.Opening.ID, verify.Confirmation{}); err != nil {
		t.Fatal(err)
	}
	x := h.propose(t, bank, child, "statement-1")
	if _, err := h.ApproveException(context.Background(), withKey(bank, "key_b"), x.ID); err != nil {
		t.Fatal(err)
	}
	h.clock.forward(7 * 24 * time.Hour)
	want(t, h.open(t, bank, h.account(child, "class_2_account", "13800000000")), compliance.Rejected, "phone_of_another", "R-261-phone")
}
