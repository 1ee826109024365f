package httpapi

import (
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"realname/verify"
)

type newObjectionRequest struct {
	Way        string `json:"way" validate:"omitempty,token"`
	ReceivedOn string `json:"received_on" validate:"omitempty,civil_date"`
	Reference  string `json:"reference" validate:"omitempty,reference"`
}

type resolveObjectionRequest struct {
	State          verify.ObjectionState `json:"state" validate:"required,objection_answer"`
	VerificationID string                `json:"verification_id" validate:"omitempty,verification_id"`
}

type objectionAnswer struct {
	ID             string                `json:"id"`
	State          verify.ObjectionState `json:"state"`
	VerificationOf string                `json:"objected_to"`
	Way            string                `json:"way"`
	Clause         string                `json:"clause"`
	ReceivedOn     string                `json:"received_on"`
	DueOn          string                `json:"due_on,omitempty"`
	Provisional    bool                  `json:"provisional"`
	Overdue        bool                  `json:"overdue"`
	Reference      string                `json:"reference,omitempty"`
	FiledBy        string                `json:"filed_by"`
	FiledAt        time.Time             `json:"filed_at"`
	ResolvedBy     string                `json:"resolved_by,omitempty"`
	ResolvedAt     time.Time             `json:"resolved_at,omitzero"`
	VerificationID string                `json:"verification_id,omitempty"`
}

type objectionsAnswer struct {
	Objections []objectionAnswer `json:"objections"`
}

// fileObjection records that a person objects to a decision. The same decision, way and day are one objection.
func (a *API) fileObjection(c echo.Context) error {
	var body newObjectionRequest
	if err := a.readJSON(c, maxJSON, &body); err != nil {
		return err
	}
	if err := validateFields(&body, ""); err != nil {
		return err
	}
	o, made, err := a.o.Service.Object(c.Request().Context(), caller(c), c.Param("id"), verify.NewObjection{
		Way: body.Way, ReceivedOn: body.ReceivedOn, Reference: body.Reference,
	})
	if err != nil {
		return err
	}
	markReplay(c, !made)
	created(c, "/v1/objections/"+o.ID)
	return a.json(c, http.StatusCreated, a.tellObjection(o))
}

func (a *API) getObjection(c echo.Context) error {
	o, err := a.o.Service.Objection(c.Request().Context(), caller(c), c.Param("id"))
	if err != nil {
		return err
	}
	return a.json(c, http.StatusOK, a.tellObjection(o))
}

func (a *API) listObjections(c echo.Context) error {
	list, err := a.o.Service.OpenObjections(c.Request().Context(), caller(c))
	if err != nil {
		return err
	}
	out := objectionsAnswer{Objections: []objectionAnswer{}}
	for _, o := range list {
		out.Objections = append(out.Objections, a.tellObjection(o))
	}
	return a.json(c, http.StatusOK, out)
}

func (a *API) resolveObjection(c echo.Context) error {
	var body resolveObjectionRequest
	if err := a.readJSON(c, maxJSON, &body); err != nil {
		return err
	}
	if err := validateFields(&body, ""); err != nil {
		return err
	}
	o, err := a.o.Service.Resolve(c.Request().Context(), caller(c), c.Param("id"), body.State, body.VerificationID)
	if err != nil {
		return err
	}
	return a.json(c, http.StatusOK, a.tellObjection(o))
}

func (a *API) tellObjection(o verify.Objection) objectionAnswer {
	return objectionAnswer{
		ID: o.ID, State: o.State, VerificationOf: o.DecisionID, Way: o.Way, Clause: o.Clause, ReceivedOn: o.ReceivedOn, DueOn: o.DueOn,
		Provisional: o.Provisional, Overdue: o.Overdue(a.o.Now()), Reference: o.Reference, FiledBy: o.FiledBy, FiledAt: o.FiledAt,
		ResolvedBy: o.ResolvedBy, ResolvedAt: o.ResolvedAt, VerificationID: o.VerificationID,
	}
}
