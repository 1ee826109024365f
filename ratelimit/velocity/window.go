package velocity

import (
	"cmp"
	"hash/maphash"
	"math"
	"slices"
	"time"
)

// Window is the exact list of the events of one key within one length of time: pure arithmetic, for one user at a time.
// Times are microseconds since 1970. An event at t is in the window while t + length > now.
//
// What is younger than its tentative life lies in recent, ordered by when that ends, and can be found by its id; what
// is older lies in settled, ordered by time.
type Window struct {
	length  int64
	now     int64 // never runs backwards
	due     int64 // nothing lapses nor leaves before
	settled []event
	recent  []record
	sums    sums // of recent
	live    int  // of recent, those that count
	foreign int  // of settled, those that the ledger brought
}

// Token stands for a reservation id in the windows of this process: two hashes of it, too much for two ids to meet. So
// windows hold no text.
type Token struct{ a, b uint64 }

// sum is never 0.
func (t Token) sum() uint32 { return max(1, uint32(t.a)) }

var seeds = [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()}

// TokenOf returns the token of a reservation id.
func TokenOf(id string) Token {
	return Token{maphash.String(seeds[0], id), maphash.String(seeds[1], id)}
}

type event struct {
	at      int64
	id      Token
	foreign bool
}

type record struct {
	id    Token
	lapse int64
	life  uint32 // before that: it happened lapse - life
	state state
}

func (r *record) at() int64 { return r.lapse - int64(r.life) }

type state uint8

const (
	tentative state = iota // an opening that lapses
	counted
	givenBack // counts no longer; remembered, so that a late confirm changes nothing
)

// NewWindow makes an empty window of a length.
func NewWindow(length time.Duration) *Window { return &Window{length: length.Microseconds()} }

// Settle moves the window's time to now: what has left the window goes, tentative openings lapse. Whether one that
// lapsed was committed all the same, only the ledger knows: lapsed says that the window should be hydrated.
func (w *Window) Settle(now int64) (lapsed bool) {
	if now > w.now {
		w.now = now
	}
	if w.now < w.due {
		return false
	}
	done := 0
	for ; done < len(w.recent) && w.recent[done].lapse <= w.now; done++ {
		r := &w.recent[done]
		w.sums.remove(r.id.sum())
		if r.state != givenBack {
			w.live--
		}
		lapsed = lapsed || r.state == tentative
		if r.state == counted {
			w.settle(event{at: r.at(), id: r.id})
		}
	}
	if done > 0 {
		w.recent = slices.Delete(w.recent, 0, done)
	}
	gone := 0
	for gone < len(w.settled) && w.settled[gone].at+w.length <= w.now {
		if w.settled[gone].foreign {
			w.foreign--
		}
		gone++
	}
	if gone > 0 {
		w.settled = w.settled[gone:]
	}
	w.schedule()
	return lapsed
}

// schedule says when Settle next has something to do.
func (w *Window) schedule() {
	w.due = math.MaxInt64
	if len(w.recent) > 0 {
		w.due = w.recent[0].lapse
	}
	if len(w.settled) > 0 {
		w.due = min(w.due, w.settled[0].at+w.length)
	}
}

func (w *Window) settle(e event) {
	i := len(w.settled)
	for i > 0 && w.settled[i-1].at > e.at {
		i--
	}
	w.settled = slices.Insert(w.settled, i, e)
}

// Used is how many events count.
func (w *Window) Used() int { return len(w.settled) + w.live }

// Own is how many of the events that count were not brought by Hydrate.
func (w *Window) Own() int { return w.Used() - w.foreign }

// Has reports whether id was held or confirmed within its tentative life and counts.
func (w *Window) Has(id Token) bool {
	i := w.find(id)
	return i >= 0 && w.recent[i].state != givenBack
}

// Take adds a unit: an attempt's counts whatever follows, an opening's lapses after ttl unless confirmed. It does not
// ask whether there is room.
func (w *Window) Take(id Token, ttl time.Duration, counts Counting) {
	if i := w.find(id); i >= 0 {
		w.drop(i)
	}
	s := tentative
	if counts == Attempts {
		s = counted
	}
	w.add(id, ttl, s)
}

