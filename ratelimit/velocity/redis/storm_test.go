package redis_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"realname/ratelimit/velocity"
	"realname/ratelimit/velocity/redistest"
	"realname/ratelimit/velocity/velocitytest"
)

// storm is a crowd that reserves and releases under the same few limits while things happen to the servers.
type storm struct {
	gates    []gateway
	agents   []velocity.Limit
	persons  []velocity.Limit
	admitted atomic.Int64
	bounded  atomic.Int64
	failed   atomic.Int64
	last     atomic.Pointer[error] // why a call had no answer
	over     atomic.Int64          // the most that the ledger ever had above a limit
}

const stormClients = 32

func newStorm(gates []gateway, loss velocity.Loss) *storm {
	s := &storm{gates: gates}
	for range 2 {
		s.agents = append(s.agents, velocitytest.Limit("agent", 12))
	}
	for range 12 {
		s.persons = append(s.persons, velocitytest.Limit("person", 2))
	}
	for _, list := range [][]velocity.Limit{s.agents, s.persons} {
		for i := range list {
			list[i].Loss = loss
		}
	}
	return s
}

// client reserves until ctx ends and releases half of what it got, so that there is always something to fight for. Now
// and then it gives up in mid-call, or dies between commit and confirmation.
func (s *storm) client(ctx context.Context, random *rand.Rand) {
	g := s.gates[random.IntN(len(s.gates))]
	for ctx.Err() == nil {
		limits := []velocity.Limit{s.agents[random.IntN(len(s.agents))], s.persons[random.IntN(len(s.persons))]}
		h := velocity.Hold{ID: velocitytest.ID(), Limits: limits, TTL: 5 * time.Second}
		call, cancel := ctx, context.CancelFunc(func() {})
		if random.IntN(20) == 0 {
			call, cancel = context.WithTimeout(ctx, time.Duration(random.IntN(1000))*time.Microsecond)
		}
		a, err := g.Hold(call, h)
		cancel()
		switch {
		case err != nil:
			s.failed.Add(1)
			s.last.Store(&err)
		case a.Admitted:
			s.admitted.Add(1)
			if a.Bounded {
				s.bounded.Add(1)
			}
			g.ledger.Commit(h.ID, time.Now(), limits)
			s.measure(g.ledger, limits)
			if random.IntN(20) != 0 {
				_ = g.Confirm(ctx, h.ID, limits)
			}
			if random.IntN(2) == 0 {
				g.release(ctx, h.ID, limits...)
			} else {
				time.AfterFunc(200*time.Millisecond, func() { g.release(context.WithoutCancel(ctx), h.ID, limits...) })
			}
			continue
		}
		<-time.After(time.Duration(random.IntN(4)) * time.Millisecond)
	}
}

func (s *storm) measure(l *velocitytest.Ledger, limits []velocity.Limit) {
	for _, m := range limits {
		over := int64(l.Count(m, time.Now()) - m.Max)
		for was := s.over.Load(); over > was && !s.over.CompareAndSwap(was, over); was = s.over.Load() {
			continue
		}
	}
}

// through lets a crowd go on while faults happen one after another, and checks what it was let through.
func (s *storm) through(t *testing.T, name string, most int64, faults ...func()) {
	t.Helper()
	rounds, _ := velocitytest.Runs(t, 1)
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	for i := range stormClients {
		wg.Go(func() { s.client(ctx, rand.New(rand.NewPCG(1, uint64(i)))) })
	}
	for range min(rounds, 10) {
		for _, fault := range faults {
			s.progress(t)
			fault()
		}
	}
	s.progress(t)
	cancel()
	wg.Wait()
	velocitytest.Table(t, "%-26s | %d clients | %6d admitted, %5d by share, %5d unanswered | at most %d over a limit (bound %d) |",
		name, stormClients, s.admitted.Load(), s.bounded.Load(), s.failed.Load(), s.over.Load(), most)
	if s.over.Load() > most {
		t.Errorf("%d above a limit, the bound is %d", s.over.Load(), most)
	}
}

