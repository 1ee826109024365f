package sqlstore

import (
	"context"
	"strconv"
	"time"

	"realname/compliance"
	"realname/verify"
)

// masterLock keeps the changes of all master keys in one row.
const masterLock = "master keys"

// learnt is how long a running gateway may take to read a new key file; it reads it every few seconds.
const learnt = time.Minute

// MasterKey is what the ledger knows of one version of the vault's master key, never the key.
type MasterKey struct {
	Version       int
	Suite         string
	Fingerprint   string
	From          time.Time // when data keys begin to be wrapped under it; zero: at once
	CreatedAt     time.Time
	RotatedAt     time.Time // when a newer one takes its place; zero: none does
	DestroyedAt   time.Time
	DocumentsKept bool // of a destroyed one: what makes its document keys is still there
}

// MasterKeyUse is what depends on a version.
type MasterKeyUse struct {
	DataKeys     int // wrapped under it
	DocumentKeys int // made under it
	OnlyHere     int // of them, those whose document has none under the newest version
	Images       int // entries of the index of images
	Windows      int // units in windows over networks that are kept under no later version
}

// MasterKeyChange is what happens to the master keys in one transaction.
type MasterKeyChange struct {
	Add           []MasterKey
	Destroy       int  // version; 0: none
	KeepDocuments bool // of the destroyed one
	Events        []compliance.Event
}

// MasterKeys are all versions, the oldest first.
func (s *Store) MasterKeys(ctx context.Context) ([]MasterKey, error) {
	keys, err := masterKeys(s.lister(ctx))
	return keys, wrap("master keys", err)
}

// lister reads outside any transaction.
func (s *Store) lister(ctx context.Context) lister {
	return func(query string, args []any, f func(scan func(dest ...any) error) error) error {
		return s.list(ctx, query, args, f)
	}
}

func masterKeys(list lister) ([]MasterKey, error) {
	var out []MasterKey
	err := list(`SELECT version, suite, fingerprint, used_from, created_at, rotated_at, destroyed_at, documents_kept
		FROM master_keys ORDER BY version`, nil, func(scan func(dest ...any) error) error {
		var k MasterKey
		err := scan(&k.Version, &k.Suite, &k.Fingerprint, moment(&k.From), moment(&k.CreatedAt), moment(&k.RotatedAt), moment(&k.DestroyedAt), &k.DocumentsKept)
		out = append(out, k)
		return err
	})
	return out, err
}

// MasterKeyUse tells what depends on a version, where newest is the one that would take its place.
func (s *Store) MasterKeyUse(ctx context.Context, version, newest int) (MasterKeyUse, error) {
	u, err := masterKeyUse(s.lister(ctx), version, newest)
	return u, wrap("master key use", err)
}

func masterKeyUse(list lister, version, newest int) (u MasterKeyUse, err error) {
	for _, q := range []struct {
		n     *int
		query string
		args  []any
	}{
		{&u.DataKeys, `SELECT COUNT(*) FROM data_keys WHERE wrapped IS NOT NULL AND master_version = $1`, []any{version}},
		{&u.DocumentKeys, `SELECT COUNT(*) FROM document_keys WHERE key_version = $1`, []any{version}},
		{&u.OnlyHere, `SELECT COALESCE(SUM(here - there), 0) FROM (
			SELECT COUNT(CASE WHEN key_version = $1 THEN 1 END) AS here, COUNT(CASE WHEN key_version = $2 THEN 1 END) AS there
			FROM document_keys WHERE key_version IN ($1, $2) GROUP BY person_id, kind, issuing_state) k WHERE here > there`, []any{version, newest}},
		{&u.Images, `SELECT COUNT(*) FROM image_prints WHERE key_version = $1`, []any{version}},
		// What was counted before every gateway had the next version is under this one alone; it is swept once no window holds it.
		{&u.Windows, `SELECT COUNT(*) FROM velocity_events WHERE key LIKE $1 AND at < COALESCE(
			(SELECT MIN(created_at) FROM master_keys WHERE version > $2 AND (destroyed_at IS NULL OR documents_kept)), at + 1) + $3
			AND NOT EXISTS (SELECT 1 FROM master_keys WHERE version < $2 AND (destroyed_at IS NULL OR documents_kept))`,
			[]any{compliance.PartNetwork + ":v" + strconv.Itoa(version) + ".%", version, learnt.Microseconds()}},
	} {
		if err := list(q.query, q.args, func(scan func(dest ...any) error) error { return scan(q.n) }); err != nil {
			return u, err
		}
	}
	return u, nil
}

