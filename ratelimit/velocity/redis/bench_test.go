package redis_test

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-redis/redis_rate/v10"
	goredis "github.com/redis/go-redis/v9"

	"realname/ratelimit/velocity"
	"realname/ratelimit/velocity/redis"
	"realname/ratelimit/velocity/redistest"
	"realname/ratelimit/velocity/velocitytest"
)

// bare is the least that exact lists of three keys need: for each, see whether the event that would have to be gone is,
// then append the new one and renew the key. It knows no reservations: it can neither repeat, confirm, give back nor tell
// what is used, and never removes an event.
const bare = `
local t = redis.call('TIME')
local now = t[1] * 1000000 + t[2]
local most, length = tonumber(ARGV[1]), ARGV[2] * 1000
for i = 1, #KEYS do
  local e = redis.call('LINDEX', KEYS[i], -most)
  if e and e + length > now then return 0 end
end
local event = string.format('%.0f', now)
for i = 1, #KEYS do
  redis.call('RPUSH', KEYS[i], event)
  redis.call('PEXPIRE', KEYS[i], ARGV[2])
end
return 1`

// way is one of the ways that are compared.
type way struct {
	name string
	ask  func(ctx context.Context, n int64) error
}

// compare gives the ways turns of a thousand calls by 64 clients, so that a busy machine troubles all alike, and reports
// how many calls the first makes in the time of one of each other: by the wall clock, the median of the turns, and by
// the processor time of the servers.
func compare(b *testing.B, servers []*goredis.Client, ways ...way) {
	b.Helper()
	const clients, calls = 64, 1024
	took, spent := make([][]float64, len(ways)), make([]float64, len(ways))
	var n atomic.Int64
	turn := func(w way) float64 {
		began := time.Now()
		_, failed, err := velocitytest.Crowd(clients, func(int) (bool, error) {
			for range calls / clients {
				if err := w.ask(b.Context(), n.Add(1)); err != nil {
					return false, err
				}
			}
			return true, nil
		})
		if failed > 0 {
			b.Fatal(w.name, err)
		}
		return time.Since(began).Seconds()
	}
	for b.Loop() {
		for i, w := range ways {
			before := processor(b, servers)
			took[i] = append(took[i], turn(w))
			spent[i] += processor(b, servers) - before
		}
	}
	for i, w := range ways[1:] {
		ratios := make([]float64, len(took[0]))
		for j := range ratios {
			ratios[j] = took[i+1][j] / took[0][j]
		}
		slices.Sort(ratios)
		b.ReportMetric(ratios[len(ratios)/2], "×"+w.name)
		b.ReportMetric(spent[i+1]/spent[0], "server×"+w.name)
	}
	b.ReportMetric(1e6*spent[0]/float64(calls*len(took[0])), "server-µs/hold")
}

// processor is the seconds of processor time that the servers have used.
func processor(b *testing.B, servers []*goredis.Client) (seconds float64) {
	b.Helper()
	for _, c := range servers {
		text, err := c.Info(b.Context(), "cpu").Result()
		if err != nil {
			b.Fatal(err)
		}
		for line := range strings.Lines(text) {
			name, value, _ := strings.Cut(strings.TrimSpace(line), ":")
			if name == "used_cpu_user" || name == "used_cpu_sys" {
				v, err := strconv.ParseFloat(value, 64)
				if err != nil {
					b.Fatal(err)
				}
				seconds += v
			}
		}
	}
	return seconds
}

// crowd is so many persons, half as many outlets and a quarter as many agents, met again and again: the smaller, the more
// events lie within their tentative life in each window.
type crowd int64

// threeLimits of one request.
func (c crowd) threeLimits(n int64) []velocity.Limit {
	limit := func(kind string, of int64) velocity.Limit {
		l := velocitytest.Limit(kind, 1000)
		l.Key = kind + ":" + strconv.FormatInt(n%of, 10)
		return l
	}
	return []velocity.Limit{limit("agent", int64(c/4)), limit("outlet", int64(c/2)), limit("person", int64(c))}
}

func (c crowd) hold(e *redis.Engine) func(ctx context.Context, n int64) error {
	return func(ctx context.Context, n int64) error {
		_, a, err := velocitytest.Held(ctx, e, c.threeLimits(n)...)
		if err == nil && !a.Admitted {
			err = errors.New("a window is full: fewer turns")
		}
		return err
	}
}

