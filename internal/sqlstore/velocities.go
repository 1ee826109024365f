package sqlstore

import (
	"context"
	"time"

	"realname/compliance"
	"realname/ratelimit/velocity"
	"realname/verify"
)

// putWindows writes what a decision counts under in the sliding windows.
func (t *txn) putWindows(decisionID string, w verify.Windows, opened bool) error {
	for _, k := range w.Keys {
		if k.Counts == velocity.Openings && !opened {
			continue
		}
		if _, err := t.exec(`INSERT INTO velocity_events (key, counts, at, id, decision_id) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING`,
			k.Key, int(k.Counts), t.at.UnixMicro(), w.ID, decisionID); err != nil {
			return err
		}
	}
	return nil
}

// releaseWindows gives back what the opening of a decision counted as.
func (t *txn) releaseWindows(decisionID string) error {
	if decisionID == "" {
		return nil
	}
	_, err := t.exec(`UPDATE velocity_events SET released = TRUE WHERE decision_id = $1 AND counts = $2`, decisionID, int(velocity.Openings))
	return err
}

const selectEvents = `SELECT id, at FROM velocity_events WHERE key = $1 AND counts = $2 AND at > $3 AND NOT released ORDER BY at DESC LIMIT $4`

// Events implements velocity.Source.
func (s *Store) Events(ctx context.Context, key string, counts velocity.Counting, since time.Time, limit int) ([]velocity.Event, error) {
	var out []velocity.Event
	err := s.list(ctx, selectEvents, []any{key, int(counts), since.UnixMicro(), limit}, func(scan func(dest ...any) error) error {
		var e velocity.Event
		err := scan(&e.ID, moment(&e.At))
		out = append(out, e)
		return err
	})
	if err != nil {
		return nil, wrap("velocity events", err)
	}
	return out, nil
}

// OpeningWindows implements verify.Ledger.
func (s *Store) OpeningWindows(ctx context.Context, decisionID string) ([]verify.Windows, error) {
	var out []verify.Windows
	err := s.list(ctx, `SELECT id, key, counts, released FROM velocity_events WHERE decision_id = $1 AND counts = $2 ORDER BY id, key`,
		[]any{decisionID, int(velocity.Openings)}, func(scan func(dest ...any) error) error {
			var id string
			var k verify.WindowKey
			err := scan(&id, &k.Key, &k.Counts, &k.Released)
			if len(out) == 0 || out[len(out)-1].ID != id {
				out = append(out, verify.Windows{ID: id})
			}
			last := &out[len(out)-1]
			last.Keys = append(last.Keys, k)
			return err
		})
	if err != nil {
		return nil, wrap("opening windows", err)
	}
	return out, nil
}

// ForgetWindows implements verify.Ledger.
func (s *Store) ForgetWindows(ctx context.Context, before time.Time, limit int) (int, error) {
	n := 0
	err := s.write(ctx, "forget windows", nil, func(t *txn) error {
		n = 0
		// Ids of one kind are ordered by time, so that the index on them finds the oldest without one of their own.
		for _, kind := range []compliance.Prefix{compliance.PrefixAttempt, compliance.PrefixDecision} {
			gone, err := t.exec(`DELETE FROM velocity_events WHERE at < $1 AND decision_id IN
				(SELECT DISTINCT decision_id FROM velocity_events WHERE decision_id >= $2 ORDER BY decision_id LIMIT $3)`,
				before.UnixMicro(), string(kind)+"_", limit)
			if err != nil {
				return err
			}
			n += int(gone)
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	return n, nil
}
