package sqlstore_test

import (
	"errors"
	"testing"

	"realname/compliance"
	"realname/compliance/auditlog"
	"realname/compliance/auditlog/auditlogtest"
	"realname/internal/sqlstore"
	"realname/internal/sqlstore/storetest"
)

// sequenced is a store as the suite of package auditlog wants it.
type sequenced struct {
	*sqlstore.Log
	store *sqlstore.Store
}

// Add implements auditlogtest.Store.
func (q sequenced) Add(t testing.TB, events ...auditlog.PendingEvent) {
	t.Helper()
	for _, e := range events {
		err := q.store.Append(t.Context(), compliance.Event{
			ID: e.ID, Kind: compliance.EventKind(e.Kind), TenantID: e.TenantID, At: e.At, Body: e.Body,
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestAuditLogSuite(t *testing.T) {
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		auditlogtest.Run(t, func(t *testing.T) auditlogtest.Store {
			s := storetest.Open(t, e.DSN(t), nil)
			return sequenced{s.Log(), s}
		})
	})
}

func TestPendingKeepsTheOrderOfWrites(t *testing.T) {
	onEach(t, func(t *testing.T, s *sqlstore.Store, clock *storetest.Clock) {
		ctx := t.Context()
		var want []string
		for n := range 10 {
			if n%2 == 0 {
				want = append(want, mustCommit(t, s, decide(storetest.Draft{ID: storetest.IDs.New(compliance.PrefixDecision)})).Decision.Event.ID)
				continue
			}
			// Ids that run backwards: the order must be that of the writes.
			ev := storetest.Event(t, compliance.EventEvidenceReceived, storetest.Tenant, "", clock.Now())
			ev.ID = string(rune('z'-n)) + ev.ID
			if err := s.Append(ctx, ev); err != nil {
				t.Fatal(err)
			}
			want = append(want, ev.ID)
		}
		pending, err := s.Log().Pending(ctx, 7)
		if err != nil || len(pending) != 7 {
			t.Fatalf("%d pending, %v", len(pending), err)
		}
		for n, p := range pending {
			if p.ID != want[n] {
				t.Errorf("event %d is %s, want %s", n, p.ID, want[n])
			}
		}
	})
}

// TestReopenedLog: the log begins anew with every event that there is, in the
// order of their writes, and the old sequencer is fenced.
func TestReopenedLog(t *testing.T) {
	onEach(t, func(t *testing.T, s *sqlstore.Store, clock *storetest.Clock) {
		ctx := t.Context()
		q := sequenced{s.Log(), s}
		dir := t.TempDir()
		l := auditlogtest.Open(t, q, dir)
		mustCommit(t, s, decide(storetest.Draft{ID: storetest.IDs.New(compliance.PrefixDecision)}))
		auditlogtest.Grow(t, q, l, 0, 300, 100)
		before, err := s.LogHead(ctx)
		if err != nil || before.Size < 301 {
			t.Fatalf("%+v, %v", before, err)
		}
		ev := storetest.Event(t, compliance.EventLogReopened, "", "", clock.Now())
		if err := s.ReopenLog(ctx, ev); err != nil {
			t.Fatal(err)
		}
		q.Add(t, auditlogtest.Events(300, 301)...)
		if err := l.Flush(ctx); !errors.Is(err, auditlog.ErrFenced) {
			t.Errorf("the old sequencer went on: %v", err)
		}
		fresh := t.TempDir()
		again := auditlogtest.Open(t, q, fresh)
		if err := again.Flush(ctx); err != nil {
			t.Fatal(err)
		}
		auditlogtest.Sound(t, fresh, before.Size+2)
		for _, id := range []string{ev.ID, auditlogtest.Events(0, 1)[0].ID, auditlogtest.Events(300, 301)[0].ID} {
			if _, err := again.Proof(ctx, id); err != nil {
				t.Errorf("%s: %v", id, err)
			}
		}
	})
}
