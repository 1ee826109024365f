package sqlstore_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"realname/compliance"
	"realname/internal/sqlstore"
	"realname/internal/sqlstore/storetest"
	"realname/ratelimit/quota"
	"realname/verify"
)

// onEach runs f on an empty ledger of every engine.
func onEach(t *testing.T, f func(t *testing.T, s *sqlstore.Store, clock *storetest.Clock)) {
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		clock := storetest.NewClock()
		f(t, storetest.Open(t, e.DSN(t), clock.Now), clock)
	})
}

func mustCommit(t *testing.T, s *sqlstore.Store, rec verify.Record) verify.Rows {
	t.Helper()
	rows, err := s.Commit(t.Context(), rec)
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

// admitted counts the openings that 64 requests at once were given.
func admitted(t *testing.T, s *sqlstore.Store, rec func(n int) verify.Record) int {
	t.Helper()
	var wg sync.WaitGroup
	var mu sync.Mutex
	got := 0
	for n := range 64 {
		wg.Go(func() {
			rows, err := s.Commit(t.Context(), rec(n))
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				t.Error(err)
			}
			if rows.Opening != nil {
				got++
			}
		})
	}
	wg.Wait()
	return got
}

func used(t *testing.T, s *sqlstore.Store, demand quota.Demand) int {
	t.Helper()
	uses, err := s.Count(t.Context(), []quota.Demand{demand})
	if err != nil {
		t.Fatal(err)
	}
	return uses[0].Used
}

func TestOneSlotAdmitsOneOf64(t *testing.T) {
	onEach(t, func(t *testing.T, s *sqlstore.Store, _ *storetest.Clock) {
		person := storetest.Person(t, s, "one slot")
		for range 4 {
			mustCommit(t, s, storetest.Reserve(storetest.Draft{Person: person}, "", time.Hour, storetest.Demand(person, 5)))
		}
		n := admitted(t, s, func(int) verify.Record {
			return storetest.Reserve(storetest.Draft{Person: person}, "", time.Hour, storetest.Demand(person, 5))
		})
		if n != 1 {
			t.Errorf("%d admitted", n)
		}
		if n := used(t, s, storetest.Demand(person, 5)); n != 5 {
			t.Errorf("%d openings", n)
		}
	})
}

func TestDemandWithoutPersonIsExactToo(t *testing.T) {
	onEach(t, func(t *testing.T, s *sqlstore.Store, _ *storetest.Clock) {
		n := admitted(t, s, func(n int) verify.Record {
			person := storetest.Person(t, s, fmt.Sprint("member ", n))
			whole := storetest.Demand("", 7)
			return storetest.Reserve(storetest.Draft{Person: person}, "", time.Hour, storetest.Demand(person, 5), whole)
		})
		if n != 7 {
			t.Errorf("%d admitted", n)
		}
	})
}

func TestTwoDemandsAreAllOrNothing(t *testing.T) {
	onEach(t, func(t *testing.T, s *sqlstore.Store, _ *storetest.Clock) {
		holder, proxy := storetest.Person(t, s, "holder"), storetest.Person(t, s, "proxy")
		mustCommit(t, s, storetest.Reserve(storetest.Draft{Person: proxy}, "", time.Hour, storetest.Demand(proxy, 1)))
		// The order of the demands differs from one request to the next: locks must not.
		n := admitted(t, s, func(n int) verify.Record {
			both := []quota.Demand{storetest.Demand(holder, 5), storetest.Demand(proxy, 1)}
			if n%2 == 0 {
				both[0], both[1] = both[1], both[0]
			}
			return storetest.Reserve(storetest.Draft{Person: holder}, "", time.Hour, both...)
		})
		if n != 0 || used(t, s, storetest.Demand(holder, 5)) != 0 {
			t.Errorf("%d admitted although one of two demands was full", n)
		}
	})
}

func TestDemandThatCountsNothingIsRefused(t *testing.T) {
	onEach(t, func(t *testing.T, s *sqlstore.Store, _ *storetest.Clock) {
		person := storetest.Person(t, s, "p")
		spoil := map[string]func(*quota.Demand){
			"no products": func(d *quota.Demand) { d.Products = nil },
			"no states":   func(d *quota.Demand) { d.States = nil },
			"no key":      func(d *quota.Demand) { d.By = nil },
		}
		for name, f := range spoil {
			d := storetest.Demand(person, 5)
			f(&d)
			if _, err := s.Commit(t.Context(), storetest.Reserve(storetest.Draft{Person: person}, "", time.Hour, d)); err == nil {
				t.Errorf("%s: committed", name)
			}
			if _, err := s.Count(t.Context(), []quota.Demand{d}); err == nil {
				t.Errorf("%s: counted", name)
			}
		}
	})
}

