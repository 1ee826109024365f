package sqlstore_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"realname/compliance"
	"realname/internal/sqlstore"
	"realname/internal/sqlstore/storetest"
	"realname/ratelimit/quota"
	"realname/verify"
)

func TestUpload(t *testing.T) {
	onEach(t, func(t *testing.T, s *sqlstore.Store, clock *storetest.Clock) {
		ctx := t.Context()
		e := verify.EvidenceRow{
			ID: storetest.IDs.New(compliance.PrefixEvidence), TenantID: storetest.Tenant, Kind: compliance.EvidenceDocumentPhoto, Side: "front",
			CapturedAt: clock.Now().Add(-time.Minute), ReceivedAt: clock.Now(), Length: 10, TokenHash: "hash", TokenUntil: clock.Now().Add(time.Hour),
			IdempotencyKey: "e1", RequestDigest: "digest",
		}
		if err := s.PutEvidence(ctx, e, nil); err != nil {
			t.Fatal(err)
		}
		same := e
		same.ID, same.TokenHash = storetest.IDs.New(compliance.PrefixEvidence), "another"
		if err := s.PutEvidence(ctx, same, nil); !errors.Is(err, verify.ErrKeyTaken) {
			t.Errorf("the same key: %v", err)
		}
		reads := map[string]func() (verify.EvidenceRow, error){
			"id":    func() (verify.EvidenceRow, error) { return s.Evidence(ctx, storetest.Tenant, e.ID) },
			"key":   func() (verify.EvidenceRow, error) { return s.EvidenceByKey(ctx, storetest.Tenant, "e1") },
			"token": func() (verify.EvidenceRow, error) { return s.EvidenceByToken(ctx, "hash") },
		}
		for name, read := range reads {
			if got, err := read(); err != nil || !cmp.Equal(got, e) {
				t.Errorf("by %s: %v\n%s", name, err, cmp.Diff(e, got))
			}
		}
		if _, err := s.Evidence(ctx, storetest.OtherTenant, e.ID); !errors.Is(err, verify.ErrNotFound) {
			t.Errorf("another tenant: %v", err)
		}
		event := storetest.Event(t, compliance.EventEvidenceReceived, storetest.Tenant, e.ID, clock.Now())
		chunk := func(tenant string, offset, n int64) error {
			_, err := s.AppendChunk(ctx, tenant, e.ID, offset, n, []byte{byte(offset)})
			return err
		}
		steps := []struct {
			name string
			do   func() error
			want error
		}{
			{"another tenant's chunk", func() error { return chunk(storetest.OtherTenant, 0, 4) }, verify.ErrNotFound},
			{"first chunk", func() error { return chunk(storetest.Tenant, 0, 4) }, nil},
			{"first chunk again", func() error { return chunk(storetest.Tenant, 0, 4) }, verify.ErrWrongOffset},
			{"beyond the length", func() error { return chunk(storetest.Tenant, 4, 7) }, verify.ErrWrongOffset},
			{"no bytes", func() error { return chunk(storetest.Tenant, 4, 0) }, verify.ErrWrongOffset},
			{"complete too early", func() error { return s.CompleteEvidence(ctx, storetest.Tenant, e.ID, "d", event) }, verify.ErrWrongOffset},
			{"second chunk", func() error { return chunk(storetest.Tenant, 4, 6) }, nil},
			{"complete", func() error { return s.CompleteEvidence(ctx, storetest.Tenant, e.ID, "d", event) }, nil},
			{"complete again", func() error { return s.CompleteEvidence(ctx, storetest.Tenant, e.ID, "d", event) }, verify.ErrUploadClosed},
			{"chunk after the end", func() error { return chunk(storetest.Tenant, 10, 1) }, verify.ErrUploadClosed},
			{"token after the end", func() error { _, err := s.EvidenceByToken(ctx, "hash"); return err }, verify.ErrNotFound},
		}
		for _, step := range steps {
			if err := step.do(); !errors.Is(err, step.want) {
				t.Errorf("%s: %v, want %v", step.name, err, step.want)
			}
		}
		chunks, err := s.Chunks(ctx, storetest.Tenant, e.ID)
		if err != nil || !cmp.Equal(chunks, [][]byte{{0}, {4}}) {
			t.Errorf("chunks %v, %v", chunks, err)
		}
		if got, err := s.Evidence(ctx, storetest.Tenant, e.ID); err != nil || !got.Complete || got.Received != 10 || got.Digest != "d" {
			t.Errorf("complete: %+v, %v", got, err)
		}
	})
}

