package policy

import "slices"

// Families are the quota families that any clause of the policy counts, in force or not, sorted.
func (p *Policy) Families() []string {
	var out []string
	for _, c := range p.clauses {
		for _, l := range c.limits {
			out = append(out, l.Family)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}
