package policy

import (
	"fmt"
	"slices"
	"strings"

	"realname/compliance"
)

// The warnings about a policy that loads.
const (
	WarnNoProduct  = "no_product"      // no product of the scope, or of a limit, is of a scene of the clause: it never applies
	WarnIdle       = "idle_product"    // one product of the scope is of no scene of the clause
	WarnNoOpening  = "no_opening"      // it counts openings at events that open nothing
	WarnNever      = "condition_never" // its condition reads no fact and never holds
	WarnAlways     = "condition_always"
	WarnShadowed   = "shadowed"        // another clause always says the same or more
	WarnUncovered  = "scene_uncovered" // no requirement: every request goes to review
	WarnUnverified = "unverified"      // article or wording was not read against the text
)

// Warning is one thing to look at. Clause is empty when it is about the whole policy.
type Warning struct {
	Code    string `json:"code"`
	Clause  string `json:"clause,omitempty"`
	Version string `json:"version,omitempty"` // effective_from
	Line    int    `json:"line,omitempty"`
	About   string `json:"about,omitempty"` // product, scene, clause or dates
}

// LintReport tells about a policy that loads; Warnings is never nil.
type LintReport struct {
	Policy     string    `json:"policy"`
	Digest     string    `json:"digest"`
	Clauses    int       `json:"clauses"`
	Unverified int       `json:"unverified"`
	Warnings   []Warning `json:"warnings"`
}

// Lint loads a policy and looks for what is allowed and yet hardly meant. Scenes are judged from today on, YYYY-MM-DD. The
// error is that of Load.
func Lint(name string, src []byte, today string) (LintReport, error) {
	p, err := Load(name, src)
	if err != nil {
		return LintReport{}, err
	}
	r := &reader{name: name}
	var doc document
	if err := r.read(src, &doc); err != nil {
		return LintReport{}, err
	}
	l := linter{policy: p, report: LintReport{Policy: p.name, Digest: p.digest, Clauses: len(p.clauses), Warnings: []Warning{}}}
	for i, c := range p.clauses {
		l.line = r.line(fmt.Sprintf("$.clauses[%d]", i))
		l.clause(c)
		l.shadow(i, c)
	}
	for _, scene := range knownScenes {
		if !slices.ContainsFunc(p.clauses, func(c *clause) bool {
			return c.Kind == KindRequirement && within(c.scope.scenes, []compliance.Scene{scene}) && (c.EffectiveTo == "" || c.EffectiveTo >= today)
		}) {
			l.report.Warnings = append(l.report.Warnings, Warning{Code: WarnUncovered, About: string(scene)})
		}
	}
	return l.report, nil
}

type linter struct {
	policy *Policy
	report LintReport
	line   int // of the clause at hand
}

func (l *linter) warn(code string, c *clause, about string) {
	l.report.Warnings = append(l.report.Warnings, Warning{Code: code, Clause: c.ID, Version: c.EffectiveFrom, Line: l.line, About: about})
}

// clause looks at one clause by itself.
func (l *linter) clause(c *clause) {
	if c.Unverified {
		l.report.Unverified++
		l.warn(WarnUnverified, c, "")
	}
	l.products(c, c.scope.products)
	for i := range c.limits {
		l.products(c, c.limits[i].Products)
	}
	opens := func(o compliance.Occasion) bool { return slices.Contains(OpeningOccasions, o) }
	counts := len(c.limits) > 0 || len(c.speeds) > 0 && !slices.ContainsFunc(c.speeds, func(v Velocity) bool { return v.Counts != "openings" })
	if counts && len(c.scope.events) > 0 && !slices.ContainsFunc(c.scope.events, opens) {
		l.warn(WarnNoOpening, c, strings.Join(texts(c.scope.events), ", "))
	}
	conditions := []*condition{c.when}
	for i := range c.demands {
		conditions = append(conditions, c.demands[i].when)
	}
	for _, when := range conditions {
		if holds, constant := when.constant(); constant {
			l.warn(map[bool]string{true: WarnAlways, false: WarnNever}[holds], c, when.source())
		}
	}
}

// products wants products of the clause's own scenes.
func (l *linter) products(c *clause, products []string) {
	var idle []string
	for _, product := range products {
		if len(c.scope.scenes) > 0 && !slices.Contains(c.scope.scenes, l.policy.products[product]) {
			idle = append(idle, product)
		}
	}
	switch {
	case len(idle) == 0:
	case len(idle) == len(products):
		l.warn(WarnNoProduct, c, strings.Join(idle, ", "))
	default:
		l.warn(WarnIdle, c, strings.Join(idle, ", "))
	}
}

// constant reports whether the condition is the same whatever the facts: it asks for none.
func (c *condition) constant() (holds, constant bool) {
	if c == nil {
		return true, false
	}
	asked := &counting{activation: activation{&compliance.Facts{}}}
	value, _, err := c.program.Eval(asked)
	if err != nil || asked.names > 0 {
		return false, false
	}
	holds, _ = value.Value().(bool)
	return holds, true
}

// counting counts the facts that a condition asks for.
type counting struct {
	activation
	names int
}

// ResolveName implements cel.Activation.
func (c *counting) ResolveName(name string) (any, bool) {
	c.names++
	return c.activation.ResolveName(name)
}
