package sqlstore

import (
	"context"
	"time"

	"realname/ratelimit/quota"
	"realname/verify"
)

// sweepChunks bounds how many rows of content one transaction deletes; a var for tests.
var sweepChunks int64 = 2048

// duePiece is a kept piece with what its end is counted from.
type duePiece struct {
	verify.EvidenceRow
	person    string // empty where the document led to nobody
	decidedAt time.Time
}

// One decision is one relationship's: it knows the person also of pieces that are sealed under no person's key.
const selectDue = `SELECT e.id, e.tenant_id, e.decision_id, e.kept_by, e.keep_years, e.keep_until, d.person_id, d.decided_at
	FROM evidence e JOIN decisions d ON d.id = e.decision_id AND d.newest
	WHERE e.keep_until <= $1 AND e.retention_ended_at IS NULL AND e.keep_years IS NOT NULL`

func (p *duePiece) fields() []any {
	return []any{
		&p.ID, &p.TenantID, optional(&p.DecisionID), optional(&p.KeptBy), &p.KeepYears, moment(&p.KeepUntil),
		optional(&p.person), moment(&p.decidedAt),
	}
}

func (p *duePiece) mark() verify.RetentionMark {
	return verify.RetentionMark{KeepUntil: p.KeepUntil, ID: p.ID}
}

// lock is what the piece is judged under: whoever opens or closes anything of the person holds the same.
func (p *duePiece) lock() string {
	if p.person != "" {
		return p.person
	}
	return p.ID
}

// SweepRetention implements verify.Ledger.
func (s *Store) SweepRetention(ctx context.Context, sweep verify.RetentionSweep) (verify.RetentionPage, error) {
	const op = "sweep retention"
	var due []duePiece
	var locks []string
	err := s.list(ctx, selectDue+` AND (e.keep_until, e.id) > ($2, $3) ORDER BY e.keep_until, e.id LIMIT $4`,
		[]any{s.readTime().UnixMicro(), sweep.After.KeepUntil.UnixMicro(), sweep.After.ID, sweep.Limit},
		func(scan func(dest ...any) error) error {
			var p duePiece
			err := scan(p.fields()...)
			due, locks = append(due, p), append(locks, p.lock())
			return err
		})
	if err != nil || len(due) == 0 {
		return verify.RetentionPage{}, wrap(op, err)
	}
	var page verify.RetentionPage
	err = s.write(ctx, op, locks, func(t *txn) error {
		page = verify.RetentionPage{Next: sweep.After, More: len(due) == sweep.Limit}
		budget := sweepChunks
		for i := range due {
			whole, err := t.sweepPiece(&page, &sweep, due[i].ID, &budget)
			if err != nil {
				return err
			}
			if !whole {
				page.More = true // the same piece again, in a transaction of its own
				return nil
			}
			page.Next = due[i].mark()
		}
		return nil
	})
	if err != nil {
		return verify.RetentionPage{}, err
	}
	return page, nil
}

// sweepPiece judges one piece and does what follows; whole is false when its
// content was more than the budget could take.
func (t *txn) sweepPiece(page *verify.RetentionPage, sweep *verify.RetentionSweep, id string, budget *int64) (whole bool, err error) {
	var p duePiece
	found, err := t.row(selectDue+` AND e.id = $2`, []any{t.at.UnixMicro(), id}, p.fields()...)
	if err != nil || !found {
		return true, err // another sweep was here first
	}
	fate, err := t.fate(&p, sweep)
	if err != nil {
		return false, err
	}
	switch {
	case sweep.DryRun:
	case fate == verify.RetentionPostponed:
		if _, err := t.exec(`UPDATE evidence SET keep_until = $1 WHERE id = $2`, p.KeepUntil.UnixMicro(), p.ID); err != nil {
			return false, err
		}
	case fate == verify.RetentionEnded:
		if whole, err := t.endRetention(&p, sweep, budget); err != nil || !whole {
			return whole, err
		}
	}
	page.Pieces = append(page.Pieces, verify.Retained{ID: p.ID, TenantID: p.TenantID, Clause: p.KeptBy, KeepUntil: p.KeepUntil, Fate: fate})
	return true, nil
}

// fate recomputes until when p is kept. The relationship is all that the person
// has with the legal entity: closing one card while another is used ends nothing.
func (t *txn) fate(p *duePiece, sweep *verify.RetentionSweep) (verify.RetentionFate, error) {
	lasting, unsettled, closed, err := t.relationship(p.person, p.TenantID)
	if err != nil {
		return "", err
	}
	ends := []time.Time{p.decidedAt}
	if !closed.IsZero() {
		ends = append(ends, closed)
	}
	if lasting > 0 {
		ends = append(ends, t.at) // it ends today at the earliest, so that nobody need ask again before
	}
	for _, end := range ends {
		if until := sweep.Until(end, p.KeepYears); until.After(p.KeepUntil) {
			p.KeepUntil = until
		}
	}
	switch {
	case p.KeepUntil.After(t.at):
		return verify.RetentionPostponed, nil
	case unsettled > 0:
		return verify.RetentionAwaits, nil
	}
	return verify.RetentionEnded, nil
}

// relationship is what a person has with the tenant's legal entity: how many openings last, of how many nobody knows yet
// what becomes of them, and when the last was closed. Nobody has nothing.
func (t *txn) relationship(person, tenantID string) (lasting, unsettled int, closed time.Time, err error) {
	if person == "" {
		return 0, 0, time.Time{}, nil
	}
	_, err = t.row(`SELECT COUNT(CASE WHEN state IN ($1, $2) THEN 1 END),
		COUNT(CASE WHEN state NOT IN ($1, $2, $3, $4, $5) AND (lease_until IS NULL OR lease_until > $6) THEN 1 END), MAX(closed_at)
		FROM openings WHERE person_id = $7 AND (tenant_id = $8
			OR legal_entity_id = (SELECT legal_entity_id FROM tenants WHERE id = $8))`,
		[]any{
			string(quota.Active), string(quota.Suspended), string(quota.Closed), string(quota.Released), string(quota.Expired),
			t.at.UnixMicro(), person, tenantID,
		}, &lasting, &unsettled, moment(&closed))
	return lasting, unsettled, closed, err
}

// endRetention deletes the content from its head on, so that nothing ever reads
// what is left as if it were the whole, and with the last of it notes and logs the end.
func (t *txn) endRetention(p *duePiece, sweep *verify.RetentionSweep, budget *int64) (whole bool, err error) {
	n, err := t.exec(`DELETE FROM evidence_chunks WHERE evidence_id = $1 AND chunk_offset IN
		(SELECT chunk_offset FROM evidence_chunks WHERE evidence_id = $1 ORDER BY chunk_offset LIMIT $2)`, p.ID, *budget)
	if err != nil {
		return false, err
	}
	if *budget -= n; *budget <= 0 {
		return false, nil
	}
	if err := t.one(verify.ErrStale, `UPDATE evidence SET sealed = NULL, retention_ended_at = $1 WHERE id = $2 AND retention_ended_at IS NULL`,
		t.at.UnixMicro(), p.ID); err != nil {
		return false, err
	}
	event, err := sweep.Event(t.at, p.EvidenceRow)
	if err != nil {
		return false, own(err)
	}
	return true, t.putEvent(event)
}
