package local_test

import (
	"sync"
	"testing"
	"time"

	"realname/ratelimit/velocity"
	"realname/ratelimit/velocity/local"
	"realname/ratelimit/velocity/velocitytest"
)

// clock is set by hand.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func newClock() *clock { return &clock{t: time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)} }

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *clock) set(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if t.After(c.t) {
		c.t = t
	}
}

func open(t testing.TB, o local.Options) (*local.Engine, *velocitytest.Ledger, *clock) {
	t.Helper()
	ledger, c := velocitytest.NewLedger(), newClock()
	o.Source, o.Now = ledger, c.now
	e, err := local.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return e, ledger, c
}

func TestConformance(t *testing.T) {
	velocitytest.Run(t, func(t *testing.T) *velocitytest.Subject {
		e, ledger, c := open(t, local.Options{})
		return &velocitytest.Subject{
			Engine: e, Ledger: ledger, Now: c.now,
			Pass: func(_ testing.TB, moment time.Time) { c.set(moment) },
			Lose: func(testing.TB) { e.Forget() },
		}
	})
}

func TestAnIdlePersonCostsNoMemory(t *testing.T) {
	e, ledger, c := open(t, local.Options{})
	const persons = 500
	var limits []velocity.Limit
	for range persons {
		l := velocitytest.Limit("person", 5)
		limits = append(limits, l)
		id, a, err := velocitytest.Held(t.Context(), e, l)
		if err != nil || !a.Admitted {
			t.Fatal(a, err)
		}
		ledger.Commit(id, c.now(), []velocity.Limit{l})
		if err := e.Confirm(t.Context(), id, []velocity.Limit{l}); err != nil {
			t.Fatal(err)
		}
		c.set(c.now().Add(time.Second))
	}
	e.Sweep()
	if n := e.Windows(); n != persons {
		t.Errorf("%d windows of %d persons", n, persons)
	}
	c.set(c.now().Add(23 * time.Hour))
	e.Sweep()
	if n := e.Windows(); n != persons {
		t.Errorf("%d windows of %d persons are left while they still count", n, persons)
	}
	c.set(c.now().Add(time.Hour + time.Second))
	e.Sweep()
	if n := e.Windows(); n != 0 {
		t.Errorf("%d windows are left of idle persons", n)
	}
	// Without a sweep, the holds of others put them away.
	for i := range 4000 {
		l := limits[i%persons]
		l.Key += "x"
		l.Window = time.Second
		if _, _, err := velocitytest.Held(t.Context(), e, l); err != nil {
			t.Fatal(err)
		}
		c.set(c.now().Add(10 * time.Millisecond))
	}
	if n := e.Windows(); n > 300 { // 100 live, and what each shard has not got to
		t.Errorf("%d windows are in memory", n)
	}
}

func TestANodeAdmitsItsShareOfWhatTheLedgerLeaves(t *testing.T) {
	for _, most := range []int{0, 1, 2, 5, 20} {
		for _, nodes := range []int{2, 3, 7} {
			total := 3 // the ledger's
			l := velocitytest.Limit("agent", most)
			for node := range nodes {
				e, ledger, c := open(t, local.Options{Nodes: nodes, Node: node})
				for i := range 3 {
					ledger.Commit(velocitytest.ID(), c.now().Add(-time.Duration(i+1)*time.Hour), []velocity.Limit{l})
				}
				for range most + 1 {
					_, a, err := velocitytest.Held(t.Context(), e, l)
					if err != nil || !a.Bounded {
						t.Fatal(a, err)
					}
					if a.Admitted {
						total++
					}
				}
			}
			if total != max(most, 3) {
				t.Errorf("%d nodes with a limit of %d: %d units in all", nodes, most, total)
			}
		}
	}
}

func TestAShareGrowsAsTheLedgersEventsLeave(t *testing.T) {
	e, ledger, c := open(t, local.Options{Nodes: 2})
	l := velocitytest.Limit("agent", 4)
	for range 4 {
		ledger.Commit(velocitytest.ID(), c.now().Add(-23*time.Hour), []velocity.Limit{l})
	}
	admitted := func() (n int) {
		for range 5 {
			if _, a, err := velocitytest.Held(t.Context(), e, l); err != nil {
				t.Fatal(err)
			} else if a.Admitted {
				n++
			}
		}
		return n
	}
	if n := admitted(); n != 0 {
		t.Errorf("%d admitted in a full window", n)
	}
	c.set(c.now().Add(time.Hour))
	if n := admitted(); n != 2 {
		t.Errorf("%d admitted, want half of four", n)
	}
}

func TestAClockThatStepsBackFreesNothing(t *testing.T) {
	now := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	e, err := local.New(local.Options{Source: velocitytest.NewLedger(), Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	l := velocitytest.Limit("person", 1)
	hold := func() bool {
		id, a, err := velocitytest.Held(t.Context(), e, l)
		if err == nil && a.Admitted {
			err = e.Confirm(t.Context(), id, []velocity.Limit{l})
		}
		if err != nil {
			t.Fatal(err)
		}
		return a.Admitted
	}
	first := hold()
	now = now.Add(-time.Hour)
	second := hold()
	now = now.Add(time.Hour + l.Window - time.Microsecond)
	third := hold()
	if !first || second || third {
		t.Error(first, second, third)
	}
}

func TestOptionsAreChecked(t *testing.T) {
	good := local.Options{Source: velocitytest.NewLedger(), Now: time.Now, Nodes: 2, Node: 1}
	for i, change := range []func(*local.Options){
		func(o *local.Options) { o.Source = nil }, func(o *local.Options) { o.Now = nil },
		func(o *local.Options) { o.Node = 2 }, func(o *local.Options) { o.Node = -1 },
	} {
		o := good
		change(&o)
		if _, err := local.New(o); err == nil {
			t.Errorf("change %d was taken", i)
		}
	}
}
