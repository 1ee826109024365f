package sqlstore

import (
	"context"
	"database/sql"
	"errors"

	"realname/compliance"
	"realname/verify"
)

const evidenceColumns = `id, tenant_id, decision_id, kind, side, device_serial, attestor, captured_at, received_at, digest, locator,
	length, received, complete, token_hash, token_until, idempotency_key, request_digest, data_key_id, kept_by, keep_until, keep_years, retention_ended_at`

const insertEvidence = `INSERT INTO evidence (` + evidenceColumns + `, sealed)
	VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24)`

func (t *txn) evidenceArgs(e verify.EvidenceRow) []any {
	received := e.ReceivedAt
	if received.IsZero() {
		received = t.at
	}
	return []any{
		e.ID, e.TenantID, text(e.DecisionID), string(e.Kind), text(e.Side), text(e.DeviceSerial), text(e.Attestor),
		micros(e.CapturedAt), received.UnixMicro(), text(e.Digest), text(e.Locator), e.Length, e.Received, e.Complete,
		text(e.TokenHash), micros(e.TokenUntil), text(e.IdempotencyKey), text(e.RequestDigest), text(e.DataKeyID), text(e.KeptBy), micros(e.KeepUntil),
		count(e.KeepYears), micros(e.EndedAt), e.Sealed,
	}
}

// PutEvidence implements verify.Ledger.
func (s *Store) PutEvidence(ctx context.Context, e verify.EvidenceRow, event *compliance.Event) error {
	return s.write(ctx, "put evidence", nil, func(t *txn) error {
		if _, err := t.exec(insertEvidence, t.evidenceArgs(e)...); err != nil {
			return err
		}
		if event == nil {
			return nil
		}
		return t.putEvent(*event)
	})
}

// attachEvidence inserts a piece given with a request, or marks the uploaded
// piece of that id as used; a piece that is used twice keeps its first decision.
func (t *txn) attachEvidence(tenantID string, e verify.EvidenceRow) error {
	if e.TenantID != tenantID {
		return errors.New("the evidence is of another tenant than its decision")
	}
	n, err := t.exec(`UPDATE evidence SET decision_id = COALESCE(decision_id, $1) WHERE id = $2 AND tenant_id = $3 AND complete`,
		e.DecisionID, e.ID, tenantID)
	if err != nil {
		return err
	}
	if n == 1 {
		return t.keepEvidence(tenantID, &e)
	}
	// An id that is there now belongs to another tenant or to an upload that is not complete.
	return t.one(verify.ErrNotFound, insertEvidence+` ON CONFLICT (id) DO NOTHING`, t.evidenceArgs(e)...)
}

// keepEvidence gives the content of a piece that is there already the seal of
// its person, notes which clause keeps it, or lets it go. The decision that the
// piece came with rules over its content, and none lets go what a clause keeps.
func (t *txn) keepEvidence(tenantID string, e *verify.EvidenceRow) error {
	if e.KeptBy != "" {
		if err := t.keepLonger(tenantID, e); err != nil {
			return err
		}
	}
	var sealed []byte
	switch {
	case e.Released:
	case e.Sealed != nil:
		sealed = e.Sealed
	default:
		return nil
	}
	n, err := t.exec(`UPDATE evidence SET sealed = $1, data_key_id = COALESCE($2, data_key_id)
		WHERE id = $3 AND tenant_id = $4 AND decision_id = $5 AND (kept_by IS NULL OR $6)`,
		sealed, text(e.DataKeyID), e.ID, tenantID, e.DecisionID, !e.Released)
	if err != nil || n == 0 {
		return err
	}
	_, err = t.exec(`DELETE FROM evidence_chunks WHERE evidence_id = $1`, e.ID)
	return err
}

// keepLonger notes the clause that wants a piece kept for the most years, and the
// latest day that any of them names. What went already stays so.
func (t *txn) keepLonger(tenantID string, e *verify.EvidenceRow) error {
	const piece = ` WHERE id = $1 AND tenant_id = $2 AND retention_ended_at IS NULL`
	if _, err := t.exec(`UPDATE evidence SET kept_by = $3, keep_years = $4`+piece+` AND COALESCE(keep_years, 0) < $4`,
		e.ID, tenantID, e.KeptBy, e.KeepYears); err != nil {
		return err
	}
	_, err := t.exec(`UPDATE evidence SET keep_until = $3`+piece+` AND COALESCE(keep_until, 0) < $3`, e.ID, tenantID, e.KeepUntil.UnixMicro())
	return err
}

