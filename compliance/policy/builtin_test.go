package policy

import (
	"slices"
	"testing"

	"realname/compliance"
)

// example is a case under the built-in policy.
type example struct {
	Case
	facts compliance.Facts
	uses  []compliance.QuotaUse
}

func examples(t testing.TB) []example {
	t.Helper()
	var out []example
	for _, c := range BuiltinCases() {
		facts, uses := c.Under(Builtin())
		out = append(out, example{c, facts, uses})
	}
	return out
}

func TestBuiltinExamples(t *testing.T) {
	for _, c := range examples(t) {
		t.Run(c.Name, func(t *testing.T) {
			for _, wrong := range Builtin().Try(&c.Case).Wrong {
				t.Errorf("%s: got %q, want %q", wrong.What, wrong.Got, wrong.Want)
			}
			e := Builtin().Evaluate(c.facts, c.uses)
			if c.Cites != nil {
				checkCitations(t, c, e)
			}
			if (e.Outcome == compliance.Pending) != (e.Deadline > 0) || (e.Outcome == compliance.Approved) != (e.ApprovalValid > 0) {
				t.Errorf("%s with deadline %v and approval valid for %v", e.Outcome, e.Deadline, e.ApprovalValid)
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
