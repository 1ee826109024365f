package policy

import (
	"slices"

	"realname/compliance"
	"realname/verify/idnumber"
)

// stretch is a run of days on which the same clauses are in force.
type stretch struct {
	from     string // first day, YYYY-MM-DD; "" of the first stretch
	clauses  []*clause
	findings int // the most that these clauses can find
}

// indexKey is a scene and a product; empty stands for one that the policy does not know.
type indexKey struct {
	scene   compliance.Scene
	product string
}

// index files the clauses by scene, product and days, so that those that cannot apply are never looked at.
func (p *Policy) index() {
	p.stretches = map[indexKey][]stretch{}
	for _, scene := range append([]compliance.Scene{""}, knownScenes...) {
		for _, product := range append([]string{""}, p.Products()...) {
			p.stretches[indexKey{scene, product}] = stretches(slices.DeleteFunc(slices.Clone(p.clauses), func(c *clause) bool {
				return scene != "" && len(c.scope.scenes) > 0 && !slices.Contains(c.scope.scenes, scene) ||
					product != "" && len(c.scope.products) > 0 && !slices.Contains(c.scope.products, product)
			}))
		}
	}
}

// stretches cuts the calendar where one of the clauses begins, or the day after the last on which it has a say.
func stretches(of []*clause) []stretch {
	days := []string{""}
	for _, c := range of {
		days = append(days, c.EffectiveFrom)
		if last := c.lastBinding(); last != "" {
			days = append(days, dayAfter(last))
		}
	}
	slices.Sort(days)
	var out []stretch
	for _, day := range slices.Compact(days) {
		s := stretch{from: day}
		for _, c := range of {
			if c.acts(day) {
				s.clauses = append(s.clauses, c)
				s.findings += max(1, len(c.demands)+len(c.limits)+len(c.speeds)+len(c.measures)+len(c.keep.evidence))
			}
		}
		out = append(out, s)
	}
	return out
}

// candidates are the clauses that may apply to f by scene, product and date. Nothing is in force on what is no date, and
// a scene or product that nobody knows evades no clause.
func (p *Policy) candidates(f *compliance.Facts) stretch {
	if _, err := idnumber.ParseDate(f.Date); err != nil {
		return stretch{}
	}
	key := indexKey{f.Scene, f.Product}
	if !slices.Contains(knownScenes, f.Scene) {
		key.scene = ""
	}
	if p.products[f.Product] == "" {
		key.product = ""
	}
	list := p.stretches[key]
	for i := len(list) - 1; i > 0; i-- {
		if list[i].from <= f.Date {
			return list[i]
		}
	}
	return list[0]
}

// reading is a request as the conditions of a policy read it. What one said is kept, for many clauses share one.
type reading struct {
	stretch
	facts *compliance.Facts
	said  []truth           // by condition
	put   map[string]string // aside: clauses, each with the one that carves out of it
}

// truth is what a condition said.
type truth uint8

const (
	unasked truth = iota
	yes
	no
	unknown // it could not be computed
)

func (p *Policy) read(f *compliance.Facts) *reading {
	r := &reading{stretch: p.candidates(f), facts: f, said: make([]truth, p.conditions)}
	r.put = r.aside()
	return r
}

// holds computes a condition; ok is false when it could not be computed.
func (r *reading) holds(when *condition) (holds, ok bool) {
	if when == nil {
		return true, true
	}
	said := &r.said[when.nth]
	if *said == unasked {
		*said = when.ask(r.facts)
	}
	return *said == yes, *said != unknown
}

// applies reports whether a demand or limit with this condition is in play; one that cannot be computed is.
func (r *reading) applies(when *condition) bool {
	holds, ok := r.holds(when)
	return holds || !ok
}

// applying yields the clauses in force on the date of the request whose scope covers it, and for requirements, limits and
// terms whose condition holds, less what another puts aside.
func (r *reading) applying(yield func(*clause) bool) {
	for _, c := range r.clauses {
		if r.put != nil && r.put[c.ID] != "" {
			continue
		}
		if !c.scope.covers(r.facts) || c.Kind != KindDenial && c.Kind != KindReview && !r.applies(c.when) {
			continue
		}
		if !yield(c) {
			return
		}
	}
}
