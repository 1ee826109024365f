package verify_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"realname/compliance"
	"realname/imaging"
	"realname/verify"
	"realname/verify/authority/standin"
)

func TestSignup(t *testing.T) {
	h := newHouse(t)
	known, unknown, wrong := h.person(true), h.person(false), h.person(true)
	want(t, h.decide(t, h.platform, h.signup(known)), compliance.Approved, "", "")
	want(t, h.decide(t, h.platform, h.signup(unknown)), compliance.Review, "authority_no_record", "")
	want(t, h.decide(t, h.platform, h.signup(person{wrong.number, known.name})), compliance.Rejected, "authority_mismatch", "R-ATFL-21")

	broken := []byte(known.number)
	broken[10] ^= 1
	asked := h.sim.Asked()
	want(t, h.decide(t, h.platform, h.signup(person{string(broken), known.name})), compliance.Rejected, "check_digit_mismatch", "R-ATFL-21")
	if h.sim.Asked() != asked {
		t.Error("the authority was asked about a number that cannot exist")
	}
}

func TestPhoto(t *testing.T) {
	h := newHouse(t)
	p := h.person(true)
	for _, tc := range []struct {
		name    string
		report  imaging.Report
		err     error
		outcome compliance.Outcome
		reason  string
	}{
		{"agrees", agrees, nil, compliance.Approved, ""},
		{"drawing", imaging.Report{Verdict: imaging.Reject, Class: imaging.ClassDrawing, Reasons: []imaging.Reason{{Code: imaging.ReasonNotADocument}}}, nil, compliance.Rejected, "not_a_document.drawing"},
		{"class without a reason", imaging.Report{Verdict: imaging.Reject, Class: imaging.ClassPhoto}, nil, compliance.Rejected, "not_a_document.photo"},
		{"empty report", imaging.Report{}, nil, compliance.Rejected, "not_a_document.unknown"},
		{"other number", imaging.Report{Verdict: imaging.Reject, Class: imaging.ClassResidentFront, NumberAgreement: imaging.Disagrees, NameAgreement: imaging.Agrees,
			Reasons: []imaging.Reason{{Code: imaging.ReasonNumberMismatch}}}, nil, compliance.Rejected, "number_mismatch"},
		{"unreadable name", imaging.Report{Verdict: imaging.Review, Class: imaging.ClassResidentFront, NumberAgreement: imaging.Agrees, NameAgreement: imaging.Unreadable,
			Reasons: []imaging.Reason{{Code: imaging.ReasonNameUnreadable}}}, nil, compliance.Review, "name_unreadable"},
		{"name in traditional characters", imaging.Report{Verdict: imaging.Review, Class: imaging.ClassResidentFront, NumberAgreement: imaging.Agrees, NameAgreement: imaging.Unreadable,
			Reasons: []imaging.Reason{{Code: imaging.ReasonNameVariant}}}, nil, compliance.Review, "name_variant"},
		{"drawn portrait", imaging.Report{Verdict: imaging.Reject, Class: imaging.ClassResidentFront, NumberAgreement: imaging.Agrees, NameAgreement: imaging.Agrees,
			Reasons: []imaging.Reason{{Code: imaging.ReasonPortraitDrawn}}}, nil, compliance.Rejected, "portrait_drawn"},
		{"no worker", imaging.Report{}, imaging.ErrUnavailable, compliance.Pending, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			h.photos.says(tc.report, tc.err)
			want(t, h.decide(t, h.platform, h.signup(p, photoOf(t))), tc.outcome, tc.reason, "")
			if h.photos.claim.Number != p.number || h.photos.claim.Name != p.name {
				t.Error("the photo was compared with something else than the claim")
			}
		})
	}
}