func (s *Store) evidence(ctx context.Context, op, where string, args ...any) (verify.EvidenceRow, error) {
	var e verify.EvidenceRow
	var years sql.NullInt64
	err := s.find(ctx, `SELECT `+evidenceColumns+` FROM evidence `+where, args,
		&e.ID, &e.TenantID, optional(&e.DecisionID), &e.Kind, optional(&e.Side), optional(&e.DeviceSerial), optional(&e.Attestor),
		moment(&e.CapturedAt), moment(&e.ReceivedAt), optional(&e.Digest), optional(&e.Locator), &e.Length, &e.Received, &e.Complete,
		optional(&e.TokenHash), moment(&e.TokenUntil), optional(&e.IdempotencyKey), optional(&e.RequestDigest), optional(&e.DataKeyID),
		optional(&e.KeptBy), moment(&e.KeepUntil), &years, moment(&e.EndedAt))
	e.KeepYears = int(years.Int64)
	return e, wrap(op, err)
}

// EvidenceByKey implements verify.Ledger.
func (s *Store) EvidenceByKey(ctx context.Context, tenantID, key string) (verify.EvidenceRow, error) {
	return s.evidence(ctx, "evidence by key", `WHERE tenant_id = $1 AND idempotency_key = $2`, tenantID, key)
}

// Evidence implements verify.Ledger.
func (s *Store) Evidence(ctx context.Context, tenantID, id string) (verify.EvidenceRow, error) {
	return s.evidence(ctx, "evidence", `WHERE id = $1 AND tenant_id = $2`, id, tenantID)
}

// EvidenceByToken implements verify.Ledger. A token that has ended is not found.
func (s *Store) EvidenceByToken(ctx context.Context, tokenHash string) (verify.EvidenceRow, error) {
	return s.evidence(ctx, "evidence by token", `WHERE token_hash = $1 AND token_until > $2`, tokenHash, s.readTime().UnixMicro())
}

// AppendChunk implements verify.Ledger. Bytes beyond the announced length are
// verify.ErrWrongOffset too.
func (s *Store) AppendChunk(ctx context.Context, tenantID, id string, offset, n int64, sealed []byte) (received int64, err error) {
	const op = "append chunk"
	if offset < 0 || n <= 0 {
		return 0, wrap(op, verify.ErrWrongOffset)
	}
	err = s.write(ctx, op, nil, func(t *txn) error {
		changed, err := t.exec(`UPDATE evidence SET received = received + $1
			WHERE id = $2 AND tenant_id = $3 AND received = $4 AND received + $1 <= length AND NOT complete`, n, id, tenantID, offset)
		if err != nil {
			return err
		}
		if changed == 0 {
			return t.uploadRefusal(tenantID, id)
		}
		received = offset + n
		_, err = t.exec(`INSERT INTO evidence_chunks (evidence_id, chunk_offset, length, sealed) VALUES ($1, $2, $3, $4)`,
			id, offset, n, sealed)
		return err
	})
	if err != nil {
		return 0, err
	}
	return received, nil
}

// uploadRefusal says why an upload did not take a chunk or its end.
func (t *txn) uploadRefusal(tenantID, id string) error {
	var complete bool
	found, err := t.row(`SELECT complete FROM evidence WHERE id = $1 AND tenant_id = $2`, []any{id, tenantID}, &complete)
	switch {
	case err != nil:
		return err
	case !found:
		return verify.ErrNotFound
	case complete:
		return verify.ErrUploadClosed
	default:
		return verify.ErrWrongOffset
	}
}

// CompleteEvidence implements verify.Ledger. An upload that lacks bytes is
// verify.ErrWrongOffset.
func (s *Store) CompleteEvidence(ctx context.Context, tenantID, id, digest string, event compliance.Event) error {
	return s.write(ctx, "complete evidence", nil, func(t *txn) error {
		changed, err := t.exec(`UPDATE evidence SET complete = TRUE, digest = $1, token_hash = NULL, token_until = NULL
			WHERE id = $2 AND tenant_id = $3 AND received = length AND NOT complete`, digest, id, tenantID)
		if err != nil {
			return err
		}
		if changed == 0 {
			return t.uploadRefusal(tenantID, id)
		}
		return t.putEvent(event)
	})
}

// Chunks implements verify.Ledger. A piece that came whole is its one chunk.
func (s *Store) Chunks(ctx context.Context, tenantID, id string) ([][]byte, error) {
	const op = "chunks"
	var whole []byte
	if err := s.find(ctx, `SELECT sealed FROM evidence WHERE id = $1 AND tenant_id = $2`, []any{id, tenantID}, &whole); err != nil {
		return nil, wrap(op, err)
	}
	if whole != nil {
		return [][]byte{whole}, nil
	}
	var chunks [][]byte
	err := s.list(ctx, `SELECT sealed FROM evidence_chunks WHERE evidence_id = $1 ORDER BY chunk_offset`, []any{id},
		func(scan func(dest ...any) error) error {
			var sealed []byte
			err := scan(&sealed)
			chunks = append(chunks, sealed)
			return err
		})
	if err != nil {
		return nil, wrap(op, err)
	}
	return chunks, nil
}
