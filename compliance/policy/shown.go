package policy

import "realname/compliance"

// Shown tells which examples show one version of a clause.
type Shown struct {
	Clause   Clause
	Decisive []string // names of examples that it decides, or in which it is not satisfied
	Touched  []string // of all others in which it had a say
}

// Shown are all clauses in the order of the file, each with the examples that show it.
func (p *Policy) Shown(cases []Case) []Shown {
	out := make([]Shown, len(p.clauses))
	nth := map[string]int{}
	for i, c := range p.clauses {
		out[i].Clause = c.Clause
		nth[c.ID+" "+c.EffectiveFrom] = i
	}
	for k := range cases {
		facts, uses := cases[k].Under(p)
		satisfied := map[int]bool{}
		for c := range p.read(&facts).applying {
			if c.Kind == KindTerm { // terms find nothing
				satisfied[nth[c.ID+" "+c.EffectiveFrom]] = true
			}
		}
		for _, f := range p.Evaluate(facts, uses).Findings {
			i := nth[f.Clause+" "+f.Version]
			before, seen := satisfied[i]
			satisfied[i] = (before || !seen) && f.Outcome == compliance.Approved
		}
		for i, well := range satisfied {
			if well {
				out[i].Touched = append(out[i].Touched, cases[k].Name)
			} else {
				out[i].Decisive = append(out[i].Decisive, cases[k].Name)
			}
		}
	}
	return out
}