// A passport's photo is looked at as one: what the worker proves is believed, and what it names as another document is refused.
func TestPhotoOfThePassportItself(t *testing.T) {
	h := newHouse(t)
	proved := imaging.Report{Verdict: imaging.Accept, Class: imaging.ClassPassport, NumberAgreement: imaging.Agrees, NameAgreement: imaging.Agrees}
	wrong := imaging.Report{
		Verdict: imaging.Reject, Class: imaging.ClassResidentFront, NumberAgreement: imaging.Unreadable, NameAgreement: imaging.Unreadable,
		Reasons: []imaging.Reason{{Code: imaging.ReasonWrongDocument}},
	}
	for _, tc := range []struct {
		name    string
		report  imaging.Report
		result  compliance.CheckResult
		reasons []string
	}{
		{"proved", proved, compliance.Passed, nil},
		{"a resident card", wrong, compliance.Failed, []string{imaging.ReasonWrongDocument}},
	} {
		h.photos.says(tc.report, nil)
		r := h.ask("ANNA SPECIMEN", verify.Document{Kind: "passport", Number: "L898902C3", IssuingState: "DEU", BirthDate: "1974-08-12", Sex: "female"})
		r.Evidence = append(r.Evidence, photoOf(t))
		a := h.decide(t, h.platform, r)
		i := slices.IndexFunc(a.Decision.Checks, func(c compliance.Check) bool { return c.Name == compliance.CheckDocumentPhoto })
		if i < 0 || a.Decision.Checks[i].Result != tc.result || !slices.Equal(a.Decision.Checks[i].Reasons, tc.reasons) {
			t.Errorf("%s: %+v", tc.name, a.Decision.Checks)
		}
		if c := h.photos.claim; h.photos.kind != imaging.DocumentPassport || c.Birth != "1974-08-12" || c.Sex != "female" {
			t.Errorf("%s: asked for a %q, or with another claim", tc.name, h.photos.kind)
		}
	}
}

// Of other kinds than the resident card, what the worker cannot prove goes to a person, and a drawing does not.
func TestPhotoOfAnotherKindOfDocument(t *testing.T) {
	h := newHouse(t)
	for class, want := range map[imaging.Class]compliance.Outcome{
		imaging.ClassOtherDocument: compliance.Review, imaging.ClassTextPage: compliance.Review, imaging.ClassUnknown: compliance.Review,
		imaging.ClassDrawing: compliance.Rejected, imaging.ClassPhoto: compliance.Rejected, imaging.ClassScreenshot: compliance.Rejected,
		imaging.ClassBlank: compliance.Rejected, imaging.ClassResidentBack: compliance.Rejected,
	} {
		h.photos.says(imaging.Report{Verdict: imaging.Reject, Class: class, Reasons: []imaging.Reason{{Code: imaging.ReasonNotADocument}}}, nil)
		r := h.ask("ANNA SPECIMEN", verify.Document{Kind: "passport", Number: "L898902C3", IssuingState: "DEU"})
		r.Evidence = append(r.Evidence, photoOf(t))
		if a := h.decide(t, h.platform, r); a.Decision.Outcome != want {
			t.Errorf("%s: %s %v, want %s", class, a.Decision.Outcome, a.Decision.Reasons, want)
		}
	}
}

func TestUndecodablePhotoIsRefusedAndRecorded(t *testing.T) {
	h := newHouse(t)
	e := photoOf(t)
	e.Content = []byte("%PDF-1.7 renamed")
	_, err := h.Decide(context.Background(), h.platform, h.key(), h.signup(h.person(true), e))
	wantCode(t, err, imaging.UploadUnsupportedFormat)
	h.photos.says(imaging.Report{}, &imaging.UploadError{Code: imaging.UploadCorrupt})
	_, err = h.Decide(context.Background(), h.platform, h.key(), h.signup(h.person(true), photoOf(t)))
	wantCode(t, err, imaging.UploadCorrupt)
	attempts := 0
	for _, e := range h.events(t) {
		if e.Kind == string(compliance.EventAttemptRefused) {
			attempts++
		}
	}
	if attempts != 2 {
		t.Errorf("%d attempts are on record, want 2", attempts)
	}
}

