package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"realname/compliance"
	"realname/ratelimit/quota"
	"realname/verify"
)

// Commit implements verify.Ledger.
func (s *Store) Commit(ctx context.Context, rec verify.Record) (verify.Rows, error) {
	var out verify.Rows
	err := s.write(ctx, "commit", lockKeys(rec), func(t *txn) error {
		uses, err := t.count(rec.Demands)
		if err != nil {
			return err
		}
		seen, err := t.lookUp(rec.Images)
		if err != nil {
			return err
		}
		rows, err := rec.Build(t.at, uses, seen.reuse())
		if err != nil {
			return own(err)
		}
		if err := t.putRows(&rows); err != nil {
			return err
		}
		if err := t.putImages(rec.Images, seen); err != nil {
			return err
		}
		out = rows
		return nil
	})
	if err != nil {
		return verify.Rows{}, err
	}
	return out, nil
}

// putRows writes what one Commit decided, and fills in the times that the ledger sets.
func (t *txn) putRows(rows *verify.Rows) error {
	d := &rows.Decision
	if err := t.putDecision(d); err != nil {
		return err
	}
	tenantID := d.Decision.TenantID
	for i, p := range d.Parties {
		if _, err := t.exec(`INSERT INTO decision_parties (decision_id, version, ordinal, tenant_id, role, person_id) VALUES ($1, $2, $3, $4, $5, $6)`,
			d.Decision.ID, d.Decision.Version, i, tenantID, string(p.Part), p.ID); err != nil {
			return err
		}
	}
	if o := rows.Opening; o != nil {
		if o.TenantID != tenantID {
			return errors.New("the opening is of another tenant than its decision")
		}
		put := *o // the caller's value stays its own when the transaction is run again
		if err := t.putOpening(&put, "", d.Parties); err != nil {
			return err
		}
		rows.Opening = &put
	}
	if err := t.putWindows(d.Decision.ID, rows.Windows, rows.Opens()); err != nil {
		return err
	}
	if rows.Update != nil {
		if err := t.updateReserved(tenantID, *rows.Update); err != nil {
			return err
		}
	}
	for _, e := range rows.Evidence {
		if err := t.attachEvidence(tenantID, e); err != nil {
			return err
		}
	}
	return t.useUp(tenantID, d.Decision.ID, rows.Consumes, rows.Excepts)
}

// useUp marks the verification and the exceptions that by rests on as used.
func (t *txn) useUp(tenantID, by, verification string, exceptions []string) error {
	if verification != "" {
		if err := t.consume(tenantID, verification, by); err != nil {
			return err
		}
	}
	for _, id := range exceptions {
		// Counting found it under the same locks, so that only a damaged ledger lacks it now.
		if err := t.one(verify.ErrStale, `UPDATE quota_exceptions SET used_by = $1 WHERE id = $2 AND used_by IS NULL`, by, id); err != nil {
			return err
		}
	}
	return nil
}

const insertDecision = `INSERT INTO decisions (
	id, version, newest, tenant_id, legal_entity_id, person_id, scene, occasion, product, outcome,
	channel, channel_agent_id, outlet_id, clerk_id, terminal_id, policy_digest, biz_no, idempotency_key, request_digest,
	decided_at, deadline, expires_at, recorded_at, event_seq, event_id, event_kind, event_at, event_body, data_key_id, canonical, sealed)
	VALUES ($1, $2, TRUE, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16,
	$17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29, $30)`

// putDecision inserts one version; a version after the first must follow a
// newest one that is not final, else verify.ErrStale.
func (t *txn) putDecision(r *verify.DecisionRow) error {
	d := &r.Decision
	if r.Event.TenantID != d.TenantID || r.Event.ID == "" || len(r.Canonical) == 0 {
		return errors.New("a decision without its own event or canonical record")
	}
	if d.Version > 1 {
		err := t.one(verify.ErrStale, `UPDATE decisions SET newest = FALSE
			WHERE id = $1 AND version = $2 AND tenant_id = $3 AND newest AND outcome IN ('pending', 'review')`,
			d.ID, d.Version-1, d.TenantID)
		if err != nil {
			return err
		}
	}
	if _, err := t.exec(insertDecision, t.decisionArgs(r)...); err != nil {
		return sentinel(err)
	}
	return t.used(r.DataKeyID)
}

func (t *txn) decisionArgs(r *verify.DecisionRow) []any {
	d := &r.Decision
	return []any{
		d.ID, d.Version, d.TenantID, text(r.LegalEntityID), text(r.PersonID),
		string(d.Scene), string(d.Occasion), d.Product, string(d.Outcome),
		string(d.Channel), text(r.Channel.ChannelAgent), text(r.Channel.Outlet), text(r.Channel.Clerk), text(r.Channel.Terminal),
		d.PolicyDigest, text(r.BizNo), text(r.IdempotencyKey), text(r.RequestDigest),
		d.DecidedAt.UnixMicro(), micros(d.Deadline), micros(d.ExpiresAt), t.at.UnixMicro(),
		t.seq, r.Event.ID, string(r.Event.Kind), r.Event.At.UnixMicro(), r.Event.Body,
		text(r.DataKeyID), r.Canonical, r.Sealed,
	}
}

