package redis_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/go-redis/redis_rate/v10"
	goredis "github.com/redis/go-redis/v9"

	"realname/ratelimit/velocity"
	"realname/ratelimit/velocity/redis"
	"realname/ratelimit/velocity/redistest"
	"realname/ratelimit/velocity/velocitytest"
)

// limiter is one way to ask for one unit of each of several limits.
type limiter struct {
	name  string
	allow func(ctx context.Context, limits []velocity.Limit) (bool, error)
	// used is how many units of a limit are gone.
	used func(ctx context.Context, l velocity.Limit) (int, error)
}

// limiters are ours, redis_rate once a limit, and one that reads, decides and spends.
func limiters(t *testing.T, s *redistest.Server) []limiter {
	t.Helper()
	to := goredis.UniversalOptions{Addrs: []string{s.Addr}, PoolSize: 64}
	e, ledger := connect(t, to, nil)
	client := redis.Connect(to)
	t.Cleanup(func() { _ = client.Close() })
	ours := gateway{e, ledger}
	rate := redis_rate.NewLimiter(client)
	per := func(l velocity.Limit) redis_rate.Limit {
		return redis_rate.Limit{Rate: l.Max, Burst: l.Max, Period: l.Window}
	}
	return []limiter{{
		"this engine",
		func(ctx context.Context, limits []velocity.Limit) (bool, error) {
			_, a, err := ours.reserve(ctx, limits...)
			return a.Admitted, err
		},
		func(ctx context.Context, l velocity.Limit) (int, error) {
			uses, err := e.Uses(ctx, []velocity.Limit{l})
			if err != nil {
				return 0, err
			}
			return uses[0].Used, nil
		},
	}, {
		"redis_rate",
		func(ctx context.Context, limits []velocity.Limit) (bool, error) {
			for _, l := range limits {
				if r, err := rate.Allow(ctx, l.Key, per(l)); err != nil || r.Allowed == 0 {
					return false, err
				}
			}
			return true, nil
		},
		func(ctx context.Context, l velocity.Limit) (int, error) {
			r, err := rate.AllowN(ctx, l.Key, per(l), 0)
			if err != nil {
				return 0, err
			}
			return l.Max - r.Remaining, nil
		},
	}, {
		"read, decide, spend",
		func(ctx context.Context, limits []velocity.Limit) (bool, error) {
			for _, l := range limits {
				n, err := client.Get(ctx, l.Key).Int()
				if err != nil && !errors.Is(err, goredis.Nil) || n >= l.Max {
					return false, ignoreNil(err)
				}
			}
			for _, l := range limits {
				if err := client.Incr(ctx, l.Key).Err(); err != nil {
					return false, err
				}
			}
			return true, nil
		},
		func(ctx context.Context, l velocity.Limit) (int, error) {
			n, err := client.Get(ctx, l.Key).Int()
			return n, ignoreNil(err)
		},
	}}
}

func ignoreNil(err error) error {
	if errors.Is(err, goredis.Nil) {
		return nil
	}
	return err
}

// The same crowd at three limiters: how many are let through, and how many units of the wider limit are gone for
// nothing.
func TestWhatOthersLetThrough(t *testing.T) {
	s := redistest.Start(t)
	runs, sizes := velocitytest.Runs(t, 3)
	for _, l := range limiters(t, s) {
		caught := false
		for _, clients := range sizes {
			for _, most := range []int{1, 5, 20} {
				worst, wasted := 0, 0
				for range min(runs, 20) {
					limits := []velocity.Limit{velocitytest.Limit("agent", 40), velocitytest.Limit("person", most)}
					admitted, failed, err := velocitytest.Crowd(clients, func(int) (bool, error) { return l.allow(t.Context(), limits) })
					if failed != 0 {
						t.Fatal(err)
					}
					used, err := l.used(t.Context(), limits[0])
					if err != nil {
						t.Fatal(err)
					}
					worst, wasted = max(worst, admitted), max(wasted, used-admitted)
				}
				velocitytest.Table(t, "%-19s | %3d clients | limit %2d | at most %3d let through | %2d units of the agent gone for nothing |",
					l.name, clients, most, worst, wasted)
				caught = caught || worst != most || wasted > 0
			}
		}
		if ours := l.name == "this engine"; ours == caught {
			t.Errorf("%s: caught %v", l.name, caught)
		}
	}
}

// What a window lets through at its edge. A call that was asked and answered within one length of time was decided
// within it, so that this counts what is proven, however slow the machine.
func TestWhatOthersLetThroughInOneWindow(t *testing.T) {
	s := redistest.Start(t)
	const most = 20
	type call struct{ asked, answered time.Time }
	for _, l := range limiters(t, s)[:2] {
		limit := velocitytest.Limit("person", most)
		limit.Window = 2 * time.Second
		var calls []call
		for end := time.Now().Add(limit.Window * 5 / 4); time.Now().Before(end); {
			c := call{asked: time.Now()}
			ok, err := l.allow(t.Context(), []velocity.Limit{limit})
			if err != nil {
				t.Fatal(err)
			}
			if c.answered = time.Now(); ok {
				calls = append(calls, c)
			}
			<-time.After(time.Millisecond)
		}
		worst := 0
		for i, first := range calls {
			within := slices.IndexFunc(calls[i:], func(c call) bool { return c.answered.Sub(first.asked) >= limit.Window })
			if within < 0 {
				within = len(calls) - i
			}
			worst = max(worst, within)
		}
		velocitytest.Table(t, "%-19s | limit %d in %v | %d let through within %v |", l.name, most, limit.Window, worst, limit.Window)
		if l.name == "this engine" && worst > most {
			t.Errorf("%d in one window of %d", worst, most)
		}
	}
}