func TestAuthorityDownPendsAndSettles(t *testing.T) {
	h := newHouse(t)
	ctx := context.Background()
	right, wrong := h.person(true), h.person(true)
	h.authority(t, standin.Down)
	a := h.decide(t, h.platform, h.signup(right))
	b := h.decide(t, h.platform, h.signup(person{wrong.number, right.name}))
	card := h.open(t, h.carrier, h.fullCard(h.person(true)))
	for _, x := range []verify.Answer{a, b, card} {
		want(t, x, compliance.Pending, "", "")
		if !slices.Contains(x.Decision.WaitingOn, compliance.CheckNetwork) || !x.Decision.Deadline.After(h.clock.now()) {
			t.Errorf("pending waits on %v until %v", x.Decision.WaitingOn, x.Decision.Deadline)
		}
	}
	if card.Opening == nil || !card.Opening.LeaseUntil.Equal(card.Decision.Deadline) {
		t.Errorf("the lease of a pending opening does not end at its deadline: %+v", card.Opening)
	}
	_, err := h.Confirm(ctx, h.carrier, card.Opening.ID, verify.Confirmation{})
	wantCode(t, err, "opening_not_approved")
	if n, err := h.Settle(ctx); n != 0 || err != nil {
		t.Fatalf("settled %d while the authority is down: %v", n, err)
	}
	if again, _ := h.Verification(ctx, h.platform, a.Decision.ID); again.Decision.Version != 1 {
		t.Error("a fruitless try made a version")
	}
	h.authority(t, standin.Healthy)
	if n, err := h.Settle(ctx); n != 3 || err != nil {
		t.Fatalf("settled %d, %v", n, err)
	}
	for _, tc := range []struct {
		c       verify.Caller
		id      string
		outcome compliance.Outcome
		reason  string
	}{{h.platform, a.Decision.ID, compliance.Approved, ""}, {h.platform, b.Decision.ID, compliance.Rejected, "authority_mismatch"}, {h.carrier, card.Decision.ID, compliance.Approved, ""}} {
		x, err := h.Verification(ctx, tc.c, tc.id)
		if err != nil {
			t.Fatal(err)
		}
		want(t, x, tc.outcome, tc.reason, "")
		if x.Decision.Version != 2 {
			t.Errorf("version = %d", x.Decision.Version)
		}
	}
	if o, err := h.Confirm(ctx, h.carrier, card.Opening.ID, verify.Confirmation{}); err != nil || o.State != "active" {
		t.Errorf("confirm after settling: %+v, %v", o, err)
	}
}

func TestPendingEndsAtItsDeadlineUnapproved(t *testing.T) {
	h := newHouse(t)
	ctx := context.Background()
	h.authority(t, standin.Down)
	a := h.open(t, h.carrier, h.fullCard(h.person(true)))
	want(t, a, compliance.Pending, "", "")
	h.clock.forward(a.Decision.Deadline.Sub(h.clock.now()) + time.Second)
	h.settle(t)
	if _, err := h.ExpireLeases(ctx); err != nil {
		t.Fatal(err)
	}
	x := h.read(t, h.carrier, a.Decision.ID)
	if x.Decision.Outcome == compliance.Approved || x.Decision.Outcome == compliance.Pending {
		t.Errorf("after the deadline: %s", x.Decision.Outcome)
	}
	if o, err := h.Opening(ctx, h.carrier, a.Opening.ID); err != nil || !o.State.Final() {
		t.Errorf("the slot is still held: %+v, %v", o, err)
	}
}

func TestFiveCardsAndNoSixth(t *testing.T) {
	h := newHouse(t)
	ctx := context.Background()
	p := h.person(true)
	var last verify.Answer
	for range 5 {
		last = h.open(t, h.carrier, h.fullCard(p))
		want(t, last, compliance.Approved, "", "")
		if _, err := h.Confirm(ctx, h.carrier, last.Opening.ID, verify.Confirmation{}); err != nil {
			t.Fatal(err)
		}
	}
	asked := h.sim.Asked()
	want(t, h.open(t, h.carrier, h.fullCard(p)), compliance.Rejected, "quota_exceeded", "R-5CARD")
	if h.sim.Asked() != asked {
		t.Error("the authority was paid for a request that could only be refused")
	}
	want(t, h.open(t, h.other, h.fullCard(p)), compliance.Approved, "", "") // another carrier counts by itself
	if _, err := h.Close(ctx, h.carrier, last.Opening.ID, ""); err != nil {
		t.Fatal(err)
	}
	want(t, h.open(t, h.carrier, h.fullCard(p)), compliance.Approved, "", "")
	want(t, h.open(t, h.carrier, h.card(h.person(true), h.attested(compliance.EvidenceChipRead))), compliance.Rejected, "portrait_match_missing", "R-PORTRAIT")
}