func TestUploadTokenEnds(t *testing.T) {
	onEach(t, func(t *testing.T, s *sqlstore.Store, clock *storetest.Clock) {
		e := verify.EvidenceRow{
			ID: storetest.IDs.New(compliance.PrefixEvidence), TenantID: storetest.Tenant, Kind: compliance.EvidenceDocumentPhoto,
			Length: 1, TokenHash: "hash", TokenUntil: clock.Now().Add(time.Hour),
		}
		if err := s.PutEvidence(t.Context(), e, nil); err != nil {
			t.Fatal(err)
		}
		clock.Move(time.Hour)
		if _, err := s.EvidenceByToken(t.Context(), "hash"); !errors.Is(err, verify.ErrNotFound) {
			t.Errorf("an ended token: %v", err)
		}
	})
}

func TestEvidenceOfADecision(t *testing.T) {
	onEach(t, func(t *testing.T, s *sqlstore.Store, clock *storetest.Clock) {
		ctx := t.Context()
		piece := func(tenant string, complete bool) verify.EvidenceRow {
			return verify.EvidenceRow{
				ID: storetest.IDs.New(compliance.PrefixEvidence), TenantID: tenant, Kind: compliance.EvidenceDocumentPhoto,
				ReceivedAt: clock.Now(), Length: 3, Received: 3, Complete: complete, Sealed: []byte("seal"),
			}
		}
		uploaded, unfinished, foreign := piece(storetest.Tenant, true), piece(storetest.Tenant, false), piece(storetest.OtherTenant, true)
		uploaded.IdempotencyKey, uploaded.RequestDigest = "upload", "digest"
		for _, e := range []verify.EvidenceRow{uploaded, unfinished, foreign} {
			if err := s.PutEvidence(ctx, e, nil); err != nil {
				t.Fatal(err)
			}
		}
		with := func(e verify.EvidenceRow) (string, error) {
			d := storetest.Draft{ID: storetest.IDs.New(compliance.PrefixDecision)}
			e.DecisionID, e.TenantID = d.ID, storetest.Tenant
			_, err := s.Commit(ctx, verify.Record{Build: func(at time.Time, _ []quota.Use, _ compliance.ImageReuse) (verify.Rows, error) {
				row, err := storetest.Decision(d, at)
				return verify.Rows{Decision: row, Evidence: []verify.EvidenceRow{e}}, err
			}})
			return d.ID, err
		}
		given := piece(storetest.Tenant, true)
		for name, e := range map[string]verify.EvidenceRow{"given": given, "uploaded": uploaded} {
			first, err := with(e)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if _, err := with(e); err != nil {
				t.Errorf("%s, used again: %v", name, err)
			}
			if got, err := s.Evidence(ctx, storetest.Tenant, e.ID); err != nil || got.DecisionID != first {
				t.Errorf("%s: of decision %q, %v", name, got.DecisionID, err)
			}
			if chunks, err := s.Chunks(ctx, storetest.Tenant, e.ID); err != nil || !cmp.Equal(chunks, [][]byte{[]byte("seal")}) {
				t.Errorf("%s: content %q, %v", name, chunks, err)
			}
		}
		for name, e := range map[string]verify.EvidenceRow{"unfinished": unfinished, "another tenant's": foreign} {
			id, err := with(e)
			if !errors.Is(err, verify.ErrNotFound) {
				t.Errorf("%s: %v", name, err)
			}
			if _, err := s.Decision(ctx, storetest.Tenant, id); !errors.Is(err, verify.ErrNotFound) {
				t.Errorf("%s: half a commit: %v", name, err)
			}
		}
	})
}

