package sqlstore

import (
	"context"
	"errors"
	"path/filepath"
	"runtime"
	"testing"
)

// stalled opens a SQLite ledger whose writer is busy until release is called,
// so that what is queued meanwhile is committed as one batch.
func stalled(t *testing.T) (s *Store, w *writer, release func()) {
	t.Helper()
	s, err := Open(t.Context(), Options{DSN: "file:" + filepath.Join(t.TempDir(), "ledger.db")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	busy, goOn := make(chan struct{}), make(chan struct{})
	done := make(chan error, 1)
	go func() {
		done <- s.engine.write(context.Background(), nil, func(*txn) error {
			close(busy)
			<-goOn
			return nil
		})
	}()
	<-busy
	return s, s.engine.(*sqliteEngine).writer, func() {
		close(goOn)
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

// queue queues writes in order and returns where their errors will arrive.
func queue(ctx context.Context, w *writer, writes ...func(*txn) error) []chan error {
	out := make([]chan error, len(writes))
	for i, f := range writes {
		out[i] = make(chan error, 1)
		before := len(w.queue)
		go func() { out[i] <- w.write(ctx, nil, f) }()
		for len(w.queue) == before {
			runtime.Gosched() // polls the queue: the order of arrival is the order of the batch
		}
	}
	return out
}

func putAttempt(id string) func(*txn) error {
	return func(t *txn) error {
		_, err := t.exec(`INSERT INTO attempts (id, tenant_id, code, endpoint, at, recorded_at) VALUES ($1, 't', 'c', 'e', 0, 0)`, id)
		return err
	}
}

func attempts(t *testing.T, s *Store) (n int) {
	t.Helper()
	if err := s.find(t.Context(), `SELECT COUNT(*) FROM attempts`, nil, &n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestBatchKeepsWhatSucceeds(t *testing.T) {
	s, w, release := stalled(t)
	mine := errors.New("mine")
	ctx, cancel := context.WithCancel(t.Context())
	seen := -1
	errs := queue(t.Context(), w,
		putAttempt("a"),
		func(tx *txn) error { return errors.Join(putAttempt("b")(tx), mine) },
		func(tx *txn) error {
			if err := putAttempt("c")(tx); err != nil {
				return err
			}
			panic("a value that must not be quoted")
		},
		putAttempt("a"), // a row that is there already
		putAttempt("d"),
	)
	errs = append(errs, queue(ctx, w, putAttempt("e"))...)
	errs = append(errs, queue(t.Context(), w, func(*txn) error {
		seen = attempts(t, s) // by a reader: the batch is not committed yet
		return nil
	})...)
	cancel()
	release()
	want := []func(error) bool{
		func(err error) bool { return err == nil },
		func(err error) bool { return errors.Is(err, mine) },
		func(err error) bool { return err != nil && err.Error() == "panic: a value of type string" },
		func(err error) bool { return err != nil },
		func(err error) bool { return err == nil },
		func(err error) bool { return errors.Is(err, context.Canceled) },
		func(err error) bool { return err == nil },
	}
	for i, ok := range want {
		if err := <-errs[i]; !ok(err) {
			t.Errorf("write %d: %v", i, err)
		}
	}
	if seen != 0 {
		t.Errorf("a reader saw %d rows of a batch that was not committed", seen)
	}
	if n := attempts(t, s); n != 2 {
		t.Errorf("%d rows, want a and d", n)
	}
}

func TestBatchThatCannotBeCommittedFailsAll(t *testing.T) {
	s, w, release := stalled(t)
	errs := queue(t.Context(), w,
		putAttempt("a"),
		func(tx *txn) error { // a foreign key that is broken until COMMIT
			if _, err := tx.exec(`PRAGMA defer_foreign_keys = ON`); err != nil {
				return err
			}
			_, err := tx.exec(`INSERT INTO tenants (id, name, sector, region, legal_entity_id, created_at) VALUES ('t', 'n', 's', 'r', 'nobody', 0)`)
			return err
		},
		putAttempt("b"),
	)
	release()
	for i, e := range errs {
		if err := <-e; err == nil {
			t.Errorf("write %d was acknowledged", i)
		}
	}
	if n := attempts(t, s); n != 0 {
		t.Errorf("%d rows of a failed batch", n)
	}
	if err := s.engine.write(t.Context(), nil, putAttempt("c")); err != nil {
		t.Errorf("the next batch: %v", err)
	}
}

func TestClosedStoreRefusesWrites(t *testing.T) {
	s, w, release := stalled(t)
	errs := queue(t.Context(), w, putAttempt("a"))
	release()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-errs[0]; err != nil {
		t.Errorf("a write that was queued before: %v", err)
	}
	if err := s.write(t.Context(), "test", nil, putAttempt("b")); !errors.Is(err, ErrClosed) {
		t.Errorf("a write after Close: %v", err)
	}
}
