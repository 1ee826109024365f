package httpapi

import (
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"realname/compliance"
	"realname/imaging"
	"realname/verify"
)

type disclosureAnswer struct {
	ID         string    `json:"id"`
	Evidence   string    `json:"evidence"`
	Recipient  string    `json:"recipient"`
	Purpose    string    `json:"purpose"`
	LegalBasis string    `json:"legal_basis"`
	Watermark  string    `json:"watermark"`
	At         time.Time `json:"at"`
	Digest     string    `json:"digest"`
	Copy       photoCrop `json:"copy"`
}

// createDisclosure answers with a watermarked copy of a kept photo. The copy is
// written here and nowhere else, and only once it is recorded that it leaves.
func (a *API) createDisclosure(c echo.Context) error {
	id, err := evidenceID(c)
	if err != nil {
		return err
	}
	key, err := idempotencyKey(c.Request())
	if err != nil {
		return err
	}
	var body disclosureRequest
	if err := a.readJSON(c, maxJSON, &body); err != nil {
		return err
	}
	if body.LegalBasis == "" {
		return refuse("legal_basis_missing", "a copy leaves on a legal basis only").as(compliance.FaultUnprocessable).at("/legal_basis")
	}
	if err := validateFields(&body, ""); err != nil {
		return err
	}
	made, err := a.o.Service.Disclose(c.Request().Context(), caller(c), key, id, verify.CopyRequest{
		Recipient: body.Recipient, Purpose: body.Purpose, LegalBasis: body.LegalBasis,
	})
	if err != nil {
		return err
	}
	w, h := imaging.CropCard.Size()
	markReplay(c, made.Replayed)
	return a.json(c, http.StatusCreated, disclosureAnswer{
		ID: made.ID, Evidence: made.EvidenceID, Recipient: made.Recipient, Purpose: made.Purpose, LegalBasis: made.LegalBasis,
		Watermark: made.Watermark, At: made.At, Digest: made.Digest,
		Copy: photoCrop{Kind: imaging.CropCard, MediaType: mediaJPEG, Width: w, Height: h, Content: made.JPEG},
	})
}
