package sqlstore

import (
	"context"
	"time"

	"realname/compliance"
	"realname/verify"
)

const selectDetermination = `SELECT id, person_id, determined_on, ground, level, items, times, parties, reference, notice_ref, delivered_on,
	recorded_at, lifted_at, lift_reason, lift_ref FROM determinations `

func determinationFields(d *verify.Determination) []any {
	return []any{
		&d.ID, &d.PersonID, &d.On, &d.Ground, &d.Level, &d.Items, &d.Times, &d.Parties, &d.Reference, optional(&d.NoticeRef),
		optional(&d.DeliveredOn), moment(&d.RecordedAt), moment(&d.LiftedAt), optional(&d.LiftReason), optional(&d.LiftRef),
	}
}

// RecordDetermination implements verify.Ledger.
func (s *Store) RecordDetermination(ctx context.Context, r verify.DeterminationRecord) (d verify.Determination, made bool, err error) {
	const op = "record determination"
	if err := checkKeys(r.Keys, r.NewPersonID); err != nil {
		return d, false, wrap(op, err)
	}
	err = s.write(ctx, op, nil, func(t *txn) (err error) {
		d = r.Determination
		d.RecordedAt = t.at
		if d.PersonID, err = t.enroll(r.Keys, r.NewPersonID); err != nil {
			return err
		}
		ev, err := r.Event(t.at, d)
		if err != nil {
			return own(err)
		}
		n, err := t.exec(`INSERT INTO determinations (id, person_id, determined_on, ground, level, items, times, parties, reference, notice_ref,
			delivered_on, recorded_at, event_id) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) ON CONFLICT (person_id, reference) DO NOTHING`,
			d.ID, d.PersonID, d.On, string(d.Ground), string(d.Level), d.Items, d.Times, d.Parties, d.Reference, text(d.NoticeRef),
			text(d.DeliveredOn), t.at.UnixMicro(), ev.ID)
		if err != nil {
			return err
		}
		if made = n == 1; made {
			return t.putEvent(ev)
		}
		found, err := t.row(selectDetermination+`WHERE person_id = $1 AND reference = $2`, []any{d.PersonID, d.Reference}, determinationFields(&d)...)
		if err == nil && !found {
			err = verify.ErrStale
		}
		return err
	})
	if err != nil {
		return verify.Determination{}, false, err
	}
	return d, made, nil
}

// LiftDetermination implements verify.Ledger.
func (s *Store) LiftDetermination(ctx context.Context, id, reason, ref string,
	event func(at time.Time, d verify.Determination) (compliance.Event, error),
) (d verify.Determination, err error) {
	err = s.write(ctx, "lift determination", nil, func(t *txn) error {
		d = verify.Determination{}
		found, err := t.row(selectDetermination+`WHERE id = $1`, []any{id}, determinationFields(&d)...)
		if err != nil {
			return err
		}
		if !found {
			return verify.ErrNotFound
		}
		if !d.LiftedAt.IsZero() {
			return verify.ErrStale
		}
		d.LiftedAt, d.LiftReason, d.LiftRef = t.at, reason, ref
		ev, err := event(t.at, d)
		if err != nil {
			return own(err)
		}
		err = t.one(verify.ErrStale, `UPDATE determinations SET lifted_at = $1, lift_reason = $2, lift_ref = $3, lift_event_id = $4
			WHERE id = $5 AND lifted_at IS NULL`, t.at.UnixMicro(), reason, text(ref), ev.ID, id)
		if err != nil {
			return err
		}
		return t.putEvent(ev)
	})
	if err != nil {
		return verify.Determination{}, err
	}
	return d, nil
}

// Determinations implements verify.Ledger.
func (s *Store) Determinations(ctx context.Context, personID string) ([]verify.Determination, error) {
	var out []verify.Determination
	err := s.list(ctx, selectDetermination+`WHERE person_id = $1 ORDER BY determined_on, id`, []any{personID}, func(scan func(dest ...any) error) error {
		var d verify.Determination
		err := scan(determinationFields(&d)...)
		out = append(out, d)
		return err
	})
	return out, wrap("determinations", err)
}
