package verify_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"realname/compliance"
	"realname/imaging"
	"realname/verify"
	"realname/verify/authority/standin"
)

// The ways by which one person could seem to be several, or a card something else.

func TestAnotherIssuingStateIsNotAnotherPerson(t *testing.T) {
	h := newHouse(t)
	ctx := context.Background()
	p := h.person(true)
	for _, state := range []string{"AAA", "HKG"} {
		r := h.fullCard(p)
		r.Request.Parties[0].Document.IssuingState = state
		_, err := h.Open(ctx, h.carrier, h.key(), r)
		wantCode(t, err, "issuing_state_mismatch")
	}
	for i := range 5 {
		r := h.fullCard(p)
		r.Request.Parties[0].Document.IssuingState = []string{"", "CHN"}[i%2]
		want(t, h.open(t, h.carrier, r), compliance.Approved, "", "")
	}
	want(t, h.open(t, h.carrier, h.fullCard(p)), compliance.Rejected, "quota_exceeded", "R-5CARD")
}

func TestOnlyOpeningEventsOpen(t *testing.T) {
	h := newHouse(t)
	ctx := context.Background()
	for _, event := range []compliance.Occasion{
		compliance.OccasionReplaceSIM, compliance.OccasionPortOut, compliance.OccasionReclass, compliance.OccasionInfoChange,
		compliance.OccasionActivate, compliance.OccasionReverify, compliance.OccasionClose, "", "anything",
	} {
		r := h.fullCard(h.person(true))
		r.Request.Occasion = event
		_, err := h.Open(ctx, h.carrier, h.key(), r)
		wantCode(t, err, "event_needs_opening")
	}
	change := h.fullCard(h.person(true)).Request
	change.Occasion = compliance.OccasionInfoChange
	ver := h.decide(t, h.carrier, change)
	want(t, ver, compliance.Approved, "", "")
	_, err := h.Open(ctx, h.carrier, h.key(), verify.OpeningRequest{VerificationID: ver.Decision.ID, Request: verify.Request{BizNo: "c"}})
	wantCode(t, err, "event_needs_opening")
}

func TestAUnitIsNoWayAroundThePersonalLimit(t *testing.T) {
	h := newHouse(t)
	r := h.fullCard(h.person(true))
	r.Request.CustomerType = "unit"
	_, err := h.Open(context.Background(), h.carrier, h.key(), r)
	wantCode(t, err, "unit_parties_required")
	for _, role := range []compliance.PartyRole{compliance.RoleUnit, compliance.RoleHandler} {
		party := r.Request.Parties[0]
		party.Role = role
		if role == compliance.RoleUnit {
			party.Document = verify.Document{Kind: "uscc", Number: "91350100M000100Y43"} // GB 32100-2015, sample
		}
		r.Request.Parties = append(r.Request.Parties, party)
	}
	a := h.open(t, h.carrier, r)
	want(t, a, compliance.Review, "further_review", "OP-UNIT")
	if a.Opening != nil {
		t.Error("a reviewed request holds a slot")
	}
}

func TestStockOfUnknownProductsIsRefused(t *testing.T) {
	h := newHouse(t)
	p := h.person(true)
	row := verify.StockRow{Document: verify.Document{Kind: "resident_id", Number: verify.Secret(p.number)}, Product: "mobile-card", ExternalRef: "1"}
	foreign := row
	foreign.Product, foreign.Document.IssuingState = "mobile_card", "AAA"
	s, err := h.Import(context.Background(), h.carrier, h.key(), []verify.StockRow{row, foreign})
	if err != nil {
		t.Fatal(err)
	}
	if s.Loaded != 0 || len(s.Refused) != 2 || s.Refused[0].Code != "product_unknown" || s.Refused[1].Code != "issuing_state_mismatch" {
		t.Errorf("import = %+v", s)
	}
}

func TestAPhotoPassesOnlyByTheWorkersWord(t *testing.T) {
	h := newHouse(t)
	for name, change := range map[string]func(*imaging.Report){
		"review without a reason": func(r *imaging.Report) { r.Verdict = imaging.Review },
		"no verdict":              func(r *imaging.Report) { r.Verdict = "" },
		"mismatch that no field shows": func(r *imaging.Report) {
			r.Verdict, r.Reasons = imaging.Reject, []imaging.Reason{{Code: imaging.ReasonNumberMismatch}}
		},
		"accepted with a reason against it": func(r *imaging.Report) { r.Reasons = []imaging.Reason{{Code: imaging.ReasonPortraitDrawn}} },
		"number not compared":               func(r *imaging.Report) { r.NumberAgreement = imaging.NotCompared },
		"unknown agreement":                 func(r *imaging.Report) { r.NameAgreement = "perhaps" },
		"back of the card":                  func(r *imaging.Report) { r.Class = imaging.ClassResidentBack },
	} {
		t.Run(name, func(t *testing.T) {
			report := agrees
			change(&report)
			h.photos.says(report, nil)
			if a := h.decide(t, h.platform, h.signup(h.person(true), photoOf(t))); a.Decision.Outcome == compliance.Approved {
				t.Errorf("approved: %+v", a.Decision.Checks)
			}
		})
	}
}

