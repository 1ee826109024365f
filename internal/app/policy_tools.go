package app

import (
	"context"
	"fmt"
	"os"
	"slices"
	"time"

	"realname/compliance"
	"realname/compliance/policy"
	"realname/internal/sqlstore"
)

type (
	// Policy is a loaded policy.
	Policy = policy.Policy
	// PolicyCase is an example of a policy.
	PolicyCase = policy.Case
	// PolicyCaseResult is what a policy made of an example.
	PolicyCaseResult = policy.CaseResult
	// PolicyFault is one fault of a policy or of cases.
	PolicyFault = policy.Error
	// PolicyLint tells about a policy that loads.
	PolicyLint = policy.LintReport
	// PolicyDifference is what another policy says otherwise.
	PolicyDifference = policy.Difference
	// PolicyView is one clause with everything that it says.
	PolicyView = policy.View
	// UnactedRow is a row of the regulation facts without a clause.
	UnactedRow = policy.UnactedRow
)

// BuiltinPolicy is what stands in the place of a file for the built-in policy, and for its examples.
const BuiltinPolicy = "builtin"

// ReadPolicy loads a policy from a file, or the built-in one. Of a broken file the error has PolicyFaults.
func ReadPolicy(file string) (*Policy, error) {
	if file == BuiltinPolicy {
		return policy.Builtin(), nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("app: policy: %w", err)
	}
	return policy.Load(file, text)
}

// ReadPolicyCases reads examples from a file, or those of the built-in policy. Of a broken file the error has PolicyFaults.
func ReadPolicyCases(file string) ([]PolicyCase, error) {
	cases, _, err := readCases(file)
	return cases, err
}

func readCases(file string) (cases []PolicyCase, text []byte, err error) {
	if file == BuiltinPolicy {
		return policy.BuiltinCases(), policy.BuiltinCaseSource(), nil
	}
	if text, err = os.ReadFile(file); err != nil {
		return nil, nil, fmt.Errorf("app: cases: %w", err)
	}
	cases, err = policy.ReadCases(file, text)
	return cases, text, err
}

// PolicyFaults are the faults that an error joins; none for another error.
func PolicyFaults(err error) []*PolicyFault { return policy.Faults(err) }

// LintPolicy looks at a policy file on a day, YYYY-MM-DD. Of a broken file the error has PolicyFaults.
func LintPolicy(file, today string) (PolicyLint, error) {
	if file == BuiltinPolicy {
		return policy.Lint(policy.Builtin().Name(), policy.Builtin().Source(), today)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return PolicyLint{}, fmt.Errorf("app: policy: %w", err)
	}
	return policy.Lint(file, text, today)
}

// DiffPolicies tells what changes from a to b, and which cases are decided otherwise.
func DiffPolicies(a, b *Policy, cases []PolicyCase) (PolicyDifference, error) {
	return policy.Diff(a, b, cases)
}

// UnactedRows are the rows of the regulation facts on which the policy has no clause, and why, as the built-in policy sees it.
func UnactedRows(p *Policy) []UnactedRow {
	return slices.DeleteFunc(slices.Clone(policy.Unacted()), func(row UnactedRow) bool { return p.Has(row.ID) })
}

// ClauseUse is how often a version of a clause was in play.
type ClauseUse struct {
	Clause    string `json:"clause"`
	Version   string `json:"version"` // effective_from
	Kind      string `json:"kind"`
	Cases     int    `json:"cases"`    // examples that touch it
	Decisive  int    `json:"decisive"` // of them, those that it does not let pass
	Decisions int    `json:"decisions"`
}

// CoverPolicy counts which clauses the examples touch, and the decisions of the ledger under o, which may be nil.
func CoverPolicy(ctx context.Context, p *Policy, cases []PolicyCase, o *Operator, progress func(done, all int)) ([]ClauseUse, error) {
	byCase, byDecision := p.NewCoverage(), p.NewCoverage()
	for i := range cases {
		byCase.Add(cases[i].Under(p))
	}
	if o != nil {
		err := o.history(ctx, sqlstore.HistoryQuery{}, progress, func(page []sqlstore.HistoryRecord) error {
			for _, r := range page {
				d, err := compliance.DecodeDecision(r.Canonical)
				if err != nil {
					return fmt.Errorf("app: the canonical record of %s version %d is damaged", r.ID, r.Version)
				}
				byDecision.Add(d.Facts, d.Quotas)
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	decisions := byDecision.Clauses()
	out := make([]ClauseUse, len(decisions))
	for i, c := range byCase.Clauses() {
		out[i] = ClauseUse{c.Clause, c.Version, c.Kind, c.Touched, c.Decisive, decisions[i].Touched}
	}
	return out, nil
}

// historyPage is how many records are read at once.
const historyPage = 500

// history walks the decisions page by page, reading the next while one is worked on.
func (o *Operator) history(ctx context.Context, q sqlstore.HistoryQuery, progress func(done, all int), do func(page []sqlstore.HistoryRecord) error) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	all, err := o.store.CountHistory(ctx, q)
	if err != nil {
		return err
	}
	q.Limit = historyPage
	type read struct {
		page []sqlstore.HistoryRecord
		err  error
	}
	pages := make(chan read, 1)
	go func() {
		defer close(pages)
		for {
			page, err := o.store.History(ctx, q)
			select {
			case pages <- read{page, err}:
			case <-ctx.Done():
				return
			}
			if err != nil || len(page) == 0 {
				return
			}
			q.After = page[len(page)-1].ID
		}
	}()
	defer func() { // nothing reads any more once this returns
		stop()
		for range pages {
		}
	}()
	done := 0
	for r := range pages {
		if r.err != nil {
			return r.err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if len(r.page) == 0 {
			return nil
		}
		if err := do(r.page); err != nil {
			return err
		}
		done += len(r.page)
		if progress != nil {
			progress(done, max(all, done))
		}
	}
	return ctx.Err()
}

// china has had no other offset since 1991.
var china = time.FixedZone("Asia/Shanghai", 8*60*60)

// civilDays are the bounds of whole days in China, both included, YYYY-MM-DD; an empty one is no bound.
func civilDays(from, to string) (begin, end time.Time, err error) {
	if from != "" {
		if begin, err = time.ParseInLocation(time.DateOnly, from, china); err != nil {
			return begin, end, fmt.Errorf("no day %q; write YYYY-MM-DD", from)
		}
	}
	if to != "" {
		if end, err = time.ParseInLocation(time.DateOnly, to, china); err != nil {
			return begin, end, fmt.Errorf("no day %q; write YYYY-MM-DD", to)
		}
		end = end.AddDate(0, 0, 1)
	}
	if from != "" && to != "" && !begin.Before(end) {
		return begin, end, fmt.Errorf("%s comes before %s", to, from)
	}
	return begin, end, nil
}
