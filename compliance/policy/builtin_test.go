package policy

import (
	"os"
	"slices"
	"testing"

	"github.com/goccy/go-yaml"

	"realname/compliance"
)

// exampleCase is one entry of builtin_test.yaml.
type exampleCase struct {
	Name      string                            `yaml:"name"`
	Like      string                            `yaml:"like"`
	Facts     map[string]any                    `yaml:"facts"`
	Checks    map[string]compliance.CheckResult `yaml:"checks"`
	ReasonsOf map[string][]string               `yaml:"reasons_of"`
	Used      map[string]int                    `yaml:"used"`
	Missing   []string                          `yaml:"stock_missing"` // families whose stock is not loaded
	Full      []string                          `yaml:"full"`          // velocities that have no room
	Lost      []string                          `yaml:"lost"`          // velocities that nobody could count
	Excepted  []string                          `yaml:"excepted"`      // families with an exception for this request
	Outcome   compliance.Outcome                `yaml:"outcome"`
	Reasons   []string                          `yaml:"reasons"`
	Cites     []map[string]string               `yaml:"cites"`
	WaitingOn []string                          `yaml:"waiting_on"`
	Needs     *[]string                         `yaml:"needs"`
	Limits    *[]string                         `yaml:"limits"`
}

// example is a case with everything that it takes over from others.
type example struct {
	exampleCase
	facts compliance.Facts
	uses  []compliance.QuotaUse
}

