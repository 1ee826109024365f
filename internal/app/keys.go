package app

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"realname/compliance/signing"
	"realname/compliance/vault"
	"realname/internal/config"
)

type keyring struct {
	master vault.MasterKeys
	log    []*signing.Key
}

// openKeys reads the vault's and the log's keys. On the very first start it
// makes them; beside an existing ledger a missing key is an error, because
// fresh keys would silently orphan everything that the old ones protect.
func openKeys(c *config.Config) (keyring, error) {
	first, err := firstStart(c)
	if err != nil {
		return keyring{}, err
	}
	if first {
		if err := makeKeys(c); err != nil {
			return keyring{}, err
		}
	}
	var k keyring
	if k.master, err = vault.ReadKeyFile(c.VaultKeys()); err != nil {
		return keyring{}, err
	}
	if k.log, err = signing.Load(c.LogKey()); err != nil {
		return keyring{}, err
	}
	if name := k.log[0].Name(); name != c.Log.Origin {
		return keyring{}, fmt.Errorf("app: the log key is for %q, log.origin says %q", name, c.Log.Origin)
	}
	return k, publish(c, k.log)
}

func firstStart(c *config.Config) (bool, error) {
	marks := []string{c.VaultKeys(), c.LogKey(), c.LogFolder()}
	if path, ok := strings.CutPrefix(c.LedgerDSN(), "file:"); ok {
		path, _, _ = strings.Cut(path, "?")
		marks = append(marks, path)
	}
	for _, m := range marks {
		switch _, err := os.Stat(m); {
		case err == nil:
			return false, nil
		case !errors.Is(err, fs.ErrNotExist):
			return false, fmt.Errorf("app: %w", err)
		}
	}
	return true, nil
}

func makeKeys(c *config.Config) error {
	master, err := vault.NewMasterKeys(rand.Reader)
	if err != nil {
		return err
	}
	if err := vault.WriteKeyFile(c.VaultKeys(), master); err != nil {
		return err
	}
	_, err = signing.Create(c.LogKey(), c.Log.Origin, rand.Reader)
	return err
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
