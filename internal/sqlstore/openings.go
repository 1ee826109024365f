package sqlstore

import (
	"context"
	"errors"
	"time"

	"realname/compliance"
	"realname/ratelimit/quota"
	"realname/verify"
)

const insertOpening = `INSERT INTO openings (id, tenant_id, legal_entity_id, person_id, decision_id, product, state,
	lease_until, origin, external_ref, import_id, opened_at, closed_at, predecessor_id, created_at, updated_at)
	VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $15)`

// closedAt is when an opening that comes to state now was closed: NULL for one that is not.
func (t *txn) closedAt(state quota.State) any {
	if state != quota.Closed {
		return nil
	}
	return t.at.UnixMicro()
}

// putOpening inserts o and sets its times.
func (t *txn) putOpening(o *verify.Opening, importID string, parties []quota.Key) error {
	if o.State != quota.Reserved {
		o.LeaseUntil = time.Time{}
	}
	o.CreatedAt, o.UpdatedAt = t.at, t.at
	if _, err := t.exec(insertOpening, t.openingArgs(o, importID)...); err != nil {
		return sentinel(err)
	}
	for _, p := range parties {
		if _, err := t.exec(`INSERT INTO opening_parties (opening_id, role, person_id, tenant_id) VALUES ($1, $2, $3, $4)`,
			o.ID, string(p.Part), p.ID, o.TenantID); err != nil {
			return err
		}
	}
	return nil
}

func (t *txn) openingArgs(o *verify.Opening, importID string) []any {
	return []any{
		o.ID, o.TenantID, o.LegalEntityID, o.PersonID, text(o.DecisionID), o.Product,
		string(o.State), micros(o.LeaseUntil), o.Origin, text(o.ExternalRef), text(importID), micros(o.OpenedAt),
		t.closedAt(o.State), text(o.PredecessorID), t.at.UnixMicro(),
	}
}

const selectOpening = `SELECT id, tenant_id, legal_entity_id, person_id, decision_id, product, state,
	lease_until, origin, external_ref, opened_at, predecessor_id, created_at, updated_at FROM openings `

func scanOpening(scan func(dest ...any) error) (o verify.Opening, err error) {
	err = scan(&o.ID, &o.TenantID, &o.LegalEntityID, &o.PersonID, optional(&o.DecisionID), &o.Product, &o.State,
		moment(&o.LeaseUntil), &o.Origin, optional(&o.ExternalRef), moment(&o.OpenedAt),
		optional(&o.PredecessorID), moment(&o.CreatedAt), moment(&o.UpdatedAt))
	return o, err
}

// lapsed reports whether o is a reservation whose lease has ended.
func lapsed(o verify.Opening, at time.Time) bool {
	return o.State == quota.Reserved && !o.LeaseUntil.After(at)
}

// seen is o as it stands at `at`: a lapsed reservation is expired, whether or
// not ExpireLeases has written that yet.
func seen(o verify.Opening, at time.Time) verify.Opening {
	if lapsed(o, at) {
		o.State, o.LeaseUntil = quota.Expired, time.Time{}
	}
	return o
}

// opening reads one opening as it is stored.
func (s *Store) opening(ctx context.Context, where string, args ...any) (verify.Opening, error) {
	var o verify.Opening
	found := false
	err := s.list(ctx, selectOpening+where, args, func(scan func(dest ...any) error) (err error) {
		found = true
		o, err = scanOpening(scan)
		return err
	})
	if err == nil && !found {
		err = verify.ErrNotFound
	}
	return o, err
}

// Opening implements verify.Ledger.
func (s *Store) Opening(ctx context.Context, tenantID, id string) (verify.Opening, error) {
	const op = "opening"
	latest, err := s.engine.refresh(ctx)
	if err != nil {
		return verify.Opening{}, wrap(op, err)
	}
	at := later(s.now(), latest)
	o, err := s.opening(ctx, `WHERE id = $1 AND tenant_id = $2`, id, tenantID)
	if err != nil {
		return verify.Opening{}, wrap(op, err)
	}
	if !lapsed(o, at) {
		return o, nil
	}
	// Whoever hears that it has expired must never hear otherwise: what moves it at an earlier time is waited for, and this time made durable.
	err = s.write(ctx, op, []string{o.PersonID}, func(t *txn) error {
		o, err = t.opening(tenantID, id)
		o = seen(o, t.at)
		return err
	})
	if err != nil {
		return verify.Opening{}, err
	}
	return o, nil
}

// OpeningParties implements verify.Ledger.
func (s *Store) OpeningParties(ctx context.Context, tenantID, id string) ([]quota.Key, error) {
	var out []quota.Key
	err := s.list(ctx, `SELECT role, person_id FROM opening_parties WHERE opening_id = $1 AND tenant_id = $2 ORDER BY role, person_id`,
		[]any{id, tenantID}, func(scan func(dest ...any) error) error {
			var k quota.Key
			err := scan(&k.Part, &k.ID)
			out = append(out, k)
			return err
		})
	if err != nil {
		return nil, wrap("opening parties", err)
	}
	return out, nil
}

