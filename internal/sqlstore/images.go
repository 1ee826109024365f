package sqlstore

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"time"

	"realname/compliance"
	"realname/verify"
)

const (
	// newestPerBand bounds what one band brings: an image that was sent a hundred
	// thousand times must not make each look at it, or at its like, that long.
	newestPerBand = 256
	// mostEvicted bounds what one commit evicts, for an index whose bound was lowered.
	mostEvicted = 64
)

// imageLocks are the keys that serialize rec with every other Commit that puts
// an image into the same scope, so that of two that are alike the later sees the earlier.
func imageLocks(search *verify.ImageSearch) []string {
	var keys []string
	if search != nil {
		for _, s := range search.Scopes {
			if s.Put != nil {
				keys = append(keys, imageLock(s.Scope))
			}
		}
	}
	return keys
}

func imageLock(scope string) string { return "images:" + scope }

// lister reads rows, in a transaction or outside.
type lister func(query string, args []any, f func(scan func(dest ...any) error) error) error

func (t *txn) list(query string, args []any, f func(scan func(dest ...any) error) error) error {
	rows, err := t.query(query, args...)
	return each(rows, err, f)
}

// sighting is an entry that shares bands with the photo.
type sighting struct {
	seq   int64
	hits  []int64
	entry verify.ImageEntry
}

// sightings is what one search found.
type sightings struct {
	persons map[string]verify.Likeness // the others, by what of theirs is alike
	own     [][]sighting               // by scope: the entries of the same person that the photo takes the place of
}

func (s sightings) reuse() compliance.ImageReuse {
	out := compliance.ImageReuse{Persons: len(s.persons)}
	for _, l := range s.persons {
		for holds, n := range map[*bool]*int{&l.Card: &out.Card, &l.Portrait: &out.Portrait, &l.Template: &out.Template} {
			if *holds {
				*n++
			}
		}
	}
	return out
}

// Images implements verify.Ledger.
func (s *Store) Images(ctx context.Context, search verify.ImageSearch) (compliance.ImageReuse, error) {
	seen, err := find(func(query string, args []any, f func(scan func(dest ...any) error) error) error {
		return s.list(ctx, query, args, f)
	}, &search)
	return seen.reuse(), wrap("images", err)
}

func (t *txn) lookUp(search *verify.ImageSearch) (sightings, error) {
	if search == nil {
		return sightings{}, nil
	}
	return find(t.list, search)
}

// find looks the photo up in every scope.
func find(list lister, search *verify.ImageSearch) (sightings, error) {
	out := sightings{persons: map[string]verify.Likeness{}, own: make([][]sighting, len(search.Scopes))}
	for i := range search.Scopes {
		scope := &search.Scopes[i]
		candidates, err := candidatesOf(list, scope)
		if err != nil {
			return out, err
		}
		for _, c := range candidates {
			alike := scope.Alike(c.hits, c.entry)
			switch {
			case alike == (verify.Likeness{}):
			case c.entry.PersonID != search.PersonID:
				out.persons[c.entry.PersonID] = out.persons[c.entry.PersonID].Or(alike)
			case alike.Covers(scope.Whole):
				out.own[i] = append(out.own[i], *c)
			}
		}
	}
	return out, nil
}

func candidatesOf(list lister, scope *verify.ImageScope) (map[int64]*sighting, error) {
	if len(scope.Bands) == 0 {
		return nil, nil
	}
	out := map[int64]*sighting{}
	query, args := bandQuery(scope)
	err := list(query, args, func(scan func(dest ...any) error) error {
		var band int64
		var bands []byte
		c := sighting{}
		if err := scan(&band, &c.seq, &c.entry.TenantID, &c.entry.PersonID, &c.entry.KeyVersion, &bands, &c.entry.Sealed); err != nil {
			return err
		}
		known, ok := out[c.seq]
		if !ok {
			known = &c
			known.entry.Bands = decodeBands(bands)
			out[c.seq] = known
		}
		known.hits = append(known.hits, band)
		return nil
	})
	return out, err
}

