package redis_test

import (
	"context"
	"errors"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"
	"github.com/sony/gobreaker/v2"

	"realname/ratelimit/velocity"
	"realname/ratelimit/velocity/local"
	"realname/ratelimit/velocity/redis"
	"realname/ratelimit/velocity/redistest"
	"realname/ratelimit/velocity/velocitytest"
)

// gateway is an engine with the local share that stands in for its store, beside others at one ledger.
type gateway struct {
	*redis.Engine
	ledger *velocitytest.Ledger
}

// gateways connects so many to the servers.
func gateways(t testing.TB, n int, to goredis.UniversalOptions) []gateway {
	t.Helper()
	ledger := velocitytest.NewLedger()
	var out []gateway
	for node := range n {
		share, err := local.New(local.Options{Source: ledger, Now: time.Now, Nodes: n, Node: node})
		if err != nil {
			t.Fatal(err)
		}
		to.DialTimeout = 500 * time.Millisecond
		e, _ := connect(t, to, func(o *redis.Options) {
			o.Source, o.Local = ledger, share
			o.Wait, o.Rest = time.Second, 50*time.Millisecond
			o.Jitter = func() float64 { return float64(node) / float64(n) }
		})
		out = append(out, gateway{e, ledger})
	}
	return out
}

func bounded(kind string, most int) velocity.Limit {
	l := velocitytest.Limit(kind, most)
	l.Loss = velocity.LocalBound
	return l
}

// reserve holds, commits and confirms, as a gateway does; a confirmation that fails is not repeated.
func (g gateway) reserve(ctx context.Context, limits ...velocity.Limit) (id string, a velocity.Answer, err error) {
	id, a, err = velocitytest.Held(ctx, g.Engine, limits...)
	if err == nil && a.Admitted {
		g.ledger.Commit(id, time.Now(), limits)
		_ = g.Confirm(ctx, id, limits)
	}
	return id, a, err
}

func (g gateway) release(ctx context.Context, id string, limits ...velocity.Limit) {
	g.ledger.Release(id, limits)
	_ = g.GiveBack(ctx, id, limits)
}

// fill reserves until refused and returns how many were admitted, and whether by the share.
func (g gateway) fillUp(t *testing.T, limits ...velocity.Limit) (n int, bounded bool) {
	t.Helper()
	for {
		_, a, err := g.reserve(t.Context(), limits...)
		if err != nil {
			t.Fatal(err)
		}
		bounded = bounded || a.Bounded
		if !a.Admitted {
			return n, bounded
		}
		n++
	}
}

func TestAGoneServerFailsClosedOrLeavesAShare(t *testing.T) {
	for name, gone := range map[string]func(*redistest.Server) (back func()){
		"killed": func(s *redistest.Server) func() { s.Kill(); return s.Restart },
		"paused": func(s *redistest.Server) func() { s.Pause(); return s.Resume },
	} {
		t.Run(name, func(t *testing.T) {
			s := redistest.Start(t)
			gs := gateways(t, 2, goredis.UniversalOptions{Addrs: []string{s.Addr}})
			closed, share, mixed := velocitytest.Limit("person", 5), bounded("agent", 10), bounded("outlet", 10)
			for range 3 {
				if _, a, err := gs[0].reserve(t.Context(), share, closed); err != nil || !a.Admitted || a.Bounded {
					t.Fatal(a, err)
				}
			}
			back := gone(s)
			for range 8 {
				_, a, err := gs[0].reserve(t.Context(), closed)
				if !errors.Is(err, velocity.ErrUnavailable) || a.Admitted {
					t.Fatalf("fail closed: %+v, %v", a, err)
				}
			}
			if _, _, err := gs[0].reserve(t.Context(), mixed, closed); !errors.Is(err, velocity.ErrUnavailable) {
				t.Errorf("one that fails closed among others: %v", err)
			}
			first, b1 := gs[0].fillUp(t, share)
			second, b2 := gs[1].fillUp(t, share)
			// Seven are left. The first node has half of that, rounded for one of them; the second half of what is left then.
			if first < 3 || first > 4 || second < 1 || second > 2 || !b1 || !b2 {
				t.Errorf("shares of %d and %d, bounded %v, %v", first, second, b1, b2)
			}
			velocitytest.Table(t, "%s | limit 10, 3 used | shares of two nodes %d and %d | over the limit 0 |", name, first, second)
			back()
			redistest.Eventually(t, "the server decides again", func() error {
				_, a, err := gs[0].reserve(t.Context(), velocitytest.Limit("device", 1), bounded("device", 1))
				return errors.Join(err, map[bool]error{true: errors.New("bounded")}[a.Bounded])
			})
			// What the share admitted is known there now, though a paused server kept a window without it.
			rest, b := gs[0].fillUp(t, share)
			if want := 10 - 3 - first - second; rest != want || b {
				t.Errorf("%d more after the return, bounded %v, want %d", rest, b, want)
			}
			more, _ := gs[0].fillUp(t, closed)
			// A paused server may have got holds that nobody waited for any more: they take units until they lapse.
			if more > 2 || more < 2 && name == "killed" {
				t.Errorf("%d more of the limit that failed closed, want 2", more)
			}
		})
	}
}

