package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strings"
	"time"

	"realname/compliance"
	"realname/compliance/vault"
	"realname/verify"
)

// reconcileGroup is how many findings or marks one transaction writes: others write between them.
const reconcileGroup = 500

const selectReconciliation = `SELECT id, tenant_id, legal_entity_id, file_digest, phase, staged, refused, matched, differing,
	only_ledger, only_file, started_at, ended_at FROM reconciliations `

func reconciliationFields(r *verify.Reconciliation) []any {
	return []any{
		&r.ID, &r.TenantID, &r.LegalEntityID, &r.Digest, &r.Phase, &r.Staged, &r.Refused, &r.Matched, &r.Differing,
		&r.OnlyLedger, &r.OnlyFile, moment(&r.StartedAt), moment(&r.EndedAt),
	}
}

// Reconciliation implements verify.StockLedger.
func (s *Store) Reconciliation(ctx context.Context, tenantID, id string) (verify.Reconciliation, error) {
	var r verify.Reconciliation
	err := s.find(ctx, selectReconciliation+`WHERE id = $1 AND tenant_id = $2`, []any{id, tenantID}, reconciliationFields(&r)...)
	return r, wrap("reconciliation", err)
}

// BeginReconciliation implements verify.StockLedger.
func (s *Store) BeginReconciliation(ctx context.Context, r verify.Reconciliation,
	event func(at time.Time) (compliance.Event, error),
) (verify.Reconciliation, error) {
	r.Phase = verify.ReconciliationReading
	err := s.write(ctx, "begin reconciliation", nil, func(t *txn) error {
		_, err := t.exec(`UPDATE reconciliations SET phase = 'abandoned', ended_at = $1
			WHERE tenant_id = $2 AND phase <> 'complete' AND phase <> 'abandoned'`, t.at.UnixMicro(), r.TenantID)
		if err != nil {
			return err
		}
		ev, err := event(t.at)
		if err != nil {
			return own(err)
		}
		r.StartedAt, r.EndedAt = t.at, t.at
		_, err = t.exec(`INSERT INTO reconciliations (id, tenant_id, legal_entity_id, file_digest, matched, only_ledger, only_file,
			started_at, ended_at, event_id, phase) VALUES ($1, $2, $3, $4, 0, 0, 0, $5, $5, $6, $7)`,
			r.ID, r.TenantID, r.LegalEntityID, r.Digest, t.at.UnixMicro(), ev.ID, r.Phase)
		if err != nil {
			return err
		}
		return t.putEvent(ev)
	})
	if err != nil {
		return verify.Reconciliation{}, err
	}
	return r, s.forgetStage(ctx, r.TenantID)
}

// forgetStage takes away what abandoned comparisons of the tenant have left, a group at a time.
func (s *Store) forgetStage(ctx context.Context, tenantID string) error {
	for {
		var left int64
		err := s.write(ctx, "forget stage", nil, func(t *txn) (err error) {
			left, err = t.exec(`DELETE FROM reconciliation_stage WHERE (reconciliation_id, external_ref) IN (
				SELECT g.reconciliation_id, g.external_ref FROM reconciliation_stage g JOIN reconciliations r ON r.id = g.reconciliation_id
				WHERE r.tenant_id = $1 AND r.phase = 'abandoned' LIMIT $2)`, tenantID, reconcileGroup)
			return err
		})
		if err != nil || left == 0 {
			return err
		}
	}
}

// StageRows implements verify.StockLedger.
func (s *Store) StageRows(ctx context.Context, id string, rows []verify.StagedRow, refused []verify.RefusedRow, repeated string) error {
	return s.write(ctx, "stage rows", nil, func(t *txn) error {
		staged, twice, err := t.stage(id, rows)
		if err != nil {
			return err
		}
		refused := slices.Clone(refused)
		for _, r := range twice {
			refused = append(refused, verify.RefusedRow{Row: r.Row, Code: repeated, ExternalRef: r.ExternalRef})
		}
		if err := t.putRefused(id, refused); err != nil {
			return err
		}
		return t.one(verify.ErrStale, `UPDATE reconciliations SET staged = staged + $1, refused = refused + $2 WHERE id = $3 AND phase = 'reading'`,
			staged, len(refused), id)
	})
}