func TestDecisionRoundTrip(t *testing.T) {
	onEach(t, func(t *testing.T, s *sqlstore.Store, clock *storetest.Clock) {
		person := storetest.Person(t, s, "p")
		rec := storetest.Reserve(storetest.Draft{Person: person, Key: "k1", BizNo: "b1", Sealed: []byte{0, 1, 2}}, "", time.Hour, storetest.Demand(person, 5))
		rows := mustCommit(t, s, rec)
		want := verify.Stored{DecisionRow: rows.Decision}
		if !want.Decision.DecidedAt.Equal(clock.Now()) {
			t.Errorf("decided at %v, the clock stood at %v", want.Decision.DecidedAt, clock.Now())
		}
		id := rows.Decision.Decision.ID
		ctx := t.Context()
		reads := map[string]func() (verify.Stored, error){
			"id":                    func() (verify.Stored, error) { return s.Decision(ctx, storetest.Tenant, id) },
			"key":                   func() (verify.Stored, error) { return s.DecisionByKey(ctx, storetest.Tenant, "k1") },
			"biz_no":                func() (verify.Stored, error) { return s.DecisionByBizNo(ctx, storetest.Tenant, "b1") },
			"id of any tenant":      func() (verify.Stored, error) { return s.AnyDecision(ctx, id, 0) },
			"version of any tenant": func() (verify.Stored, error) { return s.AnyDecision(ctx, id, 1) },
		}
		for name, read := range reads {
			got, err := read()
			if err != nil {
				t.Fatalf("by %s: %v", name, err)
			}
			// The canonical record is what counts: decoding it gives nil for empty lists.
			got.Decision, want.Decision = compliance.Decision{}, compliance.Decision{}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("by %s:\n%s", name, diff)
			}
		}
		o, err := s.Opening(ctx, storetest.Tenant, rows.Opening.ID)
		if err != nil || !cmp.Equal(o, *rows.Opening) {
			t.Errorf("opening: %v\n%s", err, cmp.Diff(*rows.Opening, o))
		}
		others := map[string]error{}
		_, others["decision"] = s.Decision(ctx, storetest.OtherTenant, id)
		_, others["by key"] = s.DecisionByKey(ctx, storetest.OtherTenant, "k1")
		_, others["by biz_no"] = s.DecisionByBizNo(ctx, storetest.OtherTenant, "b1")
		_, others["opening"] = s.Opening(ctx, storetest.OtherTenant, rows.Opening.ID)
		_, others["version"] = s.AnyDecision(ctx, id, 2)
		_, others["unknown key"] = s.DecisionByKey(ctx, storetest.Tenant, "k2")
		for name, err := range others {
			if !errors.Is(err, verify.ErrNotFound) {
				t.Errorf("%s of another tenant: %v", name, err)
			}
		}
	})
}

func TestIdempotencyKeyTakesEffectOnce(t *testing.T) {
	onEach(t, func(t *testing.T, s *sqlstore.Store, _ *storetest.Clock) {
		person := storetest.Person(t, s, "p")
		var wg sync.WaitGroup
		errs := make([]error, 32)
		for n := range errs {
			wg.Go(func() {
				_, errs[n] = s.Commit(t.Context(), storetest.Reserve(storetest.Draft{Person: person, Key: "same"}, "", time.Hour, storetest.Demand(person, 5)))
			})
		}
		wg.Wait()
		done := 0
		for _, err := range errs {
			switch {
			case err == nil:
				done++
			case !errors.Is(err, verify.ErrKeyTaken):
				t.Error(err)
			}
		}
		if n := used(t, s, storetest.Demand(person, 5)); done != 1 || n != 1 {
			t.Errorf("%d commits, %d openings", done, n)
		}
		other := storetest.Draft{Person: person, Key: "same", Tenant: storetest.OtherTenant}
		if _, err := s.Commit(t.Context(), storetest.Reserve(other, "", time.Hour)); err != nil {
			t.Errorf("the same key of another tenant: %v", err)
		}
	})
}

