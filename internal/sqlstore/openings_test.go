package sqlstore_test

import (
	"context"
	"database/sql"
	"errors"
	"testing"
	"time"

	"realname/compliance"
	"realname/internal/sqlstore"
	"realname/internal/sqlstore/storetest"
	"realname/ratelimit/quota"
	"realname/verify"
)

// move is the service's way to change an opening.
func move(s *sqlstore.Store, t *testing.T, id string, a quota.Action, ref string) (verify.Opening, error) {
	return moveOpening(t.Context(), s, id, a, ref)
}

func moveOpening(ctx context.Context, s *sqlstore.Store, id string, a quota.Action, ref string) (verify.Opening, error) {
	return s.Transition(ctx, storetest.Tenant, id, func(at time.Time, o verify.Opening) (verify.OpeningUpdate, error) {
		next, err := quota.Next(o.State, a)
		if err != nil {
			return verify.OpeningUpdate{}, err
		}
		if next == o.State {
			return verify.OpeningUpdate{ID: o.ID, State: o.State}, nil
		}
		ev, err := storetest.NewEvent(compliance.EventOpeningConfirmed, o.TenantID, o.ID, at)
		return verify.OpeningUpdate{ID: o.ID, State: next, ExternalRef: ref, Event: &ev}, err
	})
}

func reserve(t *testing.T, s *sqlstore.Store, person string, lease time.Duration) verify.Opening {
	t.Helper()
	rows := mustCommit(t, s, storetest.Reserve(storetest.Draft{Person: person}, "", lease, storetest.Demand(person, 5)))
	if rows.Opening == nil {
		t.Fatal("not admitted")
	}
	return *rows.Opening
}

func TestTransition(t *testing.T) {
	onEach(t, func(t *testing.T, s *sqlstore.Store, clock *storetest.Clock) {
		o := reserve(t, s, storetest.Person(t, s, "p"), time.Hour)
		clock.Move(time.Minute)
		for range 2 { // the second time changes nothing
			got, err := move(s, t, o.ID, quota.Confirm, "card-1")
			if err != nil || got.State != quota.Active || !got.LeaseUntil.IsZero() || got.ExternalRef != "card-1" || !got.OpenedAt.Equal(clock.Now()) {
				t.Fatalf("confirmed: %+v, %v", got, err)
			}
			stored, err := s.Opening(t.Context(), storetest.Tenant, o.ID)
			if err != nil || stored != got {
				t.Errorf("stored %+v, %v", stored, err)
			}
		}
		var wrong *quota.MoveError
		if _, err := move(s, t, o.ID, quota.Release, ""); !errors.As(err, &wrong) {
			t.Errorf("release of an active opening: %v", err)
		}
		called := false
		_, err := s.Transition(t.Context(), storetest.OtherTenant, o.ID, func(time.Time, verify.Opening) (verify.OpeningUpdate, error) {
			called = true
			return verify.OpeningUpdate{}, nil
		})
		if !errors.Is(err, verify.ErrNotFound) || called {
			t.Errorf("another tenant: %v, called %v", err, called)
		}
		second := reserve(t, s, o.PersonID, time.Hour)
		if _, err := move(s, t, second.ID, quota.Confirm, "card-1"); !errors.Is(err, verify.ErrExternalRefTaken) {
			t.Errorf("a reference that is taken: %v", err)
		}
		if got, err := s.Opening(t.Context(), storetest.Tenant, second.ID); err != nil || got.State != quota.Reserved {
			t.Errorf("after the refusal: %+v, %v", got, err)
		}
		if n := waiting(t, s); n != 3 {
			t.Errorf("%d events for two decisions and one confirmation", n)
		}
	})
}

