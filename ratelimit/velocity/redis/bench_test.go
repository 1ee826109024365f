package redis_test

import (
	"context"
	"fmt"
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

// bare is the least that a window of three keys needs: look at each, then write and renew each.
const bare = `
for i, k in ipairs(KEYS) do
  if tonumber(redis.call('GET', k) or 0) >= tonumber(ARGV[1]) then return {0} end
end
local out = {1}
for i, k in ipairs(KEYS) do
  out[i + 1] = redis.call('INCR', k)
  redis.call('PEXPIRE', k, ARGV[2])
end
return out`

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

const agents, people = 500, 2000

// threeLimits of one request, under as many agents, outlets and persons as a benchmark meets again and again.
func threeLimits(n int64) []velocity.Limit {
	limit := func(kind string, of int64) velocity.Limit {
		l := velocitytest.Limit(kind, 1000)
		l.Key = fmt.Sprintf("%s:%d", kind, n%of)
		return l
	}
	return []velocity.Limit{limit("agent", agents), limit("outlet", 2*agents), limit("person", people)}
}

func BenchmarkHold(b *testing.B) {
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
	warm(b, e)
	compare(b, []*goredis.Client{s.Client}, way{"hold", hold(e)}, way{"bare-evalsha", func(ctx context.Context, n int64) error {
		l := threeLimits(n)
		return client.EvalSha(ctx, digest, []string{l[0].Key, l[1].Key, l[2].Key}, 1_000_000_000, 86_400_000).Err()
	}}, way{"3-redis_rate", func(ctx context.Context, n int64) error {
		for _, l := range threeLimits(n) {
			if _, err := limiter.Allow(ctx, l.Key, redis_rate.PerHour(1000)); err != nil {
				return err
			}
		}
		return nil
	}})
}

// In Cluster the floor is three scripts of one key in sequence.
func BenchmarkHoldOnCluster(b *testing.B) {
	c := redistest.StartCluster(b)
	to := goredis.UniversalOptions{Addrs: c.Addrs(), IsClusterMode: true, PoolSize: 64, ReadTimeout: 10 * time.Second}
	e, _ := connect(b, to, nil)
	client := redis.Connect(to).(*goredis.ClusterClient)
	b.Cleanup(func() { _ = client.Close() })
	script := goredis.NewScript(bare)
	var servers []*goredis.Client
	for _, s := range c.Servers[:3] {
		if err := script.Load(b.Context(), s.Client).Err(); err != nil {
			b.Fatal(err)
		}
		servers = append(servers, s.Client)
	}
	warm(b, e)
	compare(b, servers, way{"hold", hold(e)}, way{"bare-in-sequence", func(ctx context.Context, n int64) error {
		for _, l := range threeLimits(n) {
			if err := script.EvalSha(ctx, client, []string{l.Key}, 1_000_000_000, 86_400_000).Err(); err != nil {
				return err
			}
		}
		return nil
	}})
}

func hold(e *redis.Engine) func(ctx context.Context, n int64) error {
	return func(ctx context.Context, n int64) error {
		_, _, err := velocitytest.Held(ctx, e, threeLimits(n)...)
		return err
	}
}

// warm fills the windows.
func warm(b *testing.B, e *redis.Engine) {
	b.Helper()
	for n := range int64(people) {
		if _, err := e.Uses(b.Context(), threeLimits(n)); err != nil {
			b.Fatal(err)
		}
	}
}
