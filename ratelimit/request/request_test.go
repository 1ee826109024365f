package request_test

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"realname/ratelimit/request"
	"realname/ratelimit/velocity/redistest"
)

type clock struct{ at atomic.Int64 }

func (c *clock) now() time.Time          { return time.Unix(0, c.at.Load()) }
func (c *clock) forward(d time.Duration) { c.at.Add(int64(d)) }

func newLimiter(t *testing.T, o request.Options) *request.Limiter {
	t.Helper()
	l, err := request.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// crowd asks n times at once and counts who is let through.
func crowd(t *testing.T, n int, of ...*request.Limiter) int {
	t.Helper()
	var allowed atomic.Int64
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			if of[i%len(of)].Take(t.Context(), "tnt_1").Allowed {
				allowed.Add(1)
			}
		})
	}
	wg.Wait()
	return int(allowed.Load())
}

func TestInProcess(t *testing.T) {
	c := &clock{}
	l := newLimiter(t, request.Options{Requests: 3, Per: time.Minute, Now: c.now})
	for want := 2; want >= 0; want-- {
		if v := l.Take(t.Context(), "tnt_1"); !v.Allowed || v.Remaining != want || v.Limit != 3 || v.Window != time.Minute || v.Retry != 0 {
			t.Errorf("%+v", v)
		}
	}
	v := l.Take(t.Context(), "tnt_1")
	if v.Allowed || v.Remaining != 0 || v.Retry != 20*time.Second || v.Reset != time.Minute {
		t.Errorf("%+v", v)
	}
	if !l.Take(t.Context(), "tnt_2").Allowed {
		t.Error("another tenant pays for it")
	}
	c.forward(v.Retry)
	if !l.Take(t.Context(), "tnt_1").Allowed || l.Take(t.Context(), "tnt_1").Allowed {
		t.Error("not one came back after the time that was told")
	}
	c.forward(time.Hour)
	if n := crowd(t, 64, l); n != 3 {
		t.Errorf("%d of 64 at once", n)
	}
}

// Two gateways share the count; while Redis is gone each has its share, and a wrong answer is no answer.
func TestShared(t *testing.T) {
	srv := redistest.Start(t)
	client := goredis.NewClient(&goredis.Options{Addr: srv.Addr, MaxRetries: -1})
	t.Cleanup(func() { _ = client.Close() })
	var both []*request.Limiter
	for range 2 {
		both = append(both, newLimiter(t, request.Options{Requests: 10, Per: time.Hour, Client: client, Nodes: 2, Wait: 5 * time.Second, Now: time.Now}))
	}
	if n := crowd(t, 64, both...); n != 10 {
		t.Errorf("%d of 64 passed two gateways that share 10", n)
	}
	v := both[0].Take(t.Context(), "tnt_1")
	if v.Allowed || v.Local || v.Retry <= 0 || v.Limit != 10 {
		t.Errorf("%+v", v)
	}
	if err := client.Set(t.Context(), "rate:rq:{tnt_2}", "rubbish", 0).Err(); err != nil {
		t.Fatal(err)
	}
	if v := both[0].Take(t.Context(), "tnt_2"); !v.Allowed || !v.Local {
		t.Errorf("rubbish was believed: %+v", v)
	}
	srv.Kill()
	if n := crowd(t, 64, both...); n != 10 {
		t.Errorf("%d of 64 passed while Redis is gone; two shares of 5 are 10", n)
	}
	if v := both[0].Take(t.Context(), "tnt_1"); v.Allowed || !v.Local || v.Limit != 5 {
		t.Errorf("%+v", v)
	}
}

func TestOptionsAreChecked(t *testing.T) {
	for _, o := range []request.Options{{}, {Requests: 1, Now: time.Now}, {Requests: -1, Per: time.Second, Now: time.Now}, {Requests: 1, Per: time.Second}} {
		if _, err := request.New(o); err == nil {
			t.Errorf("%+v was taken", o)
		}
	}
}
