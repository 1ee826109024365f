package app

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"realname/compliance"
	"realname/compliance/vault"
	"realname/internal/sqlstore"
)

// VaultSuite names a suite of the vault.
type VaultSuite = vault.Suite

// VaultSuite is the suite of new master keys by the configuration.
func (o *Operator) VaultSuite() VaultSuite { return VaultSuite(o.config.Vault.Suite) }

// VaultNotice is the least time before a new key is used: a running gateway has read it by then.
func (o *Operator) VaultNotice() time.Duration { return 3 * time.Duration(o.config.Settle.Every) }

// VaultKey is one version of the vault's master key, and what depends on it.
type VaultKey struct {
	Version       int        `json:"version"`
	Suite         string     `json:"suite"`
	Fingerprint   string     `json:"fingerprint"`
	From          time.Time  `json:"from"` // when data keys begin to be wrapped under it
	RotatedAt     *time.Time `json:"rotated_at,omitempty"`
	DestroyedAt   *time.Time `json:"destroyed_at,omitempty"`
	DocumentsKept bool       `json:"document_keys_kept"` // of a destroyed one
	Newest        bool       `json:"newest"`             // data keys are wrapped under it now
	DataKeys      int        `json:"data_keys"`
	DocumentKeys  int        `json:"document_keys"`
	OnlyHere      int        `json:"document_keys_only_here"` // their documents have none under the newest version
	Images        int        `json:"images"`
	Windows       int        `json:"windows"`
}

// VaultKeys lists the versions of the master key, the oldest first.
func (o *Operator) VaultKeys(ctx context.Context) ([]VaultKey, error) {
	known, err := o.store.MasterKeys(ctx)
	if err != nil {
		return nil, err
	}
	newest := newestKey(known, o.now())
	out := []VaultKey{}
	for _, k := range known {
		use, err := o.store.MasterKeyUse(ctx, k.Version, newest)
		if err != nil {
			return nil, err
		}
		v := VaultKey{
			Version: k.Version, Suite: k.Suite, Fingerprint: k.Fingerprint, From: k.From, DocumentsKept: k.DocumentsKept, Newest: k.Version == newest,
			DataKeys: use.DataKeys, DocumentKeys: use.DocumentKeys, OnlyHere: use.OnlyHere, Images: use.Images, Windows: use.Windows,
		}
		if k.From.IsZero() {
			v.From = k.CreatedAt
		}
		for to, at := range map[**time.Time]time.Time{&v.RotatedAt: k.RotatedAt, &v.DestroyedAt: k.DestroyedAt} {
			if !at.IsZero() {
				*to = &at
			}
		}
		out = append(out, v)
	}
	return out, nil
}

// newestKey is the version that data keys are wrapped under now; 0 before there is any.
func newestKey(known []sqlstore.MasterKey, now time.Time) int {
	newest := 0
	for _, k := range known {
		if k.DestroyedAt.IsZero() && (newest == 0 || !k.From.After(now)) {
			newest = k.Version
		}
	}
	return newest
}

// learnKeys tells the ledger of versions that only the key file has, as of a first start or of a rotation that was cut
// short, each with its event.
func learnKeys(ctx context.Context, store *sqlstore.Store, ids *compliance.IDs, keys vault.Ring) error {
	known, err := store.MasterKeys(ctx)
	if err != nil || len(unknown(keys, known)) == 0 {
		return err
	}
	return store.ChangeMasterKeys(ctx, func(at time.Time, known []sqlstore.MasterKey, _ keyUse) (sqlstore.MasterKeyChange, error) {
		return additions(ids, at, keys, known)
	})
}

type keyUse = func(version, newest int) (sqlstore.MasterKeyUse, error)

func unknown(keys vault.Ring, known []sqlstore.MasterKey) []int {
	var out []int
	for version := 1; version <= keys.Newest(); version++ {
		if _, here := keys[version]; here && !knows(known, version) {
			out = append(out, version)
		}
	}
	return out
}

func knows(known []sqlstore.MasterKey, version int) bool {
	for _, k := range known {
		if k.Version == version {
			return true
		}
	}
	return false
}

