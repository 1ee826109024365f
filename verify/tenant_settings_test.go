package verify_test

import (
	"slices"
	"testing"

	"realname/compliance"
	"realname/compliance/policy"
	"realname/verify"
	"realname/verify/authority/standin"
	"realname/verify/idnumber"
)

func (h *house) settings(t *testing.T, c verify.Caller, s policy.TenantSettings) {
	t.Helper()
	ev, err := compliance.NewEvent(h.ids.New(compliance.PrefixEvent), compliance.EventTenantSettingsSet, c.TenantID, c.TenantID, h.clock.now(), s)
	if err != nil {
		t.Fatal(err)
	}
	if err := h.store.SetTenantSettings(t.Context(), c.TenantID, s, ev); err != nil {
		t.Fatal(err)
	}
}

// A tenant's own product is bound by every clause on the product behind it, and keeps its name.
func TestOwnProduct(t *testing.T) {
	onEachLedger(t, func(t *testing.T, h *house) {
		h.settings(t, h.carrier, policy.TenantSettings{Products: map[string]string{"gold_card": "mobile_card"}})
		p := h.person(true)
		h.fill(t, h.carrier, p, 1)
		gold := func() verify.OpeningRequest {
			r := h.fullCard(p)
			r.Request.Product = "gold_card"
			return r
		}
		a := h.open(t, h.carrier, gold())
		want(t, a, compliance.Approved, "", "")
		if a.Opening.Product != "mobile_card" || a.Decision.Facts.OwnProduct != "gold_card" {
			t.Errorf("%+v %+v", a.Opening, a.Decision.Facts)
		}
		want(t, h.open(t, h.carrier, gold()), compliance.Rejected, "quota_exceeded", "R-5CARD")
		r := h.fullCard(h.person(true))
		r.Request.Product = "gold_card"
		want(t, h.open(t, h.other, r), compliance.Rejected, "product_unknown", "")
		// The same key is the same request, whatever the settings became.
		again := gold()
		key := h.key()
		first, err := h.Open(t.Context(), h.carrier, key, again)
		if err != nil {
			t.Fatal(err)
		}
		h.settings(t, h.carrier, policy.TenantSettings{})
		if second, err := h.Open(t.Context(), h.carrier, key, again); err != nil || second.Decision.ID != first.Decision.ID || !second.Replayed {
			t.Errorf("%v", err)
		}
	})
}

// What a tenant demands beyond the clauses is checked, told as its own, and stays with the decision.
func TestOwnDemandsAndWarnings(t *testing.T) {
	h := newHouse(t)
	p := h.person(true)
	want(t, h.decide(t, h.platform, h.signup(p)), compliance.Approved, "", "")
	h.settings(t, h.platform, policy.TenantSettings{
		Demands: []policy.TenantDemand{{Scene: compliance.SceneSignup, AnyOf: []string{"portrait_match", "live_video"}}},
	})
	a := h.decide(t, h.platform, h.signup(p))
	want(t, a, compliance.Rejected, "portrait_match_missing", policy.ClauseTenant)
	if !slices.ContainsFunc(a.Decision.Findings, func(f compliance.Finding) bool {
		return f.Kind == policy.KindTenant && f.Demanded == "portrait_match|live_video"
	}) {
		t.Errorf("%+v", a.Decision.Findings)
	}
	want(t, h.decide(t, h.platform, h.signup(p, h.attested(compliance.EvidenceLiveVideo))), compliance.Approved, "", "")
	want(t, h.decide(t, h.platform, h.signup(p, h.attested(compliance.EvidencePortraitMatch))), compliance.Approved, "", "")
	if again := policy.Builtin().Evaluate(a.Decision.Facts, a.Decision.Quotas); again.Outcome != compliance.Rejected || !policy.Builtin().Reproduces(&a.Decision) {
		t.Errorf("decided again: %+v", again)
	}
	// A number of an unknown division is a warning that the clauses let pass where the authority confirms it.
	body := "119999199001010" + "00"
	unusual := person{number: body + string(idnumber.CheckChar(body)), name: "云生"}
	h.sim.Know(standin.Person{Number: unusual.number, Name: unusual.name})
	h.settings(t, h.platform, policy.TenantSettings{})
	want(t, h.decide(t, h.platform, h.signup(unusual)), compliance.Approved, "", "")
	h.settings(t, h.platform, policy.TenantSettings{Warnings: map[string]compliance.Outcome{"number": compliance.Review}})
	want(t, h.decide(t, h.platform, h.signup(unusual)), compliance.Review, "area_unknown", policy.ClauseTenant)
	want(t, h.decide(t, h.platform, h.signup(p)), compliance.Approved, "", "")
}