// progress waits until the servers, not the shares, have admitted some.
func (s *storm) progress(t *testing.T) {
	t.Helper()
	was := s.admitted.Load() - s.bounded.Load()
	redistest.Eventually(t, "the crowd goes on", func() error {
		if s.admitted.Load()-s.bounded.Load() < was+30 {
			why := errors.New("all were refused")
			if last := s.last.Load(); last != nil {
				why = *last
			}
			return fmt.Errorf("%d admitted, %d by share, %d unanswered: %w", s.admitted.Load(), s.bounded.Load(), s.failed.Load(), why)
		}
		return nil
	})
}

// pauseFor pauses a server for longer than its callers wait.
func pauseFor(s *redistest.Server, d time.Duration) {
	s.Pause()
	<-time.After(d)
	s.Resume()
}

func TestStormOnOneServer(t *testing.T) {
	for name, loss := range map[string]velocity.Loss{"fail_closed": velocity.FailClosed, "local_bound": velocity.LocalBound} {
		s := redistest.Start(t)
		gates := gateways(t, 2, goredis.UniversalOptions{Addrs: []string{s.Addr}, PoolSize: stormClients})
		if loss == velocity.FailClosed { // a share would hide that a busy machine was slow
			newStorm(gates, loss).through(t, name+" undisturbed", 0)
		}
		st := newStorm(gates, loss)
		st.through(t, name+" flushed", stormClients, s.Flush, s.Flush, s.Flush)
		st = newStorm(gates, loss)
		// A share may have been given before this node told the server what another had given: at most the shares.
		bound := int64(stormClients)
		if loss == velocity.LocalBound {
			bound += int64(st.agents[0].Max)
		}
		st.through(t, name+" paused, killed", bound, func() { pauseFor(s, 1500*time.Millisecond) }, s.Restart,
			func() { s.Kill(); <-time.After(100 * time.Millisecond); s.Restart() })
	}
}

func TestStormOnSentinel(t *testing.T) {
	trio := redistest.StartSentinel(t)
	gates := gateways(t, 2, goredis.UniversalOptions{Addrs: trio.Addrs(), MasterName: trio.Name, PoolSize: stormClients})
	newStorm(gates, velocity.FailClosed).through(t, "fail_closed failed over", stormClients, trio.Failover,
		func() { trio.KillMaster().Restart() })
}

func TestStormOnCluster(t *testing.T) {
	c := redistest.StartCluster(t)
	gates := gateways(t, 2, goredis.UniversalOptions{Addrs: c.Addrs(), IsClusterMode: true, PoolSize: stormClients})
	newStorm(gates, velocity.FailClosed).through(t, "fail_closed undisturbed", 0)
	st := newStorm(gates, velocity.FailClosed)
	slots := st.slots(t, c)
	if runs, _ := velocitytest.Runs(t, 1); runs == 1 {
		slots = slots[:6] // moving one takes a moment
	}
	turn := 0
	st.through(t, "fail_closed re-sharded", stormClients, func() {
		turn++
		for i, slot := range slots {
			c.Reshard(slot, slot+1, (turn+i)%3*16384/3+1)
		}
	})
	newStorm(gates, velocity.FailClosed).through(t, "fail_closed failed over", stormClients, func() { c.Failover(0) },
		func() { c.KillMaster(1).Restart(); c.Healthy() }, c.Flush)
}

// slots are those of the storm's windows.
func (s *storm) slots(t *testing.T, c *redistest.Cluster) (out []int) {
	t.Helper()
	known := map[string]bool{}
	for _, l := range append(append([]velocity.Limit{}, s.agents...), s.persons...) {
		if _, err := s.gates[0].Uses(t.Context(), []velocity.Limit{l}); err != nil {
			t.Fatal(err)
		}
	}
	for _, server := range c.Servers[:3] {
		keys, err := server.Client.Keys(t.Context(), "*").Result()
		if err != nil {
			t.Fatal(err)
		}
		for _, k := range keys {
			if !known[k] {
				known[k] = true
				out = append(out, int(server.Client.ClusterKeySlot(t.Context(), k).Val()))
			}
		}
	}
	return out
}
