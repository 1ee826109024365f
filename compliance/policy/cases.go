package policy

import (
	_ "embed"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"

	"realname/compliance"
)

var knownOutcomes = []compliance.Outcome{compliance.Approved, compliance.Pending, compliance.Review, compliance.Rejected}

// Case is one example kept beside a policy: what is known of a request, and what must be decided. It may start from an
// earlier case by Like: facts, checks and reasons_of are put over those of that case, a check set to "" is taken away.
type Case struct {
	Name      string                            `yaml:"name"`
	Like      string                            `yaml:"like"`
	Facts     map[string]any                    `yaml:"facts"`
	Checks    map[string]compliance.CheckResult `yaml:"checks"`
	ReasonsOf map[string][]string               `yaml:"reasons_of"`
	Used      map[string]int                    `yaml:"used"`          // count by family
	Missing   []string                          `yaml:"stock_missing"` // families whose stock is not loaded
	Full      []string                          `yaml:"full"`          // velocities that have no room
	Lost      []string                          `yaml:"lost"`          // velocities that nobody could count
	Excepted  []string                          `yaml:"excepted"`      // families with an exception for this request

	Outcome   compliance.Outcome  `yaml:"outcome"`
	Reasons   []string            `yaml:"reasons"`    // codes, compared when given
	Cites     []map[string]string `yaml:"cites"`      // article by clause, of the first reason; compared when given
	WaitingOn []string            `yaml:"waiting_on"` // compared always
	Needs     *[]string           `yaml:"needs"`      // checks, compared when given
	Limits    *[]string           `yaml:"limits"`     // families, compared when given

	line  int
	facts compliance.Facts
}

// Mismatch is one thing that a policy says otherwise than a case wants.
type Mismatch struct {
	What string `json:"what"` // key of the case
	Want string `json:"want"`
	Got  string `json:"got"`
}

// CaseResult is what a policy made of a case; Wrong is never nil.
type CaseResult struct {
	Case    string             `json:"case"`
	Line    int                `json:"line"`
	Outcome compliance.Outcome `json:"outcome"`
	Wrong   []Mismatch         `json:"wrong"`
}

//go:embed builtin_test.yaml
var builtinCases []byte

// BuiltinCases are the examples of the built-in policy.
func BuiltinCases() []Case {
	cases, err := ReadCases("builtin_test.yaml", builtinCases)
	if err != nil {
		panic(err) // the embedded file is broken: every test of this package fails
	}
	return cases
}

// BuiltinCaseSource is the file of BuiltinCases.
func BuiltinCaseSource() []byte { return slices.Clone(builtinCases) }

// ReadCases reads a file of cases under the bounds of policy files. The error joins every fault found, each an *Error.
func ReadCases(name string, src []byte) ([]Case, error) {
	r := &reader{name: name}
	var cases []Case
	if err := r.read(src, &cases); err != nil {
		return nil, err
	}
	for i := range cases {
		r.example(fmt.Sprintf("$[%d]", i), &cases[i], cases[:i])
	}
	return cases, r.joined()
}

// example completes a case from the one that it is like, and judges it.
func (r *reader) example(path string, c *Case, earlier []Case) {
	c.line = r.line(path)
	named := func(name string) int { return slices.IndexFunc(earlier, func(e Case) bool { return e.Name == name }) }
	if c.Name == "" || named(c.Name) >= 0 {
		r.fault(path, "give each case a name of its own", "case %q", c.Name)
	}
	if c.Like != "" {
		i := named(c.Like)
		if i < 0 {
			r.fault(path+".like", "name a case above this one", "case %s is like %q, which is no case before it", c.Name, c.Like)
			return
		}
		base := &earlier[i]
		c.Facts, c.Checks, c.ReasonsOf = over(base.Facts, c.Facts), over(base.Checks, c.Checks), over(base.ReasonsOf, c.ReasonsOf)
		if c.Used == nil {
			c.Used = base.Used
		}
	}
	if !slices.Contains(knownOutcomes, c.Outcome) {
		r.fault(path+".outcome", "use one of "+choices(knownOutcomes), "case %s: outcome is %q", c.Name, c.Outcome)
	}
	for name, result := range c.Checks {
		if !slices.Contains(checkNames, name) || result != "" && !slices.Contains(compliance.CheckResults(), result) {
			r.fault(path+".checks", "use one of "+choices(checkNames)+" with one of "+choices(compliance.CheckResults()), "case %s: check %s is %q", c.Name, name, result)
		}
	}
	for _, code := range c.Reasons {
		r.reason(path, "reasons", code)
	}
	r.factsOf(path, c)
}

