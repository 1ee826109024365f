package policy

import "realname/compliance"

// Coverage counts which clauses of a policy requests touch. It is not safe for concurrent use.
type Coverage struct {
	policy *Policy
	counts map[*clause]*ClauseCoverage
	nth    map[string]*clause // by id and version
}

// ClauseCoverage is how often one version of a clause was in play.
type ClauseCoverage struct {
	Clause   string `json:"clause"`
	Version  string `json:"version"` // effective_from
	Kind     string `json:"kind"`
	Touched  int    `json:"touched"`  // it demanded, counted, set or looked at something
	Decisive int    `json:"decisive"` // it was not satisfied
}

// NewCoverage has counted nothing yet.
func (p *Policy) NewCoverage() *Coverage {
	v := &Coverage{policy: p, counts: map[*clause]*ClauseCoverage{}, nth: map[string]*clause{}}
	for _, c := range p.clauses {
		v.counts[c] = &ClauseCoverage{Clause: c.ID, Version: c.EffectiveFrom, Kind: c.Kind}
		v.nth[c.ID+" "+c.EffectiveFrom] = c
	}
	return v
}

// Add counts one request.
func (v *Coverage) Add(f compliance.Facts, uses []compliance.QuotaUse) {
	touched := map[*clause]bool{} // false: satisfied
	for c := range v.policy.read(&f).applying {
		if c.Kind == KindTerm { // terms find nothing
			touched[c] = false
		}
	}
	for _, finding := range v.policy.Evaluate(f, uses).Findings {
		c := v.nth[finding.Clause+" "+finding.Version]
		touched[c] = touched[c] || finding.Outcome != compliance.Approved
	}
	for c, decisive := range touched {
		v.counts[c].Touched++
		if decisive {
			v.counts[c].Decisive++
		}
	}
}

// Clauses are all clauses in the order of the file.
func (v *Coverage) Clauses() []ClauseCoverage {
	out := make([]ClauseCoverage, len(v.policy.clauses))
	for i, c := range v.policy.clauses {
		out[i] = *v.counts[c]
	}
	return out
}
