package app

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"realname/compliance"
	"realname/compliance/signing"
	"realname/internal/config"
)

func reopened(t *testing.T, c config.Config) Reopened {
	t.Helper()
	r, err := ReopenLog(t.Context(), c, "restored_backup", "", time.Now)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestReopenLog begins a new log, also where an earlier attempt was cut off after any of its steps.
func TestReopenLog(t *testing.T) {
	for name, cut := range map[string]func(t *testing.T, c config.Config){
		"at once": func(*testing.T, config.Config) {},
		"after the ledger": func(t *testing.T, c config.Config) {
			c.Log.Origin = "realname.local/log"
			o, err := OpenOperator(t.Context(), c)
			if err != nil {
				t.Fatal(err)
			}
			defer o.Close()
			ev, err := o.event(compliance.EventLogReopened, "", "gateway", nil)
			if err != nil {
				t.Fatal(err)
			}
			if err := o.store.ReopenLog(t.Context(), ev); err != nil {
				t.Fatal(err)
			}
		},
		"after the folder": func(t *testing.T, c config.Config) {
			if _, err := putAway(c, 0, time.Unix(0, 0)); err != nil {
				t.Fatal(err)
			}
		},
		"before the new keys were in place": func(t *testing.T, c config.Config) {
			if err := os.WriteFile(c.LogKey()+".new", []byte("half a k"), 0o600); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := config.Default()
			c.Data = filepath.Join(t.TempDir(), "data")
			addTenant(t, c)
			before, o := publishAll(t, c)
			if err := o.Close(); err != nil {
				t.Fatal(err)
			}
			if _, err := ReopenLog(t.Context(), c, "x", "", time.Now); err == nil || !strings.Contains(err.Error(), "still") {
				t.Errorf("reopened under the same name: %v", err)
			}
			c.Log.Origin = "realname.local/log/2"
			cut(t, c)
			r := reopened(t, c)
			if r.Old != before.Origin || r.New != c.Log.Origin {
				t.Errorf("%+v", r)
			}
			after, o := publishAll(t, c, signing.LogSuites()...)
			if after.Origin != c.Log.Origin || after.Size <= before.Size || len(after.SignedBy) != 2 {
				t.Errorf("%+v", after)
			}
			if n := eventsOf(t, o, `"old_origin":"realname.local/log"`, after.Size); n != 1 {
				t.Errorf("%d events name the old log", n)
			}
			if _, err := os.Stat(filepath.Join(r.Kept, "log.key")); err != nil {
				t.Errorf("the old keys are gone: %v", err)
			}
		})
	}
}

func TestReopenNeedsAStoppedGateway(t *testing.T) {
	c := config.Default()
	c.Data = filepath.Join(t.TempDir(), "data")
	addTenant(t, c)
	lock, err := claim(c.Data)
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Close()
	c.Log.Origin = "realname.local/log/2"
	if _, err := ReopenLog(t.Context(), c, "x", "", time.Now); err == nil || !strings.Contains(err.Error(), "another gateway") {
		t.Errorf("reopened beside a running gateway: %v", err)
	}
}
