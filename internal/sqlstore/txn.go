package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"realname/verify"
)

// engine is what differs between SQLite and PostgreSQL.
type engine interface {
	// write runs f in one transaction that holds the locks of keys, and
	// returns nil only when it is durable. f may run again after a retry.
	write(ctx context.Context, keys []string, f func(*txn) error) error
	// reader is the pool for statements that change nothing.
	reader() *sql.DB
	// latest is the newest ledger time that this process has seen.
	latest() time.Time
	// refresh is the newest ledger time that any process has made durable.
	refresh(ctx context.Context) (time.Time, error)
	// scrub takes what was overwritten or deleted off the disk, as far as the engine can.
	scrub(ctx context.Context) error
	close() error
}

// session runs statements of one transaction.
type session interface {
	exec(query string, args ...any) (affected int64, err error)
	query(query string, args ...any) (*sql.Rows, error)
}

// txn is one write transaction after its locks are held: its statements, its
// ledger time and its place in the order of writes.
type txn struct {
	session
	at  time.Time // UTC, microseconds
	seq int64
}

// one runs a statement that must change exactly one row, else it returns none.
func (t *txn) one(none error, query string, args ...any) error {
	n, err := t.exec(query, args...)
	if err != nil {
		return err
	}
	if n != 1 {
		return none
	}
	return nil
}

// row reads the single row of a query; found is false when there is none.
func (t *txn) row(query string, args []any, dest ...any) (found bool, err error) {
	rows, err := t.query(query, args...)
	if err != nil {
		return false, err
	}
	return scanOne(rows, dest...)
}

func scanOne(rows *sql.Rows, dest ...any) (found bool, err error) {
	defer func() { err = errors.Join(err, rows.Close()) }()
	if !rows.Next() {
		return false, rows.Err()
	}
	return true, rows.Scan(dest...)
}

// each scans every row of a result with f and closes it.
func each(rows *sql.Rows, err error, f func(scan func(dest ...any) error) error) error {
	if err != nil {
		return err
	}
	for rows.Next() {
		if err := f(rows.Scan); err != nil {
			return errors.Join(err, rows.Close())
		}
	}
	return errors.Join(rows.Err(), rows.Close())
}

// find reads the single row of a query outside any transaction; verify.ErrNotFound when there is none.
func (s *Store) find(ctx context.Context, query string, args []any, dest ...any) error {
	err := s.engine.reader().QueryRowContext(ctx, query, args...).Scan(dest...)
	if errors.Is(err, sql.ErrNoRows) {
		return verify.ErrNotFound
	}
	return err
}

// list reads every row of a query outside any transaction.
func (s *Store) list(ctx context.Context, query string, args []any, f func(scan func(dest ...any) error) error) error {
	rows, err := s.engine.reader().QueryContext(ctx, query, args...)
	return each(rows, err, f)
}

// write runs f in one durable transaction under the locks of keys.
func (s *Store) write(ctx context.Context, op string, keys []string, f func(*txn) error) error {
	return wrap(op, s.engine.write(ctx, keys, f))
}

// micros is a time as the ledger keeps it: microseconds, NULL for the zero time.
func micros(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UnixMicro()
}

// text is a string as the ledger keeps it: NULL for the empty one.
func text(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// count is a number as the ledger keeps it: NULL for none.
func count(n int) any {
	if n == 0 {
		return nil
	}
	return n
}

// momentOf scans microseconds or NULL into a time.
type momentOf struct{ t *time.Time }

func (m momentOf) Scan(src any) error {
	switch v := src.(type) {
	case nil:
		*m.t = time.Time{}
	case int64:
		*m.t = time.UnixMicro(v).UTC()
	default:
		return fmt.Errorf("a time of type %T", src)
	}
	return nil
}

// textOf scans text or NULL into a string type.
type textOf[T ~string] struct{ s *T }

func (o textOf[T]) Scan(src any) error {
	switch v := src.(type) {
	case nil:
		*o.s = ""
	case string:
		*o.s = T(v)
	case []byte:
		*o.s = T(v)
	default:
		return fmt.Errorf("a text of type %T", src)
	}
	return nil
}

func moment(t *time.Time) momentOf       { return momentOf{t} }
func optional[T ~string](s *T) textOf[T] { return textOf[T]{s} }
