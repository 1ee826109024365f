package sqlstore

import (
	"context"
	"errors"
	"fmt"

	"realname/verify"
)

const selectStockLoad = `SELECT i.id, i.tenant_id, i.legal_entity_id, i.idempotency_key, i.request_digest, l.name_digest, l.at_byte, l.at_row,
	i.loaded, i.skipped, l.refused, i.recorded_at, l.moved_at, l.ended_at
	FROM stock_loads l JOIN imports i ON i.id = l.import_id `

func stockLoadFields(l *verify.StockLoad) []any {
	return []any{
		&l.ID, &l.TenantID, &l.LegalEntityID, &l.Key, &l.Digest, optional(&l.NameDigest), &l.Byte, &l.Row,
		&l.Loaded, &l.Known, &l.Refused, moment(&l.StartedAt), moment(&l.MovedAt), moment(&l.EndedAt),
	}
}

func (s *Store) stockLoad(ctx context.Context, where string, args ...any) (verify.StockLoad, error) {
	var l verify.StockLoad
	err := s.find(ctx, selectStockLoad+where, args, stockLoadFields(&l)...)
	return l, wrap("stock load", err)
}

// StockLoad implements verify.StockLedger.
func (s *Store) StockLoad(ctx context.Context, tenantID, key string) (verify.StockLoad, error) {
	return s.stockLoad(ctx, `WHERE i.tenant_id = $1 AND i.idempotency_key = $2`, tenantID, key)
}

// StockLoadByID implements verify.StockLedger.
func (s *Store) StockLoadByID(ctx context.Context, tenantID, id string) (verify.StockLoad, error) {
	return s.stockLoad(ctx, `WHERE l.import_id = $2 AND i.tenant_id = $1`, tenantID, id)
}

// StockLoadByName implements verify.StockLedger.
func (s *Store) StockLoadByName(ctx context.Context, tenantID, nameDigest string) (verify.StockLoad, error) {
	return s.stockLoad(ctx, `WHERE l.tenant_id = $1 AND l.name_digest = $2 ORDER BY l.moved_at DESC LIMIT 1`, tenantID, nameDigest)
}

// BeginStockLoad implements verify.StockLedger.
func (s *Store) BeginStockLoad(ctx context.Context, l verify.StockLoad) (verify.StockLoad, error) {
	const op = "begin stock load"
	if l.ID == "" || l.TenantID == "" || l.Key == "" {
		return verify.StockLoad{}, wrap(op, errors.New("a load without id, tenant or key"))
	}
	err := s.write(ctx, op, nil, func(t *txn) error {
		l.StartedAt, l.MovedAt = t.at, t.at
		_, err := t.exec(`INSERT INTO imports (id, tenant_id, legal_entity_id, idempotency_key, request_digest, loaded, skipped, recorded_at)
			VALUES ($1, $2, $3, $4, $5, 0, 0, $6)`, l.ID, l.TenantID, l.LegalEntityID, l.Key, l.Digest, t.at.UnixMicro())
		if err != nil {
			return sentinel(err)
		}
		_, err = t.exec(`INSERT INTO stock_loads (import_id, tenant_id, name_digest, at_byte, at_row, refused, moved_at)
			VALUES ($1, $2, $3, 0, 0, 0, $4)`, l.ID, l.TenantID, text(l.NameDigest), t.at.UnixMicro())
		return err
	})
	if err != nil {
		return verify.StockLoad{}, err
	}
	return l, nil
}

// LoadStock implements verify.StockLedger. Like an import it takes no locks: stock may exceed a limit.
func (s *Store) LoadStock(ctx context.Context, c verify.StockChunk) (verify.StockLoad, error) {
	const op = "load stock"
	for i := range c.Rows {
		if err := checkImportRow(c.Load.TenantID, c.Load.LegalEntityID, &c.Rows[i]); err != nil {
			return verify.StockLoad{}, wrap(op, fmt.Errorf("row %d: %w", i, err))
		}
	}
	var after verify.StockLoad
	err := s.writeStock(ctx, op, func(t *txn) (err error) {
		after, err = t.loadChunk(&c)
		return err
	})
	if err != nil {
		return verify.StockLoad{}, err
	}
	return after, nil
}

func (t *txn) loadChunk(c *verify.StockChunk) (verify.StockLoad, error) {
	after := c.Load
	after.Byte, after.Row, after.MovedAt = c.Byte, c.Row, t.at
	after.Refused += int64(len(c.Refused))
	if c.Last {
		after.EndedAt = t.at
	}
	// First of all, so that of two who move one load the second waits here and then sees that it lost.
	err := t.one(verify.ErrStale, `UPDATE stock_loads SET at_byte = $1, at_row = $2, refused = $3, moved_at = $4, ended_at = $5
		WHERE import_id = $6 AND at_byte = $7 AND at_row = $8 AND ended_at IS NULL`,
		after.Byte, after.Row, after.Refused, t.at.UnixMicro(), micros(after.EndedAt), c.Load.ID, c.Load.Byte, c.Load.Row)
	if err != nil {
		return after, err
	}
	loaded, err := t.loadRows(c.Load.ID, c.Load.TenantID, c.Rows)
	if err != nil {
		return after, err
	}
	after.Loaded, after.Known = after.Loaded+int64(loaded), after.Known+int64(len(c.Rows)-loaded)
	if err := t.putRefused(c.Load.ID, c.Refused); err != nil {
		return after, err
	}
	err = t.one(verify.ErrStale, `UPDATE imports SET loaded = $1, skipped = $2 WHERE id = $3`,
		after.Loaded, after.Known, c.Load.ID)
	if err != nil {
		return after, err
	}
	ev, err := c.Event(t.at, after)
	if err != nil {
		return after, own(err)
	}
	return after, t.putEvent(ev)
}

func (t *txn) putRefused(runID string, refused []verify.RefusedRow) error {
	rows := make([][]any, 0, len(refused))
	for _, r := range refused {
		rows = append(rows, []any{runID, r.Row, r.Code, text(r.ExternalRef)})
	}
	_, err := t.insertAll(`stock_refusals (run_id, row_number, code, external_ref)`, "", rows)
	return err
}

// RefusedRows implements verify.StockLedger.
func (s *Store) RefusedRows(ctx context.Context, tenantID, runID string, after int64, limit int) ([]verify.RefusedRow, error) {
	var out []verify.RefusedRow
	err := s.list(ctx, `SELECT row_number, code, external_ref FROM stock_refusals WHERE run_id = $1 AND row_number > $2
		AND (EXISTS (SELECT 1 FROM stock_loads WHERE import_id = $1 AND tenant_id = $3)
			OR EXISTS (SELECT 1 FROM reconciliations WHERE id = $1 AND tenant_id = $3))
		ORDER BY row_number LIMIT $4`, []any{runID, after, tenantID, limit}, func(scan func(dest ...any) error) error {
		var r verify.RefusedRow
		err := scan(&r.Row, &r.Code, optional(&r.ExternalRef))
		out = append(out, r)
		return err
	})
	return out, wrap("refused rows", err)
}
