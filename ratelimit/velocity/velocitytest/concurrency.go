package velocitytest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"realname/ratelimit/velocity"
)

// crowds asks with many clients at once over several limits: as many are admitted as the tightest lets, in every run.
func crowds(t *testing.T, s *Subject) {
	runs, sizes := Runs(t, 3)
	for _, clients := range sizes {
		for _, most := range []int{1, 5, 20} {
			for run := range runs {
				// The tightest is the first, the middle or the last one of three.
				limits := []velocity.Limit{Limit("agent", 20), Limit("outlet", 20), Limit("person", 20)}
				limits[run%3].Max = most
				limits[(run+1)%3].Counts = velocity.Attempts
				admitted, failed, err := Crowd(clients, func(int) (bool, error) {
					id, a, err := Held(t.Context(), s.Engine, limits...)
					if err == nil && a.Admitted {
						s.Ledger.Commit(id, s.Now(), limits)
						err = s.Engine.Confirm(t.Context(), id, limits)
					}
					return a.Admitted, err
				})
				if admitted != most || failed != 0 {
					t.Fatalf("run %d: %d of %d clients admitted, %d failed, limit %d: %v", run, admitted, clients, failed, most, err)
				}
				for _, l := range limits {
					s.used(t, most, l)
				}
			}
			Table(t, "%4d clients | limit %2d | %3d runs | admitted = limit in each |", clients, most, runs)
		}
	}
	s.persons(t)
}

// persons lets many persons with one slot each share an agent.
func (s *Subject) persons(t *testing.T) {
	agent := Limit("agent", 20)
	people := make([]velocity.Limit, 32)
	for i := range people {
		people[i] = Limit("person", 1)
	}
	admitted, failed, err := Crowd(128, func(client int) (bool, error) {
		_, a, err := Held(t.Context(), s.Engine, agent, people[client%len(people)])
		return a.Admitted, err
	})
	if failed != 0 || admitted > 20 || admitted < 20 && !s.Loose {
		t.Fatalf("%d admitted, %d failed: %v", admitted, failed, err)
	}
	used := 0
	for _, p := range people {
		uses, err := s.Engine.Uses(t.Context(), []velocity.Limit{p})
		if err != nil {
			t.Fatal(err)
		}
		used += uses[0].Used
	}
	if used != admitted {
		t.Errorf("%d admitted, but the persons' windows hold %d", admitted, used)
	}
	s.used(t, admitted, agent)
}

// call is one operation of a history.
type call struct {
	kind   string // hold, confirm, back, look
	id     string
	limits []velocity.Limit
}

// result is what it returned; unknown where the client gave up.
type result struct {
	unknown  bool
	admitted bool
	used     int
}

// windows is the model: under each key the reservations that count or were given back.
type windows map[string]map[string]bool

func (w windows) used(key string) int {
	n := 0
	for _, counts := range w[key] {
		if counts {
			n++
		}
	}
	return n
}

func (w windows) with(id string, counts, only bool, limits []velocity.Limit) windows {
	out := make(windows, len(w))
	for k, v := range w {
		out[k] = v
	}
	for _, l := range limits {
		was, known := out[l.Key][id]
		if only && known && !was {
			continue
		}
		set := make(map[string]bool, len(out[l.Key])+1)
		for k, v := range out[l.Key] {
			set[k] = v
		}
		set[id] = counts
		out[l.Key] = set
	}
	return out
}

// model is what an engine does to windows that nothing leaves. loose: a refusal may come without a cause that lasts.
func model(loose bool) porcupine.Model {
	return porcupine.Model{
		Init: func() any { return windows{} },
		Step: func(state, input, output any) (bool, any) {
			w, c, r := state.(windows), input.(call), output.(result)
			switch c.kind {
			case "confirm":
				return true, w.with(c.id, true, true, c.limits)
			case "back":
				return true, w.with(c.id, false, false, c.limits)
			case "look":
				return r.unknown || r.used == w.used(c.limits[0].Key), w
			}
			room := !slices.ContainsFunc(c.limits, func(l velocity.Limit) bool { return !w[l.Key][c.id] && w.used(l.Key) >= l.Max })
			switch {
			case room && (r.admitted || r.unknown):
				return true, w.with(c.id, true, false, c.limits)
			case loose && !r.admitted:
				return true, w
			}
			return !room && !r.admitted, w
		},
		Equal: func(a, b any) bool { return fmt.Sprint(a) == fmt.Sprint(b) },
		DescribeOperation: func(input, output any) string {
			c, r := input.(call), output.(result)
			keys := make([]string, len(c.limits))
			for i, l := range c.limits {
				keys[i] = fmt.Sprintf("%s≤%d", l.Key, l.Max)
			}
			return fmt.Sprintf("%s %s %v: %+v", c.kind, c.id, keys, r)
		},
	}
}