// ChangeMasterKeys makes one change while nobody else makes any. change is called with what the ledger knows, and may be
// called again after a retry; use tells what depends on a version.
func (s *Store) ChangeMasterKeys(ctx context.Context, change func(at time.Time, known []MasterKey, use func(version, newest int) (MasterKeyUse, error)) (MasterKeyChange, error)) error {
	return s.write(ctx, "change master keys", []string{masterLock}, func(t *txn) error {
		known, err := masterKeys(t.list)
		if err != nil {
			return err
		}
		c, err := change(t.at, known, func(version, newest int) (MasterKeyUse, error) { return masterKeyUse(t.list, version, newest) })
		if err != nil {
			return own(err)
		}
		for _, k := range c.Add {
			if err := t.addMasterKey(k); err != nil {
				return err
			}
		}
		if c.Destroy > 0 {
			if err := t.destroyMasterKey(c); err != nil {
				return err
			}
		}
		for _, ev := range c.Events {
			if err := t.putEvent(ev); err != nil {
				return err
			}
		}
		return nil
	})
}

func (t *txn) addMasterKey(k MasterKey) error {
	from := later(k.From, t.at)
	if _, err := t.exec(`UPDATE master_keys SET rotated_at = $1 WHERE rotated_at IS NULL AND version < $2`, from.UnixMicro(), k.Version); err != nil {
		return err
	}
	_, err := t.exec(`INSERT INTO master_keys (version, suite, fingerprint, used_from, created_at) VALUES ($1, $2, $3, $4, $5)`,
		k.Version, k.Suite, k.Fingerprint, micros(k.From), t.at.UnixMicro())
	return err
}

func (t *txn) destroyMasterKey(c MasterKeyChange) error {
	return t.one(verify.ErrStale, `UPDATE master_keys SET destroyed_at = $1, documents_kept = $2
		WHERE version = $3 AND rotated_at <= $1 AND (destroyed_at IS NULL OR documents_kept AND NOT $2)`, t.at.UnixMicro(), c.KeepDocuments, c.Destroy)
}

// ForgetUnder deletes up to limit rows each of what a destroyed version leaves behind, entries of the index of images and,
// unless they are kept, document keys, and returns how many. Nothing leads anywhere by them any more.
func (s *Store) ForgetUnder(ctx context.Context, version, limit int) (int, error) {
	n := 0
	err := s.write(ctx, "forget under master key", []string{masterLock}, func(t *txn) error {
		var entries []stored
		const destroyed = ` AND EXISTS (SELECT 1 FROM master_keys WHERE version = $1 AND destroyed_at IS NOT NULL`
		if err := t.list(`SELECT scope, seq, bands, recorded_at FROM image_prints WHERE key_version = $1`+destroyed+`) LIMIT $2`,
			[]any{version, limit}, scanStored(&entries)); err != nil {
			return err
		}
		images, err := t.forgetAll(entries)
		if err != nil {
			return err
		}
		keys, err := t.exec(`DELETE FROM document_keys WHERE key_version = $1 AND mac IN
			(SELECT mac FROM document_keys WHERE key_version = $1`+destroyed+` AND NOT documents_kept) LIMIT $2)`, version, limit)
		n = images + int(keys)
		return err
	})
	if err != nil {
		return 0, err
	}
	return n, nil
}