func TestASecondTryHidesNoFailure(t *testing.T) {
	h := newHouse(t)
	failed := h.attested(compliance.EvidencePortraitMatch)
	failed.Result = compliance.Failed
	for _, order := range [][]verify.Evidence{
		{failed, h.attested(compliance.EvidencePortraitMatch)}, {h.attested(compliance.EvidencePortraitMatch), failed},
	} {
		r := h.card(h.person(true), append(order, h.attested(compliance.EvidenceChipRead))...)
		want(t, h.open(t, h.carrier, r), compliance.Rejected, "portrait_mismatch", "R-PORTRAIT")
	}
}

func TestAttestedEvidenceIsOfTheMoment(t *testing.T) {
	h := newHouse(t)
	for code, at := range map[string]time.Time{
		"evidence_undated":     {},
		"evidence_too_old":     h.clock.now().Add(-25 * time.Hour),
		"evidence_from_future": h.clock.now().Add(time.Hour),
	} {
		e := h.attested(compliance.EvidencePortraitMatch)
		e.CapturedAt = at
		want(t, h.open(t, h.carrier, h.card(h.person(true), h.attested(compliance.EvidenceChipRead), e)), compliance.Rejected, code, "R-PORTRAIT")
	}
}

// Pending decisions end: whatever they waited for, whatever went wrong meanwhile.

func TestAPhotoThatNobodyCanDecodeEndsThePending(t *testing.T) {
	h := newHouse(t)
	ctx := context.Background()
	h.photos.says(imaging.Report{}, imaging.ErrUnavailable)
	a := h.decide(t, h.platform, h.signup(h.person(true), photoOf(t)))
	want(t, a, compliance.Pending, "", "")
	h.photos.says(imaging.Report{}, &imaging.UploadError{Code: imaging.UploadCorrupt})
	if n, err := h.Settle(ctx); n != 1 || err != nil {
		t.Fatalf("settled %d, %v", n, err)
	}
	b := h.read(t, h.platform, a.Decision.ID)
	want(t, b, compliance.Rejected, imaging.UploadCorrupt, "")
}

func TestNothingIsReservedAfterTheDeadline(t *testing.T) {
	h := newHouse(t)
	h.authority(t, standin.Down)
	a := h.open(t, h.carrier, h.fullCard(h.person(true)))
	h.clock.forward(a.Decision.Deadline.Sub(h.clock.now()) + time.Second)
	h.authority(t, standin.Healthy)
	h.settle(t)
	b := h.read(t, h.carrier, a.Decision.ID)
	if b.Decision.Outcome == compliance.Approved || b.Decision.Outcome == compliance.Pending || b.Opening != nil && !b.Opening.State.Final() {
		t.Errorf("after the deadline: %s, opening %+v", b.Decision.Outcome, b.Opening)
	}
}

func TestAReleasedSlotIsNotTakenAgain(t *testing.T) {
	h := newHouse(t)
	ctx := context.Background()
	h.authority(t, standin.Down)
	a := h.open(t, h.carrier, h.fullCard(h.person(true)))
	if _, err := h.Release(ctx, h.carrier, a.Opening.ID); err != nil {
		t.Fatal(err)
	}
	h.authority(t, standin.Healthy)
	h.settle(t)
	b := h.read(t, h.carrier, a.Decision.ID)
	if b.Opening == nil || b.Opening.ID != a.Opening.ID || b.Opening.State != "released" {
		t.Errorf("opening = %+v", b.Opening)
	}
}

func TestAnUploadThatStoppedBeforeItsEndCanBeFinished(t *testing.T) {
	h := newHouse(t)
	ctx := context.Background()
	content := photoOf(t).Content
	up, err := h.CreateEvidence(ctx, h.platform, h.key(), verify.NewEvidence{Kind: compliance.EvidenceDocumentPhoto, Side: "front", Length: int64(len(content))})
	if err != nil {
		t.Fatal(err)
	}
	h.broken.completion = errors.New("the disk is full")
	if _, err := h.AppendEvidence(ctx, h.platform, up.ID, 0, content); err == nil {
		t.Fatal("completed on a full disk")
	}
	h.broken.completion = nil
	done, err := h.AppendEvidence(ctx, h.platform, up.ID, int64(len(content)), nil)
	if err != nil || !done.Complete {
		t.Errorf("%+v, %v", done, err)
	}
}

