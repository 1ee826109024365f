package redis_test

import (
	"errors"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"realname/ratelimit/velocity"
	"realname/ratelimit/velocity/redistest"
	"realname/ratelimit/velocity/velocitytest"
)

// An event costs at most 48 bytes at any length, held, confirmed and filled from the ledger alike; and goes by itself.
func TestMemoryOfAnEvent(t *testing.T) {
	const most = 48
	s := redistest.Start(t)
	e, ledger := connect(t, goredis.UniversalOptions{Addrs: []string{s.Addr}}, nil)
	weigh := func(how string, events int) {
		t.Helper()
		keys, err := s.Client.Keys(t.Context(), "*").Result()
		if err != nil || len(keys) != 1 {
			t.Fatal(keys, err)
		}
		bytes, err := s.Client.MemoryUsage(t.Context(), keys[0], 0).Result()
		if err != nil {
			t.Fatal(err)
		}
		each := float64(bytes) / float64(events)
		velocitytest.Table(t, "%-9s | %5d events | %7d bytes | %5.1f each |", how, events, bytes, each)
		if each > most && events >= 10 {
			t.Errorf("%d events that were %s cost %.1f bytes each", events, how, each)
		}
		ttl, err := s.Client.PTTL(t.Context(), keys[0]).Result()
		if err != nil || ttl < 24*time.Hour || ttl > 28*time.Hour {
			t.Errorf("the window expires in %v: %v", ttl, err)
		}
		s.Flush()
	}
	for _, events := range []int{1, 10, 100, 1000, 10_000} {
		l := velocitytest.Limit("agent", velocity.MaxMax)
		for range events {
			ledger.Commit(velocitytest.ID(), s.Now().Add(-time.Minute), []velocity.Limit{l})
		}
		if _, err := e.Uses(t.Context(), []velocity.Limit{l}); err != nil {
			t.Fatal(err)
		}
		weigh("filled", events)
		// Held in a burst, which is the dearest: all are within their tentative life.
		for _, confirmed := range []bool{false, true} {
			l := velocitytest.Limit("agent", velocity.MaxMax)
			for range min(events, 2000) {
				id, a, err := velocitytest.Held(t.Context(), e, l)
				if err == nil && confirmed {
					err = e.Confirm(t.Context(), id, []velocity.Limit{l})
				}
				if err != nil || !a.Admitted {
					t.Fatal(a, err)
				}
			}
			weigh(map[bool]string{false: "held", true: "confirmed"}[confirmed], min(events, 2000))
		}
	}
	// Settled one by one, each behind the others.
	for _, events := range []int{10, 100, 600, 2000} {
		l := velocitytest.Limit("agent", velocity.MaxMax)
		l.Counts = velocity.Attempts
		for range events {
			if _, err := e.Hold(t.Context(), velocity.Hold{ID: velocitytest.ID(), Limits: []velocity.Limit{l}, TTL: time.Millisecond}); err != nil {
				t.Fatal(err)
			}
		}
		weigh("settled", events)
	}
	// Gone with its window.
	l := velocitytest.Limit("agent", 1000)
	l.Window = 1500 * time.Millisecond
	for range 100 {
		h := velocity.Hold{ID: velocitytest.ID(), Limits: []velocity.Limit{l}, TTL: 200 * time.Millisecond}
		a, err := e.Hold(t.Context(), h)
		if err != nil || !a.Admitted {
			t.Fatal(a, err)
		}
		ledger.Commit(h.ID, s.Now(), h.Limits)
		if err := e.Confirm(t.Context(), h.ID, h.Limits); err != nil {
			t.Fatal(err)
		}
	}
	redistest.Eventually(t, "the window expires", func() error {
		n, err := s.Client.DBSize(t.Context()).Result()
		if err == nil && n != 0 {
			return errLeft
		}
		return err
	})
}

var errLeft = errors.New("keys are left")