// bandQuery finds the newest entries of each band: one statement, so that a
// scope costs one round trip. CROSS JOIN keeps SQLite from walking the whole
// scope instead, which it otherwise prefers.
func bandQuery(scope *verify.ImageScope) (string, []any) {
	var q strings.Builder
	args := []any{scope.Scope, scope.Since.UnixMicro()}
	q.WriteString(`SELECT b.band, p.seq, p.tenant_id, p.person_id, p.key_version, p.bands, p.sealed FROM (`)
	for i, band := range scope.Bands {
		if i > 0 {
			q.WriteString(` UNION ALL `)
		}
		args = append(args, band)
		fmt.Fprintf(&q, `SELECT * FROM (SELECT band, seq FROM image_bands WHERE band = $%d ORDER BY seq DESC LIMIT %d) b%d`,
			len(args), newestPerBand, i)
	}
	q.WriteString(`) b CROSS JOIN image_prints p WHERE p.scope = $1 AND p.seq = b.seq AND p.recorded_at >= $2`)
	return q.String(), args
}

// putImages writes the entries of a search and forgets what they displace.
func (t *txn) putImages(search *verify.ImageSearch, seen sightings) error {
	if search == nil {
		return nil
	}
	for i := range search.Scopes {
		s := &search.Scopes[i]
		if s.Put == nil {
			continue
		}
		for _, old := range seen.own[i] {
			if _, err := t.forget(s.Scope, old.seq, old.entry.Bands); err != nil {
				return err
			}
		}
		if err := t.putImage(s.Scope, s.Put); err != nil {
			return err
		}
		if err := t.evict(s.Scope, s.Most); err != nil {
			return err
		}
	}
	return nil
}