func TestBizNoIsUniquePerTenant(t *testing.T) {
	onEach(t, func(t *testing.T, s *sqlstore.Store, _ *storetest.Clock) {
		person := storetest.Person(t, s, "p")
		first := storetest.Draft{ID: storetest.IDs.New(compliance.PrefixDecision), Person: person, BizNo: "b", Outcome: compliance.Pending}
		commit := func(d storetest.Draft) error {
			_, err := s.Commit(t.Context(), decide(d))
			return err
		}
		if err := commit(first); err != nil {
			t.Fatal(err)
		}
		second := first
		second.ID = storetest.IDs.New(compliance.PrefixDecision)
		if err := commit(second); !errors.Is(err, verify.ErrBizNoTaken) {
			t.Errorf("second decision: %v", err)
		}
		second.Tenant = storetest.OtherTenant
		if err := commit(second); err != nil {
			t.Errorf("another tenant: %v", err)
		}
		settled := first
		settled.Version, settled.Outcome = 2, compliance.Approved
		if err := commit(settled); err != nil {
			t.Errorf("version 2: %v", err)
		}
		if st, err := s.DecisionByBizNo(t.Context(), storetest.Tenant, "b"); err != nil || st.Decision.Version != 2 {
			t.Errorf("by biz_no: version %d, %v", st.Decision.Version, err)
		}
	})
}

// decide commits d as it is, without an opening.
func decide(d storetest.Draft) verify.Record {
	return verify.Record{Build: func(at time.Time, _ []quota.Use, _ compliance.ImageReuse) (verify.Rows, error) {
		row, err := storetest.Decision(d, at)
		return verify.Rows{Decision: row}, err
	}}
}

func TestVersionsFollowOneAnother(t *testing.T) {
	onEach(t, func(t *testing.T, s *sqlstore.Store, _ *storetest.Clock) {
		ctx := t.Context()
		d := storetest.Draft{ID: storetest.IDs.New(compliance.PrefixDecision), Outcome: compliance.Pending, Key: "create"}
		mustCommit(t, s, decide(d))
		if page, err := s.PendingDecisions(ctx, "", 10); err != nil || len(page) != 1 || page[0].Decision.ID != d.ID {
			t.Errorf("pending: %d, %v", len(page), err)
		}
		if page, err := s.PendingDecisions(ctx, d.ID, 10); err != nil || len(page) != 0 {
			t.Errorf("pending after the last: %d, %v", len(page), err)
		}
		var wg sync.WaitGroup
		errs := make([]error, 16)
		for n := range errs {
			next := d
			next.Version, next.Outcome, next.Key = 2, compliance.Approved, fmt.Sprint("add ", n)
			wg.Go(func() { _, errs[n] = s.Commit(ctx, decide(next)) })
		}
		wg.Wait()
		winner := -1
		for n, err := range errs {
			switch {
			case err == nil && winner < 0:
				winner = n
			case err == nil:
				t.Error("version 2 was written twice")
			case !errors.Is(err, verify.ErrStale):
				t.Error(err)
			}
		}
		if st, err := s.DecisionByKey(ctx, storetest.Tenant, fmt.Sprint("add ", winner)); err != nil || st.Decision.Version != 2 {
			t.Errorf("by the key of version 2: version %d, %v", st.Decision.Version, err)
		}
		if st, err := s.DecisionByKey(ctx, storetest.Tenant, "create"); err != nil || st.Decision.Version != 1 {
			t.Errorf("by the key of version 1: version %d, %v", st.Decision.Version, err)
		}
		for name, change := range map[string]func(*storetest.Draft){
			"after a final one": func(d *storetest.Draft) { d.Version = 3 },
			"with a gap":        func(d *storetest.Draft) { d.Version = 5 },
			"of another tenant": func(d *storetest.Draft) { d.Version, d.Tenant = 3, storetest.OtherTenant },
			"the first again":   func(d *storetest.Draft) { d.Version = 1 },
		} {
			next := d
			next.Key, next.Outcome = "", compliance.Approved
			change(&next)
			if _, err := s.Commit(ctx, decide(next)); !errors.Is(err, verify.ErrStale) {
				t.Errorf("a version %s: %v", name, err)
			}
		}
		if page, err := s.PendingDecisions(ctx, "", 10); err != nil || len(page) != 0 {
			t.Errorf("pending after it was settled: %d, %v", len(page), err)
		}
	})
}

