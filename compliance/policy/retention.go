package policy

import (
	"fmt"
	"slices"

	"realname/compliance"
)

// Retention is evidence that a clause in force wants kept.
type Retention struct {
	Clause   string
	Evidence compliance.EvidenceKind
	Years    int // after the relationship's end
}

// retention is what one clause keeps.
type retention struct {
	evidence []compliance.EvidenceKind
	years    int
}

// Found of a retention: whether the evidence is kept.
const (
	foundKept    = "kept"
	foundNotKept = "not_kept" // an applicant who was refused never became a customer
)

// mostYears bounds what a slip of the pen can keep.
const mostYears = 50

func (r *reader) retention(path string, e *clauseEntry) retention {
	if e.Kind != KindRetention {
		return retention{}
	}
	if e.Keep.Years < 1 || e.Keep.Years > mostYears {
		r.fault(path+".years_after_end", fmt.Sprintf("use 1 to %d", mostYears), "clause %s keeps for %d years", e.ID, e.Keep.Years)
	}
	return retention{known(r, path+".evidence", e.Keep.Evidence, knownEvidence), e.Keep.Years}
}

// Retained tells which evidence the clauses in force for f want kept once it is
// approved, in the order of the clauses. What no clause names is not kept.
func (p *Policy) Retained(f compliance.Facts) []Retention {
	var out []Retention
	for c := range p.read(&f).applying {
		for _, kind := range c.keep.evidence {
			out = append(out, Retention{Clause: c.ID, Evidence: kind, Years: c.keep.years})
		}
	}
	return out
}

// retention cites a clause for each kind of evidence that was given and that it keeps.
func (j *judgement) retention(c *clause) {
	for _, kind := range c.keep.evidence {
		if slices.Contains(j.facts.Evidence, kind) {
			j.find(c, string(kind), foundKept, compliance.Approved, nil)
		}
	}
}

// keeps corrects what the outcome makes of retention: of a refusal nothing is kept.
func (e *Evaluation) keeps() {
	if e.Outcome != compliance.Rejected {
		return
	}
	for i := range e.Findings {
		if e.Findings[i].Kind == KindRetention {
			e.Findings[i].Found = foundNotKept
		}
	}
}
