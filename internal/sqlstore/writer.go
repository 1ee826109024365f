package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// maxBatch bounds how many writes share one COMMIT, and so how long a write
// waits for its neighbours.
const maxBatch = 256

// maxYields bounds how often the writer lets others run before it begins a
// batch: some tens of microseconds, beside the milliseconds of a COMMIT.
const maxYields = 500

// writer owns the one writing connection. It commits writes in groups: each
// write is a savepoint in the batch and is answered after COMMIT. A write that
// fails rolls back only itself; a batch that cannot be committed fails all.
type writer struct {
	session *sqliteSession
	now     func() time.Time
	mark    atomic.Int64 // newest ledger time, microseconds

	gate   sync.RWMutex // held for reading while a write is queued
	closed bool
	queue  chan *pendingWrite
	done   chan struct{}
}

type pendingWrite struct {
	ctx  context.Context
	f    func(*txn) error
	err  error
	done chan struct{}
}

func startWriter(conn *sql.Conn, now func() time.Time) (*writer, error) {
	w := &writer{
		session: &sqliteSession{conn: conn, prepared: map[string]*sql.Stmt{}},
		now:     now,
		queue:   make(chan *pendingWrite, maxBatch),
		done:    make(chan struct{}),
	}
	mark, _, err := w.session.clock()
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	w.mark.Store(mark.UnixMicro())
	go w.loop()
	return w, nil
}

func (w *writer) latest() time.Time { return time.UnixMicro(w.mark.Load()).UTC() }

// write queues f and waits until it is durable or has failed. Once queued it
// waits even when ctx ends, because only the writer knows the outcome; f does
// not run when ctx has ended before its turn.
func (w *writer) write(ctx context.Context, _ []string, f func(*txn) error) error {
	p := &pendingWrite{ctx: ctx, f: f, done: make(chan struct{})}
	if err := w.enqueue(p); err != nil {
		return err
	}
	<-p.done
	return p.err
}

func (w *writer) enqueue(p *pendingWrite) error {
	w.gate.RLock()
	defer w.gate.RUnlock()
	if w.closed {
		return ErrClosed
	}
	select {
	case w.queue <- p:
		return nil
	case <-p.ctx.Done():
		return p.ctx.Err()
	}
}

// stop lets the queued writes finish and closes the writing connection.
func (w *writer) stop() error {
	w.gate.Lock()
	already := w.closed
	w.closed = true
	if !already {
		close(w.queue)
	}
	w.gate.Unlock()
	<-w.done
	if already {
		return nil
	}
	return w.session.conn.Close()
}

func (w *writer) loop() {
	defer close(w.done)
	batch := make([]*pendingWrite, 0, maxBatch)
	callers := 1
	for first := range w.queue {
		batch = w.gather(append(batch[:0], first), callers)
		if err := w.commit(batch); err != nil {
			for _, p := range batch {
				if p.err == nil {
					p.err = err
				}
			}
		}
		callers = len(batch) + len(w.queue)
		for i, p := range batch {
			close(p.done)
			batch[i] = nil
		}
	}
}

// gather adds what is queued to the batch. The callers that were just answered
// get a moment to come back, so that they share one COMMIT with those that
// waited: without it the batches are a third smaller. A lone caller never waits.
func (w *writer) gather(batch []*pendingWrite, callers int) []*pendingWrite {
	for yields := 0; yields < maxYields && len(batch)+len(w.queue) < callers; yields++ {
		runtime.Gosched()
	}
	for len(batch) < maxBatch {
		select {
		case p, open := <-w.queue:
			if !open {
				return batch
			}
			batch = append(batch, p)
		default:
			return batch
		}
	}
	return batch
}

// commit runs the batch in one transaction. Each write keeps its own error; the
// returned error fails all others.
func (w *writer) commit(batch []*pendingWrite) (err error) {
	if _, err := w.session.exec("BEGIN IMMEDIATE"); err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	committed := false
	defer func() {
		if !committed {
			// SQLite may have rolled back by itself (disk full): then this fails, harmlessly.
			_, _ = w.session.exec("ROLLBACK")
		}
	}()
	mark, seq, err := w.session.clock()
	if err != nil {
		return err
	}
	t := &txn{session: w.session, at: later(mark, w.latest()), seq: seq}
	ran := 0
	for _, p := range batch {
		if p.err = p.ctx.Err(); p.err != nil {
			continue
		}
		t.at, t.seq = later(w.now(), t.at), t.seq+1
		ran++
		if err := w.savepoint(p, t); err != nil {
			return err
		}
	}
	w.mark.Store(t.at.UnixMicro())
	if ran == 0 {
		return nil
	}
	// Also where every write failed: a refusal may say that a lease has ended, which must stay true after a restart.
	if _, err := w.session.exec("UPDATE ledger_clock SET mark = $1, seq = $2 WHERE id = 1", t.at.UnixMicro(), t.seq); err != nil {
		return err
	}
	if _, err := w.session.exec("COMMIT"); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	committed = true
	return nil
}

// savepoint runs one write. Its own error goes to the write; the returned
// error means that the transaction is no longer sound.
func (w *writer) savepoint(p *pendingWrite, t *txn) error {
	if _, err := w.session.exec("SAVEPOINT one"); err != nil {
		return fmt.Errorf("savepoint: %w", err)
	}
	p.err = guard(func() error { return p.f(t) })
	if p.err != nil {
		if _, err := w.session.exec("ROLLBACK TO one"); err != nil {
			return fmt.Errorf("rollback to savepoint: %w", errors.Join(err, p.err))
		}
	}
	if _, err := w.session.exec("RELEASE one"); err != nil {
		return fmt.Errorf("release savepoint: %w", err)
	}
	return nil
}
