package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

// maxTries bounds how often a transaction that lost a deadlock or a
// serialization conflict is run.
const maxTries = 5

// postgresEngine runs each write in a transaction of its own.
type postgresEngine struct {
	db    *sql.DB
	clock *postgresClock
}

func openPostgres(ctx context.Context, o Options) (_ engine, err error) {
	cfg, err := pgx.ParseConfig(o.DSN)
	if err != nil {
		return nil, errors.New("the postgres DSN is malformed")
	}
	cfg.RuntimeParams["application_name"] = "realname"
	cfg.RuntimeParams["default_transaction_isolation"] = "read committed"
	e := &postgresEngine{}
	defer func() {
		if err != nil {
			err = errors.Join(err, e.close())
		}
	}()

	if cfg, err = durable(ctx, cfg); err != nil {
		return nil, err
	}
	e.db = stdlib.OpenDB(*cfg)
	e.db.SetMaxOpenConns(o.Readers)
	e.db.SetMaxIdleConns(o.Readers)
	e.clock = newPostgresClock(cfg, o.Now)
	// Gateways that start together migrate one after another: look each second, for five minutes.
	locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 300))
	if err != nil {
		return nil, err
	}
	if err = migrate(ctx, e.db, goose.DialectPostgres, goose.WithSessionLocker(locker)); err != nil {
		return nil, err
	}
	_, err = e.refresh(ctx)
	return e, err
}

// durable raises synchronous_commit where the server or role turned it off.
func durable(ctx context.Context, cfg *pgx.ConnConfig) (*pgx.ConnConfig, error) {
	conn, err := pgx.ConnectConfig(ctx, cfg.Copy())
	if err != nil {
		return nil, err
	}
	var level string
	err = conn.QueryRow(ctx, `SHOW synchronous_commit`).Scan(&level)
	if err := errors.Join(err, conn.Close(ctx)); err != nil {
		return nil, err
	}
	if level == "off" {
		cfg.RuntimeParams["synchronous_commit"] = "on"
	}
	return cfg, nil
}

func (e *postgresEngine) reader() *sql.DB   { return e.db }
func (e *postgresEngine) latest() time.Time { return e.clock.latest() }

func (e *postgresEngine) refresh(ctx context.Context) (time.Time, error) {
	var mark int64
	if err := e.db.QueryRowContext(ctx, `SELECT mark FROM ledger_clock WHERE id = 1`).Scan(&mark); err != nil {
		return time.Time{}, err
	}
	e.clock.learn(mark)
	return e.latest(), nil
}

func (e *postgresEngine) scrub(ctx context.Context) error {
	_, err := e.db.ExecContext(ctx, `VACUUM data_keys`)
	return err
}

func (e *postgresEngine) close() error {
	var errs []error
	if e.db != nil {
		errs = append(errs, e.db.Close())
	}
	if e.clock != nil {
		errs = append(errs, e.clock.db.Close())
	}
	return errors.Join(errs...)
}

func (e *postgresEngine) write(ctx context.Context, keys []string, f func(*txn) error) error {
	keys = slices.Compact(slices.Sorted(slices.Values(keys)))
	for try := 1; ; try++ {
		err := e.once(ctx, keys, f)
		if err == nil || try == maxTries || !retryable(err) {
			return err
		}
	}
}

// retryable reports whether PostgreSQL gave the transaction up for another's sake.
func retryable(err error) bool {
	e, ok := errors.AsType[*pgconn.PgError](err)
	return ok && (e.Code == "40001" || e.Code == "40P01")
}

func (e *postgresEngine) once(ctx context.Context, keys []string, f func(*txn) error) error {
	conn, err := e.db.Conn(ctx)
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	defer func() { _ = conn.Close() }() // gives it back to the pool
	// Statements obey ctx; COMMIT does not, so that its outcome is known.
	tx, err := conn.BeginTx(context.WithoutCancel(ctx), &sql.TxOptions{Isolation: sql.LevelReadCommitted})
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer func() { _ = tx.Rollback() }() // does nothing after COMMIT
	if err := e.run(ctx, tx, keys, f); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return tx.Commit()
}

func (e *postgresEngine) run(ctx context.Context, tx *sql.Tx, keys []string, f func(*txn) error) error {
	t := &txn{session: &postgresSession{ctx: ctx, tx: tx}}
	for _, key := range keys {
		if _, err := t.exec(`SELECT pg_advisory_xact_lock(hashtextextended($1, 0))`, key); err != nil {
			return fmt.Errorf("lock: %w", err)
		}
	}
	stamp, err := e.clock.tick(ctx)
	if err != nil {
		return fmt.Errorf("ledger time: %w", err)
	}
	t.at, t.seq = stamp.at, stamp.seq
	return guard(func() error { return f(t) })
}

// postgresSession runs statements of one transaction; the driver prepares each once a connection.
type postgresSession struct {
	ctx context.Context
	tx  *sql.Tx
}

func (s *postgresSession) exec(query string, args ...any) (int64, error) {
	r, err := s.tx.ExecContext(s.ctx, query, args...)
	if err != nil {
		return 0, err
	}
	return r.RowsAffected()
}

func (s *postgresSession) query(query string, args ...any) (*sql.Rows, error) {
	return s.tx.QueryContext(s.ctx, query, args...)
}