func TestVerificationIsConsumedOnce(t *testing.T) {
	onEach(t, func(t *testing.T, s *sqlstore.Store, _ *storetest.Clock) {
		ctx := t.Context()
		person := storetest.Person(t, s, "p")
		verified := mustCommit(t, s, decide(storetest.Draft{ID: storetest.IDs.New(compliance.PrefixDecision), Person: person})).Decision.Decision.ID
		consume := func(tenant, id string) error {
			rec := storetest.Reserve(storetest.Draft{Person: person, Tenant: tenant}, "", time.Hour, storetest.Demand(person, 50))
			build := rec.Build
			rec.Build = func(at time.Time, uses []quota.Use, reuse compliance.ImageReuse) (verify.Rows, error) {
				rows, err := build(at, uses, reuse)
				rows.Consumes = id
				return rows, err
			}
			_, err := s.Commit(ctx, rec)
			return err
		}
		if err := consume(storetest.OtherTenant, verified); !errors.Is(err, verify.ErrNotFound) {
			t.Errorf("another tenant: %v", err)
		}
		var wg sync.WaitGroup
		errs := make([]error, 16)
		for n := range errs {
			wg.Go(func() { errs[n] = consume(storetest.Tenant, verified) })
		}
		wg.Wait()
		done := 0
		for _, err := range errs {
			switch {
			case err == nil:
				done++
			case !errors.Is(err, verify.ErrConsumed):
				t.Error(err)
			}
		}
		if n := used(t, s, storetest.Demand(person, 50)); done != 1 || n != 1 {
			t.Errorf("consumed %d times, %d openings", done, n)
		}
		if st, err := s.Decision(ctx, storetest.Tenant, verified); err != nil || st.ConsumedBy == "" {
			t.Errorf("consumed by %q, %v", st.ConsumedBy, err)
		}
		waiting := mustCommit(t, s, decide(storetest.Draft{ID: storetest.IDs.New(compliance.PrefixDecision), Outcome: compliance.Pending}))
		if err := consume(storetest.Tenant, waiting.Decision.Decision.ID); !errors.Is(err, verify.ErrNotFound) {
			t.Errorf("a pending verification: %v", err)
		}
	})
}

func TestFailingBuildWritesNothing(t *testing.T) {
	onEach(t, func(t *testing.T, s *sqlstore.Store, _ *storetest.Clock) {
		mine := compliance.E(compliance.FaultConflict, "test", "mine")
		_, err := s.Commit(t.Context(), verify.Record{Build: func(time.Time, []quota.Use, compliance.ImageReuse) (verify.Rows, error) { return verify.Rows{}, mine }})
		if !errors.Is(err, mine) || err.Error() != mine.Error() {
			t.Errorf("Build's own error came back as %v", err)
		}
		secret := "a name that must not be seen"
		_, err = s.Commit(t.Context(), verify.Record{Build: func(time.Time, []quota.Use, compliance.ImageReuse) (verify.Rows, error) { panic(secret) }})
		if err == nil || errContains(err, secret) {
			t.Errorf("a panic came back as %v", err)
		}
		// A row that the schema refuses after the decision was inserted takes the decision with it.
		d := storetest.Draft{ID: storetest.IDs.New(compliance.PrefixDecision), Person: "prs_nobody"}
		_, err = s.Commit(t.Context(), storetest.Reserve(d, "", time.Hour))
		if err == nil {
			t.Error("an opening of nobody was committed")
		}
		if _, err := s.Decision(t.Context(), storetest.Tenant, d.ID); !errors.Is(err, verify.ErrNotFound) {
			t.Errorf("half a commit is there: %v", err)
		}
		if n := waiting(t, s); n != 0 {
			t.Errorf("%d events", n)
		}
	})
}

func TestCancelledCommitDoesNotRun(t *testing.T) {
	onEach(t, func(t *testing.T, s *sqlstore.Store, _ *storetest.Clock) {
		ctx, cancel := contextWithCancel(t)
		cancel()
		d := storetest.Draft{ID: storetest.IDs.New(compliance.PrefixDecision)}
		if _, err := s.Commit(ctx, decide(d)); err == nil {
			t.Error("committed")
		}
		if _, err := s.Decision(t.Context(), storetest.Tenant, d.ID); !errors.Is(err, verify.ErrNotFound) {
			t.Errorf("read: %v", err)
		}
	})
}