// stage inserts the rows whose reference is new to the comparison and returns those whose is not.
func (t *txn) stage(id string, rows []verify.StagedRow) (staged int, twice []verify.StagedRow, err error) {
	documents := make([][]vault.DocumentKey, 0, len(rows))
	for i := range rows {
		documents = append(documents, rows[i].Keys)
	}
	owner, err := t.owners(slices.Concat(documents...))
	if err != nil {
		return 0, nil, err
	}
	// Loaded stock has no sealed request that a rewrap could read: its persons come under a new master key here.
	if _, err := t.bring(documents, owner); err != nil {
		return 0, nil, err
	}
	seen, err := t.stagedRefs(id, rows)
	if err != nil {
		return 0, nil, err
	}
	values := make([][]any, 0, len(rows))
	for i := range rows {
		r := &rows[i]
		if seen[r.ExternalRef] {
			twice = append(twice, *r)
			continue
		}
		seen[r.ExternalRef] = true
		var person any // NULL: not told
		if r.Named {
			person = ownerOf(owner, r.Keys)
		}
		values = append(values, []any{id, r.ExternalRef, r.Row, r.Product, string(r.State), person})
	}
	_, err = t.insertAll(`reconciliation_stage (reconciliation_id, external_ref, row_number, product, state, person_id)`, "", values)
	return len(values), twice, err
}