func TestOneOf64(t *testing.T) {
	h := newHouse(t)
	ctx := context.Background()
	p := h.person(true)
	rows := make([]verify.StockRow, 4)
	for i := range rows {
		rows[i] = verify.StockRow{Document: verify.Document{Kind: "resident_id", Number: verify.Secret(p.number)}, Product: "mobile_card", ExternalRef: fmt.Sprint(i)}
	}
	if s, err := h.Import(ctx, h.carrier, h.key(), rows); err != nil || s.Loaded != 4 {
		t.Fatalf("import: %+v, %v", s, err)
	}
	reqs, keys := make([]verify.OpeningRequest, 64), make([]string, 64)
	for i := range reqs {
		reqs[i], keys[i] = h.fullCard(p), h.key()
	}
	var approved atomic.Int32
	var wg sync.WaitGroup
	for i := range reqs {
		wg.Go(func() {
			a, err := h.Open(ctx, h.carrier, keys[i], reqs[i])
			if err != nil {
				t.Error(err)
			} else if a.Decision.Outcome == compliance.Approved {
				approved.Add(1)
			} else if a.Decision.Reasons[0].Code != "quota_exceeded" {
				t.Errorf("reasons = %v", a.Decision.Reasons)
			}
		})
	}
	wg.Wait()
	if n := approved.Load(); n != 1 {
		t.Errorf("%d of 64 got the one slot", n)
	}
}

func TestLeaseEnds(t *testing.T) {
	h := newHouse(t)
	ctx := context.Background()
	a := h.open(t, h.carrier, h.fullCard(h.person(true)))
	h.clock.forward(15*time.Minute + time.Second)
	if n, err := h.ExpireLeases(ctx); n != 1 || err != nil {
		t.Fatalf("expired %d, %v", n, err)
	}
	if o, _ := h.Opening(ctx, h.carrier, a.Opening.ID); o.State != "expired" {
		t.Errorf("state = %s", o.State)
	}
	if o, err := h.Release(ctx, h.carrier, a.Opening.ID); err != nil || o.State != "expired" {
		t.Errorf("released: %+v, %v", o, err)
	}
	_, err := h.Suspend(ctx, h.carrier, a.Opening.ID)
	wantCode(t, err, "lease_expired")
}

func TestOpeningsAreIdempotentAndPrivate(t *testing.T) {
	h := newHouse(t)
	ctx := context.Background()
	a := h.open(t, h.carrier, h.fullCard(h.person(true)))
	id := a.Opening.ID
	for _, do := range []func(verify.Caller) (verify.Opening, error){
		func(c verify.Caller) (verify.Opening, error) { return h.Opening(ctx, c, id) },
		func(c verify.Caller) (verify.Opening, error) { return h.Confirm(ctx, c, id, verify.Confirmation{}) },
		func(c verify.Caller) (verify.Opening, error) { return h.Close(ctx, c, id, "") },
	} {
		_, err := do(h.other)
		wantCode(t, err, "opening_not_found")
		for range 3 {
			if _, err := do(h.carrier); err != nil {
				t.Fatal(err)
			}
		}
	}
	moved := 0
	for _, e := range h.events(t) {
		if e.Kind == string(compliance.EventOpeningConfirmed) || e.Kind == string(compliance.EventOpeningClosed) {
			moved++
		}
	}
	if moved != 2 {
		t.Errorf("%d moves are on record, want 2", moved)
	}
	_, err := h.Verification(ctx, h.other, a.Decision.ID)
	wantCode(t, err, "verification_not_found")
}