func examples(t testing.TB) []example {
	t.Helper()
	src, err := os.ReadFile("builtin_test.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var cases []exampleCase
	if err := yaml.UnmarshalWithOptions(src, &cases, yaml.Strict()); err != nil {
		t.Fatal(err)
	}
	byName := map[string]exampleCase{}
	var out []example
	for _, c := range cases {
		if c.Like != "" {
			base, ok := byName[c.Like]
			if !ok {
				t.Fatalf("%s is like %q, which is no case before it", c.Name, c.Like)
			}
			c.Facts, c.Checks, c.ReasonsOf = over(base.Facts, c.Facts), over(base.Checks, c.Checks), over(base.ReasonsOf, c.ReasonsOf)
			if c.Used == nil {
				c.Used = base.Used
			}
		}
		byName[c.Name] = c
		out = append(out, complete(t, c))
	}
	return out
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

func complete(t testing.TB, c exampleCase) example {
	t.Helper()
	e := example{exampleCase: c}
	text, err := yaml.Marshal(c.Facts)
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.UnmarshalWithOptions(text, &e.facts, yaml.Strict()); err != nil {
		t.Fatalf("%s: %v", c.Name, err)
	}
	e.facts.Checks, e.facts.CheckReasons = map[string]compliance.CheckResult{}, c.ReasonsOf
	for name, result := range c.Checks {
		if result != "" {
			e.facts.Checks[name] = result
		}
	}
	for _, l := range Builtin().Limits(e.facts) {
		if used, ok := c.Used[l.Family]; ok {
			use := compliance.QuotaUse{
				Family: l.Family, Clause: l.Clause, Used: used, Limit: l.Max, Incomplete: slices.Contains(c.Missing, l.Family),
			}
			if slices.Contains(c.Excepted, l.Family) {
				use.Exception = "qex_1"
			}
			e.uses = append(e.uses, use)
		}
	}
	for _, v := range Builtin().Velocities(e.facts) {
		if !slices.Contains(c.Lost, v.Name) {
			e.facts.Velocities = append(e.facts.Velocities, compliance.VelocityUse{
				Name: v.Name, Clause: v.Clause, Limit: v.Max, Executed: true, Full: slices.Contains(c.Full, v.Name),
			})
		}
	}
	return e
}

func TestBuiltinExamples(t *testing.T) {
	for _, c := range examples(t) {
		t.Run(c.Name, func(t *testing.T) {
			e := Builtin().Evaluate(c.facts, c.uses)
			if e.Outcome != c.Outcome {
				t.Errorf("outcome %s, want %s; reasons %v", e.Outcome, c.Outcome, e.Reasons)
			}
			var codes []string
			for _, r := range e.Reasons {
				codes = append(codes, r.Code)
			}
			if c.Reasons != nil && !slices.Equal(codes, c.Reasons) || e.Outcome == compliance.Approved && len(codes) > 0 {
				t.Errorf("reasons %v, want %v", codes, c.Reasons)
			}
			if c.Cites != nil {
				checkCitations(t, c, e)
			}
			if e.Outcome == compliance.Pending && !slices.Equal(e.WaitingOn, c.WaitingOn) || e.Outcome != compliance.Pending && len(e.WaitingOn) > 0 {
				t.Errorf("waiting on %v, want %v", e.WaitingOn, c.WaitingOn)
			}
			if (e.Outcome == compliance.Pending) != (e.Deadline > 0) || (e.Outcome == compliance.Approved) != (e.ApprovalValid > 0) {
				t.Errorf("%s with deadline %v and approval valid for %v", e.Outcome, e.Deadline, e.ApprovalValid)
			}
			if c.Needs != nil && !slices.Equal(Builtin().Needs(c.facts), *c.Needs) {
				t.Errorf("needs %v, want %v", Builtin().Needs(c.facts), *c.Needs)
			}
			families := []string{}
			for _, l := range Builtin().Limits(c.facts) {
				families = append(families, l.Family)
			}
			if c.Limits != nil && !slices.Equal(families, *c.Limits) {
				t.Errorf("limits %v, want %v", families, *c.Limits)
			}
		})
	}
}

func checkCitations(t *testing.T, c example, e Evaluation) {
	t.Helper()
	var want []string
	for _, cite := range c.Cites {
		for id, article := range cite {
			want = append(want, id)
			clause, ok := Builtin().Clause(id, c.facts.Date)
			if !ok || clause.Article != article {
				t.Errorf("%s on %s is article %q, want %q", id, c.facts.Date, clause.Article, article)
			}
			i := slices.IndexFunc(e.Findings, func(f compliance.Finding) bool { return f.Clause == id && f.Outcome == e.Outcome })
			if i < 0 || e.Findings[i].Article != article || e.Findings[i].Version != clause.EffectiveFrom || e.Findings[i].Unchecked != clause.Unverified {
				t.Errorf("no finding of %s with its article and version", id)
			}
		}
	}
	if len(e.Reasons) == 0 || !slices.Equal(e.Reasons[0].Clauses, want) {
		t.Errorf("reasons %v, want the first to cite %v", e.Reasons, want)
	}
}

// Every clause of the built-in policy is shown by at least one example, and makes a difference in one if it can refuse.
func TestBuiltinExamplesCoverEveryClause(t *testing.T) {
	cited := map[string]bool{}
	for _, c := range examples(t) {
		for _, f := range Builtin().Evaluate(c.facts, c.uses).Findings {
			cited[f.Clause+" "+f.Version] = true
		}
	}
	for _, c := range Builtin().clauses {
		if !cited[c.ID+" "+c.EffectiveFrom] && c.Kind != KindTerm {
			t.Errorf("%s of %s is in no example", c.ID, c.EffectiveFrom)
		}
	}
}

func TestBuiltinClauses(t *testing.T) {
	if c, ok := Builtin().Clause("R-CSL-24", "2025-12-31"); !ok || c.Article != "24" || c.Unverified {
		t.Errorf("R-CSL-24 in 2025: %+v", c)
	}
	if c, ok := Builtin().Clause("R-CSL-24", "2026-01-01"); !ok || c.Article != "26" || !c.Unverified || c.Source != SourceDerived {
		t.Errorf("R-CSL-24 in 2026: %+v", c)
	}
	for _, date := range []string{"2017-05-31", "", "x"} {
		if c, ok := Builtin().Clause("R-CSL-24", date); ok {
			t.Errorf("R-CSL-24 on %q: %+v", date, c)
		}
	}
	if _, ok := Builtin().Clause("R-NONE", "2026-01-01"); ok {
		t.Error("a clause that is not there is found")
	}
	for _, l := range Builtin().Limits(compliance.Facts{Date: "2026-11-22", Scene: compliance.ScenePhoneCard, Product: "mobile_card"}) {
		l.Products[0] = "changed"
	}
	if got := Builtin().Limits(compliance.Facts{Date: "2026-11-22", Scene: compliance.ScenePhoneCard, Product: "mobile_card"}); got[0].Products[0] != "mobile_card" {
		t.Error("a caller can change the policy through Limits")
	}
	if got := Builtin().Products(); !slices.IsSorted(got) || !slices.Contains(got, "mobile_card") {
		t.Errorf("products %v", got)
	}
}
