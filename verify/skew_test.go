package verify_test

import (
	"context"
	"testing"
	"time"

	"realname/compliance"
	"realname/internal/sqlstore"
	"realname/internal/sqlstore/storetest"
	"realname/ratelimit/quota"
	"realname/ratelimit/velocity/local"
	"realname/verify"
)

// another is a second gateway on the ledger at dsn, with its own clock.
func (h *house) another(t *testing.T, dsn string, skew time.Duration) *house {
	t.Helper()
	g := *h
	g.clock = &clock{}
	g.clock.at.Store(h.clock.now().Add(skew).UnixMicro())
	var err error
	if g.store, err = sqlstore.Open(t.Context(), sqlstore.Options{DSN: dsn, Now: g.clock.now}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = g.store.Close() }) // the test has ended
	windows, err := local.New(local.Options{Source: g.store, Now: g.clock.now})
	if err != nil {
		t.Fatal(err)
	}
	g.options.Ledger, g.options.Now, g.options.Velocities = g.store, g.clock.now, windows
	g.Service = verify.New(g.options)
	return &g
}

func (h *house) mustSay(t *testing.T, c verify.Caller, id string, state quota.State) {
	t.Helper()
	if got := h.state(t, c, id); got != state {
		t.Fatalf("%s is %s, not %s", id, got, state)
	}
}

// lasting is a card reserved for longer than any clock here is wrong.
func (h *house) lasting(p person) verify.OpeningRequest {
	r := h.fullCard(p)
	r.Lease = 3 * time.Hour
	return r
}

// What has expired stays expired, whoever said so and however the clock is set afterwards; what has not does not.
func TestClockSteps(t *testing.T) {
	told := map[string]func(t *testing.T, h *house, id string){
		"by a read": func(t *testing.T, h *house, id string) { h.mustSay(t, h.carrier, id, quota.Expired) },
		"by a refusal": func(t *testing.T, h *house, id string) {
			_, err := h.Suspend(context.Background(), h.carrier, id)
			wantCode(t, err, "lease_expired")
		},
		"by the sweep": func(t *testing.T, h *house, _ string) {
			if n, err := h.ExpireLeases(context.Background()); n != 1 || err != nil {
				t.Fatal(n, err)
			}
		},
	}
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		for name, tell := range told {
			t.Run(name, func(t *testing.T) {
				dsn := e.DSN(t)
				h := newHouseOn(t, dsn)
				ctx := context.Background()
				p := h.person(true)
				short, long := h.open(t, h.carrier, h.fullCard(p)).Opening, h.open(t, h.carrier, h.lasting(p)).Opening
				h.clock.forward(time.Hour)
				tell(t, h, short.ID)
				h.clock.forward(-time.Hour)
				h.mustSay(t, h.carrier, short.ID, quota.Expired)
				if err := h.store.Close(); err != nil {
					t.Fatal(err)
				}
				again := h.another(t, dsn, 0)
				again.mustSay(t, h.carrier, short.ID, quota.Expired)
				again.mustSay(t, h.carrier, long.ID, quota.Reserved)
				if o, err := again.Confirm(ctx, h.carrier, long.ID, verify.Confirmation{}); err != nil || o.ID != long.ID {
					t.Fatalf("%+v, %v", o, err)
				}
				if _, err := again.Release(ctx, h.carrier, short.ID); err != nil {
					t.Fatal(err)
				}
				again.mustSay(t, h.carrier, short.ID, quota.Expired)
				again.fill(t, h.carrier, p, 1)
				want(t, again.open(t, h.carrier, again.fullCard(p)), compliance.Rejected, "quota_exceeded", "")
			})
		}
	})
}

// Two gateways whose clocks are two hours apart share one ledger: its time is the later one for both, none admits above a
// limit, and none hears of an end that the other does not see.
func TestTwoGatewaysWithSkewedClocks(t *testing.T) {
	dsn := storetest.PostgreSQL(t)
	early := newHouseOn(t, dsn)
	early.clock.forward(-time.Hour)
	ahead := early.another(t, dsn, 2*time.Hour)
	c, ctx := early.carrier, context.Background()
	p := early.person(true)
	short, long := early.open(t, c, early.fullCard(p)).Opening, early.open(t, c, early.lasting(p)).Opening
	early.mustSay(t, c, short.ID, quota.Reserved)
	ahead.mustSay(t, c, short.ID, quota.Expired)
	early.mustSay(t, c, short.ID, quota.Expired)
	for _, g := range []*house{early, ahead} {
		g.mustSay(t, c, long.ID, quota.Reserved)
		_, err := g.Suspend(ctx, c, short.ID)
		wantCode(t, err, "lease_expired")
	}
	begun := early.open(t, c, early.fullCard(p)).Opening // by ledger time, an hour after what its gateway's clock says
	if left := begun.LeaseUntil.Sub(ahead.clock.now()); left != 15*time.Minute {
		t.Errorf("a new lease has %v left", left)
	}
	ahead.mustSay(t, c, begun.ID, quota.Reserved)
	if n, err := ahead.ExpireLeases(ctx); n != 1 || err != nil {
		t.Errorf("%d expired, %v", n, err)
	}
	q := early.person(true)
	var requests []verify.OpeningRequest
	for range 64 {
		requests = append(requests, early.fullCard(q))
	}
	gates := []*house{early, ahead}
	got := stampede(t, 64, func(n int) (bool, error) {
		a, err := gates[n%2].Open(ctx, c, string(rune('a'+n%2))+string(rune('一'+n)), requests[n])
		return a.Opening != nil, err
	})
	if got != 5 {
		t.Errorf("%d of 64 admitted by two gateways, the limit is 5", got)
	}
}
