package app

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"

	"realname/compliance"
	"realname/compliance/signing"
	"realname/compliance/vault"
	"realname/internal/config"
	"realname/internal/sqlstore"
)

type keyring struct {
	source keySource
	master vault.Ring
	log    []*signing.Key // of the configured suites: they sign
	known  []*signing.Key // all of the key file: what they signed stays published
}

// openKeys reads the vault's and the log's keys. Beside an empty ledger and no
// key file at all it makes them, and in the log's key file those of suites that
// are new in the configuration; beside a ledger that holds anything a missing
// key is an error, because fresh keys would silently orphan what the old ones protect.
func openKeys(ctx context.Context, c *config.Config, store *sqlstore.Store, ids *compliance.IDs) (keyring, error) {
	first, err := firstStart(ctx, c, store)
	if err != nil {
		return keyring{}, err
	}
	if first {
		if err := makeKeys(c); err != nil {
			return keyring{}, err
		}
	}
	k := keyring{source: newKeySource(c)}
	if k.master, err = readMaster(ctx, k.source, store, ids); err != nil {
		return keyring{}, err
	}
	if err := addLogKeys(ctx, c, store, ids); err != nil {
		return keyring{}, err
	}
	if k.known, err = signing.Load(c.LogKey()); err != nil {
		return keyring{}, err
	}
	if name := k.known[0].Name(); name != c.Log.Origin {
		return keyring{}, fmt.Errorf("app: the log key is for %q, log.origin says %q", name, c.Log.Origin)
	}
	for _, s := range c.Log.Suites {
		i := slices.IndexFunc(k.known, func(key *signing.Key) bool { return key.Suite() == signing.Suite(s) })
		k.log = append(k.log, k.known[i])
	}
	return k, publish(c, k.known)
}

// addLogKeys makes the log's keys of suites that its key file has none of. Each
// is an event before it is a key, so that no key is there that the log does not name.
func addLogKeys(ctx context.Context, c *config.Config, store *sqlstore.Store, ids *compliance.IDs) error {
	for _, s := range c.Log.Suites {
		_, err := signing.Add(c.LogKey(), signing.Suite(s), rand.Reader, func(key *signing.Key) error {
			ev, err := compliance.NewEvent(ids.New(compliance.PrefixEvent), compliance.EventLogKeyAdded, "", "gateway", time.Now(),
				map[string]string{"suite": s, "key": key.Public()})
			if err != nil {
				return err
			}
			return store.Append(ctx, ev)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// readMaster reads the master keys that are to be used, and tells the ledger of those that it does not know.
func readMaster(ctx context.Context, source keySource, store *sqlstore.Store, ids *compliance.IDs) (vault.Ring, error) {
	keys, err := source.read(ctx)
	if err != nil {
		return nil, err
	}
	known, err := store.MasterKeys(ctx)
	if err != nil {
		return nil, err
	}
	used, err := judgeKeys(keys, known)
	if err != nil {
		return nil, err
	}
	return used, learnKeys(ctx, store, ids, used)
}

func firstStart(ctx context.Context, c *config.Config, store *sqlstore.Store) (bool, error) {
	marks := []string{c.LogKey(), c.LogFolder()}
	if c.Vault.Key == config.KeyFile {
		marks = append(marks, c.VaultKeys())
	}
	for _, mark := range marks {
		switch _, err := os.Stat(mark); {
		case err == nil:
			return false, nil
		case !errors.Is(err, fs.ErrNotExist):
			return false, fmt.Errorf("app: %w", err)
		}
	}
	tenants, err := store.Tenants(ctx)
	if err != nil {
		return false, err
	}
	if len(tenants) > 0 {
		return false, fmt.Errorf("app: the ledger is in use but %s holds no keys: restore the data folder that belongs to it", c.Data)
	}
	return true, nil
}

func makeKeys(c *config.Config) error {
	if c.Vault.Key == config.KeyFile { // elsewhere they are made there
		master, err := vault.NewMasterKeys(vault.Suite(c.Vault.Suite), rand.Reader)
		if err != nil {
			return err
		}
		if err := vault.WriteKeyFile(c.VaultKeys(), master); err != nil {
			return err
		}
	}
	_, err := signing.Create(c.LogKey(), c.Log.Origin, rand.Reader, suitesOf(*c)...)
	return err
}

func suitesOf(c config.Config) []signing.Suite {
	var suites []signing.Suite
	for _, s := range c.Log.Suites {
		suites = append(suites, signing.Suite(s))
	}
	return suites
}

// publish writes the verification keys beside the log, for regulators to take.
func publish(c *config.Config, keys []*signing.Key) error {
	var lines strings.Builder
	for _, k := range keys {
		lines.WriteString(k.Public() + "\n")
	}
	if err := os.WriteFile(c.LogPublicKey(), []byte(lines.String()), 0o644); err != nil {
		return fmt.Errorf("app: publish the log's key: %w", err)
	}
	return nil
}
