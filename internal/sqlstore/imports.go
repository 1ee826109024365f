package sqlstore

import (
	"context"
	"errors"
	"fmt"

	"realname/verify"
)

// Import implements verify.Ledger. The rows are written in one transaction,
// without locks: stock may exceed a limit. A key that the tenant used before is
// verify.ErrImportOverlap.
func (s *Store) Import(ctx context.Context, imp verify.Import) (verify.ImportResult, error) {
	const op = "import"
	for i := range imp.Rows {
		if err := checkImportRow(imp.TenantID, imp.LegalEntityID, &imp.Rows[i]); err != nil {
			return verify.ImportResult{}, wrap(op, fmt.Errorf("row %d: %w", i, err))
		}
	}
	var out verify.ImportResult
	err := s.writeStock(ctx, op, func(t *txn) error {
		loaded, err := t.loadRows(imp.ID, imp.TenantID, imp.Rows)
		if err != nil {
			return err
		}
		out = verify.ImportResult{ID: imp.ID, RequestDigest: imp.RequestDigest, Loaded: loaded, Skipped: len(imp.Rows) - loaded}
		_, err = t.exec(`INSERT INTO imports (id, tenant_id, legal_entity_id, idempotency_key, request_digest, loaded, skipped, recorded_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
			imp.ID, imp.TenantID, imp.LegalEntityID, imp.IdempotencyKey, imp.RequestDigest, out.Loaded, out.Skipped, t.at.UnixMicro())
		if err != nil {
			return err
		}
		ev, err := imp.Event(t.at, out)
		if err != nil {
			return own(err)
		}
		return t.putEvent(ev)
	})
	if err != nil {
		return verify.ImportResult{}, err
	}
	return out, nil
}

func checkImportRow(tenantID, legalEntityID string, r *verify.ImportRow) error {
	if r.Opening.TenantID != tenantID || r.Opening.LegalEntityID != legalEntityID {
		return errors.New("the opening is of another tenant")
	}
	return checkKeys(r.Keys, r.NewPersonID)
}

// writeStock runs f again where another writer of the same persons or references was quicker: what it wrote is seen then.
func (s *Store) writeStock(ctx context.Context, op string, f func(*txn) error) (err error) {
	for range maxTries {
		err = s.write(ctx, op, nil, f)
		if !errors.Is(err, errRaced) && !errors.Is(err, verify.ErrExternalRefTaken) {
			break
		}
	}
	return err
}

// ImportByKey implements verify.Ledger.
func (s *Store) ImportByKey(ctx context.Context, tenantID, key string) (verify.ImportResult, error) {
	if key == "" {
		return verify.ImportResult{}, wrap("import by key", errors.New("no key"))
	}
	var r verify.ImportResult
	err := s.find(ctx, `SELECT id, loaded, skipped, request_digest FROM imports WHERE tenant_id = $1 AND idempotency_key = $2`,
		[]any{tenantID, key}, &r.ID, &r.Loaded, &r.Skipped, &r.RequestDigest)
	return r, wrap("import by key", err)
}
