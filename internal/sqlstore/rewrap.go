package sqlstore

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"realname/compliance"
	"realname/compliance/vault"
	"realname/verify"
)

// Rewrap is one run that wraps data keys under a version and brings its document keys.
type Rewrap struct {
	ID           string
	Version      int
	DataKeys     int // wrapped anew so far
	DocumentKeys int // brought so far
	AfterID      string
	AfterVersion int // with AfterID the decision that it has come to
	StartedAt    time.Time
}

// RewrapNeed is what a run has before it.
type RewrapNeed struct {
	DataKeys     int // that are wrapped under another version
	DocumentKeys int // documents of persons that have no key under the version
}

// lacking is a key of a document that has none under version $1; those of one person's documents of a kind go together.
const lacking = `key_version <> $1 AND NOT EXISTS (SELECT 1 FROM document_keys n WHERE n.person_id = k.person_id
	AND n.kind = k.kind AND n.issuing_state = k.issuing_state AND n.key_version = $1)`

// RewrapNeed counts what is not under a version yet.
func (s *Store) RewrapNeed(ctx context.Context, version int) (n RewrapNeed, err error) {
	err = errors.Join(
		s.find(ctx, `SELECT COUNT(*) FROM data_keys WHERE wrapped IS NOT NULL AND master_version <> $1`, []any{version}, &n.DataKeys),
		s.find(ctx, `SELECT COUNT(*) FROM (SELECT DISTINCT person_id, kind, issuing_state FROM document_keys k WHERE `+lacking+`) d`, []any{version}, &n.DocumentKeys))
	return n, wrap("rewrap need", err)
}

// BeginRewrap goes on with the run under r.Version that was cut short, or begins r with its event.
func (s *Store) BeginRewrap(ctx context.Context, r Rewrap, event func(at time.Time) (compliance.Event, error)) (run Rewrap, again bool, err error) {
	err = s.write(ctx, "begin rewrap", []string{masterLock}, func(t *txn) error {
		run = Rewrap{}
		again, err = t.row(`SELECT id, master_version, data_keys, document_keys, after_id, after_version, started_at FROM rewraps
			WHERE master_version = $1 AND ended_at IS NULL`, []any{r.Version},
			&run.ID, &run.Version, &run.DataKeys, &run.DocumentKeys, &run.AfterID, &run.AfterVersion, moment(&run.StartedAt))
		if err != nil || again {
			return err
		}
		run = r
		run.StartedAt = t.at
		if _, err := t.exec(`INSERT INTO rewraps (id, master_version, started_at) VALUES ($1, $2, $3)`, r.ID, r.Version, t.at.UnixMicro()); err != nil {
			return err
		}
		ev, err := event(t.at)
		if err != nil {
			return own(err)
		}
		return t.putEvent(ev)
	})
	return run, again, err
}

// EndRewrap notes the end of a run, with its event.
func (s *Store) EndRewrap(ctx context.Context, id string, event func(at time.Time) (compliance.Event, error)) error {
	return s.write(ctx, "end rewrap", []string{masterLock}, func(t *txn) error {
		if err := t.one(verify.ErrStale, `UPDATE rewraps SET ended_at = $1 WHERE id = $2 AND ended_at IS NULL`, t.at.UnixMicro(), id); err != nil {
			return err
		}
		ev, err := event(t.at)
		if err != nil {
			return own(err)
		}
		return t.putEvent(ev)
	})
}