// The decision that a piece came with rules over its content; what a clause keeps stays, whatever another decision says.
func TestContentIsKeptOrGoes(t *testing.T) {
	onEach(t, func(t *testing.T, s *sqlstore.Store, clock *storetest.Clock) {
		ctx := t.Context()
		put := func() verify.EvidenceRow {
			e := verify.EvidenceRow{
				ID: storetest.IDs.New(compliance.PrefixEvidence), TenantID: storetest.Tenant, Kind: compliance.EvidenceDocumentPhoto,
				ReceivedAt: clock.Now(), Length: 6,
			}
			if err := s.PutEvidence(ctx, e, nil); err != nil {
				t.Fatal(err)
			}
			for at := range int64(2) {
				if _, err := s.AppendChunk(ctx, storetest.Tenant, e.ID, 3*at, 3, []byte("chunk")); err != nil {
					t.Fatal(err)
				}
			}
			event := storetest.Event(t, compliance.EventEvidenceReceived, storetest.Tenant, e.ID, clock.Now())
			if err := s.CompleteEvidence(ctx, storetest.Tenant, e.ID, "d", event); err != nil {
				t.Fatal(err)
			}
			return e
		}
		decide := func(e verify.EvidenceRow) {
			t.Helper()
			d := storetest.Draft{ID: storetest.IDs.New(compliance.PrefixDecision)}
			e.DecisionID = d.ID
			if _, err := s.Commit(ctx, verify.Record{Build: func(at time.Time, _ []quota.Use, _ compliance.ImageReuse) (verify.Rows, error) {
				row, err := storetest.Decision(d, at)
				return verify.Rows{Decision: row, Evidence: []verify.EvidenceRow{e}}, err
			}}); err != nil {
				t.Fatal(err)
			}
		}
		holds := func(why string, e verify.EvidenceRow, want ...string) {
			t.Helper()
			chunks, err := s.Chunks(ctx, storetest.Tenant, e.ID)
			got := []string{}
			for _, c := range chunks {
				got = append(got, string(c))
			}
			if err != nil || !cmp.Equal(got, append([]string{}, want...)) {
				t.Errorf("%s: %q, %v", why, got, err)
			}
		}
		released := func(e verify.EvidenceRow) verify.EvidenceRow { e.Released = true; return e }
		resealed := func(e verify.EvidenceRow, by string, years int, until time.Time) verify.EvidenceRow {
			e.Sealed, e.DataKeyID, e.KeptBy, e.KeepYears, e.KeepUntil = []byte("person's"), "dk", by, years, until
			return e
		}

		gone := put()
		decide(released(gone))
		holds("released", gone)

		kept, until := put(), clock.Now().AddDate(2, 0, 0)
		decide(resealed(kept, "R-1", 2, until))
		holds("kept", kept, "person's")
		decide(released(kept))
		holds("kept, and let go by another decision", kept, "person's")
		decide(resealed(kept, "R-2", 1, until.AddDate(-1, 0, 0)))
		row, err := s.Evidence(ctx, storetest.Tenant, kept.ID)
		if err != nil || row.KeptBy != "R-1" || row.KeepYears != 2 || !row.KeepUntil.Equal(until) || row.DataKeyID != "dk" {
			t.Errorf("the shorter term took over: %+v, %v", row, err)
		}

		open := put()
		decide(resealed(open, "", 0, time.Time{}))
		holds("of an open decision", open, "person's")
		decide(released(open))
		holds("of an open decision, let go by another", open, "person's")
	})
}
