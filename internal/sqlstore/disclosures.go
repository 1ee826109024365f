package sqlstore

import (
	"context"

	"realname/compliance"
	"realname/verify"
)

// Disclose implements verify.Ledger. It holds the lock that a sweep of retention
// judges the piece under, so that no copy leaves of what has gone.
func (s *Store) Disclose(ctx context.Context, d verify.Disclosure, again bool, event compliance.Event) error {
	lock := d.PersonID
	if lock == "" {
		lock = d.EvidenceID
	}
	return s.write(ctx, "disclose", []string{lock}, func(t *txn) error {
		var one int
		kept, err := t.row(`SELECT 1 FROM evidence WHERE id = $1 AND tenant_id = $2 AND kept_by IS NOT NULL AND retention_ended_at IS NULL`,
			[]any{d.EvidenceID, d.TenantID}, &one)
		if err != nil {
			return err
		}
		if !kept {
			return verify.ErrNotKept
		}
		if !again {
			_, err := t.exec(`INSERT INTO disclosures (id, tenant_id, person_id, decision_id, evidence_id, recipient, purpose, legal_basis,
				watermark, at, event_id, idempotency_key, request_digest) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`,
				d.ID, d.TenantID, text(d.PersonID), text(d.DecisionID), d.EvidenceID, d.Recipient, d.Purpose, d.LegalBasis,
				text(d.Watermark), d.At.UnixMicro(), event.ID, text(d.IdempotencyKey), text(d.RequestDigest))
			if err != nil {
				return err
			}
		}
		return t.putEvent(event)
	})
}

// DisclosureByKey implements verify.Ledger.
func (s *Store) DisclosureByKey(ctx context.Context, tenantID, key string) (verify.Disclosure, error) {
	var d verify.Disclosure
	err := s.find(ctx, `SELECT id, tenant_id, person_id, decision_id, evidence_id, recipient, purpose, legal_basis, watermark, at,
		idempotency_key, request_digest FROM disclosures WHERE tenant_id = $1 AND idempotency_key = $2`, []any{tenantID, key},
		&d.ID, &d.TenantID, optional(&d.PersonID), optional(&d.DecisionID), optional(&d.EvidenceID), &d.Recipient, &d.Purpose, &d.LegalBasis,
		optional(&d.Watermark), moment(&d.At), optional(&d.IdempotencyKey), optional(&d.RequestDigest))
	return d, wrap("disclosure by key", err)
}
