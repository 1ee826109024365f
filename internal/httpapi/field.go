package httpapi

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"realname/compliance/receipt"
	"realname/verify"
)

type fieldDisclosureRequest struct {
	Field      string `json:"field" validate:"required,token"`
	Version    int    `json:"version,omitempty" validate:"omitempty,min=1,max=2147483647"`
	Recipient  string `json:"recipient" validate:"required,max=64,reference"`
	Purpose    string `json:"purpose" validate:"required,token"`
	LegalBasis string `json:"legal_basis" validate:"required,token"`
}

// discloseField answers with one input of a decision and what proves it. The
// receipt comes first: what cannot be proved yet is not opened either.
func (a *API) discloseField(c echo.Context) error {
	id, err := verificationID(c)
	if err != nil {
		return err
	}
	var body fieldDisclosureRequest
	if err := a.readJSON(c, maxJSON, &body); err != nil {
		return err
	}
	if err := validateFields(&body, ""); err != nil {
		return err
	}
	ctx := c.Request().Context()
	answer, err := a.answerOf(c, id, body.Version)
	if err != nil {
		return err
	}
	proof, err := a.o.Log.Proof(ctx, answer.EventID)
	if err != nil {
		return err
	}
	field, err := a.o.Service.DiscloseField(ctx, caller(c), id, verify.FieldRequest{
		Version: answer.Decision.Version, Field: body.Field, Recipient: body.Recipient, Purpose: body.Purpose, LegalBasis: body.LegalBasis,
	})
	if err != nil {
		return err
	}
	return a.json(c, http.StatusOK, disclosureOf(field, proof))
}

// disclosureOf puts what was opened and its receipt into the form that auditors read.
func disclosureOf(f verify.DisclosedField, proof []byte) receipt.Disclosure {
	return receipt.Disclosure{
		V: 1, Field: f.Commitment.Field, Value: f.Value.Reveal(), Salt: f.Salt, Alg: f.Commitment.Alg, Commitment: f.Commitment.Value,
		Receipt: string(proof),
	}
}

// EncodeDisclosure returns the answer of POST /v1/verifications/{id}/disclosures: a file for `realname-audit disclosure`.
func EncodeDisclosure(f verify.DisclosedField, proof []byte) ([]byte, error) {
	return disclosureOf(f, proof).Encode()
}
