package verify

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"realname/compliance"
	"realname/imaging"
	"realname/imaging/watermark"
	"realname/verify/idnumber"
)

// CopyRequest asks for a copy of a kept photo, to be given to somebody.
type CopyRequest struct {
	Recipient  string // the tenant's own reference of who gets it: printable ASCII, at most MaxRecipient
	Purpose    string // a token
	LegalBasis string // a token; without one nothing leaves
}

// MaxRecipient is the longest reference of a recipient in characters, so that it stands on the copy whole.
const MaxRecipient = 64

// Disclosure is one copy that left: to whom, for what, on which legal basis.
type Disclosure struct {
	ID             string
	TenantID       string
	PersonID       string // empty where the document led to nobody
	DecisionID     string
	EvidenceID     string
	Recipient      string
	Purpose        string
	LegalBasis     string
	Watermark      string // the lines on the copy
	At             time.Time
	IdempotencyKey string
	RequestDigest  string
}

// Copy is what a disclosure hands out.
type Copy struct {
	Disclosure
	JPEG     []byte // the straightened card, marked all over: personal data
	Digest   string // hex SHA-256 of JPEG, which the event of the disclosure holds
	Replayed bool   // the same copy once more, with an event of its own
}

// Disclose makes a watermarked copy of a kept photo of a card. The copy's row and
// its event are durable before a byte is returned. A repetition under the same
// key brings the same copy: the same id, day and mark, no second row, but one more
// event, because bytes left once more.
func (s *Service) Disclose(ctx context.Context, c Caller, key, evidenceID string, ask CopyRequest) (Copy, error) {
	if ask.LegalBasis == "" {
		return Copy{}, errNoLegalBasis()
	}
	leave, err := s.enter(c.TenantID, key)
	if err != nil {
		return Copy{}, err
	}
	defer leave()
	text, err := json.Marshal(struct {
		Evidence string
		CopyRequest
	}{evidenceID, ask})
	if err != nil {
		return Copy{}, err
	}
	if err := s.keyIsFor(ctx, c, key, keyOfDisclosure); err != nil {
		return Copy{}, err
	}
	d, err := s.o.Ledger.DisclosureByKey(ctx, c.TenantID, key)
	replayed := err == nil
	if err != nil && !errors.Is(err, ErrNotFound) {
		return Copy{}, ledgerError(err)
	}
	if replayed {
		if err := s.same(d.RequestDigest, text); err != nil {
			return Copy{}, err
		}
	}
	crop, row, err := s.card(ctx, c, evidenceID)
	if err != nil {
		return Copy{}, err
	}
	if !replayed {
		if d, err = s.newDisclosure(ctx, &row, ask); err != nil {
			return Copy{}, err
		}
		d.IdempotencyKey = key
		if d.RequestDigest, err = s.digest(text); err != nil {
			return Copy{}, err
		}
	}
	return s.handOut(ctx, d, crop, replayed)
}

func errNoLegalBasis() error {
	return compliance.E(compliance.FaultUnprocessable, "legal_basis_missing", "a copy leaves on a legal basis only").At("/legal_basis")
}

func (s *Service) newDisclosure(ctx context.Context, row *EvidenceRow, ask CopyRequest) (Disclosure, error) {
	dk, err := s.o.Ledger.DataKey(ctx, row.TenantID, row.DataKeyID)
	if err != nil {
		return Disclosure{}, ledgerError(err)
	}
	d := Disclosure{
		ID: s.o.IDs.New(compliance.PrefixDisclosure), TenantID: row.TenantID, PersonID: dk.PersonID, DecisionID: row.DecisionID,
		EvidenceID: row.ID, Recipient: ask.Recipient, Purpose: ask.Purpose, LegalBasis: ask.LegalBasis, At: s.o.Now().UTC().Truncate(time.Microsecond),
	}
	d.Watermark = strings.Join([]string{"COPY FOR " + d.Recipient, d.Purpose + " " + idnumber.DateOf(d.At).String(), d.ID}, "\n")
	return d, nil
}

