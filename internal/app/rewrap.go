package app

import (
	"context"
	"crypto/rand"
	"log/slog"
	"time"

	"realname/compliance"
	"realname/compliance/policy"
	"realname/compliance/vault"
	"realname/internal/sqlstore"
	"realname/verify"
	"realname/verify/idnumber"
)

// rewrapPage bounds what one transaction of a rewrap touches, and so how long a request waits for it; a var for tests.
var rewrapPage = 256

// VaultRewrap is what a rewrap did.
type VaultRewrap struct {
	ID           string `json:"id"`
	Version      int    `json:"version"`
	DataKeys     int    `json:"data_keys"`     // wrapped anew, by this run and the parts of it before
	DocumentKeys int    `json:"document_keys"` // brought
	Unreached    int    `json:"unreached"`     // documents without a key under the version: no sealed request names them
	Unopened     int    `json:"unopened"`      // requests that do not open; the log of the run says which
	Again        bool   `json:"again"`         // it went on with a run that was cut short
}

// RewrapVault wraps every data key under the newest master key and brings the document keys of persons under it, while
// gateways serve. What it has done is done: when it is cut short the next goes on.
func (o *Operator) RewrapVault(ctx context.Context, log *slog.Logger, progress func(done, all int)) (VaultRewrap, error) {
	r := rewrap{Operator: o, log: log, progress: progress}
	var err error
	if r.vault, err = vault.Over(o.keys.master, rand.Reader, o.now); err != nil {
		return VaultRewrap{}, err
	}
	areas, err := ReadAreas(o.config)
	if err != nil {
		return VaultRewrap{}, err
	}
	r.service = verify.New(verify.Options{
		Ledger: o.store, Vault: r.vault, Policy: policy.Builtin(), IDs: o.ids, Now: o.now, Numbers: idnumber.NewChecker(areas), Log: log,
	})
	return r.do(ctx)
}

// rewrap is one run.
type rewrap struct {
	*Operator
	vault    *vault.Vault
	service  *verify.Service
	log      *slog.Logger
	progress func(done, all int)

	run      sqlstore.Rewrap
	all      int
	before   int // done by the parts before
	unopened int
}

func (r *rewrap) do(ctx context.Context) (VaultRewrap, error) {
	version := r.vault.Newest()
	need, err := r.store.RewrapNeed(ctx, version)
	if err != nil {
		return VaultRewrap{}, err
	}
	id := r.ids.New(compliance.PrefixRewrap)
	run, again, err := r.store.BeginRewrap(ctx, sqlstore.Rewrap{ID: id, Version: version}, r.event(compliance.EventRewrapStarted, id,
		map[string]any{"version": version, "data_keys": need.DataKeys, "documents": need.DocumentKeys}))
	if err != nil {
		return VaultRewrap{}, err
	}
	r.run, r.all, r.before = run, need.DataKeys+need.DocumentKeys, run.DataKeys+run.DocumentKeys
	err = r.dataKeys(ctx)
	if err == nil {
		err = r.documentKeys(ctx)
	}
	out := VaultRewrap{ID: r.run.ID, Version: version, DataKeys: r.run.DataKeys, DocumentKeys: r.run.DocumentKeys, Unopened: r.unopened, Again: again}
	if err != nil {
		return out, err
	}
	left, err := r.store.RewrapNeed(ctx, version)
	if err != nil {
		return out, err
	}
	out.Unreached = left.DocumentKeys
	return out, r.store.EndRewrap(ctx, r.run.ID, r.event(compliance.EventRewrapEnded, r.run.ID,
		map[string]any{"version": version, "data_keys": out.DataKeys, "document_keys": out.DocumentKeys, "unreached": out.Unreached, "unopened": out.Unopened}))
}

func (r *rewrap) event(kind compliance.EventKind, id string, data map[string]any) func(at time.Time) (compliance.Event, error) {
	return func(at time.Time) (compliance.Event, error) {
		return compliance.NewEvent(r.ids.New(compliance.PrefixEvent), kind, "", id, at, data)
	}
}

func (r *rewrap) tell() { r.progress(min(r.run.DataKeys+r.run.DocumentKeys-r.before, r.all), r.all) }

func (r *rewrap) dataKeys(ctx context.Context) error {
	for after := ""; ; {
		n, last, err := r.store.RewrapKeys(ctx, &r.run, after, rewrapPage, r.vault.Rewrap)
		if err != nil || n == 0 {
			return err
		}
		after = last
		r.tell()
	}
}

func (r *rewrap) documentKeys(ctx context.Context) error {
	for {
		page, err := r.store.RewrapDecisions(ctx, &r.run, rewrapPage)
		if err != nil || len(page) == 0 {
			return err
		}
		var documents [][]vault.DocumentKey
		for i := range page {
			d := &page[i].DecisionRow
			keys, err := r.service.Aliases(ctx, d)
			switch code := compliance.CodeOf(err); {
			case err == nil:
				documents = append(documents, keys...)
			case code == "personal_data_erased":
			case code == "ledger_unavailable", code == "request_cancelled":
				return err
			default:
				r.unopened++
				r.log.Error("the sealed request behind a decision does not open", "decision", d.Decision.ID, "version", d.Decision.Version, "code", code)
			}
		}
		last := page[len(page)-1].Decision
		if err := r.store.AddDocumentKeys(ctx, &r.run, documents, last.ID, last.Version); err != nil {
			return err
		}
		r.tell()
	}
}