// Transition implements verify.Ledger. change sees a lapsed reservation as expired.
func (s *Store) Transition(ctx context.Context, tenantID, id string,
	change func(at time.Time, o verify.Opening) (verify.OpeningUpdate, error),
) (verify.Opening, error) {
	const op = "transition"
	before, err := s.opening(ctx, `WHERE id = $1 AND tenant_id = $2`, id, tenantID)
	if err != nil {
		return verify.Opening{}, wrap(op, err)
	}
	var after verify.Opening
	err = s.write(ctx, op, []string{before.PersonID}, func(t *txn) error {
		o, err := t.opening(tenantID, id)
		if err != nil {
			return err
		}
		up, err := change(t.at, seen(o, t.at))
		if err != nil {
			return own(err)
		}
		if up.Event == nil {
			after = seen(o, t.at)
			return nil
		}
		if up.ID != "" && up.ID != id {
			return errors.New("the update is of another opening")
		}
		after, err = t.move(o, up)
		return err
	})
	if err != nil {
		return verify.Opening{}, err
	}
	return after, nil
}

// opening reads one opening as it is stored.
func (t *txn) opening(tenantID, id string) (verify.Opening, error) {
	rows, err := t.query(selectOpening+`WHERE id = $1 AND tenant_id = $2`, id, tenantID)
	var o verify.Opening
	found := false
	err = each(rows, err, func(scan func(dest ...any) error) (err error) {
		found = true
		o, err = scanOpening(scan)
		return err
	})
	if err == nil && !found {
		err = verify.ErrNotFound
	}
	return o, err
}

// updateReserved applies the update that a later version of a decision makes
// to the opening that an earlier one reserved. The decision's own event covers
// it, so that Event may be nil.
func (t *txn) updateReserved(tenantID string, up verify.OpeningUpdate) error {
	o, err := t.opening(tenantID, up.ID)
	if err != nil {
		return err
	}
	_, err = t.move(o, up)
	return err
}

// move writes an opening's new state with its event. What is final or has
// lapsed cannot come back: that is verify.ErrOpeningEnded.
func (t *txn) move(o verify.Opening, up verify.OpeningUpdate) (verify.Opening, error) {
	if o.State.Final() || lapsed(o, t.at) && !up.State.Final() {
		return o, verify.ErrOpeningEnded
	}
	if up.State == quota.Reserved && o.State != quota.Reserved {
		return o, verify.ErrStale // it was confirmed meanwhile
	}
	was := o
	o.State, o.LeaseUntil, o.UpdatedAt = up.State, up.LeaseUntil, t.at
	if o.State != quota.Reserved {
		o.LeaseUntil = time.Time{}
	}
	if up.ExternalRef != "" {
		o.ExternalRef = up.ExternalRef
	}
	if was.State == quota.Reserved && !o.State.Final() && o.State != quota.Reserved && o.OpenedAt.IsZero() {
		o.OpenedAt = t.at
	}
	err := t.one(verify.ErrStale, `UPDATE openings SET state = $1, lease_until = $2, external_ref = $3, opened_at = $4, closed_at = $5, updated_at = $6
		WHERE id = $7 AND tenant_id = $8 AND state = $9`,
		string(o.State), micros(o.LeaseUntil), text(o.ExternalRef), micros(o.OpenedAt), t.closedAt(o.State), t.at.UnixMicro(),
		o.ID, o.TenantID, string(was.State))
	if err != nil {
		return o, sentinel(err)
	}
	if o.State == quota.Released || o.State == quota.Expired {
		if err := t.releaseWindows(o.DecisionID); err != nil {
			return o, err
		}
	}
	if up.Event != nil {
		return o, t.putEvent(*up.Event)
	}
	return o, nil
}

const hasLapsed = `WHERE state = 'reserved' AND lease_until <= $1 ORDER BY lease_until LIMIT $2`

// ExpireLeases implements verify.Ledger.
func (s *Store) ExpireLeases(ctx context.Context, limit int,
	event func(at time.Time, o verify.Opening) (compliance.Event, error),
) (int, error) {
	const op = "expire leases"
	var ended []verify.Opening
	var persons []string
	err := s.list(ctx, selectOpening+hasLapsed,
		[]any{s.readTime().UnixMicro(), limit}, func(scan func(dest ...any) error) error {
			o, err := scanOpening(scan)
			ended, persons = append(ended, o), append(persons, o.PersonID)
			return err
		})
	if err != nil || len(ended) == 0 {
		return 0, wrap(op, err)
	}
	expired := 0
	err = s.write(ctx, op, persons, func(t *txn) error {
		expired = 0
		for _, candidate := range ended {
			o, err := t.opening(candidate.TenantID, candidate.ID)
			if err != nil {
				return err
			}
			if !lapsed(o, t.at) {
				continue // settled meanwhile
			}
			ev, err := event(t.at, o)
			if err != nil {
				return own(err)
			}
			if _, err := t.move(o, verify.OpeningUpdate{ID: o.ID, State: quota.Expired, Event: &ev}); err != nil {
				return err
			}
			expired++
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	return expired, nil
}