// linearizable records histories of clients, some of which give up in mid-call, and has porcupine look for an order.
func linearizable(t *testing.T, s *Subject) {
	runs, _ := Runs(t, 4)
	const clients, steps = 6, 8
	for run := range runs {
		// Single limits are exact on every engine; holds on several are where an engine can be loose.
		several := run%2 == 0
		loose := several && s.Loose
		history := s.record(t, uint64(run), clients, steps, several, loose)
		verdict, info := porcupine.CheckOperationsVerbose(model(loose), history, time.Minute)
		if verdict == porcupine.Ok {
			continue
		}
		for _, op := range history {
			t.Logf("client %d [%d, %d] %s", op.ClientId, op.Call, op.Return, model(loose).DescribeOperation(op.Input, op.Output))
		}
		t.Fatalf("run %d is %v; the longest orders found: %v", run, verdict, info.PartialLinearizations())
	}
	Table(t, "%d histories of %d clients, %d calls each, some given up | linearizable |", runs, clients, steps)
}

func (s *Subject) record(t *testing.T, seed uint64, clients, steps int, several, loose bool) []porcupine.Operation {
	shared := []velocity.Limit{Limit("agent", 3), Limit("outlet", 2), Limit("person", 1)}
	for _, l := range shared {
		s.used(t, 0, l) // warm, so that giving up meets the engine and not only the ledger
	}
	var (
		mu      sync.Mutex
		history []porcupine.Operation
		clock   atomic.Int64
		wg      sync.WaitGroup
	)
	for client := range clients {
		random := rand.New(rand.NewPCG(seed, uint64(client))) //nolint:gosec // seeded, so that a run can be had again
		wg.Go(func() {
			var mine []call
			for range steps {
				c := s.choose(random, shared, mine, several, loose)
				ctx, cancel := context.WithCancel(t.Context())
				if random.IntN(4) == 0 {
					stop := time.AfterFunc(time.Duration(random.IntN(300))*time.Microsecond, cancel)
					defer stop.Stop()
				}
				began := clock.Add(1)
				r, err := s.do(ctx, c)
				ended := clock.Add(1)
				cancel()
				if err != nil && !errors.Is(err, context.Canceled) {
					t.Errorf("%s: %v", c.kind, err)
				}
				if r.unknown = err != nil; r.unknown {
					ended = 1 << 60 // it may happen at any time, or never
				}
				if c.kind == "hold" && r.admitted && err == nil {
					mine = append(mine, c)
				}
				mu.Lock()
				history = append(history, porcupine.Operation{ClientId: client, Input: c, Call: began, Output: r, Return: ended})
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	// Clients that give up go on as somebody else: one client's calls must not overlap.
	for i := range history {
		history[i].ClientId = i
	}
	return history
}

func (s *Subject) choose(random *rand.Rand, shared []velocity.Limit, mine []call, several, loose bool) call {
	if len(mine) > 0 {
		c := mine[random.IntN(len(mine))]
		switch random.IntN(6) {
		case 0:
			return call{"confirm", c.id, c.limits}
		case 1, 2:
			return call{"back", c.id, c.limits}
		case 3:
			return c // the same hold again
		}
	}
	if random.IntN(5) == 0 && !loose {
		return call{"look", "", shared[random.IntN(len(shared)):][:1]}
	}
	if several {
		from := random.IntN(2)
		return call{"hold", ID(), shared[from : from+1+random.IntN(len(shared)-from)]}
	}
	return call{"hold", ID(), shared[random.IntN(len(shared)):][:1]}
}

func (s *Subject) do(ctx context.Context, c call) (r result, err error) {
	switch c.kind {
	case "hold":
		var a velocity.Answer
		a, err = s.Engine.Hold(ctx, velocity.Hold{ID: c.id, Limits: c.limits, TTL: TTL})
		r.admitted = a.Admitted
	case "confirm":
		err = s.Engine.Confirm(ctx, c.id, c.limits)
	case "back":
		err = s.Engine.GiveBack(ctx, c.id, c.limits)
	default:
		var uses []velocity.Use
		if uses, err = s.Engine.Uses(ctx, c.limits); err == nil {
			r.used = uses[0].Used
		}
	}
	return r, err
}