// consume marks an approved verification as used by the decision by.
func (t *txn) consume(tenantID, id, by string) error {
	n, err := t.exec(`UPDATE decisions SET consumed_by = $1
		WHERE id = $2 AND tenant_id = $3 AND newest AND outcome = 'approved' AND consumed_by IS NULL`, by, id, tenantID)
	if err != nil || n == 1 {
		return err
	}
	var consumedBy string
	found, err := t.row(`SELECT consumed_by FROM decisions WHERE id = $1 AND tenant_id = $2 AND newest`,
		[]any{id, tenantID}, optional(&consumedBy))
	switch {
	case err != nil:
		return err
	case found && consumedBy != "":
		return verify.ErrConsumed
	default:
		return verify.ErrNotFound
	}
}

const selectDecision = `SELECT id, version, tenant_id, legal_entity_id, person_id, biz_no, idempotency_key, request_digest,
	channel, channel_agent_id, outlet_id, clerk_id, terminal_id,
	event_id, event_kind, event_at, event_body, data_key_id, canonical, sealed, consumed_by FROM decisions `

func scanDecision(scan func(dest ...any) error) (verify.Stored, error) {
	var (
		st           verify.Stored
		id, tenantID string
		version      int
		eventAt      time.Time
	)
	r := &st.DecisionRow
	err := scan(&id, &version, &tenantID, optional(&r.LegalEntityID), optional(&r.PersonID),
		optional(&r.BizNo), optional(&r.IdempotencyKey), optional(&r.RequestDigest),
		&r.Channel.Kind, optional(&r.Channel.ChannelAgent), optional(&r.Channel.Outlet), optional(&r.Channel.Clerk), optional(&r.Channel.Terminal),
		&r.Event.ID, &r.Event.Kind, moment(&eventAt), &r.Event.Body,
		optional(&r.DataKeyID), &r.Canonical, &r.Sealed, optional(&st.ConsumedBy))
	if err != nil {
		return verify.Stored{}, err
	}
	r.Event.TenantID, r.Event.Subject, r.Event.At = tenantID, id, eventAt
	if r.Decision, err = compliance.DecodeDecision(r.Canonical); err != nil {
		return verify.Stored{}, fmt.Errorf("the canonical record of %s version %d is damaged", id, version)
	}
	return st, nil
}

func (s *Store) decision(ctx context.Context, op, where string, args ...any) (verify.Stored, error) {
	var st verify.Stored
	found := false
	err := s.list(ctx, selectDecision+where, args, func(scan func(dest ...any) error) (err error) {
		found = true
		st, err = scanDecision(scan)
		return err
	})
	if err == nil && !found {
		err = verify.ErrNotFound
	}
	return st, wrap(op, err)
}

// DecisionByKey implements verify.Ledger.
func (s *Store) DecisionByKey(ctx context.Context, tenantID, key string) (verify.Stored, error) {
	return s.decision(ctx, "decision by key", `WHERE tenant_id = $1 AND idempotency_key = $2`, tenantID, key)
}

// Decision implements verify.Ledger.
func (s *Store) Decision(ctx context.Context, tenantID, id string) (verify.Stored, error) {
	return s.decision(ctx, "decision", `WHERE id = $1 AND tenant_id = $2 AND newest`, id, tenantID)
}

// DecisionVersion implements verify.Ledger.
func (s *Store) DecisionVersion(ctx context.Context, tenantID, id string, version int) (verify.Stored, error) {
	return s.decision(ctx, "decision version", `WHERE id = $1 AND tenant_id = $2 AND version = $3`, id, tenantID, version)
}

// AnyDecision finds a version of a decision of whatever tenant, the newest when version is 0. It is for the operator:
// a tenant's request asks Decision or DecisionVersion.
func (s *Store) AnyDecision(ctx context.Context, id string, version int) (verify.Stored, error) {
	if version == 0 {
		return s.decision(ctx, "any decision", `WHERE id = $1 AND newest`, id)
	}
	return s.decision(ctx, "any decision", `WHERE id = $1 AND version = $2`, id, version)
}

// DecisionParties implements verify.Ledger.
func (s *Store) DecisionParties(ctx context.Context, tenantID, id string, version int) ([]quota.Key, error) {
	var out []quota.Key
	err := s.list(ctx, `SELECT role, person_id FROM decision_parties WHERE decision_id = $1 AND version = $2 AND tenant_id = $3 ORDER BY ordinal`,
		[]any{id, version, tenantID}, func(scan func(dest ...any) error) error {
			var k quota.Key
			err := scan(&k.Part, &k.ID)
			out = append(out, k)
			return err
		})
	if err != nil {
		return nil, wrap("decision parties", err)
	}
	return out, nil
}

// DecisionByBizNo implements verify.Ledger.
func (s *Store) DecisionByBizNo(ctx context.Context, tenantID, bizNo string) (verify.Stored, error) {
	return s.decision(ctx, "decision by biz_no", `WHERE newest AND id =
		(SELECT id FROM decisions WHERE tenant_id = $1 AND biz_no = $2 AND version = 1)`, tenantID, bizNo)
}

// PendingDecisions implements verify.Ledger.
func (s *Store) PendingDecisions(ctx context.Context, after string, limit int) ([]verify.Stored, error) {
	var out []verify.Stored
	err := s.list(ctx, selectDecision+`WHERE newest AND outcome = 'pending' AND id > $1 ORDER BY id LIMIT $2`,
		[]any{after, limit}, func(scan func(dest ...any) error) error {
			st, err := scanDecision(scan)
			out = append(out, st)
			return err
		})
	if err != nil {
		return nil, wrap("pending decisions", err)
	}
	return out, nil
}
