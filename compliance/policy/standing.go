package policy

import (
	"slices"

	"realname/compliance"
)

// LimitsOf are the limits that requests of a sector can meet on a date, YYYY-MM-DD, in these scenes, whoever takes part
// in them and whatever else they say, in the order of the clauses.
func (p *Policy) LimitsOf(sector compliance.Sector, scenes []compliance.Scene, date string) []Limit {
	var out []Limit
	for _, c := range p.clauses {
		meets := func(s compliance.Scene) bool { return slices.Contains(scenes, s) }
		if !c.inForce(date) || !listed(c.scope.sectors, sector, knownSectors) ||
			len(c.scope.scenes) > 0 && !slices.ContainsFunc(c.scope.scenes, meets) {
			continue
		}
		for _, l := range c.limits {
			if scene := func(product string) bool { return meets(p.products[product]) }; !slices.ContainsFunc(l.Products, scene) {
				continue
			}
			l.Products, l.Per, l.States = slices.Clone(l.Products), slices.Clone(l.Per), slices.Clone(l.States)
			out = append(out, l)
		}
	}
	return out
}
