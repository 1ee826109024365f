package httpapi

import (
	"context"
	"net/http"
	"slices"

	"github.com/labstack/echo/v4"

	"realname/compliance"
	"realname/compliance/explanation"
	"realname/compliance/policy"
)

// explainedTo are the audiences that a tenant's credential may read for. A regulator reads no decisions here: the
// operator explains one with `realname policy explain`.
var explainedTo = []compliance.Audience{compliance.ForPerson, compliance.ForClerk, compliance.ForCompliance}

// getExplanation explains one version of a decision; to the clerk when no audience is named.
func (a *API) getExplanation(c echo.Context) error {
	id, err := verificationID(c)
	if err != nil {
		return err
	}
	query, err := queryOf(c, "audience", "version")
	if err != nil {
		return err
	}
	audience := compliance.ForClerk
	if named, ok := query["audience"]; ok {
		audience = compliance.Audience(named)
	}
	if !slices.Contains(explainedTo, audience) {
		return compliance.E(compliance.FaultInvalid, "query_malformed", "audience is person, clerk or compliance")
	}
	answer, err := a.version(c, id, query["version"])
	if err != nil {
		return err
	}
	d := &answer.Decision
	words := clausesOf(c.Request().Context(), a.o.Clauses, d)
	return a.json(c, http.StatusOK, explanation.Explain(d, words, audience, languageOf(c.Request())))
}

// clausesOf finds clauses as the policy that decided words them.
func clausesOf(ctx context.Context, from Clauses, d *compliance.Decision) explanation.Clauses {
	return func(id string) (policy.Clause, bool) { return from.Clause(ctx, d.PolicyDigest, id, d.Facts.Date) }
}
