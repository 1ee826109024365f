package policy

import (
	"slices"
	"strings"
	"testing"

	"realname/compliance"
)

// lenient is a clause that lets a phone card by video take the place of what R-A demands.
const lenient = "    effective_from: 2020-01-01\n    scope: {scenes: [phone_card]}\n    when: photo\n    carves_out: [R-A]\n    demands: [{check: live_video}]\n"

func TestCarveOut(t *testing.T) {
	p, err := Load("p.yaml", []byte(small+clauseLike("R-E", "requirement", lenient)))
	if err != nil {
		t.Fatal(err)
	}
	yes := true
	f := compliance.Facts{
		Date: "2020-06-01", Sector: "telecom", Scene: "phone_card", Occasion: "open", Product: "mobile_card", CustomerType: "individual",
		Channel: "physical", Delegated: yes, Checks: map[string]compliance.CheckResult{"live_video": compliance.Passed},
	}
	if needs := p.Needs(f); !slices.Contains(needs, "number") {
		t.Errorf("without a photo R-A stands: %v", needs)
	}
	if e := p.Evaluate(f, nil); e.Outcome != compliance.Rejected {
		t.Errorf("%+v", e)
	}
	f.PhotoGiven = true
	if needs := p.Needs(f); slices.Contains(needs, "number") || !slices.Contains(needs, "live_video") {
		t.Errorf("with a photo R-E stands in its place: %v", needs)
	}
	e := p.Evaluate(f, nil)
	told := slices.ContainsFunc(e.Findings, func(f compliance.Finding) bool {
		return f.Clause == "R-A" && f.Demanded == "carve_out" && f.Found == "R-E" && f.Outcome == compliance.Approved
	})
	if e.Outcome != compliance.Approved || !told {
		t.Errorf("%+v", e)
	}
}

func TestCarveOutsThatCannotBe(t *testing.T) {
	other := "    effective_from: 2020-01-01\n    carves_out: [R-E]\n    demands: [{check: live_video}]\n"
	for _, c := range []struct{ why, src, problem string }{
		{"each other", small + clauseLike("R-E", "requirement", strings.Replace(lenient, "R-A", "R-F", 1)) + clauseLike("R-F", "requirement", other), "clauses R-E and R-F contradict"},
		{"nobody", small + clauseLike("R-E", "requirement", strings.Replace(lenient, "R-A", "R-X", 1)), "carves out of R-X, which there is not"},
		{"itself", small + clauseLike("R-E", "requirement", strings.Replace(lenient, "R-A", "R-E", 1)), "carves out of itself"},
		{"by what was found", small + clauseLike("R-E", "denial", "    effective_from: 2020-01-01\n    when: photo\n    reason: further_review\n    carves_out: [R-A]\n"), "kind denial carves out"},
		{"an operator of a law", edit(t, "    terms:", "    carves_out: [R-A]\n    terms:"), "clause OP-T of the operator's carves out of R-A"},
		{"a gap", small + clauseLike("R-E", "denial", "    effective_from: 2020-01-01\n    effective_to: 2020-12-31\n    when: photo\n    reason: further_review\n") +
			clauseLike("R-E", "denial", "    effective_from: 2021-01-03\n    when: photo\n    reason: further_review\n"), "clause R-E has no version in force from 2021-01-01 until 2021-01-03"},
	} {
		_, err := Load("p.yaml", []byte(c.src))
		if err == nil || !strings.Contains(err.Error(), c.problem) || !strings.HasPrefix(err.Error(), "p.yaml:") {
			t.Errorf("%s: got %v, want %q", c.why, err, c.problem)
		}
	}
}
