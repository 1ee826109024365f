package sqlstore

import (
	"context"
	"database/sql"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

// postgresClock gives every write its ledger time and its place in the order
// of writes. It advances the clock's row in short transactions of its own, one
// for all writes that ask meanwhile, so that the row is never locked while a
// write waits for its disk. They need no flush: the COMMIT of a write flushes
// the tick that the write used, which came before it.
type postgresClock struct {
	db   *sql.DB // one connection
	now  func() time.Time
	mark atomic.Int64 // newest ledger time, microseconds

	mu      sync.Mutex
	asking  []chan<- stamp
	ticking bool
}

type stamp struct {
	at  time.Time
	seq int64
	err error
}

func newPostgresClock(cfg *pgx.ConnConfig, now func() time.Time) *postgresClock {
	own := cfg.Copy()
	own.RuntimeParams["synchronous_commit"] = "off"
	c := &postgresClock{db: stdlib.OpenDB(*own), now: now}
	c.db.SetMaxOpenConns(1)
	return c
}

func (c *postgresClock) latest() time.Time { return time.UnixMicro(c.mark.Load()).UTC() }

// learn remembers a mark that it was told of; an answer that is overtaken by a newer one changes nothing.
func (c *postgresClock) learn(mark int64) {
	for known := c.mark.Load(); mark > known; known = c.mark.Load() {
		if c.mark.CompareAndSwap(known, mark) {
			return
		}
	}
}

// tick returns the time and place of one write, from a tick that began after
// this call: what other writes committed before has an earlier place.
func (c *postgresClock) tick(ctx context.Context) (stamp, error) {
	answer := make(chan stamp, 1)
	c.mu.Lock()
	c.asking = append(c.asking, answer)
	if !c.ticking {
		c.ticking = true
		go c.run()
	}
	c.mu.Unlock()
	select {
	case s := <-answer:
		return s, s.err
	case <-ctx.Done():
		return stamp{}, ctx.Err()
	}
}

// run ticks until nobody asks any more.
func (c *postgresClock) run() {
	for {
		c.mu.Lock()
		asking := c.asking
		c.asking = nil
		c.ticking = len(asking) > 0
		c.mu.Unlock()
		if len(asking) == 0 {
			return
		}
		var mark, seq int64
		err := c.db.QueryRowContext(context.Background(),
			`UPDATE ledger_clock SET mark = GREATEST(mark, $1), seq = seq + $2 WHERE id = 1 RETURNING mark, seq`,
			c.now().UnixMicro(), len(asking)).Scan(&mark, &seq)
		if err == nil {
			c.learn(mark)
		}
		for i, answer := range asking {
			answer <- stamp{at: time.UnixMicro(mark).UTC(), seq: seq - int64(len(asking)-1-i), err: err}
		}
	}
}
