package sqlstore_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"realname/compliance"
	"realname/internal/sqlstore"
	"realname/internal/sqlstore/storetest"
)

func TestOpenRefuses(t *testing.T) {
	folder := t.TempDir()
	for name, dsn := range map[string]string{
		"nothing":         "",
		"no scheme":       filepath.Join(folder, "ledger.db"),
		"another engine":  "mysql://realname:hunter2@127.0.0.1/ledger",
		"memory":          "file::memory:",
		"options":         "file:" + filepath.Join(folder, "ledger.db") + "?_pragma=synchronous(off)",
		"no path":         "file:",
		"a folder":        "file:" + folder,
		"no such folder":  "file:" + filepath.Join(folder, "missing", "ledger.db"),
		"bad escape":      "file:%zz",
		"nobody listens":  "postgres://realname:hunter2@127.0.0.1:1/ledger",
		"malformed":       "postgres://realname:hunter2@127.0.0.1:port/ledger",
		"not a database":  "file:" + garbage(t, folder),
		"misspelt option": "postgres://realname:hunter2@127.0.0.1:1/ledger?sslmode=maybe",
	} {
		s, err := sqlstore.Open(t.Context(), sqlstore.Options{DSN: dsn})
		if err == nil {
			t.Errorf("%s: opened", name)
			_ = s.Close() // the test has failed already
		} else if strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: the error tells the password", name)
		}
	}
}

func garbage(t *testing.T, folder string) string {
	t.Helper()
	path := filepath.Join(folder, "garbage.db")
	if err := os.WriteFile(path, []byte(strings.Repeat("not a database ", 500)), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestSQLiteFilesArePrivateAndPathsMayBeOdd(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a folder with 100% # and ?")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	escaped := strings.NewReplacer("%", "%25", "#", "%23", "?", "%3F", " ", "%20").Replace(dir)
	s := storetest.Open(t, "file:"+escaped+"/ledger.db", nil)
	if err := s.Append(t.Context(), storetest.Event(t, compliance.EventGatewayStarted, "", "", storetest.NewClock().Now())); err != nil {
		t.Fatal(err)
	}
	files, err := os.ReadDir(dir)
	if err != nil || len(files) == 0 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, f := range files {
		if info, err := f.Info(); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v, %v", f.Name(), info.Mode(), err)
		}
	}
}

func TestMigrationsFromEmptyByManyAtOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		dsn := e.DSN(t)
		var wg sync.WaitGroup
		for range 3 {
			wg.Go(func() {
				s, err := sqlstore.Open(t.Context(), sqlstore.Options{DSN: dsn})
				if err != nil {
					t.Error(err)
					return
				}
				if err := errors.Join(s.Ping(t.Context()), s.Close()); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
	})
}

func TestNewerSchemaIsRefused(t *testing.T) {
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		dsn := e.DSN(t)
		storetest.Open(t, dsn, nil)
		execute(t, dsn, `INSERT INTO goose_db_version (version_id, is_applied) VALUES (99999, TRUE)`)
		if _, err := sqlstore.Open(t.Context(), sqlstore.Options{DSN: dsn}); !errors.Is(err, sqlstore.ErrNewerSchema) {
			t.Errorf("opened: %v", err)
		}
	})
}

func TestBothEnginesHaveTheSameSchema(t *testing.T) {
	const (
		ofSQLite = `SELECT m.name || '.' || c.name FROM sqlite_master m JOIN pragma_table_info(m.name) c
			WHERE m.type = 'table' AND m.name NOT LIKE 'goose%' AND m.name NOT LIKE 'sqlite%'`
		ofPostgres = `SELECT table_name || '.' || column_name FROM information_schema.columns
			WHERE table_schema = current_schema AND table_name NOT LIKE 'goose%'`
	)
	columns := func(dsn, statement string) []string {
		storetest.Open(t, dsn, nil)
		db := raw(t, dsn)
		defer func() { _ = db.Close() }() // it only read
		rows, err := db.Query(statement)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = rows.Close() }() // its error is rows.Err
		var out []string
		for rows.Next() {
			var name string
			if err := rows.Scan(&name); err != nil {
				t.Fatal(err)
			}
			out = append(out, name)
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
		slices.Sort(out)
		return out
	}
	postgres := columns(storetest.PostgreSQL(t), ofPostgres)
	sqlite := columns(storetest.SQLite(t), ofSQLite)
	if diff := cmp.Diff(sqlite, postgres); diff != "" || len(sqlite) < 100 {
		t.Errorf("%d columns, and they differ:\n%s", len(sqlite), diff)
	}
}
