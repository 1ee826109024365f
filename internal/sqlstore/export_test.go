package sqlstore

import (
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

// SetSweepChunks bounds how many rows of content one transaction of a sweep deletes, until the test ends.
func SetSweepChunks(t interface{ Cleanup(f func()) }, n int64) {
	before := sweepChunks
	sweepChunks = n
	t.Cleanup(func() { sweepChunks = before })
}

// The statements whose cost must not grow with the ledger.
const (
	SelectSuccessor = selectOpening + isSuccessor
	SelectLapsed    = selectOpening + hasLapsed
	SelectEvents    = selectEvents
)

// SelectReferences finds which of n references the tenant has.
func SelectReferences(n int) string { return selectReferences(n) }
