package sqlstore

import (
	"context"
	"errors"
	"time"

	"realname/compliance"
	"realname/ratelimit/quota"
	"realname/verify"
)

// StateBaseline implements verify.StockLedger.
func (s *Store) StateBaseline(ctx context.Context, b verify.Baseline, event func(at time.Time) (compliance.Event, error)) error {
	const op = "state baseline"
	if b.LegalEntityID == "" || b.Family == "" || b.AsOf.IsZero() {
		return wrap(op, errors.New("a baseline without legal entity, family or day"))
	}
	return s.write(ctx, op, nil, func(t *txn) error {
		_, err := t.exec(`INSERT INTO family_baselines (legal_entity_id, family, as_of, complete, recorded_at) VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT (legal_entity_id, family, as_of) DO UPDATE SET complete = excluded.complete, recorded_at = excluded.recorded_at`,
			b.LegalEntityID, b.Family, b.AsOf.UnixMicro(), b.Complete, t.at.UnixMicro())
		if err != nil {
			return err
		}
		ev, err := event(t.at)
		if err != nil {
			return own(err)
		}
		return t.putEvent(ev)
	})
}

// selectBaseline reads the newest day that was stated; the primary key is its index.
const selectBaseline = `SELECT as_of, complete FROM family_baselines WHERE legal_entity_id = $1 AND family = $2 ORDER BY as_of DESC LIMIT 1`

// Baseline implements verify.StockLedger.
func (s *Store) Baseline(ctx context.Context, legalEntityID, family string) (asOf time.Time, complete bool, err error) {
	err = s.find(ctx, selectBaseline, []any{legalEntityID, family}, moment(&asOf), &complete)
	if errors.Is(err, verify.ErrNotFound) {
		err = nil // nobody has stated anything: not complete
	}
	return asOf, complete, wrap("baseline", err)
}

// incomplete reports whether the newest word on the family's stock is that something is missing, or there is none.
func incomplete(d quota.Demand, find finder) (bool, error) {
	if !d.Whole {
		return false, nil
	}
	var asOf time.Time
	complete := false
	_, err := find(selectBaseline, []any{d.Entity, d.Family}, moment(&asOf), &complete)
	return !complete, err
}
