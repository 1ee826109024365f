package policy

import (
	"maps"
	"slices"
	"strings"
	"time"

	"realname/compliance"
)

// View is a clause with everything that it says, for people who read policies.
type View struct {
	Clause
	Scope   []ScopeItem
	Scenes  []compliance.Scene // that it is about; every scene where its scope names none
	When    string             // CEL; empty: always
	Carves  []string           // ids of clauses that do not apply where this one does
	Demands []DemandView
	Limits  []Limit
	Windows []Velocity
	Terms   []TermView
	Reason  string // of a denial or review: catalogue code

	PendingDeadline time.Duration // zero: not set
	ApprovalValid   time.Duration
	Keeps           []compliance.EvidenceKind
	KeepYears       int // after the relationship's end
}

// ScopeItem is one part of a scope, as the file names it.
type ScopeItem struct {
	Key    string   `json:"key"`
	Values []string `json:"values"`
}

// DemandView is one check, or one of several, that must pass.
type DemandView struct {
	Checks []string `json:"checks"`
	After  string   `json:"after,omitempty"` // demanded once this one has passed
	When   string   `json:"when,omitempty"`  // CEL
}

// TermView is a measure that determinations bring.
type TermView struct {
	Name     string
	Years    map[compliance.Ground]int
	InARow   int      // the most years that terms run one after the other; 0: each by itself
	Products []string // empty: all of the scope
	Outcome  compliance.Outcome
	Reason   string
	Basic    []string // products of which the first is for a person to decide
}

// At are the clauses in force on a date, YYYY-MM-DD, in the order of the file.
func (p *Policy) At(date string) []View {
	out := []View{}
	for _, c := range p.clauses {
		if c.inForce(date) {
			out = append(out, c.view())
		}
	}
	return out
}

func (c *clause) view() View {
	v := View{
		Clause: c.Clause, Scope: c.scope.items(), Scenes: c.scope.scenes, When: c.when.source(), Carves: slices.Clone(c.carves), Limits: slices.Clone(c.limits),
		Windows: slices.Clone(c.speeds), Reason: c.Reason, PendingDeadline: c.terms.pendingDeadline, ApprovalValid: c.terms.approvalValid,
		Keeps: c.keep.evidence, KeepYears: c.keep.years,
	}
	if len(v.Scenes) == 0 {
		v.Scenes = knownScenes
	}
	v.Scenes, v.Keeps = slices.Clone(v.Scenes), slices.Clone(v.Keeps)
	for i := range c.measures {
		m := &c.measures[i]
		v.Terms = append(v.Terms, TermView{
			Name: m.name, Years: maps.Clone(m.years), InARow: m.inARow, Products: slices.Clone(m.products),
			Outcome: m.outcome, Reason: m.reason, Basic: slices.Clone(m.basic),
		})
	}
	for i := range c.demands {
		d := DemandView{After: c.demands[i].after, When: c.demands[i].when.source()}
		for _, rule := range c.demands[i].anyOf {
			d.Checks = append(d.Checks, rule.name)
		}
		v.Demands = append(v.Demands, d)
	}
	return v
}

// items are the parts of a scope that leave something out, scenes apart.
func (s *scope) items() []ScopeItem {
	var out []ScopeItem
	add := func(key string, values []string) {
		if len(values) > 0 {
			out = append(out, ScopeItem{key, values})
		}
	}
	add("events", texts(s.events))
	add("products", slices.Clone(s.products))
	add("channels", texts(s.channels))
	add("sectors", texts(s.sectors))
	add("customer_types", slices.Clone(s.customers))
	for _, f := range []struct {
		key string
		is  *bool
	}{{"delegated", s.delegated}, {"proxy", s.proxy}} {
		if f.is != nil {
			add(f.key, []string{map[bool]string{true: "true", false: "false"}[*f.is]})
		}
	}
	return out
}

// source is the text of a condition on one line; empty for one that always holds.
func (c *condition) source() string {
	if c == nil {
		return ""
	}
	return strings.Join(strings.Fields(c.text), " ")
}
