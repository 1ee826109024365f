// Package policy holds the rules as dated clauses and decides by them.
//
// A policy is one YAML file. Each clause carries the id, instrument and article it stands for, the civil dates (in China)
// between which it is in force, a scope, and one of: requirements (checks that must pass), limits (counts of openings),
// velocities (sliding windows), measures (what a determination of the authorities brings), a condition that denies or sends
// to review, evidence to keep, or terms (settings). Conditions are CEL expressions over the facts; see facts.go for what
// they may read.
//
// Evaluation is pure: the same facts, counts and policy give the same bytes on any machine. It fails closed: a fact that
// is missing or unknown matches every scope, a condition that cannot be computed counts against the request, and a
// request that no requirement covers goes to review.
package policy

import (
	_ "embed"
	"slices"
	"sync"
	"time"

	"realname/compliance"
	"realname/verify/idnumber"
)

// The kinds of clauses.
const (
	KindRequirement = "requirement"
	KindLimit       = "limit"
	KindDenial      = "denial"
	KindReview      = "review"
	KindTerm        = "term"
	KindRetention   = "retention"
	KindVelocity    = "velocity"
)

// Sources of a clause, as facts/regulation.md marks them, and O for a setting of the operator's own.
const (
	SourceRead     = "S"  // read against a text
	SourceSummary  = "S~" // read through a summary
	SourceMemory   = "K"  // from knowledge, unchecked
	SourceDerived  = "D"  // derived from other facts
	SourceOperator = "O"  // no law: the operator's own setting
)

// Terms for a policy that sets none.
const (
	DefaultDeadline      = 24 * time.Hour
	DefaultApprovalValid = 30 * time.Minute
)

// Clause is the text of one version of one clause. Dates are civil dates in China, YYYY-MM-DD; EffectiveTo is the last
// day in force, "" when there is none.
type Clause struct {
	ID            string
	Kind          string
	Instrument    string // official title, in Chinese
	Article       string // "" when unseen
	EffectiveFrom string
	EffectiveTo   string
	TitleZH       string
	TextZH        string
	TextEN        string
	Unverified    bool // article or wording was not read against the text
	Source        string
	Remedy        compliance.Text // what lifts a refusal, where the clause itself says so
	Reason        string          // catalogue code of a denial or review
	Most          map[string]int  // of a limit: how many it allows, by family; not to be changed
}

// Limit is one quota family: at most Max openings of these products in these states, or distinct holders of them,
// counted per these keys.
type Limit struct {
	Clause   string
	Family   string
	Products []string
	Per      []string // narrowest first: a role of a party such as "holder" or "proxy", "phone", "legal_entity", "tenant"
	Counts   string   // "openings" or "persons"
	States   []string
	Max      int
	Mode     string // "hard", or "in_principle": an exception lets a request pass
	Reason   string // catalogue code of a refusal

	TenantSets bool // the tenant says how many, up to Max; where it has not said, nothing is counted
}

// Velocity is one sliding window: at most Max openings or attempts of one part within any stretch of Window.
type Velocity struct {
	Clause   string
	Name     string
	Per      string // a role of a party, or one of VelocityParts
	Counts   string // "openings" or "attempts"
	Window   time.Duration
	Max      int
	Outcome  compliance.Outcome // of a request for which there is no room: rejected or review
	Reason   string             // catalogue code
	WhenLost string             // while the shared store is gone: "fail_closed", or "local_bound", each node's own share
}

// Evaluation is what a policy says of one request. Its slices are never nil.
type Evaluation struct {
	Outcome       compliance.Outcome
	Reasons       []compliance.ReasonRef // strictest first, then in the order of the clauses
	Findings      []compliance.Finding   // every requirement, limit, denial and review in force, satisfied or not
	WaitingOn     []string               // pending: names of checks, sorted
	Needed        []string               // pending, review: evidence kinds that would help, sorted
	Deadline      time.Duration          // pending: how long it may wait
	ApprovalValid time.Duration          // approved: how long an opening may rest on it
}

// Policy is a loaded policy. It never changes and is safe for concurrent use.
type Policy struct {
	name     string
	source   []byte
	digest   string
	clauses  []*clause // in the order of the file
	products map[string]compliance.Scene

	rules      map[string]checkRule // of the checks section
	stretches  map[indexKey][]stretch
	conditions int // distinct ones
}

//go:embed builtin.yaml
var builtinSource []byte

var builtin = sync.OnceValue(func() *Policy {
	p, err := Load("builtin.yaml", builtinSource)
	if err != nil {
		panic(err) // the embedded file is broken: every test of this package fails
	}
	return p
})

// Builtin is the policy that comes with the gateway.
func Builtin() *Policy { return builtin() }

// Name is the name that the policy was loaded under.
func (p *Policy) Name() string { return p.name }

// Source is the text of the policy.
func (p *Policy) Source() []byte { return slices.Clone(p.source) }

// Digest is the hex SHA-256 of Source.
func (p *Policy) Digest() string { return p.digest }

// Clause gives the version of a clause that has a say on a date, YYYY-MM-DD.
func (p *Policy) Clause(id, date string) (Clause, bool) {
	if _, err := idnumber.ParseDate(date); err != nil {
		return Clause{}, false
	}
	if id == ClauseTenant {
		return tenantClause.Clause, true
	}
	for _, c := range p.clauses {
		if c.ID == id && c.acts(date) {
			return c.Clause, true
		}
	}
	return Clause{}, false
}

// Has reports whether the policy has any version of a clause.
func (p *Policy) Has(id string) bool {
	return slices.ContainsFunc(p.clauses, func(c *clause) bool { return c.ID == id })
}

// Products are the products that openings may be asked for, sorted.
func (p *Policy) Products() []string {
	out := make([]string, 0, len(p.products))
	for id := range p.products {
		out = append(out, id)
	}
	slices.Sort(out)
	return out
}

// SceneOf is the scene of a product; empty when it is not declared.
func (p *Policy) SceneOf(product string) compliance.Scene { return p.products[product] }

// clause is a Clause with what it demands.
type clause struct {
	Clause
	scope   scope
	when    *condition
	demands []demand
	limits  []Limit
	speeds  []Velocity
	terms   terms
	keep    retention

	measures []measure
	carves   []string // ids of clauses that do not apply where this one does
}

// acts reports whether the clause has a say on a date: where terms that began under it may still run, after its end, too.
func (c *clause) acts(date string) bool {
	last := c.lastBinding()
	return c.EffectiveFrom <= date && (last == "" || date <= last)
}

func (c *clause) inForce(date string) bool {
	return c.EffectiveFrom <= date && (c.EffectiveTo == "" || date <= c.EffectiveTo)
}

// terms are durations that a clause sets; zero when it does not.
type terms struct {
	pendingDeadline time.Duration
	approvalValid   time.Duration
}

// demand is one check, or one of several, that a requirement wants passed.
type demand struct {
	names string // of the checks, joined by |
	anyOf []checkRule
	after string // an earlier check of the clause that must have passed for this one to be missed
	when  *condition
}

// checkRule says what each result of a check means.
type checkRule struct {
	name         string
	failed       string // reason codes
	missing      string
	inconclusive string
	unexecuted   string
	expired      string
	ownReasons   bool               // prefer the check's own reasons for failed, inconclusive and warning
	warning      compliance.Outcome // approved or review
	late         compliance.Outcome // when not executed and waited out: rejected or review
	evidence     []string           // kinds that would help
}
