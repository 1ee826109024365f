package verify_test

import (
	"bytes"
	"context"
	"encoding/json"
	"testing"
	"time"

	"realname/compliance"
	"realname/compliance/policy"
	"realname/verify"
)

// erase asks for erasure of what a tenant has of whom a verification is of, and returns the fates by relationship.
func (h *house) erase(t *testing.T, id string, dryRun bool) map[string]verify.Erased {
	t.Helper()
	tenant, person, err := h.store.PersonOf(context.Background(), id)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]verify.Erased{}
	err = verify.EraseData(context.Background(), h.store, h.ids, policy.Builtin(), dryRun, &verify.ErasureAsked{TenantID: tenant, PersonID: person, Basis: "pipl_47"},
		func(e verify.Erased) { out[e.Relationship] = e })
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func (h *house) ends(t *testing.T, want int) {
	t.Helper()
	if n, err := h.EraseEnded(context.Background()); err != nil || n != want {
		t.Errorf("%d data keys went, want %d; %v", n, want, err)
	}
}

func (h *house) logged(t *testing.T, kind compliance.EventKind) []event {
	t.Helper()
	var out []event
	for _, e := range h.events(t) {
		if e.Kind == string(kind) {
			out = append(out, e)
		}
	}
	return out
}

// What a carrier sealed goes by itself two years after the card was closed, and no earlier. The decision stays, and whoever
// wants what was behind it is told that it is gone.
func TestPersonalDataGoesTwoYearsAfterTheCardWasClosed(t *testing.T) {
	h := newHouse(t)
	ctx := context.Background()
	p := h.person(true)
	evidence, card := h.keptPhoto(t, p)
	h.clock.forward(5 * 365 * 24 * time.Hour)
	h.ends(t, 0)
	if got := h.erase(t, card.DecisionID, false)["phone_card"]; got.Fate != verify.ErasureLasting {
		t.Errorf("while the card lasts: %+v", got)
	}
	if _, err := h.Close(ctx, h.carrier, card.ID, ""); err != nil {
		t.Fatal(err)
	}
	end := policy.TermEnd(h.clock.now(), 2)
	h.clock.forward(end.Sub(h.clock.now()) - time.Microsecond)
	h.sweep(t, 0)
	h.ends(t, 0)
	h.clock.forward(31 * 24 * time.Hour) // a look a month is enough
	h.ends(t, 0)                         // the photo is there: it goes first
	h.sweep(t, 1)
	h.clock.forward(25 * time.Hour)
	if _, err := h.ForgetWindows(ctx); err != nil { // what a window counts is not forgotten
		t.Fatal(err)
	}
	h.ends(t, 1)
	h.ends(t, 0)

	a, err := h.Verification(ctx, h.carrier, card.DecisionID)
	if err != nil || a.Decision.Outcome != compliance.Approved || a.PersonalData != verify.DataErased {
		t.Errorf("the decision: %s, %q, %v", a.Decision.Outcome, a.PersonalData, err)
	}
	_, err = h.Disclose(ctx, h.carrier, h.key(), evidence, verify.CopyRequest{Recipient: "psb", Purpose: "case", LegalBasis: "statutory_duty"})
	wantGone(t, err, "personal_data_erased")
	stored, err := h.store.AnyDecision(ctx, card.DecisionID, 1)
	if err != nil {
		t.Fatal(err)
	}
	_, err = h.Aliases(ctx, &stored.DecisionRow)
	wantGone(t, err, "personal_data_erased")

	erasures := h.logged(t, compliance.EventErasure)
	if len(erasures) != 1 {
		t.Fatalf("%d erasures are logged", len(erasures))
	}
	var body struct {
		Subject string         `json:"subject"`
		Tenant  string         `json:"tenant"`
		Data    map[string]any `json:"data"`
	}
	if err := json.Unmarshal(erasures[0].Body, &body); err != nil || body.Subject != stored.DataKeyID || body.Tenant != h.carrier.TenantID ||
		body.Data["relationship"] != "phone_card" || body.Data["master_version"] != 1.0 || body.Data["document_keys"] != 1.0 {
		t.Errorf("logged: %s, %v", erasures[0].Body, err)
	}
	if bytes.Contains(erasures[0].Body, []byte(p.number)) || bytes.Contains(erasures[0].Body, []byte("prs_")) {
		t.Error("the event names the person")
	}
	if again := h.open(t, h.carrier, h.fullCard(p)); again.Decision.Outcome != compliance.Approved {
		t.Error("whoever was forgotten cannot come again")
	} else if _, person, _ := h.store.PersonOf(ctx, again.Decision.ID); person == stored.PersonID {
		t.Error("a document key led to a person of whom nothing is left")
	}
}

func wantGone(t *testing.T, err error, code string) {
	t.Helper()
	wantCode(t, err, code)
	if e := err.(*compliance.Error); e.Fault != compliance.FaultGone { //nolint:errorlint // wantCode has unwrapped it
		t.Errorf("%s is fault %d, want gone", code, e.Fault)
	}
}

