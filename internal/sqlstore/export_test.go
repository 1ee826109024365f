package sqlstore

import (
	"context"
	"time"

	"realname/ratelimit/quota"
	"realname/verify"
)

// The statements of a reserve, for the bare loop that the benchmark compares with.
const (
	InsertDecision = insertDecision
	InsertOpening  = insertOpening
)

// CountQuery is the count of one demand.
func CountQuery(d quota.Demand, at time.Time) (string, []any, error) { return countQuery(d, at) }

// DecisionArgs are the arguments of InsertDecision.
func DecisionArgs(r *verify.DecisionRow, at time.Time, seq int64) []any {
	return (&txn{at: at, seq: seq}).decisionArgs(r)
}

// OpeningArgs are the arguments of InsertOpening.
func OpeningArgs(o *verify.Opening, at time.Time) []any { return (&txn{at: at}).openingArgs(o, "") }

// BaselineInside is what a transaction reads of a baseline.
func BaselineInside(ctx context.Context, s *Store, legalEntityID, family string) (asOf time.Time, complete bool, err error) {
	err = s.write(ctx, "baseline", nil, func(t *txn) (err error) {
		asOf, complete, err = t.baseline(legalEntityID, family)
		return err
	})
	return asOf, complete, err
}
