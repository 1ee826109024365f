package velocity

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// entry is one reservation of the model: a list that is looked through from the start at every question.
type entry struct {
	id          string
	at, lapse   int64
	lapses      bool
	back, known bool // given back; known to the ledger only
}

type plain struct {
	length, now int64
	all         []entry
}

func (p *plain) live() (times []int64) {
	for _, e := range p.all {
		if !e.back && e.at+p.length > p.now && (!e.lapses || e.lapse > p.now) {
			times = append(times, e.at)
		}
	}
	slices.Sort(times)
	return times
}

func (p *plain) remembered(id string) int {
	return slices.IndexFunc(p.all, func(e entry) bool { return e.id == id && !e.known && e.lapse > p.now })
}

func (p *plain) counts(id string) int {
	return slices.IndexFunc(p.all, func(e entry) bool {
		return e.id == id && !e.back && e.at+p.length > p.now && (!e.lapses || e.lapse > p.now)
	})
}

func (p *plain) life(d int64) int64 { return p.now + min(d, p.length) }

// A window says of every history of calls what a plain list says.
func TestWindowIsAnExactList(t *testing.T) {
	const second = int64(time.Second / time.Microsecond)
	rapid.Check(t, func(t *rapid.T) {
		p := &plain{length: rapid.SampledFrom([]int64{5, 60, 600}).Draw(t, "length") * second}
		w := NewWindow(time.Duration(p.length) * time.Microsecond)
		linger := Linger.Microseconds()
		for step := range rapid.IntRange(1, 60).Draw(t, "steps") {
			p.now += rapid.SampledFrom([]int64{0, 1, second, 7 * second, 100 * second}).Draw(t, "later")
			w.Settle(p.now)
			id := fmt.Sprint(rapid.IntRange(0, 9).Draw(t, "id"))
			switch rapid.SampledFrom([]string{"take", "attempt", "confirm", "back"}).Draw(t, "call") {
			case "take", "attempt":
				// A reservation is not held anew while an older unit of it counts: callers ask Has, or made a new id.
				if p.counts(id) >= 0 {
					break
				}
				ttl := rapid.SampledFrom([]int64{1, 10, 300}).Draw(t, "ttl") * second
				attempt := rapid.Bool().Draw(t, "an attempt")
				p.all = slices.DeleteFunc(p.all, func(e entry) bool { return e.id == id })
				p.all = append(p.all, entry{id: id, at: p.now, lapse: p.life(ttl), lapses: !attempt})
				w.Take(TokenOf(id), time.Duration(ttl)*time.Microsecond, map[bool]Counting{true: Attempts, false: Openings}[attempt])
			case "confirm":
				if i := p.remembered(id); i >= 0 {
					p.all[i].lapses = false
				} else if p.counts(id) < 0 {
					p.all = slices.DeleteFunc(p.all, func(e entry) bool { return e.id == id })
					p.all = append(p.all, entry{id: id, at: p.now, lapse: p.life(linger)})
				}
				w.Confirm(TokenOf(id))
			case "back":
				if i := p.remembered(id); i < 0 || !p.all[i].back {
					p.all = slices.DeleteFunc(p.all, func(e entry) bool { return e.id == id })
					p.all = append(p.all, entry{id: id, at: p.now, lapse: p.life(linger), back: true})
				}
				w.GiveBack(TokenOf(id))
			}
			times := p.live()
			if w.Used() != len(times) {
				t.Fatalf("step %d: %d used, the list has %d", step, w.Used(), len(times))
			}
			for most := range 4 {
				var want int64
				if over := len(times) - most; over >= 0 && most > 0 {
					want = times[over] + p.length
				}
				if got := w.FreesAt(most); got != want {
					t.Fatalf("step %d: %d of %d frees at %d, want %d", step, len(times), most, got, want)
				}
			}
			if w.EmptyAt() < w.now || len(times) > 0 && w.EmptyAt() < times[len(times)-1] {
				t.Fatalf("step %d: empty at %d", step, w.EmptyAt())
			}
		}
		w.Settle(w.EmptyAt())
		if len(w.recent)+len(w.settled)+w.live+w.Used() != 0 {
			t.Fatalf("not empty when it said: %+v", w)
		}
	})
}

func TestHydrationCountsNothingTwice(t *testing.T) {
	w := NewWindow(time.Hour)
	now := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	w.Settle(now.UnixMicro())
	w.Take(TokenOf("held"), time.Minute, Openings)
	w.Take(TokenOf("back"), time.Minute, Openings)
	w.GiveBack(TokenOf("back"))
	events := []Event{
		{"old", now.Add(-time.Hour)}, {"b", now.Add(-time.Minute)}, {"a", now.Add(-2 * time.Minute)},
		{"a", now.Add(-2 * time.Minute)}, {"held", now}, {"back", now},
	}
	for range 2 {
		w.Hydrate(events)
		if w.Used() != 3 || w.Own() != 1 {
			t.Fatalf("%d used, %d own, want 3 and 1", w.Used(), w.Own())
		}
	}
	w.Settle(now.Add(2 * time.Minute).UnixMicro())
	if w.Used() != 3 {
		t.Errorf("%d used: the ledger had confirmed what was held", w.Used())
	}
	w.GiveBack(TokenOf("a"))
	if w.Used() != 2 || w.Own() != 1 {
		t.Errorf("%d used, %d own, want 2 and 1", w.Used(), w.Own())
	}
	w.Settle(now.Add(59 * time.Minute).UnixMicro())
	if w.Used() != 1 || w.Own() != 1 {
		t.Errorf("%d used, %d own, want the held one", w.Used(), w.Own())
	}
}

func TestSharesAddUpToTheRoom(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		room := rapid.IntRange(-3, 100).Draw(t, "room")
		nodes := rapid.IntRange(1, 40).Draw(t, "nodes")
		turn := rapid.Uint64().Draw(t, "turn")
		sum := 0
		for node := range nodes {
			s := Share(room, nodes, node, turn)
			if s < max(room, 0)/nodes {
				t.Fatalf("node %d of %d gets %d of %d", node, nodes, s, room)
			}
			sum += s
		}
		if sum != max(room, 0) {
			t.Fatalf("shares of %d nodes add up to %d, not %d", nodes, sum, room)
		}
	})
}
