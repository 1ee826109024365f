// Package local is the engine of velocities in this process. A window that holds nothing costs nothing: it goes from
// memory, and is filled from the ledger when its key is next asked about.
//
// With more than one node it is the stand-in for a lost store: what the ledger knew when a window was filled belongs to
// all nodes, and of the room that it left each node admits its Share. Over all nodes a limit then holds exactly, as long
// as the nodes see the same ledger and none of them is still served by the store.
package local

import (
	"container/heap"
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"hash/maphash"
	"math/bits"
	"sync"
	"time"

	"realname/ratelimit/velocity"
)

// Options are what the engine needs.
type Options struct {
	Source     velocity.Source
	Now        func() time.Time
	Nodes      int           // nodes that share each limit; below 2: this one has it alone
	Node       int           // which of them this is, from 0
	Hydrations int           // windows that are filled at once; default 8
	Timeout    time.Duration // longest fill; default 5 s
}

const (
	shards = 64 // as many as locked has bits
	// A window that was just filled stays a moment though it is empty, for whoever waited for it.
	grace = int64(time.Second / time.Microsecond)
	// How many due windows one hold puts away in each shard it has locked anyway.
	tidied = 4
)

// Engine is a velocity.Engine. The zero value is not ready: use New.
type Engine struct {
	o       Options
	seed    maphash.Seed
	filling chan struct{} // one element for each read of the ledger
	shards  [shards]shard
}

type shard struct {
	mu      sync.Mutex
	windows map[key]*window
	due     queue
	_       [64]byte // locks of neighbours do not share a cache line
}

type key struct {
	key    string
	counts velocity.Counting
	length time.Duration
}

type window struct {
	velocity.Window
	key    key
	due    int64 // when to look whether it is empty; 0: it is not in the queue
	stale  bool  // to be filled, again or for the first time
	filler *filler
}

// filler is one fill of a window.
type filler struct {
	done chan struct{} // closed when it has ended
	err  error         // to be read after that
}

// New makes an engine without windows.
func New(o Options) (*Engine, error) {
	if o.Source == nil || o.Now == nil {
		return nil, errors.New("velocity/local: a source and a clock are needed")
	}
	if o.Node < 0 || o.Node >= max(o.Nodes, 1) {
		return nil, fmt.Errorf("velocity/local: node %d of %d", o.Node, o.Nodes)
	}
	if o.Hydrations <= 0 {
		o.Hydrations = 8
	}
	if o.Timeout <= 0 {
		o.Timeout = 5 * time.Second
	}
	e := &Engine{o: o, seed: maphash.MakeSeed(), filling: make(chan struct{}, o.Hydrations)}
	for i := range e.shards {
		e.shards[i].windows = map[key]*window{}
	}
	return e, nil
}

// Hold takes one unit of each limit, all or none.
func (e *Engine) Hold(ctx context.Context, h velocity.Hold) (velocity.Answer, error) {
	if err := h.Check(); err != nil {
		return velocity.Answer{}, err
	}
	var (
		buf [velocity.MaxLimits]*window
		ws  = buf[:len(h.Limits)]
	)
	locked, err := e.lock(ctx, h.Limits, ws)
	if err != nil {
		return velocity.Answer{}, err
	}
	defer e.unlock(locked)
	id := velocity.TokenOf(h.ID)
	var held [velocity.MaxLimits]bool
	a := velocity.Answer{Admitted: true, Bounded: e.o.Nodes > 1, Uses: make([]velocity.Use, len(ws))}
	for i, w := range ws {
		l := &h.Limits[i]
		held[i] = w.Has(id)
		use(w, l, &a.Uses[i])
		if held[i] {
			a.Uses[i].Used--
		} else if !e.room(w, l) {
			a.Admitted = false
		}
	}
	if !a.Admitted {
		return a, nil
	}
	for i, w := range ws {
		if !held[i] {
			w.Take(id, h.TTL, h.Limits[i].Counts)
		}
	}
	return a, nil
}

func (e *Engine) room(w *window, l *velocity.Limit) bool {
	if e.o.Nodes < 2 {
		return w.Used() < l.Max
	}
	foreign := w.Used() - w.Own()
	return w.Own() < velocity.Share(l.Max-foreign, e.o.Nodes, e.o.Node, turn(w.key.key))
}