func TestConsumeOnce(t *testing.T) {
	h := newHouse(t)
	ctx := context.Background()
	p := h.person(true)
	ver := h.decide(t, h.carrier, h.fullCard(p).Request)
	want(t, ver, compliance.Approved, "", "")
	ask := func() (verify.Answer, error) {
		return h.Open(ctx, h.carrier, h.key(), verify.OpeningRequest{VerificationID: ver.Decision.ID, Request: verify.Request{BizNo: "b-" + h.key()}})
	}
	asked := h.sim.Asked()
	a, err := ask()
	if err != nil {
		t.Fatal(err)
	}
	want(t, a, compliance.Approved, "", "")
	if a.Decision.Consumes != ver.Decision.ID || a.Opening == nil || h.sim.Asked() != asked {
		t.Errorf("consumes %q, opening %v, asked again %v", a.Decision.Consumes, a.Opening, h.sim.Asked() != asked)
	}
	_, err = ask()
	wantCode(t, err, "verification_consumed")
	late := h.decide(t, h.carrier, h.fullCard(p).Request)
	h.clock.forward(late.Decision.ExpiresAt.Sub(h.clock.now()))
	_, err = h.Open(ctx, h.carrier, h.key(), verify.OpeningRequest{VerificationID: late.Decision.ID, Request: verify.Request{BizNo: "c"}})
	wantCode(t, err, "verification_expired")
	_, err = h.Open(ctx, h.other, h.key(), verify.OpeningRequest{VerificationID: late.Decision.ID, Request: verify.Request{BizNo: "d"}})
	wantCode(t, err, "verification_not_found")
}

func TestIdempotency(t *testing.T) {
	h := newHouse(t)
	ctx := context.Background()
	req := h.fullCard(h.person(true))
	_, err := h.Open(ctx, h.carrier, "", req)
	wantCode(t, err, "idempotency_key_missing")
	first, err := h.Open(ctx, h.carrier, "k", req)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.Confirm(ctx, h.carrier, first.Opening.ID, verify.Confirmation{}); err != nil {
		t.Fatal(err)
	}
	again, err := h.Open(ctx, h.carrier, "k", req)
	if err != nil {
		t.Fatal(err)
	}
	if !again.Replayed || again.Decision.ID != first.Decision.ID || again.Opening.State != first.Opening.State {
		t.Errorf("replay = %+v", again)
	}
	changed := req
	changed.Request.Product = "another"
	_, err = h.Open(ctx, h.carrier, "k", changed)
	wantCode(t, err, "idempotency_key_reused")
	if _, err := h.Open(ctx, h.other, "k", req); err != nil {
		t.Errorf("another tenant's same key: %v", err)
	}
	twice := h.signup(h.person(true))
	h.decide(t, h.platform, twice)
	_, err = h.Decide(ctx, h.platform, h.key(), twice)
	wantCode(t, err, "biz_no_taken")
}

