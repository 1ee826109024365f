package policy

import (
	"fmt"
	"slices"

	"realname/compliance"
)

// A clause may carve out of others: where it applies, they do not. Without that, conflicts go to the stricter of two. Only
// what applies before anything is executed carves out, so that checks, limits and outcome follow the same clauses; and an
// operator carves nothing out of a law.

// CarveOut is Demanded of a finding that tells of a clause that another one, its Found, puts aside.
const CarveOut = "carve_out"

var carvers = []string{KindRequirement, KindLimit}

// aside are the ids that clauses in force for the request put aside, each with who does. A condition that cannot be computed
// puts nothing aside.
func (r *reading) aside() map[string]string {
	var out map[string]string
	for _, c := range r.clauses {
		if len(c.carves) == 0 || !c.scope.covers(r.facts) {
			continue
		}
		if holds, ok := r.holds(c.when); !holds || !ok {
			continue
		}
		if out == nil {
			out = map[string]string{}
		}
		for _, id := range c.carves {
			out[id] = c.ID
		}
	}
	return out
}

// carved tells of the clauses that would apply and were put aside.
func (j *judgement) carved() {
	for _, c := range j.clauses {
		if by := j.put[c.ID]; by != "" && c.scope.covers(j.facts) {
			j.find(c, CarveOut, by, compliance.Approved, nil)
		}
	}
}

// carveOuts judges what clauses carve out of each other, once all are read.
func (r *reader) carveOuts(clauses []*clause) {
	for i, c := range clauses {
		path := fmt.Sprintf("$.clauses[%d].carves_out", i)
		if len(c.carves) > 0 && !slices.Contains(carvers, c.Kind) {
			r.fault(path, "use a clause of kind "+choices(carvers), "clause %s of kind %s carves out of others", c.ID, c.Kind)
		}
		for _, id := range c.carves {
			known := func(o *clause) bool { return o.ID == id }
			back := func(o *clause) bool { return o.ID == id && slices.Contains(o.carves, c.ID) && overlap(o, c) }
			switch k := slices.IndexFunc(clauses, known); {
			case k < 0:
				r.fault(path, "name a clause of this policy", "clause %s carves out of %s, which there is not", c.ID, id)
			case id == c.ID:
				r.fault(path, "name another clause", "clause %s carves out of itself", c.ID)
			case c.Source == SourceOperator && clauses[k].Source != SourceOperator:
				r.fault(path, "remove it: no setting loosens a law", "clause %s of the operator's carves out of %s", c.ID, id)
			case slices.ContainsFunc(clauses, back):
				r.fault(path, "keep one of the two", "clauses %s and %s contradict: each puts the other aside", c.ID, id)
			}
		}
	}
}

// gaps wants the versions of a clause to follow each other without a day between.
func (r *reader) gaps(clauses []*clause) {
	for i, c := range clauses {
		next := ""
		for _, o := range clauses {
			if o.ID == c.ID && o.EffectiveFrom > c.EffectiveFrom && (next == "" || o.EffectiveFrom < next) {
				next = o.EffectiveFrom
			}
		}
		if next != "" && c.EffectiveTo != "" && dayAfter(c.EffectiveTo) < next {
			r.fault(fmt.Sprintf("$.clauses[%d].effective_to", i), "end it on the day before the next begins, or give one of them another id",
				"clause %s has no version in force from %s until %s", c.ID, dayAfter(c.EffectiveTo), next)
		}
	}
}
