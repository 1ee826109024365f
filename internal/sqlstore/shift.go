package sqlstore

import (
	"context"
	"errors"
	"slices"

	"realname/verify"
)

// Shift implements verify.Ledger.
func (s *Store) Shift(ctx context.Context, sh verify.Shift) (verify.ShiftRows, error) {
	const op = "shift"
	keys := append(slices.Clone(sh.Persons), demandLocks(sh.Demands)...)
	for _, id := range sh.Openings {
		o, err := s.opening(ctx, `WHERE id = $1 AND tenant_id = $2`, id, sh.TenantID)
		if err != nil {
			return verify.ShiftRows{}, wrap(op, err)
		}
		keys = append(keys, o.PersonID) // an opening never changes its holder
	}
	var out verify.ShiftRows
	err := s.write(ctx, op, keys, func(t *txn) (err error) {
		out, err = t.shift(sh)
		return err
	})
	if err != nil {
		return verify.ShiftRows{}, err
	}
	return out, nil
}

func (t *txn) shift(sh verify.Shift) (verify.ShiftRows, error) {
	if sh.Succeeds != "" {
		if o, found, err := t.successor(sh.TenantID, sh.Succeeds); found || err != nil {
			return verify.ShiftRows{Opening: &o, Repeated: true}, err
		}
	}
	stored := make([]verify.Opening, len(sh.Openings))
	standing := make([]verify.Opening, len(sh.Openings))
	for i, id := range sh.Openings {
		o, err := t.opening(sh.TenantID, id)
		if err != nil {
			return verify.ShiftRows{}, err
		}
		stored[i], standing[i] = o, seen(o, t.at)
	}
	uses, err := t.count(sh.Demands)
	if err != nil {
		return verify.ShiftRows{}, err
	}
	rows, err := sh.Apply(t.at, standing, uses)
	if err != nil {
		return verify.ShiftRows{}, own(err)
	}
	return rows, t.putShift(sh.TenantID, &rows, stored)
}

func (t *txn) putShift(tenantID string, rows *verify.ShiftRows, stored []verify.Opening) error {
	for i, up := range rows.Updates {
		at := slices.IndexFunc(stored, func(o verify.Opening) bool { return o.ID == up.ID })
		if at < 0 {
			return errors.New("the update is of an opening that was not read")
		}
		if up.State.Final() && up.State == stored[at].State {
			continue
		}
		after, err := t.move(stored[at], up)
		if err != nil {
			return err
		}
		rows.Updates[i].ExternalRef, stored[at] = after.ExternalRef, after
	}
	if o := rows.Opening; o != nil {
		if o.TenantID != tenantID {
			return errors.New("the opening is of another tenant")
		}
		put := *o
		if err := t.putOpening(&put, "", rows.Parties); err != nil {
			return err
		}
		rows.Opening = &put
		if err := t.putWindows(o.DecisionID, rows.Windows, true); err != nil {
			return err
		}
		if err := t.useUp(tenantID, o.ID, rows.Consumes, rows.Excepts); err != nil {
			return err
		}
	}
	for _, ev := range rows.Events {
		if err := t.putEvent(ev); err != nil {
			return err
		}
	}
	return nil
}

const isSuccessor = `WHERE predecessor_id = $1 AND tenant_id = $2 AND state NOT IN ('reserved', 'released', 'expired')`

// successor is the opening that follows another for good.
func (t *txn) successor(tenantID, id string) (o verify.Opening, found bool, err error) {
	rows, err := t.query(selectOpening+isSuccessor, id, tenantID)
	err = each(rows, err, func(scan func(dest ...any) error) (err error) {
		found = true
		o, err = scanOpening(scan)
		return err
	})
	return o, found, err
}
