// Package storetest gives tests a fresh ledger on each engine: SQLite in a
// temporary folder, and a real PostgreSQL server that the first who needs it
// starts and Stop ends.
package storetest

import (
	"context"
	"net/url"
	"path/filepath"
	"testing"
	"time"

	"realname/internal/sqlstore"
)

// Engine is one engine under test.
type Engine struct {
	Name string
	// DSN makes an empty database that lives as long as the test. It skips the
	// test when the engine is not installed, or fails it where
	// REALNAME_REQUIRE_SERVICES is set.
	DSN func(t testing.TB) string
}

// Engines are all engines.
func Engines() []Engine {
	return []Engine{{Name: "sqlite", DSN: SQLite}, {Name: "postgresql", DSN: PostgreSQL}}
}

// Each runs f as a subtest on every engine.
func Each(t *testing.T, f func(t *testing.T, e Engine)) {
	for _, e := range Engines() {
		t.Run(e.Name, func(t *testing.T) { f(t, e) })
	}
}

// SQLite makes an empty database in a temporary folder.
func SQLite(t testing.TB) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "ledger.db")
	return (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath()}).String()
}

// Open opens the ledger at dsn until the test ends; now may be nil.
func Open(t testing.TB, dsn string, now func() time.Time) *sqlstore.Store {
	t.Helper()
	s, err := sqlstore.Open(context.Background(), sqlstore.Options{DSN: dsn, Now: now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}
