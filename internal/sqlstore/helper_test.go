package sqlstore_test

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"testing"

	"realname/internal/sqlstore"
)

// raw opens the database past the store.
func raw(t testing.TB, dsn string) *sql.DB {
	t.Helper()
	driver := "sqlite"
	if strings.HasPrefix(dsn, "postgres") {
		driver = "pgx"
	}
	db, err := sql.Open(driver, dsn)
	if err != nil {
		t.Fatal(err)
	}
	return db
}

// query reads one value straight from the database.
func query(t testing.TB, dsn string, dest any, statement string) {
	t.Helper()
	db := raw(t, dsn)
	if err := errors.Join(db.QueryRow(statement).Scan(dest), db.Close()); err != nil {
		t.Fatal(err)
	}
}

// execute changes the database behind the store's back.
func execute(t testing.TB, dsn, statement string) {
	t.Helper()
	db := raw(t, dsn)
	_, err := db.Exec(statement)
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
}

// waiting is how many events are committed and not yet in the log.
func waiting(t testing.TB, s *sqlstore.Store) int {
	t.Helper()
	events, err := s.Log().Pending(t.Context(), 1_000_000)
	if err != nil {
		t.Fatal(err)
	}
	return len(events)
}

func errContains(err error, text string) bool { return strings.Contains(err.Error(), text) }

func contextWithCancel(t testing.TB) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	return ctx, cancel
}
