package imaging

import (
	"context"
	"slices"
	"sync"
)

// worker takes one image at a time: a process of this machine, or a place in the
// pool of another one.
type worker interface {
	// attempt sends one check. An error that is not an *UploadError says that the
	// worker gave no usable answer, and the outcome why.
	attempt(ctx context.Context, header, image []byte) (Report, outcome, error)
}

// seat is where a check and a worker meet, again and again.
type seat struct {
	worker   worker
	at       *station
	lent     chan struct{} // holds one: the desk has given the seat to a check
	returned chan outcome  // the check gives it back; holds one
}

func newSeat(w worker, at *station) *seat {
	return &seat{worker: w, at: at, lent: make(chan struct{}, 1), returned: make(chan outcome, 1)}
}

// station is one machine: what load is balanced over. Guarded by the desk.
type station struct {
	seats int
	busy  int
}

// emptier compares shares, so that a large machine gets more than a small one.
func (s *station) emptier(than *station) bool { return s.busy*than.seats < than.busy*s.seats }

// desk brings checks that wait together with seats that are free. It bounds the wait
// by count and by bytes, whatever machine the seats are on.
type desk struct {
	length int   // checks that may wait
	bytes  int64 // of their images

	mu      sync.Mutex
	free    []*seat // the longest idle first; empty while a check waits
	urgent  []*wait // have lost a worker, and go before the others
	others  []*wait
	waiting int64 // bytes
}

type wait struct {
	got  chan *seat // holds one
	size int64
}

// offer shows a seat until a check takes it; false says that it was withdrawn
// because its worker has gone or the pool closes.
func (d *desk) offer(s *seat, gone, closing <-chan struct{}) bool {
	d.mu.Lock()
	d.enter(s)
	d.mu.Unlock()
	select {
	case <-s.lent:
		return true
	case <-gone:
	case <-closing:
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	at := slices.Index(d.free, s)
	if at < 0 { // taken in this very moment
		<-s.lent
		return true
	}
	d.free = slices.Delete(d.free, at, at+1)
	return false
}

// enter gives a seat to the check that comes first, or keeps it.
func (d *desk) enter(s *seat) {
	queue := &d.urgent
	if len(*queue) == 0 {
		queue = &d.others
	}
	if len(*queue) == 0 {
		d.free = append(d.free, s)
		return
	}
	first := (*queue)[0]
	*queue = slices.Delete(*queue, 0, 1)
	d.waiting -= first.size
	d.lend(s)
	first.got <- s
}

func (d *desk) lend(s *seat) {
	s.at.busy++
	s.lent <- struct{}{}
}

// vacate says that a lent seat's machine is no longer at work for it.
func (d *desk) vacate(s *seat) {
	d.mu.Lock()
	defer d.mu.Unlock()
	s.at.busy--
}

// take gives a free seat of the least busy machine, of another one than avoid where
// there is a choice; else a place in the queue, unless that is full.
func (d *desk) take(urgent bool, size int64, avoid *station) (*seat, *wait) {
	d.mu.Lock()
	defer d.mu.Unlock()
	best := -1
	for i, s := range d.free {
		if best < 0 || d.free[best].at == avoid && s.at != avoid || s.at != avoid && s.at.emptier(d.free[best].at) {
			best = i
		}
	}
	if best >= 0 {
		s := d.free[best]
		d.free = slices.Delete(d.free, best, best+1)
		d.lend(s)
		return s, nil
	}
	if !urgent && (len(d.urgent)+len(d.others) >= d.length || d.waiting+size > d.bytes) {
		return nil, nil
	}
	w := &wait{got: make(chan *seat, 1), size: size}
	if urgent {
		d.urgent = append(d.urgent, w)
	} else {
		d.others = append(d.others, w)
	}
	d.waiting += size
	return nil, w
}

// leave gives up a wait, and the seat that came in this very moment.
func (d *desk) leave(w *wait) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, queue := range []*[]*wait{&d.urgent, &d.others} {
		if at := slices.Index(*queue, w); at >= 0 {
			*queue = slices.Delete(*queue, at, at+1)
			d.waiting -= w.size
			return
		}
	}
	s := <-w.got
	s.returned <- untouched
}

// queue is how many checks wait, and with how many bytes.
func (d *desk) queue() (checks int, bytes int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.urgent) + len(d.others), d.waiting
}

// load is how many of a machine's seats are taken.
func (d *desk) load(s *station) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return s.busy
}
