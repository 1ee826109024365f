package httpapi

import (
	"encoding/json"
	"io"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"realname/verify"
)

type limitsRequest struct {
	Document   documentRequest `json:"document" validate:"required"`
	Phone      verify.Secret   `json:"phone" validate:"omitempty,max=32,phone"`
	Purpose    string          `json:"purpose" validate:"required,token"`
	LegalBasis string          `json:"legal_basis" validate:"required,token"`
}

// limitsAnswer does not say whether anybody knows the person: who holds nothing and who is unknown look the same.
type limitsAnswer struct {
	At           time.Time         `json:"at"`
	Date         string            `json:"date"` // in China: the clauses in force then
	PolicyDigest string            `json:"policy_digest"`
	Limits       []limitAnswer     `json:"limits"`
	Uncounted    []uncountedAnswer `json:"uncounted"`
	Velocities   []velocityAnswer  `json:"velocities"`
}

type limitAnswer struct {
	Family     string       `json:"family"`
	Clause     clauseAnswer `json:"clause"`
	Products   []string     `json:"products"`
	Per        []string     `json:"per"`
	Counts     string       `json:"counts"`
	Mode       string       `json:"mode"`
	Used       int          `json:"used"`
	Limit      int          `json:"limit"`
	Reserved   int          `json:"reserved"`
	FreesAt    time.Time    `json:"frees_at,omitzero"`
	Incomplete bool         `json:"incomplete"`
	Exception  string       `json:"exception,omitempty"`
	Exceeded   bool         `json:"exceeded"`
	Frees      []string     `json:"frees"`
}

type uncountedAnswer struct {
	Family string       `json:"family"`
	Clause clauseAnswer `json:"clause"`
	Needs  []string     `json:"needs"`
}

type velocityAnswer struct {
	Name     string       `json:"name"`
	Clause   clauseAnswer `json:"clause"`
	Per      string       `json:"per"`
	Counts   string       `json:"counts"`
	Seconds  int64        `json:"window_seconds"`
	Used     int          `json:"used"`
	Limit    int          `json:"limit"`
	FreesAt  time.Time    `json:"frees_at,omitzero"`
	Full     bool         `json:"full"`
	Executed bool         `json:"executed"`
}

// showLimits tells what one person has used of every limit that binds the tenant. It is a POST because a document is no
// part of a URL, and because it leaves an event.
func (a *API) showLimits(c echo.Context) error {
	var body limitsRequest
	if err := a.readJSON(c, maxJSON, &body); err != nil {
		return err
	}
	if err := validateFields(&body, ""); err != nil {
		return err
	}
	view, err := a.o.Service.Limits(c.Request().Context(), caller(c), verify.LimitQuery{
		Document: body.Document.document(), Phone: body.Phone, Purpose: body.Purpose, LegalBasis: body.LegalBasis,
	})
	if err != nil {
		return err
	}
	return a.json(c, http.StatusOK, teller{lang: languageOf(c.Request())}.limits(view))
}

// EncodeLimits writes the answer of POST /v1/limits with the person's id, which only an operator is told, as JSON.
func EncodeLimits(w io.Writer, v verify.LimitView, lang string) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	return enc.Encode(struct {
		Person string `json:"person,omitempty"`
		limitsAnswer
	}{v.PersonID, teller{lang: lang}.limits(v)})
}

func (t teller) limits(v verify.LimitView) limitsAnswer {
	out := limitsAnswer{At: v.At, Date: v.Date, PolicyDigest: v.PolicyDigest, Limits: []limitAnswer{}, Uncounted: []uncountedAnswer{}, Velocities: []velocityAnswer{}}
	for _, l := range v.Limits {
		out.Limits = append(out.Limits, limitAnswer{
			Family: l.Limit.Family, Clause: t.clause(l.Clause), Products: l.Limit.Products, Per: l.Limit.Per, Counts: l.Limit.Counts,
			Mode: l.Limit.Mode, Used: l.Use.Used, Limit: l.Use.Limit, Reserved: l.Use.Reserved, FreesAt: l.Use.FreesAt,
			Incomplete: !l.StockComplete, Exception: l.Use.Exception, Exceeded: l.Use.Exceeded(), Frees: l.Frees(),
		})
	}
	for _, l := range v.Uncounted {
		out.Uncounted = append(out.Uncounted, uncountedAnswer{Family: l.Limit.Family, Clause: t.clause(l.Clause), Needs: l.Needs})
	}
	for _, w := range v.Windows {
		out.Velocities = append(out.Velocities, velocityAnswer{
			Name: w.Velocity.Name, Clause: t.clause(w.Clause), Per: w.Velocity.Per, Counts: w.Velocity.Counts,
			Seconds: int64(w.Velocity.Window / time.Second), Used: w.Use.Used, Limit: w.Velocity.Max, FreesAt: w.Use.FreesAt,
			Full: w.Full(), Executed: w.Executed,
		})
	}
	return out
}