// additions are the rows and events of what the ledger does not know.
func additions(ids *compliance.IDs, at time.Time, keys vault.Ring, known []sqlstore.MasterKey) (c sqlstore.MasterKeyChange, err error) {
	for _, version := range unknown(keys, known) {
		k := keys[version]
		mark, err := k.Fingerprint()
		if err != nil {
			return c, err
		}
		row := sqlstore.MasterKey{Version: version, Suite: string(k.Suite), Fingerprint: mark, From: k.From}
		data := map[string]any{"version": version, "suite": row.Suite, "fingerprint": mark}
		if !k.From.IsZero() {
			data["from"] = k.From.Format(time.RFC3339)
		}
		ev, err := compliance.NewEvent(ids.New(compliance.PrefixEvent), compliance.EventMasterKeyAdded, "", keySubject(version), at, data)
		if err != nil {
			return c, err
		}
		c.Add, c.Events = append(c.Add, row), append(c.Events, ev)
	}
	return c, nil
}

func keySubject(version int) string { return fmt.Sprintf("master_key_%d", version) }

// judgeKeys compares the keys at hand with what the ledger knows, and returns those to use: what was destroyed is not used
// again. Keys that are not the ledger's are refused, for what is under the ledger's would look lost.
func judgeKeys(keys vault.Ring, known []sqlstore.MasterKey) (vault.Ring, error) {
	for _, row := range known {
		k, here := keys[row.Version]
		switch gone := !row.DestroyedAt.IsZero(); {
		case gone && !row.DocumentsKept:
			keys = keys.Without(row.Version)
			continue
		case !here:
			return nil, fmt.Errorf("app: master key version %d is missing: %w", row.Version, errOtherKeys)
		case gone && !k.Documents:
			keys = keys.WithDocumentsOnly(row.Version)
		case !gone && k.Documents:
			return nil, fmt.Errorf("app: of master key version %d only what makes document keys is there: %w", row.Version, errOtherKeys)
		}
		mark, err := k.Fingerprint()
		if err != nil {
			return nil, err
		}
		if row.Fingerprint != "" && (mark != row.Fingerprint || string(k.Suite) != row.Suite || !k.From.Equal(row.From)) {
			return nil, fmt.Errorf("app: master key version %d is another key, or of another suite or time: %w", row.Version, errOtherKeys)
		}
	}
	return keys, nil
}

var errOtherKeys = errors.New("the keys at hand are not those that the ledger was written under; restore the right ones")

// RotateVault adds a version of the master key, under which data keys are wrapped from an instant on; zero: at once. Cut
// short between the key file and the ledger, the version is told to the ledger by whoever reads the file next.
func (o *Operator) RotateVault(ctx context.Context, suite vault.Suite, from time.Time) (VaultKey, error) {
	var added []sqlstore.MasterKey
	err := o.store.ChangeMasterKeys(ctx, func(at time.Time, known []sqlstore.MasterKey, _ keyUse) (c sqlstore.MasterKeyChange, err error) {
		// The file comes first: a version that the ledger knows must never be missing.
		err = o.keys.source.change(func(keys vault.MasterKeys) (vault.MasterKeys, error) {
			ring, err := keys.Open(rand.Reader)
			if err != nil {
				return nil, err
			}
			if _, err := judgeKeys(ring, known); err != nil {
				return nil, err
			}
			var next vault.MasterKeys
			if len(unknown(ring, known)) == 0 {
				if next, err = rotated(keys, suite, from); err != nil {
					return nil, err
				}
				if ring, err = next.Open(rand.Reader); err != nil {
					return nil, err
				}
			}
			c, err = additions(o.ids, at, ring, known)
			added = c.Add
			return next, err
		})
		return c, err
	})
	if err != nil {
		return VaultKey{}, err
	}
	k := added[len(added)-1]
	if k.From.IsZero() {
		k.From = o.now().UTC()
	}
	return VaultKey{Version: k.Version, Suite: k.Suite, Fingerprint: k.Fingerprint, From: k.From}, nil
}