// handOut marks the crop and commits that it leaves.
func (s *Service) handOut(ctx context.Context, d Disclosure, crop imaging.Crop, replayed bool) (Copy, error) {
	marked, err := watermark.Stamp(crop, strings.Split(d.Watermark, "\n")...)
	if errors.Is(err, watermark.ErrText) {
		return Copy{}, compliance.E(compliance.FaultInvalid, "validation_failed", "recipient and purpose must fit the mark").Because(err)
	}
	if err != nil {
		return Copy{}, compliance.E(compliance.FaultUnavailable, "photo_check_unavailable", "the worker's crop cannot be marked").Because(err)
	}
	out := Copy{Disclosure: d, JPEG: marked, Digest: compliance.Digest(marked), Replayed: replayed}
	ev, err := compliance.NewEvent(s.o.IDs.New(compliance.PrefixEvent), compliance.EventEvidenceDisclosed, d.TenantID, d.EvidenceID, s.o.Now(),
		map[string]any{"disclosure": d.ID, "purpose": d.Purpose, "legal_basis": d.LegalBasis, "copy_digest": out.Digest, "again": replayed})
	if err != nil {
		return Copy{}, err
	}
	if err := s.o.Ledger.Disclose(ctx, d, replayed, ev); err != nil {
		if errors.Is(err, ErrNotKept) {
			return Copy{}, errGone()
		}
		return Copy{}, ledgerError(err)
	}
	s.o.OnCommit()
	return out, nil
}

func errGone() error {
	return compliance.E(compliance.FaultGone, "evidence_not_kept", "no clause keeps the content any more, and it went")
}

func errNotDisclosable(detail string) error {
	return compliance.E(compliance.FaultConflict, "evidence_not_disclosable", detail)
}

// card is the straightened card of a kept photo, as a worker finds it now: a copy
// shows the card and nothing of the room that it was photographed in.
func (s *Service) card(ctx context.Context, c Caller, evidenceID string) (imaging.Crop, EvidenceRow, error) {
	row, err := s.o.Ledger.Evidence(ctx, c.TenantID, evidenceID)
	if errors.Is(err, ErrNotFound) {
		return imaging.Crop{}, row, errNoEvidence()
	}
	if err != nil {
		return imaging.Crop{}, row, ledgerError(err)
	}
	photo, err := s.keptContent(ctx, &row)
	if err != nil {
		return imaging.Crop{}, row, err
	}
	document := imaging.DocumentResident
	if stored, err := s.o.Ledger.Decision(ctx, c.TenantID, row.DecisionID); err != nil {
		return imaging.Crop{}, row, ledgerError(err)
	} else if d, ok := imaging.DocumentOf(idnumber.Kind(stored.Decision.Facts.DocumentKind)); ok {
		document = d
	}
	report, err := s.o.Photos.Check(ctx, imaging.Request{Image: photo, Document: document, Side: imaging.Side(row.Side), Crop: imaging.CropCard})
	if _, undecodable := errors.AsType[*imaging.UploadError](err); undecodable || err == nil && report.Crop == nil {
		return imaging.Crop{}, row, errNotDisclosable("no card was found on the photo")
	}
	if err != nil {
		return imaging.Crop{}, row, compliance.E(compliance.FaultUnavailable, "photo_check_unavailable", "no imaging worker answered").Because(err)
	}
	return *report.Crop, row, nil
}

// keptContent is the photo, where it is one, is here and is kept by a clause.
func (s *Service) keptContent(ctx context.Context, row *EvidenceRow) ([]byte, error) {
	switch {
	case row.Kind != compliance.EvidenceDocumentPhoto:
		return nil, errNotDisclosable("only photos of cards are copied")
	case row.Locator != "":
		return nil, errNotDisclosable("the photo is in the tenant's own image system")
	case !row.Complete:
		return nil, compliance.E(compliance.FaultConflict, "evidence_incomplete", "the upload is not complete")
	}
	photo, err := s.content(ctx, *row)
	switch {
	case err != nil:
		return nil, err
	case len(photo) == 0:
		return nil, errGone()
	case row.KeptBy == "":
		return nil, errNotDisclosable("its verification is open, and nothing keeps it yet")
	}
	return photo, nil
}