// Confirm makes the unit of id count until the window passes, and adds it where it is not known.
func (w *Window) Confirm(id Token) {
	if i := w.find(id); i >= 0 {
		if w.recent[i].state == tentative {
			w.recent[i].state = counted
		}
		return
	}
	if w.findSettled(id) < 0 {
		w.add(id, Linger, counted)
	}
}

// GiveBack takes the unit of an opening away and remembers that for Linger.
func (w *Window) GiveBack(id Token) {
	if i := w.find(id); i >= 0 {
		if w.recent[i].state == givenBack {
			return
		}
		w.drop(i)
	} else if i := w.findSettled(id); i >= 0 {
		if w.settled[i].foreign {
			w.foreign--
		}
		w.settled = slices.Delete(w.settled, i, i+1)
	}
	w.add(id, Linger, givenBack)
}

// Hydrate replaces what is settled by what the ledger knows; what is recent stays, and is not counted twice.
func (w *Window) Hydrate(events []Event) {
	w.settled, w.foreign = w.settled[:0], 0
	seen := make(map[Token]bool, len(events))
	for _, e := range events {
		at, id := e.At.UnixMicro(), TokenOf(e.ID)
		if seen[id] || at+w.length <= w.now {
			continue
		}
		seen[id] = true
		if i := w.find(id); i >= 0 {
			if w.recent[i].state == tentative {
				w.recent[i].state = counted
			}
			continue
		}
		w.settled = append(w.settled, event{at: at, id: id, foreign: true})
	}
	slices.SortFunc(w.settled, func(a, b event) int { return cmp.Compare(a.at, b.at) })
	w.foreign = len(w.settled)
	w.schedule()
}

// FreesAt is when fewer than limit events count if nothing else happens, tentative ones taken as if they stayed; 0 while
// there is room, and where limit is 0.
func (w *Window) FreesAt(limit int) int64 {
	over := w.Used() - limit
	if over < 0 || limit == 0 {
		return 0
	}
	times := make([]int64, 0, over+1+w.live)
	for _, e := range w.settled[:min(over+1, len(w.settled))] {
		times = append(times, e.at)
	}
	for i := range w.recent {
		if r := &w.recent[i]; r.state != givenBack {
			times = append(times, r.at())
		}
	}
	slices.Sort(times)
	return times[over] + w.length
}

// EmptyAt is when the window holds nothing any more if nothing else happens.
func (w *Window) EmptyAt() int64 {
	at := w.now
	if n := len(w.settled); n > 0 {
		at = max(at, w.settled[n-1].at+w.length)
	}
	for i := range w.recent {
		r := &w.recent[i]
		at = max(at, r.at()+w.length, r.lapse)
	}
	return at
}

// add says that something happens now, which stays in recent for so long, or as long as the window.
func (w *Window) add(id Token, stays time.Duration, what state) {
	life := min(stays.Microseconds(), w.length)
	r := record{id: id, lapse: w.now + life, life: uint32(life), state: what}
	if what != givenBack {
		w.live++
	}
	w.sums.add(id.sum())
	w.due = min(w.due, r.lapse)
	i := len(w.recent)
	for i > 0 && w.recent[i-1].lapse > r.lapse {
		i--
	}
	if i == len(w.recent) {
		w.recent = append(w.recent, r)
		return
	}
	w.recent = slices.Insert(w.recent, i, r)
}

func (w *Window) drop(i int) {
	if w.recent[i].state != givenBack {
		w.live--
	}
	w.sums.remove(w.recent[i].id.sum())
	w.recent = slices.Delete(w.recent, i, i+1)
}

// The newest are asked for most.
func (w *Window) find(id Token) int {
	if !w.sums.has(id.sum()) {
		return -1
	}
	for i := len(w.recent) - 1; i >= 0; i-- {
		if w.recent[i].id == id {
			return i
		}
	}
	return -1
}

func (w *Window) findSettled(id Token) int {
	for i := len(w.settled) - 1; i >= 0; i-- {
		if w.settled[i].id == id {
			return i
		}
	}
	return -1
}
