package velocity

import (
	"cmp"
	"hash/maphash"
	"slices"
	"strings"
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
	settled []event
	recent  []record
	live    int // of recent, those that count
	foreign int // of settled, those that the ledger brought
}

type event struct {
	at      int64
	id      string
	foreign bool
}

type record struct {
	at, lapse int64
	sum       uint64 // of id: most are told apart by it
	id        string
	state     state
}

var seed = maphash.MakeSeed()

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
	for len(w.recent) > 0 && w.recent[0].lapse <= w.now {
		r := w.recent[0]
		w.recent = slices.Delete(w.recent, 0, 1)
		if r.state != givenBack {
			w.live--
		}
		lapsed = lapsed || r.state == tentative
		if r.state == counted {
			w.settle(event{at: r.at, id: r.id})
		}
	}
	gone := 0
	for gone < len(w.settled) && w.settled[gone].at+w.length <= w.now {
		if w.settled[gone].foreign {
			w.foreign--
		}
		gone++
	}
	clear(w.settled[:gone])
	w.settled = w.settled[gone:]
	return lapsed
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
func (w *Window) Has(id string) bool {
	i := w.find(id)
	return i >= 0 && w.recent[i].state != givenBack
}

// Take adds a unit: an attempt's counts whatever follows, an opening's lapses after ttl unless confirmed. It does not
// ask whether there is room.
func (w *Window) Take(id string, ttl time.Duration, counts Counting) {
	if i := w.find(id); i >= 0 {
		w.drop(i)
	}
	s := tentative
	if counts == Attempts {
		s = counted
	}
	w.add(record{at: w.now, lapse: w.now + w.life(ttl), id: id, state: s})
}

// Confirm makes the unit of id count until the window passes, and adds it where it is not known.
func (w *Window) Confirm(id string) {
	if i := w.find(id); i >= 0 {
		if w.recent[i].state == tentative {
			w.recent[i].state = counted
		}
		return
	}
	if w.findSettled(id) < 0 {
		w.add(record{at: w.now, lapse: w.now + w.life(Linger), id: id, state: counted})
	}
}

// GiveBack takes the unit of an opening away and remembers that for Linger.
func (w *Window) GiveBack(id string) {
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
	w.add(record{at: w.now, lapse: w.now + w.life(Linger), id: id, state: givenBack})
}

// Hydrate replaces what is settled by what the ledger knows; what is recent stays, and is not counted twice.
func (w *Window) Hydrate(events []Event) {
	w.settled, w.foreign = w.settled[:0], 0
	seen := make(map[string]bool, len(events))
	for _, e := range events {
		at := e.At.UnixMicro()
		if seen[e.ID] || at+w.length <= w.now {
			continue
		}
		seen[e.ID] = true
		if i := w.find(e.ID); i >= 0 {
			if w.recent[i].state == tentative {
				w.recent[i].state = counted
			}
			continue
		}
		w.settled = append(w.settled, event{at: at, id: e.ID, foreign: true})
	}
	slices.SortFunc(w.settled, func(a, b event) int { return cmp.Or(cmp.Compare(a.at, b.at), strings.Compare(a.id, b.id)) })
	w.foreign = len(w.settled)
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
	for _, r := range w.recent {
		if r.state != givenBack {
			times = append(times, r.at)
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
	for _, r := range w.recent {
		at = max(at, r.at+w.length, r.lapse)
	}
	return at
}

// life is how long what happens now stays in recent.
func (w *Window) life(ttl time.Duration) int64 { return min(ttl.Microseconds(), w.length) }

func (w *Window) add(r record) {
	if r.state != givenBack {
		w.live++
	}
	r.sum = maphash.String(seed, r.id)
	i := len(w.recent)
	for i > 0 && w.recent[i-1].lapse > r.lapse {
		i--
	}
	w.recent = slices.Insert(w.recent, i, r)
}

func (w *Window) drop(i int) {
	if w.recent[i].state != givenBack {
		w.live--
	}
	w.recent = slices.Delete(w.recent, i, i+1)
}

// The newest are asked for most.
func (w *Window) find(id string) int {
	sum := maphash.String(seed, id)
	for i := len(w.recent) - 1; i >= 0; i-- {
		if w.recent[i].sum == sum && w.recent[i].id == id {
			return i
		}
	}
	return -1
}

func (w *Window) findSettled(id string) int {
	for i := len(w.settled) - 1; i >= 0; i-- {
		if w.settled[i].id == id {
			return i
		}
	}
	return -1
}
