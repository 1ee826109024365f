package verify

import (
	"context"
	"encoding/json"
	"errors"
	"strconv"

	"realname/compliance"
	"realname/imaging"
)

// CreateEvidence announces an upload and, when asked, makes a one-time token
// with which a phone client may send it.
func (s *Service) CreateEvidence(ctx context.Context, c Caller, key string, n NewEvidence) (Upload, error) {
	if n.Length < 1 || n.Length > s.maxBytes() {
		return Upload{}, compliance.E(compliance.FaultTooLarge, imaging.UploadTooLarge, "length is not within the limit of an upload").At("/length")
	}
	leave, err := s.enter(c.TenantID, key)
	if err != nil {
		return Upload{}, err
	}
	defer leave()
	text, err := json.Marshal(n)
	if err != nil {
		return Upload{}, err
	}
	if err := s.keyIsFor(ctx, c, key, keyOfEvidence); err != nil {
		return Upload{}, err
	}
	if row, err := s.o.Ledger.EvidenceByKey(ctx, c.TenantID, key); err == nil {
		if err := s.same(row.RequestDigest, text); err != nil {
			return Upload{}, err
		}
		u := upload(row)
		u.Replayed = true
		return u, nil
	} else if !errors.Is(err, ErrNotFound) {
		return Upload{}, ledgerError(err)
	}
	return s.announce(ctx, c, key, text, n)
}

func (s *Service) announce(ctx context.Context, c Caller, key string, text []byte, n NewEvidence) (Upload, error) {
	dk, err := s.o.Vault.NewDataKey(s.o.IDs.New(compliance.PrefixDataKey), c.TenantID, "upload", retentionClass(c.Sector))
	if err != nil {
		return Upload{}, err
	}
	enrolled, err := s.o.Ledger.Enroll(ctx, Enrolment{DataKey: dk})
	if err != nil {
		return Upload{}, ledgerError(err)
	}
	digest, err := s.digest(text)
	if err != nil {
		return Upload{}, err
	}
	now := s.o.Now().UTC()
	row := EvidenceRow{
		ID: s.o.IDs.New(compliance.PrefixEvidence), TenantID: c.TenantID, Kind: n.Kind, Side: n.Side, DeviceSerial: n.DeviceSerial,
		Attestor: n.Attestor, CapturedAt: n.CapturedAt.UTC(), ReceivedAt: now, Digest: n.Digest, Length: n.Length,
		IdempotencyKey: key, RequestDigest: digest, DataKeyID: enrolled.DataKey.ID,
	}
	var token string
	if n.PhoneToken {
		token, row.TokenHash = s.o.NewToken()
		row.TokenUntil = now.Add(s.o.UploadToken)
	}
	if err := s.o.Ledger.PutEvidence(ctx, row, nil); err != nil {
		return Upload{}, ledgerError(err)
	}
	u := upload(row)
	u.Token = token
	return u, nil
}

func (s *Service) maxBytes() int64 {
	if s.o.PhotoLimits.MaxBytes > 0 {
		return s.o.PhotoLimits.MaxBytes
	}
	return imaging.DefaultMaxBytes
}

func upload(row EvidenceRow) Upload {
	return Upload{
		ID: row.ID, Kind: row.Kind, Length: row.Length, Received: row.Received, Complete: row.Complete,
		Digest: row.Digest, TokenUntil: row.TokenUntil,
	}
}

func errNoEvidence() error {
	return compliance.E(compliance.FaultNotFound, "evidence_not_found", "no such evidence of this tenant")
}

// Upload tells how far an upload has come.
func (s *Service) Upload(ctx context.Context, c Caller, id string) (Upload, error) {
	row, err := s.o.Ledger.Evidence(ctx, c.TenantID, id)
	if errors.Is(err, ErrNotFound) {
		return Upload{}, errNoEvidence()
	}
	if err != nil {
		return Upload{}, ledgerError(err)
	}
	return upload(row), nil
}

