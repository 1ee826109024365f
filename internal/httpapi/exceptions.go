package httpapi

import (
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"realname/compliance"
	"realname/verify"
)

type newExceptionRequest struct {
	Document  documentRequest `json:"document" validate:"required"`
	Family    string          `json:"family" validate:"required,token"`
	Grounds   string          `json:"grounds" validate:"required,reference"`
	ValidDays int             `json:"valid_days" validate:"required,min=1,max=30"`
}

type exceptionAnswer struct {
	ID         string                `json:"id"`
	State      verify.ExceptionState `json:"state"`
	Family     string                `json:"family"`
	Clause     string                `json:"clause"`
	Grounds    string                `json:"grounds"`
	ProposedBy string                `json:"proposed_by"`
	ProposedAt time.Time             `json:"proposed_at"`
	ApprovedBy string                `json:"approved_by,omitempty"`
	ApprovedAt time.Time             `json:"approved_at,omitzero"`
	ExpiresAt  time.Time             `json:"expires_at"`
	UsedBy     string                `json:"used_by,omitempty"`
}

func (a *API) createException(c echo.Context) error {
	var body newExceptionRequest
	if err := a.readJSON(c, maxJSON, &body); err != nil {
		return err
	}
	if err := validateFields(&body, ""); err != nil {
		return err
	}
	x, made, err := a.o.Service.ProposeException(c.Request().Context(), caller(c), verify.NewException{
		Document: body.Document.document(), Family: body.Family, Grounds: body.Grounds, Days: body.ValidDays,
	})
	if err != nil {
		return err
	}
	markReplay(c, !made)
	created(c, "/v1/quota-exceptions/"+x.ID)
	return a.json(c, http.StatusCreated, a.tellException(x))
}

func (a *API) getException(c echo.Context) error {
	return a.onException(c, func(id string) (verify.Exception, error) {
		return a.o.Service.Exception(c.Request().Context(), caller(c), id)
	})
}

func (a *API) approveException(c echo.Context) error {
	return a.onException(c, func(id string) (verify.Exception, error) {
		if err := a.noBody(c); err != nil {
			return verify.Exception{}, err
		}
		return a.o.Service.ApproveException(c.Request().Context(), caller(c), id)
	})
}

func (a *API) onException(c echo.Context, do func(id string) (verify.Exception, error)) error {
	id := c.Param("id")
	if !compliance.ValidID(compliance.PrefixException, id) {
		return compliance.E(compliance.FaultNotFound, "exception_not_found", "no such exception of this tenant")
	}
	x, err := do(id)
	if err != nil {
		return err
	}
	return a.json(c, http.StatusOK, a.tellException(x))
}

func (a *API) tellException(x verify.Exception) exceptionAnswer {
	return exceptionAnswer{
		ID: x.ID, State: x.State(a.o.Now()), Family: x.Family, Clause: x.Clause, Grounds: x.Grounds, ProposedBy: x.ProposedBy,
		ProposedAt: x.ProposedAt, ApprovedBy: x.ApprovedBy, ApprovedAt: x.ApprovedAt, ExpiresAt: x.ExpiresAt, UsedBy: x.UsedBy,
	}
}
