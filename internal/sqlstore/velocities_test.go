package sqlstore_test

import (
	"testing"
	"time"

	"realname/compliance"
	"realname/internal/sqlstore"
	"realname/internal/sqlstore/storetest"
	"realname/ratelimit/quota"
	"realname/ratelimit/velocity"
	"realname/verify"
)

// withWindows is the record of a reservation that counts in the windows too.
func withWindows(rec verify.Record, w verify.Windows) verify.Record {
	build := rec.Build
	rec.Build = func(at time.Time, uses []quota.Use, reuse compliance.ImageReuse) (verify.Rows, error) {
		rows, err := build(at, uses, reuse)
		rows.Windows = w
		return rows, err
	}
	return rec
}

// The ledger tells a window what counts: attempts of every decision, openings of those that reserved, until they are released.
func TestEventsOfWindows(t *testing.T) {
	onEach(t, func(t *testing.T, s *sqlstore.Store, clock *storetest.Clock) {
		ctx := t.Context()
		person := storetest.Person(t, s, "p")
		windows := func(id string) verify.Windows {
			return verify.Windows{ID: id, Keys: []verify.WindowKey{{Key: "clerk:1", Counts: velocity.Openings}, {Key: "clerk:1", Counts: velocity.Attempts}}}
		}
		commit := func(id string) verify.Rows {
			return mustCommit(t, s, withWindows(storetest.Reserve(storetest.Draft{ID: id, Person: person}, "", time.Hour, storetest.Demand(person, 2)), windows(id)))
		}
		ids := []string{storetest.IDs.New(compliance.PrefixDecision), storetest.IDs.New(compliance.PrefixDecision), storetest.IDs.New(compliance.PrefixDecision)}
		began := clock.Now()
		var openings []*verify.Opening
		for _, id := range ids {
			openings = append(openings, commit(id).Opening)
			clock.Move(time.Minute)
		}
		count := func(counts velocity.Counting, since time.Time, limit int) (found []string) {
			t.Helper()
			events, err := s.Events(ctx, "clerk:1", counts, since, limit)
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range events {
				found = append(found, e.ID)
			}
			return found
		}
		before := began.Add(-time.Second)
		if got := count(velocity.Attempts, before, 10); len(got) != 3 {
			t.Errorf("attempts %v", got)
		}
		if got := count(velocity.Openings, before, 10); len(got) != 2 { // the third was refused
			t.Errorf("openings %v", got)
		}
		if got := count(velocity.Attempts, began, 10); len(got) != 2 {
			t.Errorf("later than the first: %v", got)
		}
		if got := count(velocity.Attempts, before, 1); len(got) != 1 || got[0] != ids[2] {
			t.Errorf("the newest: %v", got)
		}
		if got := count(velocity.Openings, before, 10); len(got) == 2 {
			if _, err := move(s, t, openings[0].ID, quota.Release, ""); err != nil {
				t.Fatal(err)
			}
		}
		if got := count(velocity.Openings, before, 10); len(got) != 1 || got[0] != ids[1] {
			t.Errorf("after a release: %v", got)
		}
		gone, err := s.OpeningWindows(ctx, ids[0])
		if err != nil || len(gone) != 1 || gone[0].ID != ids[0] || len(gone[0].Keys) != 1 || gone[0].Keys[0].Counts != velocity.Openings || !gone[0].Keys[0].Released {
			t.Errorf("released: %+v, %v", gone, err)
		}
		if n, err := s.ForgetWindows(ctx, began.Add(90*time.Second), 10); err != nil || n != 4 {
			t.Errorf("%d rows forgotten, %v", n, err)
		}
		if got := count(velocity.Attempts, before, 10); len(got) != 1 || got[0] != ids[2] {
			t.Errorf("after the oldest are forgotten: %v", got)
		}
	})
}

// Attempts that still count do not keep older decisions from being forgotten.
func TestForgetWindowsBehindAttempts(t *testing.T) {
	onEach(t, func(t *testing.T, s *sqlstore.Store, clock *storetest.Clock) {
		person, began := storetest.Person(t, s, "p"), clock.Now()
		keys := []verify.WindowKey{{Key: "clerk:1", Counts: velocity.Attempts}}
		id := storetest.IDs.New(compliance.PrefixDecision)
		mustCommit(t, s, withWindows(storetest.Reserve(storetest.Draft{ID: id, Person: person}, "", time.Hour, storetest.Demand(person, 2)),
			verify.Windows{ID: id, Keys: keys}))
		clock.Move(time.Hour)
		for range 3 {
			a := verify.Attempt{
				ID: storetest.IDs.New(compliance.PrefixAttempt), TenantID: storetest.Tenant, Code: "c", Endpoint: "e", At: clock.Now(),
				Windows: verify.Windows{ID: storetest.IDs.New(compliance.PrefixDecision), Keys: keys},
			}
			if err := s.Attempt(t.Context(), a, storetest.Event(t, compliance.EventAttemptRefused, a.TenantID, a.ID, a.At)); err != nil {
				t.Fatal(err)
			}
		}
		if n, err := s.ForgetWindows(t.Context(), began.Add(time.Minute), 2); err != nil || n != 1 {
			t.Errorf("%d rows forgotten, %v", n, err)
		}
	})
}
