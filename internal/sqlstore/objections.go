package sqlstore

import (
	"context"
	"time"

	"realname/compliance"
	"realname/compliance/calendar"
	"realname/verify"
)

const selectObjection = `SELECT id, tenant_id, decision_id, way, clause, received_on, due_on, provisional, reference, state, filed_by, filed_at,
	resolved_by, resolved_at, verification_id, overdue_at FROM objections `

func objectionFields(o *verify.Objection) []any {
	return []any{
		&o.ID, &o.TenantID, &o.DecisionID, &o.Way, &o.Clause, &o.ReceivedOn, optional(&o.DueOn), &o.Provisional, optional(&o.Reference), &o.State,
		&o.FiledBy, moment(&o.FiledAt), optional(&o.ResolvedBy), moment(&o.ResolvedAt), optional(&o.VerificationID), moment(&o.OverdueAt),
	}
}

// FileObjection implements verify.Ledger.
func (s *Store) FileObjection(ctx context.Context, ask verify.Objection,
	event func(o verify.Objection) (compliance.Event, error),
) (o verify.Objection, made bool, err error) {
	err = s.write(ctx, "file objection", nil, func(t *txn) error {
		o = ask
		o.FiledAt = t.at
		n, err := t.exec(`INSERT INTO objections (id, tenant_id, decision_id, way, clause, received_on, due_on, provisional, reference, state, filed_by, filed_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) ON CONFLICT (tenant_id, decision_id, way, received_on) DO NOTHING`,
			o.ID, o.TenantID, o.DecisionID, o.Way, o.Clause, o.ReceivedOn, text(o.DueOn), o.Provisional, text(o.Reference), string(o.State), o.FiledBy, t.at.UnixMicro())
		if err != nil {
			return err
		}
		if made = n == 1; !made {
			found, err := t.row(selectObjection+`WHERE tenant_id = $1 AND decision_id = $2 AND way = $3 AND received_on = $4`,
				[]any{ask.TenantID, ask.DecisionID, ask.Way, ask.ReceivedOn}, objectionFields(&o)...)
			if err == nil && !found {
				err = verify.ErrStale
			}
			return err
		}
		ev, err := event(o)
		if err != nil {
			return own(err)
		}
		return t.putEvent(ev)
	})
	if err != nil {
		return verify.Objection{}, false, err
	}
	return o, made, nil
}

// Objection implements verify.Ledger.
func (s *Store) Objection(ctx context.Context, tenantID, id string) (o verify.Objection, err error) {
	err = s.find(ctx, selectObjection+`WHERE id = $1 AND tenant_id = $2`, []any{id, tenantID}, objectionFields(&o)...)
	return o, wrap("objection", err)
}

// OpenObjections implements verify.Ledger.
func (s *Store) OpenObjections(ctx context.Context, tenantID string, limit int) ([]verify.Objection, error) {
	return s.objections(ctx, `WHERE tenant_id = $1 AND state = 'open' ORDER BY COALESCE(due_on, '9999-12-31'), id LIMIT $2`, tenantID, limit)
}

func (s *Store) objections(ctx context.Context, where string, args ...any) ([]verify.Objection, error) {
	var out []verify.Objection
	err := s.list(ctx, selectObjection+where, args, func(scan func(dest ...any) error) error {
		var o verify.Objection
		err := scan(objectionFields(&o)...)
		out = append(out, o)
		return err
	})
	return out, wrap("objections", err)
}

// ResolveObjection implements verify.Ledger.
func (s *Store) ResolveObjection(ctx context.Context, tenantID, id string,
	resolve func(at time.Time, o verify.Objection) (verify.Objection, compliance.Event, error),
) (o verify.Objection, err error) {
	err = s.write(ctx, "resolve objection", []string{id}, func(t *txn) error {
		o = verify.Objection{}
		found, err := t.row(selectObjection+`WHERE id = $1 AND tenant_id = $2`, []any{id, tenantID}, objectionFields(&o)...)
		if err != nil {
			return err
		}
		if !found {
			return verify.ErrNotFound
		}
		next, ev, err := resolve(t.at, o)
		if err != nil {
			return own(err)
		}
		o = next
		o.ResolvedAt = t.at
		err = t.one(verify.ErrStale, `UPDATE objections SET state = $1, resolved_by = $2, resolved_at = $3, verification_id = $4 WHERE id = $5 AND state = 'open'`,
			string(o.State), o.ResolvedBy, t.at.UnixMicro(), text(o.VerificationID), id)
		if err != nil {
			return err
		}
		return t.putEvent(ev)
	})
	if err != nil {
		return verify.Objection{}, err
	}
	return o, nil
}

// MarkOverdue implements verify.Ledger.
func (s *Store) MarkOverdue(ctx context.Context, today string, limit int,
	event func(at time.Time, o verify.Objection) (compliance.Event, error),
) (int, error) {
	late, err := s.objections(ctx, `WHERE state = 'open' AND overdue_at IS NULL AND due_on < $1 ORDER BY due_on, id LIMIT $2`, today, limit)
	if err != nil {
		return 0, err
	}
	for i, o := range late {
		err := s.write(ctx, "mark overdue", []string{o.ID}, func(t *txn) error {
			n, err := t.exec(`UPDATE objections SET overdue_at = $1 WHERE id = $2 AND state = 'open' AND overdue_at IS NULL`, t.at.UnixMicro(), o.ID)
			if err != nil || n == 0 { // another gateway was quicker, or it was resolved meanwhile
				return err
			}
			ev, err := event(t.at, o)
			if err != nil {
				return own(err)
			}
			return t.putEvent(ev)
		})
		if err != nil {
			return i, err
		}
	}
	return len(late), nil
}

// Holidays implements verify.Ledger.
func (s *Store) Holidays(ctx context.Context) ([]calendar.Day, error) {
	var out []calendar.Day
	err := s.list(ctx, `SELECT date, working, source FROM holidays ORDER BY date`, nil, func(scan func(dest ...any) error) error {
		var d calendar.Day
		err := scan(&d.Date, &d.Working, &d.Source)
		out = append(out, d)
		return err
	})
	return out, wrap("holidays", err)
}

// SetHolidays puts days over those of the same dates, with the event.
func (s *Store) SetHolidays(ctx context.Context, days []calendar.Day, event compliance.Event) error {
	return s.write(ctx, "set holidays", nil, func(t *txn) error {
		for _, d := range days {
			_, err := t.exec(`INSERT INTO holidays (date, working, source) VALUES ($1, $2, $3)
				ON CONFLICT (date) DO UPDATE SET working = excluded.working, source = excluded.source`, d.Date, d.Working, d.Source)
			if err != nil {
				return err
			}
		}
		return t.putEvent(event)
	})
}
