package sqlstore

import (
	"context"
	"errors"

	"realname/compliance/vault"
	"realname/verify"
)

// LookUp implements verify.Ledger.
func (s *Store) LookUp(ctx context.Context, l verify.Lookup) (verify.LookedUp, error) {
	const op = "look up"
	if len(l.Keys) > 0 == (l.PersonID != "") {
		return verify.LookedUp{}, wrap(op, errors.New("a look-up of no one, or by two ways"))
	}
	var out verify.LookedUp
	err := s.write(ctx, op, nil, func(t *txn) (err error) {
		out = verify.LookedUp{At: t.at}
		if l.PersonID != "" {
			_, err = t.row(`SELECT id FROM persons WHERE id = $1`, []any{l.PersonID}, &out.PersonID)
		} else {
			out.PersonID, err = t.owner(l.Keys)
		}
		if err != nil {
			return err
		}
		if out.PhoneID, err = t.owner(l.Phone); err != nil {
			return err
		}
		ev, err := l.Event(t.at)
		if err != nil {
			return own(err)
		}
		if _, err := t.exec(`INSERT INTO person_lookups (id, tenant_id, person_id, looked_by, purpose, legal_basis, at, event_id)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`, l.ID, l.TenantID, text(out.PersonID), l.By, l.Purpose, l.LegalBasis, t.at.UnixMicro(), ev.ID); err != nil {
			return err
		}
		return t.putEvent(ev)
	})
	if err != nil {
		return verify.LookedUp{}, err
	}
	return out, nil
}

// owner is whom the first known of the keys leads to, as an enrolment would find it; empty for none.
func (t *txn) owner(keys []vault.DocumentKey) (id string, err error) {
	for _, k := range keys {
		if found, err := t.row(selectKey, keyArgs(k), &id); found || err != nil {
			return id, err
		}
	}
	return "", nil
}
