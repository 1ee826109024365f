package sqlstore_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"realname/compliance"
	"realname/internal/sqlstore"
	"realname/internal/sqlstore/storetest"
	"realname/ratelimit/quota"
	"realname/verify"
)

// life is the model of one person's openings: what the ledger must say.
type life struct {
	now  time.Time // ledger time: the latest that the clock ever showed
	ids  []string
	open []modelOpening
}

type modelOpening struct {
	state quota.State
	lease time.Time
}

func (l *life) tick(clock time.Time) {
	if clock.After(l.now) {
		l.now = clock
	}
	for i, o := range l.open {
		if o.state == quota.Reserved && !o.lease.After(l.now) {
			l.open[i].state = quota.Expired
		}
	}
}

func (l *life) counted() (n int) {
	for _, o := range l.open {
		if !o.state.Final() {
			n++
		}
	}
	return n
}

// TestLifeOfOpeningsFollowsTheModel plays random reservations, moves, sweeps
// and clock steps, backwards too, against the model.
func TestLifeOfOpeningsFollowsTheModel(t *testing.T) {
	const limit = 3
	onEach(t, func(t *testing.T, s *sqlstore.Store, clock *storetest.Clock) {
		seen, persons := clock.Now(), 0
		rapid.Check(t, func(r *rapid.T) {
			persons++
			person := storetest.Person(t, s, fmt.Sprint("life ", persons))
			model := &life{now: seen}
			demand := storetest.Demand(person, limit)
			defer func() { seen = model.now }()
			act := func(a quota.Action) func(*rapid.T) {
				return func(r *rapid.T) {
					if len(model.ids) == 0 {
						r.Skip("no opening yet")
					}
					i := rapid.IntRange(0, len(model.ids)-1).Draw(r, "opening")
					model.tick(clock.Now())
					want, wantErr := quota.Next(model.open[i].state, a)
					got, err := move(s, t, model.ids[i], a, "")
					if (err == nil) != (wantErr == nil) || err == nil && got.State != want {
						r.Fatalf("%s: %v, %v; the model says %v, %v", a, got.State, err, want, wantErr)
					}
					model.open[i].state = want
				}
			}
			r.Repeat(map[string]func(*rapid.T){
				"reserve": func(r *rapid.T) {
					lease := time.Duration(rapid.IntRange(1, 90).Draw(r, "minutes")) * time.Minute
					model.tick(clock.Now())
					rows, err := s.Commit(t.Context(), storetest.Reserve(storetest.Draft{Person: person}, "", lease, demand))
					if err != nil || (rows.Opening != nil) != (model.counted() < limit) {
						r.Fatalf("admitted %v with %d counted, %v", rows.Opening != nil, model.counted(), err)
					}
					if rows.Opening != nil {
						model.ids = append(model.ids, rows.Opening.ID)
						model.open = append(model.open, modelOpening{quota.Reserved, model.now.Add(lease)})
					}
				},
				"confirm": act(quota.Confirm), "deliver": act(quota.Deliver), "release": act(quota.Release), "close": act(quota.Close),
				"suspend": act(quota.Suspend), "resume": act(quota.Resume),
				"sweep": func(r *rapid.T) {
					model.tick(clock.Now())
					_, err := s.ExpireLeases(t.Context(), 100, func(at time.Time, o verify.Opening) (compliance.Event, error) {
						return storetest.NewEvent(compliance.EventOpeningExpired, o.TenantID, o.ID, at)
					})
					if err != nil {
						r.Fatal(err)
					}
				},
				"clock": func(r *rapid.T) {
					clock.Move(time.Duration(rapid.IntRange(-60, 60).Draw(r, "minutes")) * time.Minute)
					// Time counts only once a write has seen it.
					if err := s.Append(t.Context(), storetest.Event(t, compliance.EventGatewayStarted, "", "", clock.Now())); err != nil {
						r.Fatal(err)
					}
					model.tick(clock.Now())
				},
				"": func(r *rapid.T) {
					if n := used(t, s, demand); n != model.counted() {
						r.Fatalf("%d counted, the model says %d", n, model.counted())
					}
					for i, id := range model.ids {
						o, err := s.Opening(t.Context(), storetest.Tenant, id)
						if err != nil || o.State != model.open[i].state {
							r.Fatalf("opening %d is %v, %v; the model says %v", i, o.State, err, model.open[i].state)
						}
					}
				},
			})
		})
		if _, err := s.Opening(t.Context(), storetest.Tenant, "opn_unheard_of"); !errors.Is(err, verify.ErrNotFound) {
			t.Error(err)
		}
	})
}
