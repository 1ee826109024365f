package redis_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"

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

// inParallel runs ask with 64 clients at once.
func inParallel(b *testing.B, ask func(ctx context.Context, n int64) error) {
	b.Helper()
	b.SetParallelism(32) // times GOMAXPROCS
	var n atomic.Int64
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if err := ask(b.Context(), n.Add(1)); err != nil {
				b.Error(err)
				return
			}
		}
	})
}

const agents, people = 1000, 4000

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
	e, _ := connect(b, goredis.UniversalOptions{Addrs: []string{s.Addr}, PoolSize: 64}, nil)
	client := redis.Connect(goredis.UniversalOptions{Addrs: []string{s.Addr}, PoolSize: 64})
	b.Cleanup(func() { _ = client.Close() })
	digest, err := client.ScriptLoad(b.Context(), bare).Result()
	if err != nil {
		b.Fatal(err)
	}
	b.Run("three-limits", func(b *testing.B) {
		s.Flush()
		for n := range int64(people) { // fills the windows
			if _, err := e.Uses(b.Context(), threeLimits(n)); err != nil {
				b.Fatal(err)
			}
		}
		inParallel(b, func(ctx context.Context, n int64) error {
			_, _, err := velocitytest.Held(ctx, e, threeLimits(n)...)
			return err
		})
	})
	b.Run("bare-evalsha", func(b *testing.B) {
		s.Flush()
		inParallel(b, func(ctx context.Context, n int64) error {
			l := threeLimits(n)
			return client.EvalSha(ctx, digest, []string{l[0].Key, l[1].Key, l[2].Key}, 1_000_000_000, 86_400_000).Err()
		})
	})
	b.Run("redis_rate-thrice", func(b *testing.B) {
		s.Flush()
		limiter := redis_rate.NewLimiter(client)
		inParallel(b, func(ctx context.Context, n int64) error {
			for _, l := range threeLimits(n) {
				if _, err := limiter.Allow(ctx, l.Key, redis_rate.PerHour(1000)); err != nil {
					return err
				}
			}
			return nil
		})
	})
}