func (t *txn) stagedRefs(id string, rows []verify.StagedRow) (map[string]bool, error) {
	seen := map[string]bool{}
	for group := range slices.Chunk(rows, groupRows) {
		args := append(make([]any, 0, len(group)+1), id)
		for i := range group {
			args = append(args, group[i].ExternalRef)
		}
		found, err := t.query(`SELECT external_ref FROM reconciliation_stage WHERE reconciliation_id = $1
			AND external_ref IN (`+parameters(2, len(group))+`)`, args...)
		err = each(found, err, func(scan func(dest ...any) error) error {
			var ref string
			err := scan(&ref)
			seen[ref] = true
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return seen, nil
}

// Of the tenant's file, what the ledger lacks or has differently. A reservation whose lease has ended is no opening any more.
const selectFileFindings = `SELECT g.row_number, g.external_ref, o.id,
	CASE WHEN o.product <> g.product THEN 1 ELSE 0 END, CASE WHEN o.state <> g.state THEN 1 ELSE 0 END,
	CASE WHEN o.person_id <> g.person_id THEN 1 ELSE 0 END
	FROM reconciliation_stage g LEFT JOIN openings o ON o.tenant_id = $1 AND o.external_ref = g.external_ref
		AND o.state <> 'released' AND o.state <> 'expired' AND (o.state <> 'reserved' OR o.lease_until > $2)
	WHERE g.reconciliation_id = $3 AND (o.id IS NULL OR o.product <> g.product OR o.state <> g.state OR o.person_id <> g.person_id)
	ORDER BY g.external_ref`

// Of the ledger's living openings, what the tenant's file lacks. What is reserved was not handed over yet, and is not missing.
const selectLedgerFindings = `SELECT o.id, o.external_ref FROM openings o
	WHERE o.tenant_id = $1 AND o.state IN ('pending_activation', 'active', 'suspended') AND NOT EXISTS (
		SELECT 1 FROM reconciliation_stage g WHERE g.reconciliation_id = $2 AND g.external_ref = o.external_ref)
	ORDER BY o.id`

// comparison is one run of Reconcile.
type comparison struct {
	store *Store
	r     verify.Reconciliation
	of    verify.ReconciliationEvents
	last  int64 // ordinal
	found []verify.Finding
}

// Reconcile implements verify.StockLedger.
func (s *Store) Reconcile(ctx context.Context, id string, of verify.ReconciliationEvents) (verify.Reconciliation, error) {
	const op = "reconcile"
	c := comparison{store: s, of: of}
	c.r.ID = id
	if err := c.enter(ctx, verify.ReconciliationReading, verify.ReconciliationComparing); err != nil {
		return verify.Reconciliation{}, err
	}
	// Only now are its counts final: nothing is staged any more.
	if err := s.find(ctx, selectReconciliation+`WHERE id = $1`, []any{id}, reconciliationFields(&c.r)...); err != nil {
		return verify.Reconciliation{}, wrap(op, err)
	}
	if err := c.compare(ctx); err != nil {
		return verify.Reconciliation{}, wrap(op, err)
	}
	if err := c.enter(ctx, verify.ReconciliationComparing, verify.ReconciliationMarking); err != nil {
		return verify.Reconciliation{}, err
	}
	if err := c.mark(ctx); err != nil {
		return verify.Reconciliation{}, err
	}
	return c.end(ctx)
}

func (c *comparison) enter(ctx context.Context, from, to string) error {
	return c.store.write(ctx, "reconcile", nil, func(t *txn) error {
		return t.one(verify.ErrStale, `UPDATE reconciliations SET phase = $1 WHERE id = $2 AND phase = $3`, to, c.r.ID, from)
	})
}

// compare reads both sides in one snapshot; what it finds is written meanwhile, and not seen by it.
func (c *comparison) compare(ctx context.Context) (err error) {
	snapshot, err := c.store.engine.reader().BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, snapshot.Rollback()) }()
	rows, err := snapshot.QueryContext(ctx, selectFileFindings, c.r.TenantID, c.store.readTime().UnixMicro(), c.r.ID)
	err = each(rows, err, func(scan func(dest ...any) error) error {
		f := verify.Finding{Side: verify.SideFile}
		var product, state, person int
		if err := scan(&f.Row, &f.ExternalRef, optional(&f.OpeningID), &product, &state, &person); err != nil {
			return err
		}
		if f.OpeningID != "" {
			f.Side, f.Difference = verify.SideLedger, differences(product, state, person)
		}
		return c.find(ctx, f)
	})
	if err != nil {
		return err
	}
	rows, err = snapshot.QueryContext(ctx, selectLedgerFindings, c.r.TenantID, c.r.ID)
	err = each(rows, err, func(scan func(dest ...any) error) error {
		f := verify.Finding{Side: verify.SideLedger}
		if err := scan(&f.OpeningID, optional(&f.ExternalRef)); err != nil {
			return err
		}
		return c.find(ctx, f)
	})
	if err != nil {
		return err
	}
	return c.write(ctx)
}

func differences(product, state, person int) string {
	var out []string
	for _, d := range []struct {
		differs int
		name    string
	}{{product, "product"}, {state, "state"}, {person, "person"}} {
		if d.differs != 0 {
			out = append(out, d.name)
		}
	}
	return strings.Join(out, ",")
}

// find counts a finding and writes those that have gathered.
func (c *comparison) find(ctx context.Context, f verify.Finding) error {
	c.last++
	f.Ordinal = c.last
	switch f.Kind() {
	case verify.FindingDiffers:
		c.r.Differing++
	case verify.FindingOnlyFile:
		c.r.OnlyFile++
	default:
		c.r.OnlyLedger++
	}
	c.found = append(c.found, f)
	if len(c.found) < reconcileGroup {
		return nil
	}
	return c.write(ctx)
}

// write puts the findings that have gathered into the ledger, each with its event, and takes their rows off the stage.
func (c *comparison) write(ctx context.Context) error {
	err := c.store.write(ctx, "reconcile", nil, func(t *txn) error {
		values := make([][]any, 0, len(c.found))
		var refs []string
		for _, f := range c.found {
			ev, err := c.of.Finding(t.at, f)
			if err != nil {
				return own(err)
			}
			if err := t.putEvent(ev); err != nil {
				return err
			}
			var row any
			if f.Row > 0 {
				row = f.Row
				refs = append(refs, f.ExternalRef)
			}
			values = append(values, []any{c.r.ID, f.Ordinal, f.Side, text(f.OpeningID), text(f.ExternalRef), ev.ID, row, text(f.Difference)})
		}
		_, err := t.insertAll(`reconciliation_rows (reconciliation_id, ordinal, side, opening_id, external_ref, event_id, row_number, difference)`, "", values)
		if err != nil {
			return err
		}
		if err := t.unstage(c.r.ID, refs); err != nil {
			return err
		}
		return t.one(verify.ErrStale, `UPDATE reconciliations SET differing = $1, only_ledger = $2, only_file = $3 WHERE id = $4 AND phase = 'comparing'`,
			c.r.Differing, c.r.OnlyLedger, c.r.OnlyFile, c.r.ID)
	})
	c.found = c.found[:0]
	return err
}

func (t *txn) unstage(id string, refs []string) error {
	for group := range slices.Chunk(refs, groupRows) {
		args := append(make([]any, 0, len(group)+1), id)
		for _, ref := range group {
			args = append(args, ref)
		}
		_, err := t.exec(`DELETE FROM reconciliation_stage WHERE reconciliation_id = $1 AND external_ref IN (`+parameters(2, len(group))+`)`, args...)
		if err != nil {
			return err
		}
	}
	return nil
}

// mark notes on the openings that agree, which are all that is left on the stage, that the tenant's file has them.
func (c *comparison) mark(ctx context.Context) error {
	at := c.r.StartedAt.UnixMicro()
	for {
		var refs []string
		err := c.store.list(ctx, `SELECT external_ref FROM reconciliation_stage WHERE reconciliation_id = $1 ORDER BY external_ref LIMIT $2`,
			[]any{c.r.ID, reconcileGroup}, func(scan func(dest ...any) error) error {
				var ref string
				err := scan(&ref)
				refs = append(refs, ref)
				return err
			})
		if err != nil || len(refs) == 0 {
			return wrap("reconcile", err)
		}
		err = c.store.write(ctx, "reconcile", nil, func(t *txn) error {
			for group := range slices.Chunk(refs, groupRows) {
				args := append(make([]any, 0, len(group)+2), at, c.r.TenantID)
				for _, ref := range group {
					args = append(args, ref)
				}
				_, err := t.exec(`UPDATE openings SET last_reconciled_at = $1 WHERE tenant_id = $2 AND state <> 'released' AND state <> 'expired'
					AND external_ref IN (`+parameters(3, len(group))+`)`, args...)
				if err != nil {
					return err
				}
			}
			return t.unstage(c.r.ID, refs)
		})
		if err != nil {
			return err
		}
	}
}

func (c *comparison) end(ctx context.Context) (verify.Reconciliation, error) {
	r := c.r
	err := c.store.write(ctx, "reconcile", nil, func(t *txn) error {
		r.Phase, r.EndedAt, r.Matched = verify.ReconciliationComplete, t.at, r.Staged-r.Differing-r.OnlyFile
		err := t.one(verify.ErrStale, `UPDATE reconciliations SET phase = $1, matched = $2, ended_at = $3 WHERE id = $4 AND phase = 'marking'`,
			r.Phase, r.Matched, t.at.UnixMicro(), r.ID)
		if err != nil {
			return err
		}
		ev, err := c.of.Done(t.at, r)
		if err != nil {
			return own(err)
		}
		return t.putEvent(ev)
	})
	if err != nil {
		return verify.Reconciliation{}, err
	}
	return r, nil
}

// Findings implements verify.StockLedger.
func (s *Store) Findings(ctx context.Context, tenantID, id string, after int64, limit int) ([]verify.Finding, error) {
	var out []verify.Finding
	err := s.list(ctx, `SELECT w.ordinal, w.side, w.opening_id, w.external_ref, COALESCE(w.row_number, 0), w.difference
		FROM reconciliation_rows w JOIN reconciliations r ON r.id = w.reconciliation_id
		WHERE w.reconciliation_id = $1 AND r.tenant_id = $2 AND w.ordinal > $3 ORDER BY w.ordinal LIMIT $4`,
		[]any{id, tenantID, after, limit}, func(scan func(dest ...any) error) error {
			var f verify.Finding
			err := scan(&f.Ordinal, &f.Side, optional(&f.OpeningID), optional(&f.ExternalRef), &f.Row, optional(&f.Difference))
			out = append(out, f)
			return err
		})
	return out, wrap("findings", err)
}