func TestSameKeyAtOnceMakesOneDecision(t *testing.T) {
	h := newHouse(t)
	req := h.signup(h.person(true))
	var wg sync.WaitGroup
	var made, busy atomic.Int32
	for range 16 {
		wg.Go(func() {
			a, err := h.Decide(context.Background(), h.platform, "same", req)
			switch {
			case err == nil && !a.Replayed:
				made.Add(1)
			case err == nil:
			case compliance.CodeOf(err) == "request_in_progress":
				busy.Add(1)
			default:
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if made.Load() != 1 {
		t.Errorf("%d decisions were made, %d met the first one running", made.Load(), busy.Load())
	}
}

func TestUploadAndUse(t *testing.T) {
	h := newHouse(t)
	ctx := context.Background()
	photo := photoOf(t).Content
	up, err := h.CreateEvidence(ctx, h.platform, h.key(), verify.NewEvidence{
		Kind: compliance.EvidenceDocumentPhoto, Side: "front", Length: int64(len(photo)), Digest: compliance.Digest(photo), PhoneToken: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	phone, _, err := h.UploadByToken(ctx, up.Token)
	if err != nil {
		t.Fatal(err)
	}
	half := len(photo) / 2
	if _, err := h.AppendEvidence(ctx, phone, up.ID, 0, photo[:half]); err != nil {
		t.Fatal(err)
	}
	_, err = h.AppendEvidence(ctx, phone, up.ID, 0, photo[:half])
	wantCode(t, err, "upload_offset")
	h.photos.says(agrees, nil)
	_, err = h.Decide(ctx, h.platform, h.key(), h.signup(h.person(true), verify.Evidence{ID: up.ID}))
	wantCode(t, err, "evidence_incomplete")
	done, err := h.AppendEvidence(ctx, phone, up.ID, int64(half), photo[half:])
	if err != nil || !done.Complete {
		t.Fatalf("%+v, %v", done, err)
	}
	_, _, err = h.UploadByToken(ctx, up.Token)
	wantCode(t, err, "upload_token_invalid")
	want(t, h.decide(t, h.platform, h.signup(h.person(true), verify.Evidence{ID: up.ID})), compliance.Approved, "", "")
	_, err = h.Decide(ctx, h.carrier, h.key(), h.signup(h.person(true), verify.Evidence{ID: up.ID}))
	wantCode(t, err, "evidence_not_found")
}

func TestMoreEvidenceDecidesAgain(t *testing.T) {
	h := newHouse(t)
	ctx := context.Background()
	p := h.person(true)
	h.photos.says(imaging.Report{
		Verdict: imaging.Review, Class: imaging.ClassResidentFront, NumberAgreement: imaging.Unreadable, NameAgreement: imaging.Agrees,
		Reasons: []imaging.Reason{{Code: imaging.ReasonNumberUnreadable}},
	}, nil)
	a := h.decide(t, h.platform, h.signup(p, photoOf(t)))
	want(t, a, compliance.Review, "number_unreadable", "")
	h.photos.says(agrees, nil)
	b, err := h.AddEvidence(ctx, h.platform, "more", a.Decision.ID, []verify.Evidence{photoOf(t)})
	if err != nil {
		t.Fatal(err)
	}
	want(t, b, compliance.Approved, "", "")
	if b.Decision.Version != 2 || b.EventID == a.EventID {
		t.Errorf("version %d, event %s after %s", b.Decision.Version, b.EventID, a.EventID)
	}
	again, err := h.AddEvidence(ctx, h.platform, "more", a.Decision.ID, []verify.Evidence{photoOf(t)})
	if err != nil || !again.Replayed || again.Decision.Version != 2 {
		t.Errorf("replay: %+v, %v", again.Decision.Version, err)
	}
	_, err = h.AddEvidence(ctx, h.platform, "still more", a.Decision.ID, []verify.Evidence{photoOf(t)})
	wantCode(t, err, "verification_settled")
}

func TestLedgerHoldsNoPersonalDataInClear(t *testing.T) {
	h := newHouse(t)
	p := h.person(true)
	h.photos.says(agrees, nil)
	photo := photoOf(t)
	h.decide(t, h.platform, h.signup(p, photo))
	h.open(t, h.carrier, h.fullCard(p))
	for _, file := range []string{h.file, h.file + "-wal"} {
		found := func(secret []byte) bool { return fileHolds(t, file, secret) }
		for what, secret := range map[string][]byte{"number": []byte(p.number), "name": []byte(p.name), "photo": photo.Content} {
			if found(secret) {
				t.Errorf("%s holds the %s in clear", filepath.Base(file), what)
			}
		}
	}
	if !fileHolds(t, h.file+"-wal", []byte("internet_account")) && !fileHolds(t, h.file, []byte("internet_account")) {
		t.Error("the search finds nothing at all: it proves nothing")
	}
}

func TestRequestsWithoutOneHolderAreRefused(t *testing.T) {
	h := newHouse(t)
	r := h.signup(h.person(true))
	r.Parties = append(r.Parties, r.Parties[0])
	_, err := h.Decide(context.Background(), h.platform, h.key(), r)
	wantCode(t, err, "holder_required")
	var ce *compliance.Error
	if !errors.As(err, &ce) || ce.Field != "/parties" {
		t.Errorf("field = %+v", ce)
	}
}
