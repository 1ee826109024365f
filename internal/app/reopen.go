package app

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"realname/compliance"
	"realname/compliance/auditlog"
	"realname/compliance/receipt/tiles"
	"realname/compliance/signing"
	"realname/internal/config"
	"realname/internal/sqlstore"
)

// Reopened is what became of a log that begins anew.
type Reopened struct {
	Old, New  string           // origins
	Ledger    auditlog.Head    // what the ledger still had of the old log
	Published tiles.Checkpoint // the newest checkpoint of the old log that was found, as signed
	Kept      string           // folder with the old log, its public keys and its private ones
}

// ReopenLog ends a log that the ledger cannot continue, because it was restored
// from a backup, and begins another under the origin that c now has. An event
// names the old head: what the ledger had of it, and the newest checkpoint that
// is signed, in the log's folder or in the file `newest` when one is given.
// The gateway must be stopped.
func ReopenLog(ctx context.Context, c config.Config, reason, newest string, now func() time.Time) (r Reopened, err error) {
	lock, err := claim(c.Data)
	if err != nil {
		return r, err
	}
	defer lock.Close()
	keys, err := signing.Load(c.LogKey())
	if err != nil {
		return r, err
	}
	r.Old, r.New = keys[0].Name(), c.Log.Origin
	if r.Old == r.New {
		return r, fmt.Errorf("log.origin is still %s: give the new log a name of its own in the configuration, such as %s/2", r.Old, r.Old)
	}
	if r.Published, err = newestOf(c, keys, newest); err != nil {
		return r, err
	}
	store, err := sqlstore.Open(ctx, sqlstore.Options{DSN: c.LedgerDSN()})
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	if r.Ledger, err = store.LogHead(ctx); err != nil {
		return r, err
	}
	ids := compliance.NewIDs(now, rand.Reader)
	ev, err := compliance.NewEvent(ids.New(compliance.PrefixEvent), compliance.EventLogReopened, "", "gateway", now(), map[string]string{
		"reason": reason, "old_origin": r.Old, "origin": r.New,
		"ledger_size": strconv.FormatInt(r.Ledger.Size, 10), "ledger_root": r.Ledger.Root.String(),
		"published_size": strconv.FormatInt(r.Published.Size, 10), "published_root": r.Published.Root.String(),
	})
	if err != nil {
		return r, err
	}
	// The ledger first: until the rest is done the gateway refuses to start, and this can be done again.
	if err := store.ReopenLog(ctx, ev); err != nil {
		return r, err
	}
	r.Kept, err = putAway(c, r.Published.Size, now())
	if err != nil {
		return r, err
	}
	made, err := newLogKeys(c)
	if err != nil {
		return r, err
	}
	return r, publish(&c, made)
}

// newLogKeys puts keys of the new origin in the place of the old ones, in one step.
func newLogKeys(c config.Config) ([]*signing.Key, error) {
	fresh := c.LogKey() + ".new"
	if err := os.Remove(fresh); err != nil && !errors.Is(err, fs.ErrNotExist) { // of an attempt that was cut off
		return nil, fmt.Errorf("app: new log keys: %w", err)
	}
	made, err := signing.Create(fresh, c.Log.Origin, rand.Reader, suitesOf(c)...)
	if err != nil {
		return nil, err
	}
	if err := os.Rename(fresh, c.LogKey()); err != nil {
		return nil, fmt.Errorf("app: new log keys: %w", err)
	}
	return made, nil
}

// newestOf is the newest signed checkpoint of the old log that is at hand.
func newestOf(c config.Config, keys []*signing.Key, given string) (tiles.Checkpoint, error) {
	var o auditlog.Options
	if err := witnessed(&o, c.Log, keys); err != nil {
		return tiles.Checkpoint{}, err
	}
	newest := tiles.Checkpoint{Origin: keys[0].Name(), Root: tiles.Root(nil)}
	for _, file := range []string{filepath.Join(c.LogFolder(), tiles.CheckpointPath), given} {
		if file == "" {
			continue
		}
		signed, err := os.ReadFile(file)
		if errors.Is(err, fs.ErrNotExist) && file != given {
			continue
		}
		if err != nil {
			return newest, fmt.Errorf("app: checkpoint: %w", err)
		}
		found, err := tiles.Open(signed, o.Verifiers)
		if err == nil && found.Origin != newest.Origin {
			err = fmt.Errorf("it is of %q", found.Origin)
		}
		if err != nil {
			return newest, fmt.Errorf("app: %s is no checkpoint of %s: %w", file, newest.Origin, err)
		}
		if found.Size > newest.Size {
			newest = found.Checkpoint
		}
	}
	return newest, nil
}

// putAway moves the log and its public keys into a folder of their own, and
// leaves the private ones there beside where they are.
func putAway(c config.Config, size int64, at time.Time) (string, error) {
	kept := filepath.Join(c.Data, fmt.Sprintf("log-of-%d-%s", size, at.UTC().Format("20060102T150405Z")))
	if err := os.Mkdir(kept, 0o700); err != nil {
		return "", fmt.Errorf("app: put the old log away: %w", err)
	}
	if err := os.Link(c.LogKey(), filepath.Join(kept, filepath.Base(c.LogKey()))); err != nil {
		return "", fmt.Errorf("app: put the old log away: %w", err)
	}
	for _, path := range []string{c.LogFolder(), c.LogPublicKey()} {
		err := os.Rename(path, filepath.Join(kept, filepath.Base(path)))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return "", fmt.Errorf("app: put the old log away: %w", err)
		}
	}
	return kept, nil
}
