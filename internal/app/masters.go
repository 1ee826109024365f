package app

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"

	"realname/compliance"
	"realname/compliance/vault"
	"realname/internal/config"
	"realname/internal/sqlstore"
)

// masters keeps the gateway's vault at the master keys that their source has now.
type masters struct {
	source keySource
	store  *sqlstore.Store
	ids    *compliance.IDs
	vault  *vault.Vault
	log    *slog.Logger
	failed prometheus.Counter

	seen  string               // the source's mark when last read, usable or not
	known []sqlstore.MasterKey // what the ledger knew when keys were last taken
	fault atomic.Pointer[string]
}

func newMasters(c *config.Config, store *sqlstore.Store, ids *compliance.IDs, log *slog.Logger, metrics prometheus.Registerer) *masters {
	m := &masters{source: newKeySource(c), store: store, ids: ids, log: log}
	m.failed = prometheus.NewCounter(prometheus.CounterOpts{
		Name: "realname_master_key_failures_total", Help: "Times that the master keys could not be read or used; those in use stayed.",
	})
	metrics.MustRegister(m.failed)
	return m
}

// follow reads the keys again when their source or what the ledger knows of it has changed. Keys that cannot be used leave those
// in use as they are: that is logged once, counted, and told by the probe. Only a ledger that does not answer is an error.
func (m *masters) follow(ctx context.Context) (int, error) {
	known, err := m.store.MasterKeys(ctx)
	if err != nil {
		return 0, err
	}
	mark := m.source.mark(ctx)
	same := mark == m.seen
	if m.fault.Load() == nil && same && slices.Equal(known, m.known) {
		return 0, nil
	}
	keys, err := readMaster(ctx, m.source, m.store, m.ids)
	if err == nil {
		err = m.vault.Use(keys)
	}
	if ctx.Err() != nil {
		return 0, nil
	}
	if err != nil {
		m.fail(err, same)
		m.seen = mark
		return 0, nil
	}
	m.seen, m.known = mark, known
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

// ready is an error while the keys at hand cannot be used.
func (m *masters) ready(context.Context) error {
	if m.fault.Load() == nil {
		return nil
	}
	return errors.New("the master keys cannot be used, or lack what the ledger knows; the log says why")
}