func (r *reader) factsOf(path string, c *Case) {
	text, err := yaml.Marshal(c.Facts)
	if err == nil {
		err = yaml.UnmarshalWithOptions(text, &c.facts, yaml.Strict())
	}
	if err != nil {
		problem := err.Error()
		if located, ok := errors.AsType[yaml.Error](err); ok {
			problem, _, _ = strings.Cut(located.GetMessage(), "\n")
		}
		r.fault(path+".facts", "use the facts of a decision's record", "case %s: %s", c.Name, problem)
	}
	c.facts.Checks, c.facts.CheckReasons = map[string]compliance.CheckResult{}, c.ReasonsOf
	for name, result := range c.Checks {
		if result != "" {
			c.facts.Checks[name] = result
		}
	}
}

func over[V any](base, top map[string]V) map[string]V {
	out := map[string]V{}
	for _, m := range []map[string]V{base, top} {
		for k, v := range m {
			out[k] = v
		}
	}
	return out
}

// Under gives the facts and counts of the case as the limits and velocities of p read them.
func (c *Case) Under(p *Policy) (compliance.Facts, []compliance.QuotaUse) {
	facts, uses := c.facts, []compliance.QuotaUse(nil)
	for _, l := range p.Limits(facts) {
		used, ok := c.Used[l.Family]
		if !ok {
			continue
		}
		use := compliance.QuotaUse{Family: l.Family, Clause: l.Clause, Used: used, Limit: l.Max, Incomplete: slices.Contains(c.Missing, l.Family)}
		if slices.Contains(c.Excepted, l.Family) {
			use.Exception = "qex_1"
		}
		uses = append(uses, use)
	}
	facts.Velocities = slices.Clone(facts.Velocities)
	for _, v := range p.Velocities(facts) {
		if !slices.Contains(c.Lost, v.Name) {
			facts.Velocities = append(facts.Velocities, compliance.VelocityUse{
				Name: v.Name, Clause: v.Clause, Limit: v.Max, Executed: true, Full: slices.Contains(c.Full, v.Name),
			})
		}
	}
	return facts, uses
}

// Try decides a case and tells what is otherwise than it wants.
func (p *Policy) Try(c *Case) CaseResult {
	facts, uses := c.Under(p)
	e := p.Evaluate(facts, uses)
	out := CaseResult{Case: c.Name, Line: c.line, Outcome: e.Outcome, Wrong: []Mismatch{}}
	differ := func(what string, want, got []string) {
		if !slices.Equal(want, got) {
			out.Wrong = append(out.Wrong, Mismatch{what, strings.Join(want, ", "), strings.Join(got, ", ")})
		}
	}
	differ("outcome", []string{string(c.Outcome)}, []string{string(e.Outcome)})
	if c.Reasons != nil || c.Outcome == compliance.Approved {
		differ("reasons", c.Reasons, e.codes())
	}
	differ("waiting_on", c.WaitingOn, e.WaitingOn)
	if c.Needs != nil {
		differ("needs", *c.Needs, p.Needs(facts))
	}
	if c.Limits != nil {
		var families []string
		for _, l := range p.Limits(facts) {
			families = append(families, l.Family)
		}
		differ("limits", *c.Limits, families)
	}
	if c.Cites != nil {
		differ("cites", c.cited(), e.cited())
	}
	known := slices.Concat(p.Families(), p.velocityNames())
	for _, name := range slices.Concat(sortedKeys(c.Used), c.Missing, c.Excepted, c.Full, c.Lost) {
		if !slices.Contains(known, name) {
			out.Wrong = append(out.Wrong, Mismatch{"families and velocities", name, ""})
		}
	}
	return out
}

func (p *Policy) velocityNames() []string {
	var out []string
	for _, v := range p.AllVelocities() {
		out = append(out, v.Name)
	}
	return out
}

// codes are the reasons, as a decision tells them.
func (e *Evaluation) codes() []string {
	var out []string
	for _, r := range e.Reasons {
		out = append(out, r.Code)
	}
	return out
}

// cited are the clauses that a case wants cited, each with its article.
func (c *Case) cited() []string {
	var out []string
	for _, cite := range c.Cites {
		for _, id := range sortedKeys(cite) {
			out = append(out, strings.TrimSpace(id+" "+cite[id]))
		}
	}
	return out
}

// cited are the clauses of the first reason, each with the article of its finding.
func (e *Evaluation) cited() []string {
	var out []string
	if len(e.Reasons) == 0 {
		return out
	}
	for _, id := range e.Reasons[0].Clauses {
		i := slices.IndexFunc(e.Findings, func(f compliance.Finding) bool { return f.Clause == id && f.Outcome == e.Outcome })
		if i >= 0 {
			id = strings.TrimSpace(id + " " + e.Findings[i].Article)
		}
		out = append(out, id)
	}
	return out
}
