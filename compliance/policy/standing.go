package policy

import (
	"slices"

	"realname/compliance"
)

// LimitsOf are the limits that requests of a sector can meet on a date, YYYY-MM-DD, in these scenes, whoever takes part
// in them and whatever else they say, in the order of the clauses.
func (p *Policy) LimitsOf(sector compliance.Sector, scenes []compliance.Scene, date string) []Limit {
	var out []Limit
	for _, c := range p.standing(sector, scenes, date) {
		for _, l := range c.limits {
			scene := func(product string) bool { return slices.Contains(scenes, p.products[product]) }
			if !slices.ContainsFunc(l.Products, scene) {
				continue
			}
			l.Products, l.Per, l.States = slices.Clone(l.Products), slices.Clone(l.Per), slices.Clone(l.States)
			out = append(out, l)
		}
	}
	return out
}

// VelocitiesOf are the windows that requests of a sector can meet, as LimitsOf.
func (p *Policy) VelocitiesOf(sector compliance.Sector, scenes []compliance.Scene, date string) []Velocity {
	var out []Velocity
	for _, c := range p.standing(sector, scenes, date) {
		out = append(out, c.speeds...)
	}
	return out
}

// standing are the clauses in force for a sector in any of the scenes.
func (p *Policy) standing(sector compliance.Sector, scenes []compliance.Scene, date string) []*clause {
	meets := func(s compliance.Scene) bool { return slices.Contains(scenes, s) }
	var out []*clause
	for _, c := range p.clauses {
		if c.inForce(date) && listed(c.scope.sectors, sector, knownSectors) &&
			(len(c.scope.scenes) == 0 || slices.ContainsFunc(c.scope.scenes, meets)) {
			out = append(out, c)
		}
	}
	return out
}