func use(w *window, l *velocity.Limit, u *velocity.Use) {
	u.Limit, u.Used = *l, w.Used()
	if at := w.FreesAt(l.Max); at != 0 {
		u.FreesAt = time.UnixMicro(at).UTC()
	}
}

// Confirm counts the units of id until their windows pass.
func (e *Engine) Confirm(ctx context.Context, id string, limits []velocity.Limit) error {
	token := velocity.TokenOf(id)
	return e.each(ctx, id, limits, func(w *window, _ velocity.Limit) { w.Confirm(token) })
}

// GiveBack takes the units of openings away.
func (e *Engine) GiveBack(ctx context.Context, id string, limits []velocity.Limit) error {
	token := velocity.TokenOf(id)
	return e.each(ctx, id, limits, func(w *window, l velocity.Limit) {
		if l.Counts == velocity.Openings {
			w.GiveBack(token)
		}
	})
}

// each does what the ledger has already seen to the windows that are in memory. Those that are not will read it there.
func (e *Engine) each(ctx context.Context, id string, limits []velocity.Limit, do func(*window, velocity.Limit)) error {
	if err := velocity.Check(id, limits); err != nil {
		return err
	}
	for _, l := range limits {
		k := keyOf(&l)
		s := e.shard(k)
		for {
			s.mu.Lock()
			w := s.windows[k]
			var f *filler
			if w != nil {
				if f = w.filler; f == nil {
					w.settle(e.now())
					do(w, l)
				}
			}
			s.mu.Unlock()
			if f == nil {
				break
			}
			// It may have been read before the commit, so it is told after it is filled.
			if err := f.wait(ctx); err != nil {
				return err
			}
		}
	}
	return nil
}

// Uses looks without taking anything.
func (e *Engine) Uses(ctx context.Context, limits []velocity.Limit) ([]velocity.Use, error) {
	if err := velocity.CheckLimits(limits); err != nil {
		return nil, err
	}
	ws := make([]*window, len(limits))
	locked, err := e.lock(ctx, limits, ws)
	if err != nil {
		return nil, err
	}
	defer e.unlock(locked)
	uses := make([]velocity.Use, len(limits))
	for i, w := range ws {
		use(w, &limits[i], &uses[i])
	}
	return uses, nil
}

// Windows is how many windows are in memory.
func (e *Engine) Windows() int {
	n := 0
	for i := range e.shards {
		e.shards[i].mu.Lock()
		n += len(e.shards[i].windows)
		e.shards[i].mu.Unlock()
	}
	return n
}

// Sweep puts all empty windows away. Holds do so on the way; a process without any has to call it now and then.
func (e *Engine) Sweep() {
	for i := range e.shards {
		s := &e.shards[i]
		s.mu.Lock()
		s.tidy(e.now(), len(s.due))
		s.mu.Unlock()
	}
}

// Forget drops all windows, so that each is filled from the ledger again. What was held and not yet committed is
// forgotten with them.
func (e *Engine) Forget() {
	for i := range e.shards {
		s := &e.shards[i]
		s.mu.Lock()
		clear(s.windows)
		s.due = nil
		s.mu.Unlock()
	}
}

// locked are shards by number, each once, in rising order.
type locked uint64

func (e *Engine) unlock(set locked) {
	for ; set != 0; set &= set - 1 {
		e.shards[bits.TrailingZeros64(uint64(set))].mu.Unlock()
	}
}

// lock fills ws with the settled windows of limits and locks their shards, which the caller unlocks.
func (e *Engine) lock(ctx context.Context, limits []velocity.Limit, ws []*window) (locked, error) {
	var (
		buf [velocity.MaxLimits]uint8
		set locked
	)
	places := buf[:len(limits)]
	for i := range limits {
		places[i] = uint8(e.index(limits[i].Key))
		set |= 1 << places[i]
	}
	for {
		now := e.now()
		for rest := set; rest != 0; rest &= rest - 1 {
			s := &e.shards[bits.TrailingZeros64(uint64(rest))]
			s.mu.Lock()
			s.tidy(now, tidied)
		}
		var cold *filler
		for i := range limits {
			if f := e.meet(ctx, &e.shards[places[i]], keyOf(&limits[i]), now, &ws[i]); f != nil {
				cold = f
			}
		}
		if cold == nil {
			return set, nil
		}
		e.unlock(set)
		if err := cold.wait(ctx); err != nil {
			return 0, err
		}
	}
}

