package verify

import (
	"context"
	"errors"

	"realname/compliance"
)

// ErrAuthorityUnavailable says that the authority gave no usable answer: down,
// slow, refusing, or lying in a way that shows. The check is `not_executed`.
var ErrAuthorityUnavailable = errors.New("verify: the authority gave no usable answer")

// AuthorityQuery asks whether number and name belong to one living registration.
type AuthorityQuery struct {
	RequestID    string // fresh per query; the authority must repeat it
	Kind         string // of the number: a resident's number is resident_id on whatever document it stands
	IssuingState string // ISO 3166 alpha-3, or a code of ICAO Doc 9303 part 3
	Number       Secret // canonical
	Name         Secret // in the one writing of personname.Canonical
	Purpose      string // purpose binding (anti-fraud law 16)
}

// AuthorityAnswer is the authority's word: Passed (consistent), Failed
// (inconsistent) or Inconclusive (number not in the database, which is not a proof of forgery).
type AuthorityAnswer struct {
	Result     compliance.CheckResult
	NativeCode string
	Reference  string
	Authority  string // name of the adapter
}

// Authority is an upstream that confirms identities (联网核查).
type Authority interface {
	Check(ctx context.Context, q AuthorityQuery) (AuthorityAnswer, error)
	// Ready reports whether a query has a chance now (its breaker is not open).
	Ready() bool
}
