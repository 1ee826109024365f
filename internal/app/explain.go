package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"realname/compliance"
	"realname/compliance/explanation"
	"realname/compliance/policy"
	"realname/verify"
)

// Explain explains a version of a decision of any tenant, the newest when version is 0, in the words of the policy that
// the ledger keeps for it; log is told when that policy cannot be read.
func (o *Operator) Explain(ctx context.Context, id string, version int, audience compliance.Audience, lang string, log *slog.Logger) (explanation.Explanation, error) {
	if !compliance.ValidID(compliance.PrefixDecision, id) || version < 0 {
		return explanation.Explanation{}, fmt.Errorf("%q is no id of a decision, such as ver_00000000-0000-7000-8000-000000000000, or its version is below 1", id)
	}
	stored, err := o.store.AnyDecision(ctx, id, version)
	if errors.Is(err, verify.ErrNotFound) {
		return explanation.Explanation{}, fmt.Errorf("no decision %s in this version in the ledger", id)
	}
	if err != nil {
		return explanation.Explanation{}, err
	}
	d := &stored.Decision
	words := newPolicies(o.store, log, policy.Builtin())
	find := func(id string) (policy.Clause, bool) { return words.Clause(ctx, d.PolicyDigest, id, d.Facts.Date) }
	return explanation.Explain(d, find, audience, lang), nil
}
