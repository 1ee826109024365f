package verify

import (
	"bytes"
	"context"
	"errors"
	"strconv"

	"realname/compliance"
	"realname/compliance/vault"
	"realname/imaging"
)

const (
	maxEvidence = 16
	chunkField  = "chunk"

	// Methods and path templates of the specification, under which refused attempts are recorded.
	endpointVerifications = "POST /v1/verifications"
	endpointOpenings      = "POST /v1/openings"
	endpointMoreEvidence  = "POST /v1/verifications/{id}/evidence"
	endpointPhotos        = "POST /v1/photos/check"
)

// gather loads uploaded evidence, gives ids to what came with the request, and
// gates every photo before anything else is spent on it.
func (s *Service) gather(ctx context.Context, c Caller, endpoint string, evidence []Evidence) error {
	for i := range evidence {
		e := &evidence[i]
		at := "/evidence/" + strconv.Itoa(i)
		if e.ID == "" {
			e.ID, e.fresh = s.o.IDs.New(compliance.PrefixEvidence), true
		} else if err := s.load(ctx, c, e); err != nil {
			if ce, ok := errors.AsType[*compliance.Error](err); ok {
				return ce.At(at + "/id")
			}
			return err
		}
		if e.Kind != compliance.EvidenceDocumentPhoto || len(e.Content) == 0 && e.Locator != "" {
			continue
		}
		if _, err := imaging.Gate(e.Content, s.o.PhotoLimits); err != nil {
			upload, ok := errors.AsType[*imaging.UploadError](err)
			if !ok {
				return err
			}
			if err := s.RefuseAttempt(ctx, c, endpoint, upload.Code); err != nil {
				return err
			}
			return uploadError(upload).At(at + "/content")
		}
	}
	return nil
}

// load fills a piece of evidence that was uploaded before.
func (s *Service) load(ctx context.Context, c Caller, e *Evidence) error {
	row, err := s.o.Ledger.Evidence(ctx, c.TenantID, e.ID)
	if errors.Is(err, ErrNotFound) || !compliance.ValidID(compliance.PrefixEvidence, e.ID) {
		return compliance.E(compliance.FaultUnprocessable, "evidence_not_found", "no such evidence of this tenant")
	}
	if err != nil {
		return ledgerError(err)
	}
	if !row.Complete && row.Length > 0 && row.Received == row.Length {
		// The last bytes came, and the step that closes the upload did not.
		done, err := s.complete(ctx, c, row)
		if err != nil {
			return err
		}
		row.Complete, row.Digest = done.Complete, done.Digest
	}
	if !row.Complete {
		return compliance.E(compliance.FaultConflict, "evidence_incomplete", "the upload is not complete")
	}
	e.Kind, e.Side, e.Digest, e.DeviceSerial, e.Attestor, e.CapturedAt = row.Kind, row.Side, row.Digest, row.DeviceSerial, row.Attestor, row.CapturedAt
	if row.Kind != compliance.EvidenceDocumentPhoto {
		return nil
	}
	e.Content, err = s.content(ctx, row)
	if err == nil && len(e.Content) == 0 && row.Length > 0 {
		return compliance.E(compliance.FaultConflict, "evidence_not_kept", "the content went when its verification was decided; send it again")
	}
	return err
}

// content opens the seals of one piece of evidence.
func (s *Service) content(ctx context.Context, row EvidenceRow) ([]byte, error) {
	_, sealer, err := s.sealer(ctx, row.TenantID, row.DataKeyID)
	if err != nil {
		return nil, err
	}
	chunks, err := s.o.Ledger.Chunks(ctx, row.TenantID, row.ID)
	if err != nil {
		return nil, ledgerError(err)
	}
	var out bytes.Buffer
	for _, sealed := range chunks {
		plain, err := sealer.Open(chunkField, chunkRecord(row.ID, int64(out.Len())), sealed)
		if err != nil {
			return nil, vaultError(err)
		}
		out.Write(plain)
	}
	return out.Bytes(), nil
}

func chunkRecord(id string, offset int64) string { return id + "@" + strconv.FormatInt(offset, 10) }

func vaultError(err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, vault.ErrErased) {
		return compliance.E(compliance.FaultGone, "personal_data_erased", "the personal data behind this record was erased")
	}
	if errors.Is(err, vault.ErrStorageOnly) {
		return compliance.E(compliance.FaultGone, "personal_data_restricted", "erasure was asked; until its end the personal data is kept for the law alone")
	}
	if errors.Is(err, vault.ErrUnavailable) {
		return compliance.E(compliance.FaultUnavailable, "vault_unavailable", "the key agent did not answer; ask again under the same key").Because(err)
	}
	return compliance.E(compliance.FaultInternal, "vault_unavailable", "a seal did not open").Because(err)
}

// sealEvidence makes the rows of the evidence that came with the request.
func (s *Service) sealEvidence(sealer *vault.Sealer, d *draft) ([]EvidenceRow, error) {
	var rows []EvidenceRow
	for _, e := range d.job.ask.Request.Evidence {
		if !e.fresh {
			row, err := reseal(sealer, d, &e)
			if err != nil {
				return nil, err
			}
			rows = append(rows, row)
			continue
		}
		row := EvidenceRow{
			ID: e.ID, TenantID: d.job.caller.TenantID, DecisionID: d.decision.ID, Kind: e.Kind, Side: e.Side,
			DeviceSerial: e.DeviceSerial, Attestor: e.Attestor, CapturedAt: e.CapturedAt.UTC(), ReceivedAt: d.assessment.now,
			Digest: e.Digest, Locator: e.Locator, Length: int64(len(e.Content)), Received: int64(len(e.Content)), Complete: true,
			DataKeyID: sealer.DataKeyID(),
		}
		if len(e.Content) > 0 {
			sealed, err := sealer.Seal(chunkField, chunkRecord(e.ID, 0), e.Content)
			if err != nil {
				return nil, vaultError(err)
			}
			row.Sealed, row.Digest = sealed, compliance.Digest(e.Content)
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// CheckPhoto checks one photo without deciding anything; nothing of it is kept.
func (s *Service) CheckPhoto(ctx context.Context, c Caller, req imaging.Request) (imaging.Report, error) {
	report, err := s.o.Photos.Check(ctx, req)
	if upload, ok := errors.AsType[*imaging.UploadError](err); ok {
		if err := s.RefuseAttempt(ctx, c, endpointPhotos, upload.Code); err != nil {
			return imaging.Report{}, err
		}
		return imaging.Report{}, uploadError(upload)
	}
	if err != nil {
		return imaging.Report{}, compliance.E(compliance.FaultUnavailable, "photo_check_unavailable", "no imaging worker answered").Because(err)
	}
	return report, nil
}