func TestABreakerSparesAServerThatDoesNotAnswer(t *testing.T) {
	s := redistest.Start(t)
	e, _ := connect(t, goredis.UniversalOptions{Addrs: []string{s.Addr}}, func(o *redis.Options) {
		o.Wait, o.Rest = 20*time.Millisecond, time.Hour
	})
	if _, _, err := velocitytest.Held(t.Context(), e, velocitytest.Limit("person", 1)); err != nil {
		redistest.Eventually(t, "a slow machine answers", func() error {
			_, _, err := velocitytest.Held(t.Context(), e, velocitytest.Limit("person", 1))
			return err
		})
	}
	s.Pause()
	// Who gives up himself says nothing about the server.
	for range 20 {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, _, err := velocitytest.Held(ctx, e, velocitytest.Limit("person", 1)); !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
	}
	open := 0
	for range 12 {
		_, _, err := velocitytest.Held(t.Context(), e, velocitytest.Limit("person", 1))
		if !errors.Is(err, velocity.ErrUnavailable) {
			t.Fatal(err)
		}
		if errors.Is(err, gobreaker.ErrOpenState) {
			open++
		}
	}
	if open != 7 {
		t.Errorf("%d of 12 calls were spared, want those after the fifth failure", open)
	}
}

// What a server kept on disk lacks what came after.
func TestARestartedServerIsNotTrusted(t *testing.T) {
	s := redistest.Start(t)
	g := gateways(t, 1, goredis.UniversalOptions{Addrs: []string{s.Addr}})[0]
	l := velocitytest.Limit("person", 5)
	reserve := func() string {
		id, a, err := g.reserve(t.Context(), l)
		if err != nil || !a.Admitted {
			t.Fatal(a, err)
		}
		return id
	}
	reserve()
	gone := reserve()
	if err := s.Client.Save(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	reserve()
	reserve()
	g.release(t.Context(), gone, l)
	s.Restart()
	if n := s.Client.DBSize(t.Context()).Val(); n != 1 {
		t.Fatalf("the server kept %d windows, want the stale one", n)
	}
	var n int
	redistest.Eventually(t, "the server decides again", func() error {
		_, a, err := g.reserve(t.Context(), l)
		if a.Admitted {
			n++
		}
		return err
	})
	more, _ := g.fillUp(t, l)
	if n+more != 2 || g.ledger.Count(l, time.Now()) != 5 {
		t.Errorf("%d more after the restart, %d in all of 5", n+more, g.ledger.Count(l, time.Now()))
	}
}

// Replicas that lag lose what the master acknowledged.
func TestAPromotedReplicaIsNotTrusted(t *testing.T) {
	trio := redistest.StartSentinel(t)
	g := gateways(t, 1, goredis.UniversalOptions{Addrs: trio.Addrs(), MasterName: trio.Name})[0]
	l := velocitytest.Limit("person", 5)
	for i := range 5 {
		if i == 2 {
			if n, err := trio.Servers[0].Client.Wait(t.Context(), 2, 10*time.Second).Result(); n != 2 {
				t.Fatal(n, err)
			}
			trio.Servers[1].Pause()
			trio.Servers[2].Pause()
		}
		if _, a, err := g.reserve(t.Context(), l); err != nil || !a.Admitted {
			t.Fatal(a, err)
		}
	}
	trio.Servers[0].Kill()
	trio.Servers[1].Resume()
	trio.Servers[2].Resume()
	redistest.Eventually(t, "a replica is promoted", func() error {
		if m := trio.Master(); m == nil || m == trio.Servers[0] {
			return errors.New("not yet")
		}
		return nil
	})
	if n := trio.Master().Client.StrLen(t.Context(), trio.Master().Client.Keys(t.Context(), "*").Val()[0]).Val(); n == 0 {
		t.Fatal("the replica has no window to be wrong about")
	}
	redistest.Eventually(t, "the new master decides", func() error {
		_, a, err := g.reserve(t.Context(), l)
		if a.Admitted {
			t.Fatal("one too many: the replica was trusted with what it had")
		}
		return err
	})
	if _, a, err := g.reserve(t.Context(), l); err != nil || a.Admitted || a.Uses[0].Used != 5 {
		t.Errorf("%+v, %v", a, err)
	}
}

func TestValuesThatNoEngineWrote(t *testing.T) {
	s := redistest.Start(t)
	g := gateways(t, 1, goredis.UniversalOptions{Addrs: []string{s.Addr}})[0]
	key := func(l velocity.Limit) string {
		s.Flush()
		if _, a, err := g.reserve(t.Context(), l); err != nil || !a.Admitted {
			t.Fatal(a, err)
		}
		return s.Client.Keys(t.Context(), "*").Val()[0]
	}
	ctx := t.Context()
	for name, spoil := range map[string]func(k string) error{
		"a list":         func(k string) error { s.Client.Del(ctx, k); return s.Client.RPush(ctx, k, "a", "b").Err() },
		"a hash":         func(k string) error { s.Client.Del(ctx, k); return s.Client.HSet(ctx, k, "a", "b").Err() },
		"a sorted set":   func(k string) error { s.Client.Del(ctx, k); return s.Client.ZAdd(ctx, k, goredis.Z{}).Err() },
		"an empty text":  func(k string) error { return s.Client.Set(ctx, k, "", 0).Err() },
		"a number":       func(k string) error { return s.Client.Set(ctx, k, 7, 0).Err() },
		"a long text":    func(k string) error { return s.Client.Set(ctx, k, make([]byte, 1<<20), 0).Err() },
		"a cut header":   func(k string) error { return s.Client.Set(ctx, k, s.Client.Get(ctx, k).Val()[:33], 0).Err() },
		"too little":     func(k string) error { return s.Client.Set(ctx, k, s.Client.Get(ctx, k).Val()[:100], 0).Err() },
		"too much":       func(k string) error { return s.Client.Append(ctx, k, "x").Err() },
		"no room":        func(k string) error { return s.Client.SetRange(ctx, k, 8, "\x00\x00\x00\x00").Err() },
		"huge room":      func(k string) error { return s.Client.SetRange(ctx, k, 8, "\xff\xff\xff\xff").Err() },
		"missing events": func(k string) error { return s.Client.SetRange(ctx, k, 12, "\x00\x00\x00\x03").Err() },
	} {
		for _, l := range []velocity.Limit{velocitytest.Limit("person", 5), bounded("person", 5)} {
			k := key(l)
			if err := spoil(k); err != nil {
				t.Fatal(name, err)
			}
			_, a, err := g.reserve(ctx, l)
			if l.Loss == velocity.FailClosed && (!errors.Is(err, velocity.ErrCorrupt) || !errors.Is(err, velocity.ErrUnavailable) || a.Admitted) {
				t.Errorf("%s: %+v, %v", name, a, err)
			}
			if l.Loss == velocity.LocalBound && (err != nil || !a.Bounded) {
				t.Errorf("%s with a share: %+v, %v", name, a, err)
			}
		}
		// Others are decided as ever: garbage does not open the breaker.
		if _, a, err := g.reserve(ctx, velocitytest.Limit("person", 1)); err != nil || a.Bounded {
			t.Fatalf("after %s: %+v, %v", name, a, err)
		}
	}
}