// A platform's account has no term in law: what is behind it goes when its holder asks.
func TestErasureOfAnAccountGoesAtOnce(t *testing.T) {
	h := newHouse(t)
	ctx := context.Background()
	p := h.person(true)
	h.photos.says(agrees, nil)
	a := h.decide(t, h.platform, h.signup(p))
	elsewhere := h.decide(t, h.tenant(t, compliance.SectorInternet), h.signup(p))
	h.clock.forward(400 * 24 * time.Hour)
	h.ends(t, 0) // nobody asked
	if got := h.erase(t, a.Decision.ID, true)["signup"]; got.Fate != verify.ErasureDone {
		t.Errorf("a dry run: %+v", got)
	}
	if got, _ := h.Verification(ctx, h.platform, a.Decision.ID); got.PersonalData != "" {
		t.Error("a dry run erased")
	}
	if got := h.erase(t, a.Decision.ID, false)["signup"]; got.Fate != verify.ErasureDone || got.DocumentKeys != 0 {
		t.Errorf("asked: %+v", got)
	}
	if got := h.erase(t, a.Decision.ID, false); len(got) != 0 {
		t.Errorf("asked twice: %v", got)
	}
	if got, err := h.Verification(ctx, h.platform, a.Decision.ID); err != nil || got.PersonalData != verify.DataErased {
		t.Errorf("%q, %v", got.PersonalData, err)
	}
	stored, err := h.store.AnyDecision(ctx, elsewhere.Decision.ID, 1)
	if err != nil {
		t.Fatal(err)
	}
	if keys, err := h.Aliases(ctx, &stored.DecisionRow); err != nil || len(keys) != 1 {
		t.Errorf("another tenant's data went too: %v", err)
	}
	// Whoever comes again is the same person, under another data key.
	again := h.decide(t, h.platform, h.signup(p))
	if _, person, err := h.store.PersonOf(ctx, again.Decision.ID); err != nil || person != stored.PersonID {
		t.Errorf("another person, %v", err)
	}
	if got, err := h.Verification(ctx, h.platform, again.Decision.ID); err != nil || got.PersonalData != "" {
		t.Errorf("%q, %v", got.PersonalData, err)
	}
}

// Erasure that is asked before its time keeps the data for the law alone: nothing opens it, what is new lies elsewhere, and it
// goes by itself on its day.
func TestErasureBeforeItsTimeIsStorageOnly(t *testing.T) {
	h := newHouse(t)
	ctx := context.Background()
	p := h.person(true)
	approved := h.decide(t, h.carrier, h.fullCard(p).Request)
	want(t, approved, compliance.Approved, "", "")
	got := h.erase(t, approved.Decision.ID, false)["phone_card"]
	if got.Fate != verify.ErasureLater || !got.Asked || got.Until.Sub(h.clock.now()) < 2*365*24*time.Hour {
		t.Fatalf("%+v", got)
	}
	if len(h.logged(t, compliance.EventErasureAsked)) != 1 {
		t.Error("no event says that erasure was asked")
	}
	h.erase(t, approved.Decision.ID, false) // again changes nothing
	if n := len(h.logged(t, compliance.EventErasureAsked)); n != 1 {
		t.Errorf("%d events say so", n)
	}
	_, err := h.Open(ctx, h.carrier, h.key(), verify.OpeningRequest{VerificationID: approved.Decision.ID, Request: verify.Request{BizNo: "later"}})
	wantGone(t, err, "personal_data_restricted")
	if a, err := h.Verification(ctx, h.carrier, approved.Decision.ID); err != nil || a.PersonalData != verify.DataStorageOnly {
		t.Errorf("%q, %v", a.PersonalData, err)
	}
	stored, err := h.store.AnyDecision(ctx, approved.Decision.ID, 1)
	if err != nil {
		t.Fatal(err)
	}
	if keys, err := h.Aliases(ctx, &stored.DecisionRow); err != nil || len(keys) != 1 { // rotation reaches what is stored
		t.Errorf("%d documents, %v", len(keys), err)
	}
	h.clock.forward(10 * 24 * time.Hour)
	again := h.open(t, h.carrier, h.fullCard(p))
	want(t, again, compliance.Approved, "", "")
	h.clock.forward(time.Hour)
	if _, err := h.ExpireLeases(ctx); err != nil {
		t.Fatal(err)
	}
	h.clock.forward(got.Until.Sub(h.clock.now()) - time.Microsecond)
	h.ends(t, 0)
	h.clock.forward(time.Microsecond)
	h.ends(t, 1)
	if a, err := h.Verification(ctx, h.carrier, again.Decision.ID); err != nil || a.PersonalData != "" {
		t.Errorf("what came later: %q, %v", a.PersonalData, err)
	}
}

// Whoever is forgotten stays bound by what was determined of him: the document leads to the same person.
func TestErasureFreesNobodyFromADetermination(t *testing.T) {
	h := newHouse(t)
	p := h.person(true)
	a := h.decide(t, h.platform, h.signup(p))
	h.determine(t, p, determined("2026-11-20"))
	h.clock.forward(400 * 24 * time.Hour)
	if _, err := h.ForgetWindows(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := h.erase(t, a.Decision.ID, false)["signup"]; got.Fate != verify.ErasureDone || got.DocumentKeys != 0 {
		t.Errorf("%+v", got)
	}
	want(t, h.open(t, h.carrier, h.fullCard(p)), compliance.Review, "punished_basic", "R-JP-tel")
}