func TestClosedOpeningsSaySince(t *testing.T) {
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		dsn, clock := e.DSN(t), storetest.NewClock()
		s := storetest.Open(t, dsn, clock.Now)
		imported := importRow("q", "ref-closed", quota.Closed)
		if _, err := s.Import(t.Context(), importOf("i1", imported)); err != nil {
			t.Fatal(err)
		}
		importedAt := clock.Now()
		o := reserve(t, s, storetest.Person(t, s, "p"), time.Hour)
		if _, err := move(s, t, o.ID, quota.Confirm, ""); err != nil {
			t.Fatal(err)
		}
		closedAt := func(id string) (at sql.NullInt64) {
			query(t, dsn, &at, `SELECT closed_at FROM openings WHERE id = '`+id+`'`)
			return at
		}
		if at := closedAt(o.ID); at.Valid {
			t.Errorf("an active opening is closed since %d", at.Int64)
		}
		clock.Move(time.Minute)
		if _, err := move(s, t, o.ID, quota.Close, ""); err != nil {
			t.Fatal(err)
		}
		if at := closedAt(o.ID); at.Int64 != clock.Now().UnixMicro() {
			t.Errorf("closed since %v", at)
		}
		if at := closedAt(imported.Opening.ID); at.Int64 != importedAt.UnixMicro() {
			t.Errorf("imported closed, since %v", at)
		}
	})
}

func TestLapsedReservationFreesItsSlotForGood(t *testing.T) {
	onEach(t, func(t *testing.T, s *sqlstore.Store, clock *storetest.Clock) {
		person := storetest.Person(t, s, "p")
		o := reserve(t, s, person, time.Hour)
		clock.Move(time.Hour - time.Microsecond)
		if n := used(t, s, storetest.Demand(person, 1)); n != 1 {
			t.Fatalf("%d counted before the lease ended", n)
		}
		clock.Move(time.Microsecond)
		if n := used(t, s, storetest.Demand(person, 1)); n != 0 {
			t.Fatalf("%d counted after the lease ended", n)
		}
		replacement := mustCommit(t, s, storetest.Reserve(storetest.Draft{Person: person}, "", time.Hour, storetest.Demand(person, 1)))
		if replacement.Opening == nil {
			t.Fatal("the freed slot was not given")
		}
		clock.Move(-time.Hour) // the clock is set back: the lease must not live again
		var wrong *quota.MoveError
		if _, err := move(s, t, o.ID, quota.Confirm, ""); !errors.As(err, &wrong) || wrong.From != quota.Expired {
			t.Errorf("confirm after the lease: %v", err)
		}
		_, err := s.Transition(t.Context(), storetest.Tenant, o.ID, func(at time.Time, o verify.Opening) (verify.OpeningUpdate, error) {
			ev, err := storetest.NewEvent(compliance.EventOpeningConfirmed, o.TenantID, o.ID, at)
			return verify.OpeningUpdate{ID: o.ID, State: quota.Active, Event: &ev}, err
		})
		if !errors.Is(err, verify.ErrOpeningEnded) {
			t.Errorf("a service that does not look: %v", err)
		}
		if n := used(t, s, storetest.Demand(person, 1)); n != 1 {
			t.Errorf("%d counted in the end", n)
		}
		if got, err := s.Opening(t.Context(), storetest.Tenant, o.ID); err != nil || got.State != quota.Expired {
			t.Errorf("the lapsed opening reads %+v, %v", got, err)
		}
	})
}