// UploadByToken finds the one upload that a phone client's token is for. The
// caller it returns may do nothing but continue that upload.
func (s *Service) UploadByToken(ctx context.Context, token string) (Caller, Upload, error) {
	row, err := s.o.Ledger.EvidenceByToken(ctx, s.o.HashToken(token))
	if errors.Is(err, ErrNotFound) || err == nil && (row.Complete || !s.o.Now().Before(row.TokenUntil)) {
		return Caller{}, Upload{}, compliance.E(compliance.FaultUnauthenticated, "upload_token_invalid", "the token is unknown, used or expired")
	}
	if err != nil {
		return Caller{}, Upload{}, ledgerError(err)
	}
	return Caller{TenantID: row.TenantID}, upload(row), nil
}

// AppendEvidence adds the bytes at offset, sealed, and completes the upload
// when the announced length is reached.
func (s *Service) AppendEvidence(ctx context.Context, c Caller, id string, offset int64, chunk []byte) (Upload, error) {
	row, err := s.o.Ledger.Evidence(ctx, c.TenantID, id)
	if errors.Is(err, ErrNotFound) {
		return Upload{}, errNoEvidence()
	}
	if err != nil {
		return Upload{}, ledgerError(err)
	}
	if row.Complete {
		return Upload{}, compliance.E(compliance.FaultConflict, "upload_complete", "the upload is already complete")
	}
	if offset != row.Received {
		return Upload{}, errOffset()
	}
	if len(chunk) == 0 && offset == row.Length {
		return s.complete(ctx, c, row)
	}
	if len(chunk) == 0 || offset+int64(len(chunk)) > row.Length {
		return Upload{}, compliance.E(compliance.FaultUnprocessable, "upload_length", "the bytes do not fit the announced length")
	}
	_, sealer, err := s.sealer(ctx, row.TenantID, row.DataKeyID)
	if err != nil {
		return Upload{}, err
	}
	if row.Digest != "" && offset+int64(len(chunk)) == row.Length {
		// Before the last bytes are taken: a full upload of wrong bytes could never be mended.
		before, err := s.content(ctx, row)
		if err != nil {
			return Upload{}, err
		}
		if compliance.Digest(append(before, chunk...)) != row.Digest {
			return Upload{}, errDigest()
		}
	}
	sealed, err := sealer.Seal(chunkField, chunkRecord(id, offset), chunk)
	if err != nil {
		return Upload{}, vaultError(err)
	}
	row.Received, err = s.o.Ledger.AppendChunk(ctx, c.TenantID, id, offset, int64(len(chunk)), sealed)
	switch {
	case errors.Is(err, ErrWrongOffset), errors.Is(err, ErrUploadClosed):
		return Upload{}, errOffset()
	case err != nil:
		return Upload{}, ledgerError(err)
	}
	if row.Received < row.Length {
		return upload(row), nil
	}
	return s.complete(ctx, c, row)
}

func errOffset() error {
	return compliance.E(compliance.FaultConflict, "upload_offset", "the upload stands at another offset; ask with HEAD")
}

func errDigest() error {
	return compliance.E(compliance.FaultUnprocessable, "upload_digest", "the bytes received do not have the announced digest")
}

// complete checks the whole content once and closes the upload.
func (s *Service) complete(ctx context.Context, c Caller, row EvidenceRow) (Upload, error) {
	content, err := s.content(ctx, row)
	if err != nil {
		return Upload{}, err
	}
	digest := compliance.Digest(content)
	if row.Digest != "" && row.Digest != digest {
		return Upload{}, errDigest()
	}
	now := s.o.Now().UTC()
	ev, err := compliance.NewEvent(s.o.IDs.New(compliance.PrefixEvent), compliance.EventEvidenceReceived, c.TenantID, row.ID, now,
		map[string]any{"kind": row.Kind, "length": strconv.FormatInt(row.Length, 10)})
	if err != nil {
		return Upload{}, err
	}
	if err := s.o.Ledger.CompleteEvidence(ctx, c.TenantID, row.ID, digest, ev); err != nil {
		return Upload{}, ledgerError(err)
	}
	s.o.OnCommit()
	row.Complete, row.Digest = true, digest
	return upload(row), nil
}
