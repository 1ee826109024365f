package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"realname/verify"
)

// Import implements verify.Ledger. The rows are written in one transaction,
// without locks: stock may exceed a limit. A key that the tenant used before is
// verify.ErrImportOverlap.
func (s *Store) Import(ctx context.Context, imp verify.Import) (verify.ImportResult, error) {
	const op = "import"
	rows := slices.Clone(imp.Rows)
	for i, r := range rows {
		if err := checkKeys(r.Keys, r.NewPersonID); err != nil {
			return verify.ImportResult{}, wrap(op, fmt.Errorf("row %d: %w", i, err))
		}
		if r.Opening.TenantID != imp.TenantID || r.Opening.LegalEntityID != imp.LegalEntityID {
			return verify.ImportResult{}, wrap(op, fmt.Errorf("row %d: the opening is of another tenant", i))
		}
	}
	// One order for all imports, so that two of the same persons cannot lock each other out.
	slices.SortStableFunc(rows, func(a, b verify.ImportRow) int { return strings.Compare(a.Keys[0].MAC, b.Keys[0].MAC) })
	var out verify.ImportResult
	err := s.write(ctx, op, nil, func(t *txn) error {
		out = verify.ImportResult{ID: imp.ID, RequestDigest: imp.RequestDigest}
		for _, r := range rows {
			loaded, err := t.importRow(imp, r)
			if err != nil {
				return err
			}
			if loaded {
				out.Loaded++
			} else {
				out.Skipped++
			}
		}
		_, err := t.exec(`INSERT INTO imports (id, tenant_id, legal_entity_id, idempotency_key, request_digest, loaded, skipped, recorded_at)
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

const selectReference = `SELECT 1 FROM openings WHERE tenant_id = $1 AND external_ref = $2 LIMIT 1`

// importRow loads one row; it reports false when the tenant has its external_ref already.
func (t *txn) importRow(imp verify.Import, r verify.ImportRow) (loaded bool, err error) {
	o := r.Opening
	if o.ExternalRef != "" {
		var one int
		known, err := t.row(selectReference, []any{imp.TenantID, o.ExternalRef}, &one)
		if err != nil || known {
			return false, err
		}
	}
	if o.PersonID, err = t.enroll(r.Keys, r.NewPersonID); err != nil {
		return false, err
	}
	err = t.putOpening(&o, imp.ID, nil)
	return err == nil, err
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
