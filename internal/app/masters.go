package app

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"slices"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"

	"realname/compliance"
	"realname/compliance/vault"
	"realname/internal/config"
	"realname/internal/sqlstore"
)

// masters keeps the gateway's vault at the master keys that the key file has now.
type masters struct {
	config *config.Config
	store  *sqlstore.Store
	ids    *compliance.IDs
	vault  *vault.Vault
	log    *slog.Logger
	failed prometheus.Counter

	seen  fs.FileInfo          // the file when last read, usable or not; nil when there was none
	known []sqlstore.MasterKey // what the ledger knew when keys were last taken
	fault atomic.Pointer[string]
}

func newMasters(c *config.Config, store *sqlstore.Store, ids *compliance.IDs, log *slog.Logger, metrics prometheus.Registerer) *masters {
	m := &masters{config: c, store: store, ids: ids, log: log, seen: stat(c.VaultKeys())}
	m.failed = prometheus.NewCounter(prometheus.CounterOpts{
		Name: "realname_master_key_failures_total", Help: "Times that the key file could not be used; the keys in use stayed.",
	})
	metrics.MustRegister(m.failed)
	return m
}

// follow reads the key file again when it or what the ledger knows of it has changed. Keys that cannot be used leave those
// in use as they are: that is logged once, counted, and told by the probe. Only a ledger that does not answer is an error.
func (m *masters) follow(ctx context.Context) (int, error) {
	known, err := m.store.MasterKeys(ctx)
	if err != nil {
		return 0, err
	}
	info := stat(m.config.VaultKeys())
	same := unchanged(m.seen, info) && (info == nil || info.Mode() == m.seen.Mode())
	if m.fault.Load() == nil && same && slices.Equal(known, m.known) {
		return 0, nil
	}
	keys, err := readMaster(ctx, m.config, m.store, m.ids)
	if err == nil {
		err = m.vault.Replace(keys)
	}
	if ctx.Err() != nil {
		return 0, nil
	}
	if err != nil {
		m.fail(err, same)
		m.seen = info
		return 0, nil
	}
	m.seen, m.known = info, known
	m.fault.Store(nil)
	only := []int{}
	for version, k := range keys {
		if k.Documents {
			only = append(only, version)
		}
	}
	slices.Sort(only)
	m.log.Info("master keys were read again", "versions", m.vault.Versions(), "documents_only", only, "newest", m.vault.Newest())
	return 0, nil
}

// fail tells of keys that cannot be used; again is whether it was told of the same file.
func (m *masters) fail(err error, again bool) {
	text := err.Error()
	before := m.fault.Swap(&text)
	m.failed.Inc()
	if before == nil || *before != text || !again {
		m.log.Error("the master keys at hand cannot be used; those in use stay", "error", err)
	}
}

// ready is an error while the key file cannot be used.
func (m *masters) ready(context.Context) error {
	if m.fault.Load() == nil {
		return nil
	}
	return errors.New("the key file cannot be used, or lacks what the ledger knows; the log says why")
}
