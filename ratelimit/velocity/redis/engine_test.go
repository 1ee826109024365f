package redis_test

import (
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"realname/ratelimit/velocity/redis"
	"realname/ratelimit/velocity/redistest"
	"realname/ratelimit/velocity/velocitytest"
)

// connect makes an engine for servers, with time to wait on a busy machine.
func connect(t testing.TB, to goredis.UniversalOptions, change func(*redis.Options)) (*redis.Engine, *velocitytest.Ledger) {
	t.Helper()
	client := redis.Connect(to)
	t.Cleanup(func() { _ = client.Close() }) // nothing was written that matters
	ledger := velocitytest.NewLedger()
	o := redis.Options{Client: client, Source: ledger, Wait: 10 * time.Second, Fill: 20 * time.Second}
	if change != nil {
		change(&o)
	}
	e, err := redis.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return e, ledger
}

func subject(e *redis.Engine, l *velocitytest.Ledger, clock *redistest.Server, lose func(testing.TB)) *velocitytest.Subject {
	return &velocitytest.Subject{
		Engine: e, Ledger: l, Now: clock.Now, Lose: lose,
		Pass: func(t testing.TB, moment time.Time) {
			t.Helper()
			for clock.Now().Before(moment) {
				<-time.After(time.Until(moment) + 200*time.Microsecond)
			}
		},
	}
}

func TestConformanceOnOneServer(t *testing.T) {
	s := redistest.Start(t)
	e, ledger := connect(t, goredis.UniversalOptions{Addrs: []string{s.Addr}}, nil)
	velocitytest.Run(t, func(*testing.T) *velocitytest.Subject {
		return subject(e, ledger, s, func(testing.TB) { s.Flush() })
	})
}

func TestConformanceOnSentinel(t *testing.T) {
	trio := redistest.StartSentinel(t)
	e, ledger := connect(t, goredis.UniversalOptions{Addrs: trio.Addrs(), MasterName: trio.Name}, nil)
	velocitytest.Run(t, func(*testing.T) *velocitytest.Subject {
		return subject(e, ledger, trio.Servers[0], func(testing.TB) { trio.Master().Flush() })
	})
}

func TestConformanceOnCluster(t *testing.T) {
	c := redistest.StartCluster(t)
	e, ledger := connect(t, goredis.UniversalOptions{Addrs: c.Addrs(), IsClusterMode: true}, nil)
	velocitytest.Run(t, func(*testing.T) *velocitytest.Subject {
		s := subject(e, ledger, c.Servers[0], func(testing.TB) { c.Flush() })
		s.Loose = true
		return s
	})
}
