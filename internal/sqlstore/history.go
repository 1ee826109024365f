package sqlstore

import (
	"context"
	"time"
)

// HistoryQuery asks for decisions that were made at or after From and before To; a zero time is no bound.
type HistoryQuery struct {
	After    string // id; only decisions behind it
	From, To time.Time
	Limit    int // records of a page, about: all versions of a decision stand on one page
}

// HistoryRecord is one version of a decision, as it was committed.
type HistoryRecord struct {
	ID            string
	Version       int
	PersonID      string // the holder; empty where none was known
	LegalEntityID string
	Erased        bool // the personal data behind it is gone
	Canonical     []byte
}

const inHistory = ` FROM decisions WHERE id > $1 AND decided_at >= $2 AND decided_at < $3`

func (q *HistoryQuery) args() []any {
	from, to := int64(0), int64(1<<62)
	if !q.From.IsZero() {
		from = q.From.UnixMicro()
	}
	if !q.To.IsZero() {
		to = q.To.UnixMicro()
	}
	return []any{q.After, from, to}
}

// CountHistory counts the records that History gives in all.
func (s *Store) CountHistory(ctx context.Context, q HistoryQuery) (int, error) {
	var n int
	err := s.find(ctx, `SELECT COUNT(*)`+inHistory, q.args(), &n)
	return n, wrap("count history", err)
}

// History is one page of decisions in the order of their ids, those of one id by version; it is empty behind the last. The
// next page is asked for with After set to the last id of this one.
func (s *Store) History(ctx context.Context, q HistoryQuery) ([]HistoryRecord, error) {
	var out []HistoryRecord
	err := s.list(ctx, `SELECT id, version, COALESCE(person_id, ''), COALESCE(legal_entity_id, ''),
		EXISTS (SELECT 1 FROM data_keys k WHERE k.id = decisions.data_key_id AND k.wrapped IS NULL), canonical`+inHistory+` ORDER BY id, version LIMIT $4`, append(q.args(), q.Limit+1),
		func(scan func(dest ...any) error) error {
			var r HistoryRecord
			err := scan(&r.ID, &r.Version, &r.PersonID, &r.LegalEntityID, &r.Erased, &r.Canonical)
			out = append(out, r)
			return err
		})
	if err != nil {
		return nil, wrap("history", err)
	}
	if len(out) <= q.Limit {
		return out, nil
	}
	// More may follow of the last id: it begins the next page.
	end := q.Limit
	for end > 0 && out[end-1].ID == out[q.Limit].ID {
		end--
	}
	if end == 0 {
		q.Limit *= 2
		return s.History(ctx, q)
	}
	return out[:end], nil
}