func TestExpireLeases(t *testing.T) {
	onEach(t, func(t *testing.T, s *sqlstore.Store, clock *storetest.Clock) {
		person := storetest.Person(t, s, "p")
		short, long := reserve(t, s, person, time.Minute), reserve(t, s, person, time.Hour)
		expire := func() int {
			n, err := s.ExpireLeases(t.Context(), 10, func(at time.Time, o verify.Opening) (compliance.Event, error) {
				if o.ID != short.ID || o.State != quota.Reserved || at.Before(o.LeaseUntil) {
					t.Errorf("asked to expire %+v at %v", o, at)
				}
				return storetest.NewEvent(compliance.EventOpeningExpired, o.TenantID, o.ID, at)
			})
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
		if n := expire(); n != 0 {
			t.Errorf("%d expired before their time", n)
		}
		clock.Move(time.Minute)
		before := waiting(t, s)
		if n := expire(); n != 1 {
			t.Errorf("%d expired", n)
		}
		if n := expire(); n != 0 {
			t.Errorf("%d expired twice", n)
		}
		if after := waiting(t, s); after != before+1 {
			t.Errorf("events %d → %d", before, after)
		}
		if o, err := s.Opening(t.Context(), storetest.Tenant, long.ID); err != nil || o.State != quota.Reserved {
			t.Errorf("the other one: %+v, %v", o, err)
		}
	})
}

func TestSettlementUpdatesTheReservedOpening(t *testing.T) {
	onEach(t, func(t *testing.T, s *sqlstore.Store, clock *storetest.Clock) {
		person := storetest.Person(t, s, "p")
		d := storetest.Draft{ID: storetest.IDs.New(compliance.PrefixDecision), Person: person, Outcome: compliance.Pending}
		openingID := storetest.IDs.New(compliance.PrefixOpening)
		mustCommit(t, s, verify.Record{Persons: []string{person}, Build: func(at time.Time, _ []quota.Use, _ compliance.ImageReuse) (verify.Rows, error) {
			row, err := storetest.Decision(d, at)
			return verify.Rows{Decision: row, Opening: storetest.Opening(d, openingID, at.Add(time.Hour))}, err
		}})
		settle := func(version int, outcome compliance.Outcome, state quota.State) error {
			next := d
			next.Version, next.Outcome = version, outcome
			_, err := s.Commit(t.Context(), verify.Record{Persons: []string{person}, Build: func(at time.Time, _ []quota.Use, _ compliance.ImageReuse) (verify.Rows, error) {
				row, err := storetest.Decision(next, at)
				return verify.Rows{Decision: row, Update: &verify.OpeningUpdate{ID: openingID, State: state, LeaseUntil: at.Add(2 * time.Hour)}}, err
			}})
			return err
		}
		if err := settle(2, compliance.Pending, quota.Reserved); err != nil {
			t.Fatal(err)
		}
		if o, err := s.Opening(t.Context(), storetest.Tenant, openingID); err != nil || !o.LeaseUntil.Equal(clock.Now().Add(2*time.Hour)) {
			t.Errorf("lease until %v, %v", o.LeaseUntil, err)
		}
		clock.Move(2 * time.Hour)
		if err := settle(3, compliance.Approved, quota.Reserved); !errors.Is(err, verify.ErrOpeningEnded) {
			t.Errorf("settled on a lapsed reservation: %v", err)
		}
		if st, err := s.Decision(t.Context(), storetest.Tenant, d.ID); err != nil || st.Decision.Version != 2 {
			t.Errorf("version %d, %v", st.Decision.Version, err)
		}
		if err := settle(3, compliance.Rejected, quota.Released); err != nil {
			t.Errorf("released when rejected: %v", err)
		}
	})
}

func TestLedgerTimeNeverRunsBackwards(t *testing.T) {
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		dsn, clock := e.DSN(t), storetest.NewClock()
		first := clock.Now()
		s, err := sqlstore.Open(t.Context(), sqlstore.Options{DSN: dsn, Now: clock.Now})
		if err != nil {
			t.Fatal(err)
		}
		decideAt := func(s *sqlstore.Store) time.Time {
			return mustCommit(t, s, decide(storetest.Draft{ID: storetest.IDs.New(compliance.PrefixDecision)})).Decision.Decision.DecidedAt
		}
		if at := decideAt(s); !at.Equal(first) {
			t.Errorf("decided at %v, not %v", at, first)
		}
		clock.Move(-time.Hour)
		if at := decideAt(s); !at.Equal(first) {
			t.Errorf("after the clock went back: %v", at)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		s = storetest.Open(t, dsn, clock.Now)
		if at := decideAt(s); !at.Equal(first) {
			t.Errorf("after a restart: %v", at)
		}
		clock.Move(2 * time.Hour)
		if at := decideAt(s); !at.Equal(clock.Now()) {
			t.Errorf("after the clock caught up: %v", at)
		}
		behind := storetest.NewClock()
		if at := decideAt(storetest.Open(t, dsn, behind.Now)); !at.Equal(clock.Now()) {
			t.Errorf("a second gateway whose clock is behind: %v", at)
		}
	})
}
