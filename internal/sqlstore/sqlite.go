package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/pressly/goose/v3"
	_ "modernc.org/sqlite" // the driver "sqlite"
)

// sqliteEngine has one writing connection, owned by a writer, and a pool of
// connections that can only read.
type sqliteEngine struct {
	*writer
	writing *sql.DB
	reading *sql.DB
	dsn     string // of the writer
}

func openSQLite(ctx context.Context, o Options) (_ engine, err error) {
	durability := "synchronous(full)"
	if o.Throwaway {
		durability = "synchronous(off)"
	}
	writeDSN, readDSN, err := sqliteDSNs(o.DSN, durability)
	if err != nil {
		return nil, err
	}
	e := &sqliteEngine{dsn: writeDSN}
	defer func() {
		if err != nil {
			err = errors.Join(err, e.closePools())
		}
	}()
	if e.writing, err = sql.Open("sqlite", writeDSN); err != nil {
		return nil, err
	}
	e.writing.SetMaxOpenConns(1)
	if err = migrate(ctx, e.writing, goose.DialectSQLite3); err != nil {
		return nil, err
	}
	if e.reading, err = sql.Open("sqlite", readDSN); err != nil {
		return nil, err
	}
	e.reading.SetMaxOpenConns(o.Readers)
	e.reading.SetMaxIdleConns(o.Readers)
	conn, err := e.writing.Conn(ctx)
	if err != nil {
		return nil, err
	}
	e.writer, err = startWriter(conn, o.Now)
	return e, err
}

// sqliteDSNs checks a `file:PATH` DSN, makes the file private to its owner and
// returns the DSNs of the writer and of the readers.
func sqliteDSNs(dsn, durability string) (writing, reading string, err error) {
	path, query, _ := strings.Cut(strings.TrimPrefix(dsn, "file:"), "?")
	if path, err = url.PathUnescape(path); err != nil {
		return "", "", errors.New("the path of the DSN is not well escaped")
	}
	if query != "" || path == "" || strings.Contains(path, ":memory:") {
		return "", "", errors.New("the DSN must be file:PATH of a file on disk, without options")
	}
	path = strings.TrimPrefix(path, "//")
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return "", "", err
	}
	if err := f.Close(); err != nil {
		return "", "", err
	}
	pragmas := func(list ...string) string {
		q := url.Values{"_txlock": {"immediate"}}
		for _, p := range append([]string{"busy_timeout(10000)", "foreign_keys(1)", "temp_store(memory)", "trusted_schema(0)"}, list...) {
			q.Add("_pragma", p)
		}
		return (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: q.Encode()}).String()
	}
	return pragmas("journal_mode(wal)", durability, "cache_size(-65536)", "secure_delete(fast)"), pragmas("query_only(1)"), nil
}

func (e *sqliteEngine) reader() *sql.DB { return e.reading }

// refresh knows it already: no other process writes.
func (e *sqliteEngine) refresh(context.Context) (time.Time, error) { return e.latest(), nil }

// scrub brings the write-ahead log into the database, where deleted bytes are written over, and empties it. While another
// process reads it stays; the next scrub does it.
func (e *sqliteEngine) scrub(ctx context.Context) (err error) {
	db, err := sql.Open("sqlite", e.dsn)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	_, err = db.ExecContext(ctx, `PRAGMA wal_checkpoint(TRUNCATE)`)
	return err
}

func (e *sqliteEngine) close() error {
	return errors.Join(e.stop(), e.closePools())
}

func (e *sqliteEngine) closePools() error {
	var errs []error
	for _, db := range []*sql.DB{e.reading, e.writing} {
		if db != nil {
			errs = append(errs, db.Close())
		}
	}
	return errors.Join(errs...)
}

// sqliteSession runs statements on the writing connection, each prepared once.
// They take no context: interrupting one would roll back the whole batch.
type sqliteSession struct {
	conn     *sql.Conn
	prepared map[string]*sql.Stmt
}

func (s *sqliteSession) prepare(query string) (*sql.Stmt, error) {
	if st, ok := s.prepared[query]; ok {
		return st, nil
	}
	st, err := s.conn.PrepareContext(context.Background(), query)
	if err != nil {
		return nil, fmt.Errorf("prepare: %w", err)
	}
	s.prepared[query] = st
	return st, nil
}

func (s *sqliteSession) exec(query string, args ...any) (int64, error) {
	st, err := s.prepare(query) //nolint:sqlclosecheck // it stays prepared until the connection closes
	if err != nil {
		return 0, err
	}
	r, err := st.ExecContext(context.Background(), args...)
	if err != nil {
		return 0, err
	}
	return r.RowsAffected()
}

func (s *sqliteSession) query(query string, args ...any) (*sql.Rows, error) {
	st, err := s.prepare(query) //nolint:sqlclosecheck // it stays prepared until the connection closes
	if err != nil {
		return nil, err
	}
	return st.QueryContext(context.Background(), args...)
}

// clock reads the durable ledger clock.
func (s *sqliteSession) clock() (mark time.Time, seq int64, err error) {
	t := txn{session: s}
	_, err = t.row(`SELECT mark, seq FROM ledger_clock WHERE id = 1`, nil, moment(&mark), &seq)
	return mark, seq, err
}