// meet finds or makes the window of k in its locked shard, and returns what fills it where it is cold.
func (e *Engine) meet(ctx context.Context, s *shard, k key, now int64, to **window) *filler {
	w := s.windows[k]
	if w == nil {
		w = &window{Window: *velocity.NewWindow(k.length), key: k, stale: true}
		s.windows[k] = w
	}
	w.settle(now)
	if w.stale && w.filler == nil {
		e.fill(ctx, s, w)
	}
	*to = w
	return w.filler
}

// fill begins to read w, whose shard is locked, from the ledger. All who want it wait for the one reader, who goes on
// though the one that began gives up.
func (e *Engine) fill(ctx context.Context, s *shard, w *window) {
	f := &filler{done: make(chan struct{})}
	w.filler, w.stale = f, false
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), e.o.Timeout)
	go func() {
		defer cancel()
		events, err := e.read(ctx, w.key)
		s.mu.Lock()
		defer s.mu.Unlock()
		defer close(f.done)
		w.filler = nil
		mine := s.windows[w.key] == w // else it was forgotten meanwhile
		now := e.now()
		if err != nil {
			f.err = fmt.Errorf("%w: the ledger: %w", velocity.ErrUnavailable, err)
			w.stale = true
			if mine && w.due == 0 {
				delete(s.windows, w.key)
			}
			return
		}
		w.settle(now)
		w.Hydrate(events)
		if mine && w.due == 0 {
			w.due = max(w.EmptyAt(), now+grace)
			heap.Push(&s.due, w)
		}
	}()
}

func (e *Engine) read(ctx context.Context, k key) ([]velocity.Event, error) {
	select {
	case e.filling <- struct{}{}:
		defer func() { <-e.filling }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	return e.o.Source.Events(ctx, k.key, k.counts, e.o.Now().Add(-k.length), velocity.MaxMax)
}

// settle moves the window's time. What lapsed may be in the ledger.
func (w *window) settle(now int64) {
	if w.Settle(now) {
		w.stale = true
	}
}

func (f *filler) wait(ctx context.Context) error {
	select {
	case <-f.done:
		return f.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (e *Engine) now() int64 { return e.o.Now().UnixMicro() }

func keyOf(l *velocity.Limit) key { return key{key: l.Key, counts: l.Counts, length: l.Window} }

func (e *Engine) index(key string) int { return int(maphash.String(e.seed, key) % shards) }

func (e *Engine) shard(k key) *shard { return &e.shards[e.index(k.key)] }

// turn is the same on all nodes.
func turn(key string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(key)) // a hash takes everything
	return h.Sum64()
}

// tidy puts up to most windows away that are due and hold nothing.
func (s *shard) tidy(now int64, most int) {
	for ; most > 0 && len(s.due) > 0 && s.due[0].due <= now; most-- {
		w := s.due[0]
		w.settle(now)
		if w.due = w.EmptyAt(); w.due > now || w.filler != nil {
			w.due = max(w.due, now+grace)
			heap.Fix(&s.due, 0)
			continue
		}
		heap.Pop(&s.due)
		delete(s.windows, w.key)
	}
}

// queue is a heap of windows, the next due first.
type queue []*window

func (q queue) Len() int           { return len(q) }
func (q queue) Less(i, j int) bool { return q[i].due < q[j].due }
func (q queue) Swap(i, j int)      { q[i], q[j] = q[j], q[i] }

// Push is heap.Interface's.
func (q *queue) Push(w any) { *q = append(*q, w.(*window)) }

// Pop is heap.Interface's.
func (q *queue) Pop() any {
	last := len(*q) - 1
	w := (*q)[last]
	(*q)[last] = nil
	*q = (*q)[:last]
	return w
}
