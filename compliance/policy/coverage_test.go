package policy

import (
	"testing"

	"realname/compliance"
)

// Every clause of the built-in policy is shown by at least one example.
func TestBuiltinExamplesCoverEveryClause(t *testing.T) {
	seen := Builtin().NewCoverage()
	for _, c := range examples(t) {
		seen.Add(c.facts, c.uses)
	}
	for _, c := range seen.Clauses() {
		if c.Touched == 0 {
			t.Errorf("%s of %s is in no example", c.Clause, c.Version)
		}
	}
}

// What is out of scope, not in force, or not asked is not touched; what is satisfied is not decisive.
func TestCoverage(t *testing.T) {
	p, err := Load("small.yaml", []byte(small))
	if err != nil {
		t.Fatal(err)
	}
	v := p.NewCoverage()
	f := compliance.Facts{Date: "2021-06-01", Sector: compliance.SectorTelecom, Scene: compliance.ScenePhoneCard, Occasion: compliance.OccasionOpen,
		Product: "mobile_card", Channel: compliance.ChannelPhysical, HasOpening: true, Checks: map[string]compliance.CheckResult{}}
	v.Add(f, []compliance.QuotaUse{{Family: "cards", Clause: "R-B", Used: 5, Limit: 5}})
	v.Add(f, []compliance.QuotaUse{{Family: "cards", Clause: "R-B", Used: 4, Limit: 5}})
	got := map[string][2]int{}
	for _, c := range v.Clauses() {
		got[c.Clause] = [2]int{c.Touched, c.Decisive}
	}
	want := map[string][2]int{"R-A": {0, 0}, "R-B": {2, 1}, "R-C": {2, 0}, "OP-T": {2, 0}}
	for id, n := range want {
		if got[id] != n {
			t.Errorf("%s was touched and decisive %v times, want %v", id, got[id], n)
		}
	}
}