// warm fills the windows.
func (c crowd) warm(b *testing.B, e *redis.Engine) {
	b.Helper()
	for n := range int64(c) {
		if _, err := e.Uses(b.Context(), c.threeLimits(n)); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkHold(b *testing.B) {
	for name, c := range map[string]crowd{"quiet": 20_000, "busy": 1000} {
		b.Run(name, func(b *testing.B) { benchmarkHold(b, c) })
	}
}

func benchmarkHold(b *testing.B, c crowd) {
	s := redistest.Start(b)
	to := goredis.UniversalOptions{Addrs: []string{s.Addr}, PoolSize: 64, ReadTimeout: 10 * time.Second}
	e, _ := connect(b, to, nil)
	client := redis.Connect(to)
	b.Cleanup(func() { _ = client.Close() })
	digest, err := client.ScriptLoad(b.Context(), bare).Result()
	if err != nil {
		b.Fatal(err)
	}
	limiter := redis_rate.NewLimiter(client)
	c.warm(b, e)
	compare(b, []*goredis.Client{s.Client}, way{"hold", c.hold(e)}, way{"bare-evalsha", func(ctx context.Context, n int64) error {
		l := c.threeLimits(n)
		return client.EvalSha(ctx, digest, []string{l[0].Key, l[1].Key, l[2].Key}, 1000, 86_400_000).Err()
	}}, way{"3-redis_rate", func(ctx context.Context, n int64) error {
		for _, l := range c.threeLimits(n) {
			if _, err := limiter.Allow(ctx, l.Key, redis_rate.PerHour(1000)); err != nil {
				return err
			}
		}
		return nil
	}})
}

// A hold that finds something to settle or to let go each time, in windows of so many events: as many lapse and leave as
// come in.
func BenchmarkHoldThatSettles(b *testing.B) {
	for _, events := range []int{10, 1000, 9000} {
		b.Run(strconv.Itoa(events), func(b *testing.B) { benchmarkSettling(b, events) })
	}
}

func benchmarkSettling(b *testing.B, events int) {
	const life = 20 * time.Millisecond
	s := redistest.Start(b)
	to := goredis.UniversalOptions{Addrs: []string{s.Addr}, PoolSize: 64, ReadTimeout: 10 * time.Second}
	e, ledger := connect(b, to, nil)
	client := redis.Connect(to)
	b.Cleanup(func() { _ = client.Close() })
	digest, err := client.ScriptLoad(b.Context(), bare).Result()
	if err != nil {
		b.Fatal(err)
	}
	var limits [16][]velocity.Limit
	for i := range limits {
		for _, kind := range []string{"agent", "outlet", "person"} {
			l := velocitytest.Limit(kind, velocity.MaxMax)
			l.Counts, l.Window = velocity.Attempts, time.Minute // what is old leaves while the turns run
			for n := range events {
				ledger.Commit(velocitytest.ID(), s.Now().Add(-time.Duration(n)*time.Minute/time.Duration(events)), []velocity.Limit{l})
			}
			limits[i] = append(limits[i], l)
		}
		if _, err := e.Uses(b.Context(), limits[i]); err != nil {
			b.Fatal(err)
		}
	}
	compare(b, []*goredis.Client{s.Client}, way{"hold", func(ctx context.Context, n int64) error {
		_, err := e.Hold(ctx, velocity.Hold{ID: velocitytest.ID(), Limits: limits[n%16], TTL: life})
		return err
	}}, way{"bare-evalsha", func(ctx context.Context, n int64) error {
		l := limits[n%16]
		return client.EvalSha(ctx, digest, []string{"bare" + l[0].Key, "bare" + l[1].Key, "bare" + l[2].Key}, velocity.MaxMax, 60_000).Err()
	}})
}

// In Cluster the floor is the same scripts sent in sequence.
func BenchmarkHoldOnCluster(b *testing.B) {
	const c = crowd(20_000)
	cluster := redistest.StartCluster(b)
	to := goredis.UniversalOptions{Addrs: cluster.Addrs(), IsClusterMode: true, PoolSize: 64, ReadTimeout: 10 * time.Second}
	e, _ := connect(b, to, nil)
	var servers []*goredis.Client
	for _, s := range cluster.Servers[:3] {
		servers = append(servers, s.Client)
	}
	c.warm(b, e)
	compare(b, servers, way{"hold", c.hold(e)}, way{"in-sequence", func(ctx context.Context, n int64) error {
		return e.InSequence(ctx, velocity.Hold{ID: velocitytest.ID(), Limits: c.threeLimits(n), TTL: velocitytest.TTL})
	}})
}
