package verify_test

import (
	"context"
	"database/sql"
	"testing"
	"time"

	"realname/compliance"
	"realname/compliance/policy"
	"realname/imaging"
	"realname/verify"
)

// content counts the sealed bytes of evidence that the database holds, chunks included.
func (h *house) content(t *testing.T) (bytes int) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+h.file)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.QueryRow(`SELECT COALESCE((SELECT SUM(LENGTH(sealed)) FROM evidence), 0) +
		COALESCE((SELECT SUM(LENGTH(sealed)) FROM evidence_chunks), 0)`).Scan(&bytes); err != nil {
		t.Fatal(err)
	}
	return bytes
}

// uploaded is a photo that came in two chunks.
func (h *house) uploaded(t *testing.T, c verify.Caller) verify.Evidence {
	t.Helper()
	ctx := context.Background()
	photo := photoOf(t).Content
	up, err := h.CreateEvidence(ctx, c, h.key(), verify.NewEvidence{Kind: compliance.EvidenceDocumentPhoto, Side: "front", Length: int64(len(photo))})
	if err != nil {
		t.Fatal(err)
	}
	for _, at := range []int{0, 10} {
		chunk := photo[at:]
		if at == 0 {
			chunk = photo[:10]
		}
		if _, err := h.AppendEvidence(ctx, c, up.ID, int64(at), chunk); err != nil {
			t.Fatal(err)
		}
	}
	return verify.Evidence{ID: up.ID}
}

// No clause wants the photo of a signup kept: once it is decided the database holds nothing of it.
func TestNoPhotoIsKeptWithoutAClause(t *testing.T) {
	h := newHouse(t)
	doubtful := imaging.Report{
		Verdict: imaging.Review, Class: imaging.ClassResidentFront, NumberAgreement: imaging.Unreadable, NameAgreement: imaging.Agrees,
		Reasons: []imaging.Reason{{Code: imaging.ReasonNumberUnreadable}},
	}
	drawing := imaging.Report{Verdict: imaging.Reject, Class: imaging.ClassDrawing, Reasons: []imaging.Reason{{Code: imaging.ReasonNotADocument}}}
	for _, tc := range []struct {
		name    string
		report  imaging.Report
		outcome compliance.Outcome
	}{{"approved", agrees, compliance.Approved}, {"rejected", drawing, compliance.Rejected}} {
		for how, photo := range map[string]func() verify.Evidence{
			"given": func() verify.Evidence { return photoOf(t) }, "uploaded": func() verify.Evidence { return h.uploaded(t, h.platform) },
		} {
			h.photos.says(tc.report, nil)
			e := photo()
			if before := h.content(t); (before > 0) != (how == "uploaded") {
				t.Fatalf("%s, %s: %d bytes before anything was decided", tc.name, how, before)
			}
			want(t, h.decide(t, h.platform, h.signup(h.person(true), e)), tc.outcome, "", "")
			if left := h.content(t); left != 0 {
				t.Errorf("%s, %s: the database holds %d bytes of it", tc.name, how, left)
			}
		}
	}

	// A person must still look: it stays until the verification is settled.
	h.photos.says(doubtful, nil)
	a := h.decide(t, h.platform, h.signup(h.person(true), photoOf(t)))
	want(t, a, compliance.Review, "", "")
	if h.content(t) == 0 {
		t.Error("the reviewer has nothing to look at")
	}
	h.photos.says(agrees, nil)
	b, err := h.AddEvidence(context.Background(), h.platform, h.key(), a.Decision.ID, []verify.Evidence{photoOf(t)})
	if err != nil {
		t.Fatal(err)
	}
	want(t, b, compliance.Approved, "", "")
	if left := h.content(t); left != 0 {
		t.Errorf("settled: the database holds %d bytes", left)
	}
}

// A carrier keeps the photo of a card's holder for as long as R-25-11 says, under the seal of that person.
func TestAPhotoIsKeptByItsClause(t *testing.T) {
	h := newHouse(t)
	ctx := context.Background()
	h.photos.says(agrees, nil)
	e := h.uploaded(t, h.carrier)
	r := h.fullCard(h.person(true))
	r.Request.Evidence = append(r.Request.Evidence, e)
	a := h.open(t, h.carrier, r)
	want(t, a, compliance.Approved, "", "")
	row, err := h.store.Evidence(ctx, h.carrier.TenantID, e.ID)
	if err != nil {
		t.Fatal(err)
	}
	if row.KeptBy != "R-25-11" || row.KeepYears != 2 || !row.KeepUntil.Equal(policy.TermEnd(a.Decision.DecidedAt, 2)) {
		t.Errorf("kept by %q until %v", row.KeptBy, row.KeepUntil)
	}
	dk, err := h.store.DataKey(ctx, h.carrier.TenantID, row.DataKeyID)
	if err != nil || dk.PersonID == "" || dk.Relationship != string(compliance.ScenePhoneCard) || dk.RetentionClass != "phone_registration" {
		t.Errorf("sealed under %+v, %v", dk, err)
	}
	if chunks, err := h.store.Chunks(ctx, h.carrier.TenantID, e.ID); err != nil || len(chunks) != 1 || len(chunks[0]) == 0 {
		t.Errorf("%d chunks, %v", len(chunks), err)
	}
	cited := false
	for _, f := range a.Decision.Findings {
		cited = cited || f.Clause == "R-25-11" && f.Demanded == "document_photo" && f.Found == "kept"
	}
	if !cited {
		t.Errorf("no finding cites the clause: %+v", a.Decision.Findings)
	}

	// Of a refusal it keeps nothing, clause or not.
	h.photos.says(imaging.Report{Verdict: imaging.Reject, Class: imaging.ClassDrawing, Reasons: []imaging.Reason{{Code: imaging.ReasonNotADocument}}}, nil)
	before := h.content(t)
	r = h.fullCard(h.person(true))
	r.Request.Evidence = append(r.Request.Evidence, photoOf(t))
	want(t, h.open(t, h.carrier, r), compliance.Rejected, "", "")
	if after := h.content(t); after != before {
		t.Errorf("a refusal left %d bytes", after-before)
	}
}

// What went cannot be used again, and the answer says so.
func TestContentThatWentIsAskedForAgain(t *testing.T) {
	h := newHouse(t)
	h.photos.says(agrees, nil)
	e := h.uploaded(t, h.platform)
	want(t, h.decide(t, h.platform, h.signup(h.person(true), e)), compliance.Approved, "", "")
	_, err := h.Decide(context.Background(), h.platform, h.key(), h.signup(h.person(true), e))
	wantCode(t, err, "evidence_not_kept")
}

// A pending verification keeps its photo until its deadline has settled it.
func TestAPendingVerificationKeepsItsPhoto(t *testing.T) {
	h := newHouse(t)
	h.photos.says(imaging.Report{}, imaging.ErrUnavailable)
	a := h.decide(t, h.platform, h.signup(h.person(true), photoOf(t)))
	want(t, a, compliance.Pending, "", "")
	if h.content(t) == 0 {
		t.Fatal("the photo that is waited for is gone")
	}
	h.options.PhotosReady = func() bool { return true }
	h.Service = verify.New(h.options)
	h.photos.says(agrees, nil)
	h.clock.forward(time.Minute)
	h.settle(t)
	want(t, h.read(t, h.platform, a.Decision.ID), compliance.Approved, "", "")
	if left := h.content(t); left != 0 {
		t.Errorf("settled: the database holds %d bytes", left)
	}
}