// RewrapKeys wraps up to limit data keys behind the id after that are under another version than the run's, and returns
// how many it read and the last id. A key that somebody destroyed meanwhile stays destroyed.
func (s *Store) RewrapKeys(ctx context.Context, run *Rewrap, after string, limit int, rewrap func(vault.DataKey) (vault.DataKey, error)) (read int, last string, err error) {
	const op = "rewrap keys"
	var before, moved []vault.DataKey
	err = s.list(ctx, selectDataKey+`WHERE wrapped IS NOT NULL AND master_version <> $1 AND id > $2 ORDER BY id LIMIT $3`, []any{run.Version, after, limit},
		func(scan func(dest ...any) error) error {
			var k vault.DataKey
			if err := scan(dataKeyFields(&k)...); err != nil {
				return err
			}
			m, err := rewrap(k)
			before, moved = append(before, k), append(moved, m)
			return own(err)
		})
	if err != nil || len(moved) == 0 {
		return 0, after, wrap(op, err)
	}
	done := 0
	err = s.write(ctx, op, nil, func(t *txn) error {
		done = 0
		for i, m := range moved {
			n, err := t.exec(`UPDATE data_keys SET wrapped = $1, master_version = $2 WHERE id = $3 AND wrapped = $4`,
				m.Wrapped, m.MasterVersion, m.ID, before[i].Wrapped)
			if err != nil {
				return err
			}
			done += int(n)
		}
		_, err := t.exec(`UPDATE rewraps SET data_keys = data_keys + $1 WHERE id = $2`, done, run.ID)
		return err
	})
	if err != nil {
		return 0, after, err
	}
	run.DataKeys += done
	return len(moved), moved[len(moved)-1].ID, nil
}

// RewrapDecisions are up to limit decisions behind those that the run has come to, in the order of (id, version), that name
// a person with a document that lacks a key under the run's version.
func (s *Store) RewrapDecisions(ctx context.Context, run *Rewrap, limit int) ([]verify.Stored, error) {
	var out []verify.Stored
	err := s.list(ctx, selectDecision+`WHERE (id, version) > ($2, $3) AND sealed IS NOT NULL AND (
		EXISTS (SELECT 1 FROM document_keys k WHERE k.person_id = decisions.person_id AND `+lacking+`) OR
		EXISTS (SELECT 1 FROM decision_parties p JOIN document_keys k ON k.person_id = p.person_id
			WHERE p.decision_id = decisions.id AND p.version = decisions.version AND `+lacking+`))
		ORDER BY id, version LIMIT $4`, []any{run.Version, run.AfterID, run.AfterVersion, limit},
		func(scan func(dest ...any) error) error {
			st, err := scanDecision(scan)
			out = append(out, st)
			return err
		})
	if err != nil {
		return nil, wrap("rewrap decisions", err)
	}
	return out, nil
}

// AddDocumentKeys brings the keys of documents, each a list under every live version, to the persons whom one of the list
// leads to already, and notes the decision that the run has come to by them. It makes no person.
func (s *Store) AddDocumentKeys(ctx context.Context, run *Rewrap, documents [][]vault.DocumentKey, id string, version int) error {
	next := *run
	next.AfterID, next.AfterVersion = id, version
	err := s.write(ctx, "add document keys", nil, func(t *txn) error {
		owner, err := t.owners(slices.Concat(documents...))
		if err != nil {
			return err
		}
		n, err := t.bring(documents, owner)
		if err != nil {
			return err
		}
		next.DocumentKeys = run.DocumentKeys + int(n)
		return t.one(verify.ErrStale, `UPDATE rewraps SET document_keys = $1, after_id = $2, after_version = $3 WHERE id = $4 AND ended_at IS NULL`,
			next.DocumentKeys, next.AfterID, next.AfterVersion, run.ID)
	})
	if err == nil {
		*run = next
	}
	return err
}

// bring links what is missing of each list of keys to the person that one of the list leads to, and returns how many keys
// that were. It makes no person.
func (t *txn) bring(documents [][]vault.DocumentKey, owner map[vault.DocumentKey]string) (int64, error) {
	missing := map[vault.DocumentKey]string{}
	for _, keys := range documents {
		person := ownerOf(owner, keys)
		for _, k := range keys {
			if person != "" && owner[k] == "" {
				missing[k] = person
			}
		}
	}
	// One order for all writers, as in enrolments.
	order := slices.SortedFunc(maps.Keys(missing), func(a, b vault.DocumentKey) int { return strings.Compare(a.MAC, b.MAC) })
	links := make([][]any, 0, len(order))
	for _, k := range order {
		links = append(links, append(keyArgs(k), missing[k], t.at.UnixMicro()))
	}
	return t.insertAll(`document_keys (mac, suite, key_version, kind, issuing_state, person_id, linked_at)`, ` ON CONFLICT DO NOTHING`, links)
}