func rotated(keys vault.MasterKeys, suite vault.Suite, from time.Time) (vault.MasterKeys, error) {
	last := keys.Newest()
	if before := keys[last].From; from.Before(before) {
		return nil, fmt.Errorf("version %d is used from %s on: the next begins no earlier", last, before.Format(time.RFC3339))
	}
	return keys.Rotated(suite, from, rand.Reader)
}

// DestroyOptions say how far a version goes.
type DestroyOptions struct {
	KeepDocuments bool // what makes its document keys stays
	ForgetImages  bool // entries of the index of images that are under it go with it
	DryRun        bool // only tell
}

// VaultInUse says that a version cannot be destroyed, and what depends on it.
type VaultInUse struct {
	Version int
	Use     sqlstore.MasterKeyUse
}

func (e *VaultInUse) Error() string {
	u := e.Use
	return fmt.Sprintf("master key version %d is in use: %d data keys, %d document keys that no newer version has, %d entries of the index of images, %d units of windows",
		e.Version, u.DataKeys, u.OnlyHere, u.Images, u.Windows)
}

// blocks leaves of a use what stands in the way.
func (d DestroyOptions) blocks(u sqlstore.MasterKeyUse) (left sqlstore.MasterKeyUse, blocked bool) {
	left = u
	left.DocumentKeys = 0
	if d.KeepDocuments {
		left.OnlyHere, left.Windows = 0, 0
	}
	if d.ForgetImages {
		left.Images = 0
	}
	return left, left != sqlstore.MasterKeyUse{}
}

// DestroyVaultKey destroys a version that nothing depends on: first in the ledger, with its event, then in the key file. A
// run that was cut short is completed by the next.
func (o *Operator) DestroyVaultKey(ctx context.Context, version int, d DestroyOptions) error {
	keep := d.KeepDocuments
	err := o.store.ChangeMasterKeys(ctx, func(at time.Time, known []sqlstore.MasterKey, use keyUse) (c sqlstore.MasterKeyChange, err error) {
		newest := newestKey(known, at)
		var row sqlstore.MasterKey
		for _, k := range known {
			if k.Version == version {
				row = k
			}
		}
		switch {
		case row.Version == 0:
			return c, fmt.Errorf("there is no master key version %d; `realname vault list` shows them", version)
		case !row.DestroyedAt.IsZero() && (!row.DocumentsKept || d.KeepDocuments):
			keep = row.DocumentsKept
			return c, nil
		case version >= newest:
			return c, fmt.Errorf("data keys are wrapped under version %d now or later: rotate first", version)
		}
		u, err := use(version, newest)
		if err != nil {
			return c, err
		}
		if left, blocked := d.blocks(u); blocked {
			return c, &VaultInUse{Version: version, Use: left}
		}
		if d.DryRun {
			return c, nil
		}
		ev, err := compliance.NewEvent(o.ids.New(compliance.PrefixEvent), compliance.EventMasterKeyDestroyed, "", keySubject(version), at,
			map[string]any{"version": version, "fingerprint": row.Fingerprint, "document_keys_kept": d.KeepDocuments, "images": u.Images})
		return sqlstore.MasterKeyChange{Destroy: version, KeepDocuments: d.KeepDocuments, Events: []compliance.Event{ev}}, err
	})
	if err != nil || d.DryRun {
		return err
	}
	dropped := o.dropKey(version, keep)
	if _, elsewhere := errors.AsType[errElsewhere](dropped); dropped != nil && !elsewhere {
		return dropped
	}
	for {
		n, err := o.store.ForgetUnder(ctx, version, rewrapPage)
		if err != nil {
			return err
		}
		if n == 0 {
			return dropped
		}
	}
}

// dropKey takes a destroyed version from where the keys are.
func (o *Operator) dropKey(version int, keepDocuments bool) error {
	return o.keys.source.change(func(keys vault.MasterKeys) (vault.MasterKeys, error) {
		k, here := keys[version]
		switch {
		case !here || keepDocuments && k.Documents:
			return nil, nil
		case keepDocuments:
			return keys.WithDocumentsOnly(version)
		}
		return keys.Without(version), nil
	})
}