func (t *txn) putImage(scope string, e *verify.ImageEntry) error {
	if e.PersonID == "" || len(e.Bands) == 0 {
		return errors.New("an image without person or bands")
	}
	_, err := t.exec(`INSERT INTO image_prints (scope, seq, tenant_id, person_id, key_version, bands, sealed, recorded_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		scope, t.seq, e.TenantID, e.PersonID, e.KeyVersion, encodeBands(e.Bands), e.Sealed, t.at.UnixMicro())
	if err != nil {
		return err
	}
	var q strings.Builder
	args := []any{t.seq}
	q.WriteString(`INSERT INTO image_bands (seq, band) VALUES `)
	for i, band := range e.Bands {
		if i > 0 {
			q.WriteString(", ")
		}
		args = append(args, band)
		fmt.Fprintf(&q, "($1, $%d)", len(args))
	}
	if _, err := t.exec(q.String(), args...); err != nil {
		return err
	}
	_, err = t.exec(`INSERT INTO image_scopes (scope, entries) VALUES ($1, 1)
		ON CONFLICT (scope) DO UPDATE SET entries = image_scopes.entries + 1`, scope)
	return err
}

// evict forgets the oldest entries beyond most.
func (t *txn) evict(scope string, most int) error {
	var entries int
	if _, err := t.row(`SELECT entries FROM image_scopes WHERE scope = $1`, []any{scope}, &entries); err != nil {
		return err
	}
	if entries <= most {
		return nil
	}
	oldest, err := t.oldest(scope, min(entries-most, mostEvicted))
	if err != nil {
		return err
	}
	for _, o := range oldest {
		if _, err := t.forget(scope, o.seq, o.bands); err != nil {
			return err
		}
	}
	return nil
}

// stored is what it takes to forget an entry.
type stored struct {
	scope string
	seq   int64
	bands []int64
	at    time.Time
}

func scanStored(out *[]stored) func(scan func(dest ...any) error) error {
	return func(scan func(dest ...any) error) error {
		var s stored
		var bands []byte
		if err := scan(&s.scope, &s.seq, &bands, moment(&s.at)); err != nil {
			return err
		}
		s.bands = decodeBands(bands)
		*out = append(*out, s)
		return nil
	}
}

func (t *txn) oldest(scope string, limit int) ([]stored, error) {
	var out []stored
	err := t.list(`SELECT scope, seq, bands, recorded_at FROM image_prints WHERE scope = $1 ORDER BY seq LIMIT $2`,
		[]any{scope, limit}, scanStored(&out))
	return out, err
}

// forget deletes one entry with its bands; false when it was gone already.
func (t *txn) forget(scope string, seq int64, bands []int64) (bool, error) {
	n, err := t.exec(`DELETE FROM image_prints WHERE scope = $1 AND seq = $2`, scope, seq)
	if err != nil || n == 0 {
		return false, err
	}
	for _, band := range bands {
		if _, err := t.exec(`DELETE FROM image_bands WHERE band = $1 AND seq = $2`, band, seq); err != nil {
			return false, err
		}
	}
	_, err = t.exec(`UPDATE image_scopes SET entries = entries - 1 WHERE scope = $1`, scope)
	return err == nil, err
}

// ExpireImages implements verify.Ledger. Entries stand in the order of their
// time, so that the oldest of each scope tell whether there is anything to do.
func (s *Store) ExpireImages(ctx context.Context, before time.Time, limit int) (int, error) {
	const op = "expire images"
	var scopes []string
	err := s.list(ctx, `SELECT scope FROM image_scopes WHERE entries > 0 ORDER BY scope`, nil, func(scan func(dest ...any) error) error {
		var scope string
		err := scan(&scope)
		scopes = append(scopes, scope)
		return err
	})
	if err != nil {
		return 0, wrap(op, err)
	}
	gone := 0
	for _, scope := range scopes {
		var due bool
		if due, err = s.oldestBefore(ctx, scope, before); err != nil {
			return gone, wrap(op, err)
		}
		if !due || gone >= limit {
			continue
		}
		n := 0
		err := s.write(ctx, op, []string{imageLock(scope)}, func(t *txn) (err error) {
			n, err = t.expireImages(scope, before, limit-gone)
			return err
		})
		if err != nil {
			return gone, err
		}
		gone += n
	}
	return gone, nil
}

func (s *Store) oldestBefore(ctx context.Context, scope string, before time.Time) (bool, error) {
	var at time.Time
	err := s.find(ctx, `SELECT recorded_at FROM image_prints WHERE scope = $1 ORDER BY seq LIMIT 1`, []any{scope}, moment(&at))
	if errors.Is(err, verify.ErrNotFound) {
		return false, nil
	}
	return err == nil && at.Before(before), err
}

func (t *txn) expireImages(scope string, before time.Time, limit int) (int, error) {
	oldest, err := t.oldest(scope, limit)
	if err != nil {
		return 0, err
	}
	n := 0
	for _, o := range oldest {
		if !o.at.Before(before) {
			break
		}
		gone, err := t.forget(scope, o.seq, o.bands)
		if err != nil {
			return 0, err
		}
		if gone {
			n++
		}
	}
	return n, nil
}

// ForgetImages erases what the index holds of a person on behalf of a tenant,
// in its own scope and in the shared one, with the event made from the count.
// It is for whoever erases the person's data keys, in the same breath.
func (s *Store) ForgetImages(ctx context.Context, tenantID, personID string, event func(at time.Time, n int) (compliance.Event, error)) (int, error) {
	n := 0
	keys := []string{imageLock(tenantID), imageLock(verify.SharedImages)}
	err := s.write(ctx, "forget images", keys, func(t *txn) error {
		var err error
		if n, err = t.forgetImages(tenantID, personID); err != nil {
			return err
		}
		ev, err := event(t.at, n)
		if err != nil {
			return own(err)
		}
		return t.putEvent(ev)
	})
	return n, err
}

// forgetImages deletes what the index holds of a person on behalf of a tenant, and returns how many entries that were.
func (t *txn) forgetImages(tenantID, personID string) (int, error) {
	var entries []stored
	if err := t.list(`SELECT scope, seq, bands, recorded_at FROM image_prints WHERE person_id = $1 AND tenant_id = $2 ORDER BY scope, seq`,
		[]any{personID, tenantID}, scanStored(&entries)); err != nil {
		return 0, err
	}
	return t.forgetAll(entries)
}

// forgetAll forgets entries and returns how many were still there.
func (t *txn) forgetAll(entries []stored) (int, error) {
	n := 0
	for _, e := range entries {
		gone, err := t.forget(e.scope, e.seq, e.bands)
		if err != nil {
			return n, err
		}
		if gone {
			n++
		}
	}
	return n, nil
}

func encodeBands(bands []int64) []byte {
	out := make([]byte, 0, 8*len(bands))
	for _, b := range bands {
		out = binary.BigEndian.AppendUint64(out, uint64(b))
	}
	return out
}

func decodeBands(packed []byte) []int64 {
	out := make([]int64, 0, len(packed)/8)
	for ; len(packed) >= 8; packed = packed[8:] {
		out = append(out, int64(binary.BigEndian.Uint64(packed)))
	}
	return out
}
