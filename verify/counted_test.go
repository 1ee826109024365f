package verify_test

import (
	"context"
	"testing"
	"time"

	"realname/compliance"
	"realname/ratelimit/quota"
	"realname/verify"
	"realname/verify/authority/standin"
)

// account is a request for a bank account whose holder has a phone number.
func (h *house) account(p person, product, phone string) verify.OpeningRequest {
	r := h.card(p)
	r.Request.Scene, r.Request.Product = compliance.SceneBankAccount, product
	r.Request.Parties[0].Phone = verify.Secret(phone)
	return r
}

// throughProxy is the request as another one brings it.
func (h *house) throughProxy(r verify.OpeningRequest, proxy person) verify.OpeningRequest {
	r.Request.Evidence = append(r.Request.Evidence, h.attested(compliance.EvidenceAuthorisation))
	r.Request.Parties = append(r.Request.Parties, verify.Party{
		Role: compliance.RoleProxy, Name: verify.Secret(proxy.name), Relation: "friend", Authority: "auth-1",
		Document: verify.Document{Kind: "resident_id", Number: verify.Secret(proxy.number)},
	})
	return r
}

// Whom a request is counted by is known after it waited, too: a confirmation that comes late counts them again.
func TestPartiesOfWhatWaited(t *testing.T) {
	h := newHouse(t)
	ctx := context.Background()
	bank := h.tenant(t, compliance.SectorBanking)
	h.authority(t, standin.Down)
	first, second := h.person(true), h.person(true)
	a := h.open(t, bank, h.account(first, "class_2_account", "13800000000"))
	want(t, a, compliance.Pending, "", "")
	h.authority(t, standin.Healthy)
	h.settle(t)
	want(t, h.read(t, bank, a.Decision.ID), compliance.Approved, "", "")
	h.clock.forward(16 * time.Minute)
	want(t, h.open(t, bank, h.account(second, "class_2_account", "13800000000")), compliance.Approved, "", "")
	_, err := h.Confirm(ctx, bank, a.Opening.ID, verify.Confirmation{})
	wantCode(t, err, "phone_of_another")
}

// Whoever counted for an account counts for what it becomes: no fourth card comes through one proxy by a change of class.
func TestReclassCountsTheProxy(t *testing.T) {
	h := newHouse(t)
	ctx := context.Background()
	bank := h.tenant(t, compliance.SectorBanking)
	proxy, p := h.person(true), h.person(true)
	for range 3 {
		want(t, h.open(t, bank, h.throughProxy(h.account(h.person(true), "debit_card", ""), proxy)), compliance.Approved, "", "")
	}
	a := h.open(t, bank, h.throughProxy(h.account(p, "class_2_account", ""), proxy))
	want(t, a, compliance.Approved, "", "")
	if _, err := h.Confirm(ctx, bank, a.Opening.ID, verify.Confirmation{}); err != nil {
		t.Fatal(err)
	}
	_, err := h.Reclass(ctx, bank, a.Opening.ID, verify.Replacement{
		VerificationID: h.verified(t, bank, h.account(p, "debit_card", ""), compliance.OccasionReclass),
	})
	wantCode(t, err, "proxy_quota_exceeded")
}

// And whoever brings the change of class counts for it.
func TestReclassCountsWhoBringsIt(t *testing.T) {
	h := newHouse(t)
	ctx := context.Background()
	bank := h.tenant(t, compliance.SectorBanking)
	proxy := h.person(true)
	reclass := func() error {
		p := h.person(true)
		a := h.open(t, bank, h.account(p, "class_2_account", ""))
		want(t, a, compliance.Approved, "", "")
		if _, err := h.Confirm(ctx, bank, a.Opening.ID, verify.Confirmation{}); err != nil {
			t.Fatal(err)
		}
		_, err := h.Reclass(ctx, bank, a.Opening.ID, verify.Replacement{
			VerificationID: h.verified(t, bank, h.throughProxy(h.account(p, "debit_card", ""), proxy), compliance.OccasionReclass),
		})
		return err
	}
	for range 3 {
		if err := reclass(); err != nil {
			t.Fatal(err)
		}
	}
	wantCode(t, reclass(), "proxy_quota_exceeded")
}

// A number that was reserved together with its opening can be confirmed late, whether or not the sweep came first.
func TestLateConfirmationKeepsItsReference(t *testing.T) {
	for name, sweep := range map[string]bool{"swept": true, "not swept": false} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t)
			ctx := context.Background()
			r := h.fullCard(h.person(true))
			r.ExternalRef = "sim-1"
			gone := h.open(t, h.carrier, r).Opening
			h.clock.forward(16 * time.Minute)
			if sweep {
				if n, err := h.ExpireLeases(ctx); n != 1 || err != nil {
					t.Fatal(n, err)
				}
			}
			for range 2 {
				o, err := h.Confirm(ctx, h.carrier, gone.ID, verify.Confirmation{})
				if err != nil || o.ExternalRef != "sim-1" || o.State != quota.Active {
					t.Fatalf("%+v, %v", o, err)
				}
			}
			expired := 0
			for _, e := range h.events(t) {
				if e.Kind == string(compliance.EventOpeningExpired) {
					expired++
				}
			}
			if n, err := h.ExpireLeases(ctx); n != 0 || err != nil || expired != 1 {
				t.Errorf("%d expired later, %v; %d events say so", n, err, expired)
			}
		})
	}
}
