// Package velocitytest is the one suite that every engine of velocities must pass, with what it needs: a ledger in
// memory, crowds of clients at once, and histories that are checked for linearizability.
package velocitytest

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"realname/ratelimit/velocity"
)

// Ledger is a velocity.Source in memory.
type Ledger struct {
	mu     sync.Mutex
	events map[account][]velocity.Event
	failed error
	reads  atomic.Int64

	// Reading, where set, is called within each read, after the events were taken: what is committed in it is missed.
	Reading func(key string)
}

type account struct {
	key    string
	counts velocity.Counting
}

// NewLedger makes an empty one.
func NewLedger() *Ledger { return &Ledger{events: map[account][]velocity.Event{}} }

// Commit writes a decision that counts under limits.
func (l *Ledger) Commit(id string, at time.Time, limits []velocity.Limit) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, m := range limits {
		a := account{m.Key, m.Counts}
		if !slices.ContainsFunc(l.events[a], func(e velocity.Event) bool { return e.ID == id }) {
			l.events[a] = append(l.events[a], velocity.Event{ID: id, At: at})
		}
	}
}

// Release ends the opening of id.
func (l *Ledger) Release(id string, limits []velocity.Limit) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, m := range limits {
		if m.Counts == velocity.Openings {
			a := account{m.Key, m.Counts}
			l.events[a] = slices.DeleteFunc(l.events[a], func(e velocity.Event) bool { return e.ID == id })
		}
	}
}

// Fail makes every read fail with err; nil ends that.
func (l *Ledger) Fail(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.failed = err
}

// Reads is how many reads there were.
func (l *Ledger) Reads() int { return int(l.reads.Load()) }

// Count is how many events of a limit lie in its window at now.
func (l *Ledger) Count(m velocity.Limit, now time.Time) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := 0
	for _, e := range l.events[account{m.Key, m.Counts}] {
		if e.At.Add(m.Window).After(now) {
			n++
		}
	}
	return n
}

// Events is velocity.Source's.
func (l *Ledger) Events(ctx context.Context, key string, counts velocity.Counting, since time.Time, limit int) ([]velocity.Event, error) {
	l.reads.Add(1)
	out, err := l.take(account{key, counts}, since, limit)
	if l.Reading != nil {
		l.Reading(key)
	}
	if err == nil {
		err = ctx.Err()
	}
	return out, err
}

func (l *Ledger) take(a account, since time.Time, limit int) ([]velocity.Event, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.failed != nil {
		return nil, l.failed
	}
	var out []velocity.Event
	for _, e := range l.events[a] {
		if e.At.After(since) {
			out = append(out, e)
		}
	}
	slices.SortFunc(out, func(a, b velocity.Event) int { return b.At.Compare(a.At) })
	return out[:min(limit, len(out))], nil
}