func TestOnlyABackIsNotAFront(t *testing.T) {
	h := newHouse(t)
	back := photoOf(t)
	back.Side = "back"
	want(t, h.decide(t, h.platform, h.signup(h.person(true), back)), compliance.Rejected, imaging.ReasonWrongSide, "")
	kept := verify.Evidence{Kind: compliance.EvidenceDocumentPhoto, Side: "front", Locator: "img/7", Digest: compliance.Digest([]byte("x"))}
	want(t, h.decide(t, h.platform, h.signup(h.person(true), kept)), compliance.Review, "photo_held_by_tenant", "")
	if h.photos.asked != 0 {
		t.Error("the worker was asked without a photo")
	}
}

func TestAnExternalRefIsTakenOnce(t *testing.T) {
	h := newHouse(t)
	ctx := context.Background()
	for i, code := range []string{"", "external_ref_taken"} {
		r := h.fullCard(h.person(true))
		r.ExternalRef = "card-1"
		_, err := h.Open(ctx, h.carrier, fmt.Sprint("ref-", i), r)
		if code == "" && err != nil {
			t.Fatal(err)
		}
		if code != "" {
			wantCode(t, err, code)
		}
	}
}

func TestNamesAreTrimmedAndVisible(t *testing.T) {
	h := newHouse(t)
	p := h.person(true)
	want(t, h.decide(t, h.platform, h.signup(person{p.number, "  " + p.name + "\u3000"})), compliance.Approved, "", "")
	for name, code := range map[string]string{"": "name_missing", "  ": "name_missing", p.name + "\u200b": "name_bad_character", "a\x00b": "name_bad_character"} {
		_, err := h.Decide(context.Background(), h.platform, h.key(), h.signup(person{p.number, name}))
		wantCode(t, err, code)
	}
}

func TestASectorOpensItsOwn(t *testing.T) {
	h := newHouse(t)
	_, err := h.Open(context.Background(), h.platform, h.key(), h.fullCard(h.person(true)))
	wantCode(t, err, "scene_not_of_sector")
}

func TestIdempotencyKeysAreOneNamespace(t *testing.T) {
	h := newHouse(t)
	ctx := context.Background()
	p := h.person(true)
	if _, err := h.Decide(ctx, h.carrier, "one", h.signup(p)); err != nil {
		t.Fatal(err)
	}
	_, err := h.CreateEvidence(ctx, h.carrier, "one", verify.NewEvidence{Kind: compliance.EvidenceDocumentPhoto, Length: 9})
	wantCode(t, err, "idempotency_key_reused")
	_, err = h.Import(ctx, h.carrier, "one", nil)
	wantCode(t, err, "idempotency_key_reused")
	if _, err := h.CreateEvidence(ctx, h.carrier, "two", verify.NewEvidence{Kind: compliance.EvidenceDocumentPhoto, Length: 9}); err != nil {
		t.Fatal(err)
	}
	_, err = h.Decide(ctx, h.carrier, "two", h.signup(p))
	wantCode(t, err, "idempotency_key_reused")
}

func TestWrongBytesDoNotCloseAnUpload(t *testing.T) {
	h := newHouse(t)
	ctx := context.Background()
	right := photoOf(t).Content
	up, err := h.CreateEvidence(ctx, h.platform, h.key(), verify.NewEvidence{
		Kind: compliance.EvidenceDocumentPhoto, Side: "front", Length: int64(len(right)), Digest: compliance.Digest(right),
	})
	if err != nil {
		t.Fatal(err)
	}
	wrong := bytes.Repeat([]byte{7}, len(right))
	_, err = h.AppendEvidence(ctx, h.platform, up.ID, 0, wrong)
	wantCode(t, err, "upload_digest")
	done, err := h.AppendEvidence(ctx, h.platform, up.ID, 0, right)
	if err != nil || !done.Complete {
		t.Errorf("the right bytes after the wrong ones: %+v, %v", done, err)
	}
}

func TestAReviewForLackOfARecordEndsWhenTheRecordIsThere(t *testing.T) {
	h := newHouse(t)
	p := h.person(false)
	a := h.decide(t, h.platform, h.signup(p))
	want(t, a, compliance.Review, "authority_no_record", "")
	h.sim.Know(standin.Person{Number: p.number, Name: p.name})
	aux := verify.Evidence{Kind: compliance.EvidenceAuxiliaryDocument, Locator: "aux/1", Digest: compliance.Digest([]byte("x"))}
	b, err := h.AddEvidence(context.Background(), h.platform, h.key(), a.Decision.ID, []verify.Evidence{aux})
	if err != nil {
		t.Fatal(err)
	}
	want(t, b, compliance.Approved, "", "")
}
