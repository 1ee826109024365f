package sqlstore

import (
	"context"
	"time"

	"realname/compliance"
	"realname/verify"
)

const selectException = `SELECT id, tenant_id, legal_entity_id, person_id, family, clause, grounds, proposed_by, proposed_at,
	approved_by, approved_at, expires_at, used_by FROM quota_exceptions `

func exceptionFields(x *verify.Exception) []any {
	return []any{
		&x.ID, &x.TenantID, &x.LegalEntityID, &x.PersonID, &x.Family, &x.Clause, &x.Grounds, &x.ProposedBy, moment(&x.ProposedAt),
		optional(&x.ApprovedBy), moment(&x.ApprovedAt), moment(&x.ExpiresAt), optional(&x.UsedBy),
	}
}

// ProposeException implements verify.Ledger.
func (s *Store) ProposeException(ctx context.Context, p verify.ExceptionProposal) (x verify.Exception, made bool, err error) {
	const op = "propose exception"
	if err := checkKeys(p.Keys, p.NewPersonID); err != nil {
		return x, false, wrap(op, err)
	}
	err = s.write(ctx, op, nil, func(t *txn) (err error) {
		x = p.Exception
		x.ProposedAt, x.ExpiresAt = t.at, t.at.Add(p.Valid)
		if x.PersonID, err = t.enroll(p.Keys, p.NewPersonID); err != nil {
			return err
		}
		// The index on the grounds is the lock: of two at once one waits and inserts nothing.
		n, err := t.exec(`INSERT INTO quota_exceptions (id, tenant_id, legal_entity_id, person_id, family, clause, grounds, proposed_by,
			proposed_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (tenant_id, person_id, family, grounds) DO NOTHING`,
			x.ID, x.TenantID, x.LegalEntityID, x.PersonID, x.Family, x.Clause, x.Grounds, x.ProposedBy, x.ProposedAt.UnixMicro(), x.ExpiresAt.UnixMicro())
		if err != nil {
			return err
		}
		if made = n == 1; !made {
			found, err := t.row(selectException+`WHERE tenant_id = $1 AND person_id = $2 AND family = $3 AND grounds = $4`,
				[]any{x.TenantID, x.PersonID, x.Family, x.Grounds}, exceptionFields(&x)...)
			if err == nil && !found {
				err = verify.ErrStale
			}
			return err
		}
		ev, err := p.Event(x)
		if err != nil {
			return own(err)
		}
		return t.putEvent(ev)
	})
	if err != nil {
		return verify.Exception{}, false, err
	}
	return x, made, nil
}

// Exception implements verify.Ledger.
func (s *Store) Exception(ctx context.Context, tenantID, id string) (x verify.Exception, err error) {
	err = s.find(ctx, selectException+`WHERE id = $1 AND tenant_id = $2`, []any{id, tenantID}, exceptionFields(&x)...)
	return x, wrap("exception", err)
}

// ApproveException implements verify.Ledger. The lock of the exception itself keeps two approvals apart; a count that runs
// meanwhile finds it approved or not.
func (s *Store) ApproveException(ctx context.Context, tenantID, id string,
	approve func(at time.Time, x verify.Exception) (by string, event *compliance.Event, err error),
) (x verify.Exception, err error) {
	err = s.write(ctx, "approve exception", []string{id}, func(t *txn) error {
		x = verify.Exception{}
		found, err := t.row(selectException+`WHERE id = $1 AND tenant_id = $2`, []any{id, tenantID}, exceptionFields(&x)...)
		if err != nil {
			return err
		}
		if !found {
			return verify.ErrNotFound
		}
		by, event, err := approve(t.at, x)
		if err != nil || event == nil {
			return own(err)
		}
		err = t.one(verify.ErrStale, `UPDATE quota_exceptions SET approved_by = $1, approved_at = $2 WHERE id = $3 AND approved_by IS NULL`,
			by, t.at.UnixMicro(), id)
		if err != nil {
			return err
		}
		x.ApprovedBy, x.ApprovedAt = by, t.at
		return t.putEvent(*event)
	})
	if err != nil {
		return verify.Exception{}, err
	}
	return x, nil
}
