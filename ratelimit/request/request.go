// Package request limits how many requests one tenant may make in a while, so that one does not take the gateway from
// the others. It is a courtesy, no rule of law: what the law counts is a quota, and behaviour is a velocity.
//
// With Redis all gateways share the count, by the generic cell rate algorithm of redis_rate; without it, and while it
// does not answer, each counts by itself, and then a tenant has at most as many gateways' shares as there are gateways.
package request

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/go-redis/redis_rate/v10"
	goredis "github.com/redis/go-redis/v9"
	"github.com/sony/gobreaker/v2"
	"golang.org/x/time/rate"
)

// Options say how many requests a tenant may make.
type Options struct {
	Requests int           // in Per, and at once
	Per      time.Duration // the time in which they come back
	Client   goredis.UniversalClient
	Prefix   string        // of keys in Redis; default "rq"
	Wait     time.Duration // longest call to Redis; default 100 ms
	Nodes    int           // gateways that share the count while Redis is gone; default 1
	Now      func() time.Time
}

// Verdict is what became of one request.
type Verdict struct {
	Allowed   bool
	Limit     int           // requests in the window
	Window    time.Duration // in which they come back
	Remaining int           // that may be made now
	Reset     time.Duration // until all may be made again
	Retry     time.Duration // until one may be made; 0 when allowed
	Local     bool          // counted by this gateway alone
}

// Limiter counts. It is safe for concurrent use.
type Limiter struct {
	o       Options
	shared  *redis_rate.Limiter
	breaker *gobreaker.CircuitBreaker[*redis_rate.Result]

	mu     sync.Mutex
	local  map[string]*bucket
	tidied time.Time
}

type bucket struct {
	*rate.Limiter
	full time.Time // when nothing of it is used any more
}

// New makes a limiter.
func New(o Options) (*Limiter, error) {
	if o.Requests < 1 || o.Per <= 0 || o.Now == nil {
		return nil, errors.New("request: a count, a time and a clock are needed")
	}
	if o.Prefix == "" {
		o.Prefix = "rq"
	}
	if o.Wait <= 0 {
		o.Wait = 100 * time.Millisecond
	}
	l := &Limiter{o: o, local: map[string]*bucket{}}
	if o.Client != nil {
		l.shared = redis_rate.NewLimiter(o.Client)
		l.breaker = gobreaker.NewCircuitBreaker[*redis_rate.Result](gobreaker.Settings{Name: "request", Timeout: time.Second})
	}
	return l, nil
}

// Take counts one request of a tenant.
func (l *Limiter) Take(ctx context.Context, tenant string) Verdict {
	if l.shared != nil {
		if v, ok := l.ask(ctx, tenant); ok {
			return v
		}
	}
	return l.own(tenant)
}

// ask counts in Redis; false when it did not answer, or not what it should.
func (l *Limiter) ask(ctx context.Context, tenant string) (Verdict, bool) {
	call, cancel := context.WithTimeout(ctx, l.o.Wait)
	defer cancel()
	r, err := l.breaker.Execute(func() (*redis_rate.Result, error) {
		return l.shared.Allow(call, l.o.Prefix+":{"+tenant+"}", redis_rate.Limit{Rate: l.o.Requests, Burst: l.o.Requests, Period: l.o.Per})
	})
	if err != nil || r.Remaining < 0 || r.Remaining > l.o.Requests || r.Allowed < 0 {
		return Verdict{}, false
	}
	return Verdict{
		Allowed: r.Allowed > 0, Limit: l.o.Requests, Window: l.o.Per, Remaining: r.Remaining, Reset: r.ResetAfter, Retry: max(0, r.RetryAfter),
	}, true
}

// own counts in this process.
func (l *Limiter) own(tenant string) Verdict {
	share := l.o.Requests
	if l.shared != nil && l.o.Nodes > 1 {
		share = max(1, share/l.o.Nodes)
	}
	now := l.o.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.tidy(now)
	b := l.local[tenant]
	if b == nil {
		b = &bucket{Limiter: rate.NewLimiter(rate.Limit(float64(share)/l.o.Per.Seconds()), share)}
		l.local[tenant] = b
	}
	v := Verdict{Allowed: b.AllowN(now, 1), Limit: share, Window: l.o.Per, Local: true}
	tokens := b.TokensAt(now)
	each := l.o.Per / time.Duration(share)
	v.Remaining = max(0, int(tokens))
	v.Reset = time.Duration((float64(share) - tokens) * float64(each))
	if !v.Allowed {
		v.Retry = time.Duration((1 - tokens) * float64(each))
	}
	b.full = now.Add(v.Reset)
	return v
}

// tidy forgets, once in a window, who has nothing used.
func (l *Limiter) tidy(now time.Time) {
	if now.Sub(l.tidied) < l.o.Per {
		return
	}
	l.tidied = now
	for tenant, b := range l.local {
		if !b.full.After(now) {
			delete(l.local, tenant)
		}
	}
}
