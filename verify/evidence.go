package verify

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"realname/compliance"
	"realname/compliance/policy"
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

// validate refuses what no decision can be made about.
func validate(c Caller, r *Request, opens bool) error {
	roles := map[compliance.PartyRole]int{}
	for _, p := range r.Parties {
		roles[p.Role]++
	}
	switch {
	case roles[compliance.RoleHolder] != 1:
		return compliance.E(compliance.FaultInvalid, "holder_required", "parties need exactly one holder").At("/parties")
	case roles[compliance.RoleProxy] > 1:
		return compliance.E(compliance.FaultInvalid, "one_proxy_only", "parties may have one proxy").At("/parties")
	case len(r.Evidence) > maxEvidence:
		return errTooMuchEvidence()
	case r.CustomerType == "unit" && (roles[compliance.RoleUnit] != 1 || roles[compliance.RoleHandler] != 1):
		return compliance.E(compliance.FaultInvalid, "unit_parties_required", "a unit needs the parties unit and handler").At("/parties")
	case opens && !slices.Contains(policy.OpeningOccasions, r.Occasion):
		return compliance.E(compliance.FaultUnprocessable, "event_needs_opening", "this event is about a card or account that exists").At("/event")
	}
	if allowed, bound := sectorsOf[r.Scene]; bound && !slices.Contains(allowed, c.Sector) {
		return compliance.E(compliance.FaultForbidden, "scene_not_of_sector", "this tenant's sector does not open this").At("/scene")
	}
	for i, p := range r.Parties {
		if p.Name == "" && p.Role == compliance.RoleHolder {
			return compliance.E(compliance.FaultInvalid, "name_missing", "the holder has no name").At("/parties/" + strconv.Itoa(i) + "/name")
		}
		if strings.ContainsFunc(p.Name.Reveal(), func(r rune) bool { return unicode.In(r, unicode.Cc, unicode.Cf) }) {
			return compliance.E(compliance.FaultInvalid, "name_bad_character", "a name has no control or invisible characters").At("/parties/" + strconv.Itoa(i) + "/name")
		}
		if foreign(p.Document) {
			return compliance.E(compliance.FaultUnprocessable, "issuing_state_mismatch", "this kind of document is issued by CHN").
				At("/parties/" + strconv.Itoa(i) + "/document/issuing_state")
		}
	}
	return nil
}

// sectorsOf are the trades that may open what a scene is about; other scenes are everybody's.
var sectorsOf = map[compliance.Scene][]compliance.Sector{
	compliance.ScenePhoneCard:      {compliance.SectorTelecom},
	compliance.SceneIoTCard:        {compliance.SectorTelecom},
	compliance.SceneBankAccount:    {compliance.SectorBanking},
	compliance.ScenePaymentAccount: {compliance.SectorPayment, compliance.SectorBanking},
}

func errTooMuchEvidence() error {
	return compliance.E(compliance.FaultInvalid, "too_much_evidence", "at most 16 pieces of evidence").At("/evidence")
}

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
	if errors.Is(err, vault.ErrErased) {
		return compliance.E(compliance.FaultConflict, "personal_data_erased", "the personal data behind this record was erased")
	}
	return compliance.E(compliance.FaultInternal, "vault_unavailable", "a seal did not open").Because(err)
}

// sealEvidence makes the rows of the evidence that came with the request.
func (s *Service) sealEvidence(sealer *vault.Sealer, d *draft) ([]EvidenceRow, error) {
	var rows []EvidenceRow
	for _, e := range d.job.ask.Request.Evidence {
		if !e.fresh {
			// It is in the ledger: only its decision is noted.
			rows = append(rows, EvidenceRow{ID: e.ID, TenantID: d.job.caller.TenantID, DecisionID: d.decision.ID, Kind: e.Kind})
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

// CreateEvidence announces an upload and, when asked, makes a one-time token
// with which a phone client may send it.
func (s *Service) CreateEvidence(ctx context.Context, c Caller, key string, n NewEvidence) (Upload, error) {
	if key == "" {
		return Upload{}, compliance.E(compliance.FaultInvalid, "idempotency_key_missing", "creation needs an Idempotency-Key header")
	}
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
		if !s.o.Vault.SameRequest(row.RequestDigest, text) {
			return Upload{}, compliance.E(compliance.FaultUnprocessable, "idempotency_key_reused", "the key was used for another request")
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
	now := s.o.Now().UTC()
	row := EvidenceRow{
		ID: s.o.IDs.New(compliance.PrefixEvidence), TenantID: c.TenantID, Kind: n.Kind, Side: n.Side, DeviceSerial: n.DeviceSerial,
		Attestor: n.Attestor, CapturedAt: n.CapturedAt.UTC(), ReceivedAt: now, Digest: n.Digest, Length: n.Length,
		IdempotencyKey: key, RequestDigest: s.o.Vault.RequestDigest(text), DataKeyID: enrolled.DataKey.ID,
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
