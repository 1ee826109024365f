package sqlstore

import (
	"context"
	"errors"
	"strings"
	"time"

	"realname/verify"
)

// Options says where the ledger is.
type Options struct {
	// DSN is `file:PATH` for SQLite, or `postgres://…` for PostgreSQL.
	DSN string
	// Now is the clock; time.Now when nil. Ledger time is derived from it.
	Now func() time.Time
	// Readers bounds the connections beside the writer (SQLite: readers;
	// PostgreSQL: all); 16 when zero.
	Readers int
	// Throwaway says that nothing need outlive a crash of the machine, so that SQLite does not wait for the disk. For
	// ledgers that are removed by who made them.
	Throwaway bool
}

// Store is the ledger. It is safe for concurrent use.
type Store struct {
	engine engine
	now    func() time.Time
	queued places
}

var _ verify.Ledger = (*Store)(nil)

// Open opens the ledger and brings its schema up to date.
func Open(ctx context.Context, o Options) (*Store, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Readers <= 0 {
		o.Readers = 16
	}
	s := &Store{now: o.Now}
	var err error
	switch {
	case strings.HasPrefix(o.DSN, "postgres://"), strings.HasPrefix(o.DSN, "postgresql://"):
		s.engine, err = openPostgres(ctx, o)
	case strings.HasPrefix(o.DSN, "file:"):
		s.engine, err = openSQLite(ctx, o)
	default:
		// The text of a DSN may hold a password and is never quoted.
		err = errors.New("the DSN must begin with file: or postgres://")
	}
	if err != nil {
		return nil, wrap("open", err)
	}
	return s, nil
}

// Close finishes the writes that are under way and closes the ledger.
func (s *Store) Close() error { return wrap("close", s.engine.close()) }

// Ping reports whether the ledger answers.
func (s *Store) Ping(ctx context.Context) error {
	return wrap("ping", s.engine.reader().PingContext(ctx))
}

// Scrub takes what was erased off the disk. SQLite keeps no byte of it; PostgreSQL lets go of the rows, whose bytes stay in
// free space and in its own log until both are written over: what they are wrapped under must be destroyed.
func (s *Store) Scrub(ctx context.Context) error { return wrap("scrub", s.engine.scrub(ctx)) }

// readTime is the time that reads judge leases by.
func (s *Store) readTime() time.Time { return later(s.now(), s.engine.latest()) }

// later returns the later time in microseconds UTC.
func later(a, b time.Time) time.Time {
	a = a.UTC().Truncate(time.Microsecond)
	if a.Before(b) {
		return b
	}
	return a
}
