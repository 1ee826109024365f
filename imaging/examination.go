package imaging

import (
	"fmt"
	"slices"
)

// Step is one examination of a photo.
type Step string

// The steps. An acceptance rests on every one of them.
const (
	StepCard         Step = "card"         // a card's corners were found
	StepLayout       Step = "layout"       // its print stands where that of the card does
	StepQuality      Step = "quality"      // sharpness, light, size, whole
	StepAuthenticity Step = "authenticity" // no copy, screen, edit, glare or cover was seen, or a reason tells of it
	StepPortrait     Step = "portrait"     // what stands in the portrait place
	StepNumber       Step = "number"       // read with a valid check digit
	StepName         Step = "name"         // read
	StepClaim        Step = "claim"        // number and name were compared with those that were claimed
)

// Steps lists every step in the order of a report.
func Steps() []Step {
	return []Step{StepCard, StepLayout, StepQuality, StepAuthenticity, StepPortrait, StepNumber, StepName, StepClaim}
}

// Execution says whether a step came to a result.
type Execution string

// The executions. A step that was begun and could not be completed, such as
// reading a number that cannot be read, is not executed.
const (
	Executed      Execution = "executed"
	NotExecuted   Execution = "not_executed"
	NotApplicable Execution = "not_applicable" // nothing was asked that needs it, or the caller stated that there is no claim
)

// Examination is what became of one step.
type Examination struct {
	Step      Step      `json:"step"`
	Execution Execution `json:"execution"`
}

// ReasonNotExecuted stands on a report that would have been accepted but for a step that was not executed.
const ReasonNotExecuted = "check_not_executed"

// Examined notes that steps came to a result.
func (r *Report) Examined(steps ...Step) {
	for _, s := range steps {
		r.note(s, Executed)
	}
}

func (r *Report) note(s Step, e Execution) {
	if i := slices.IndexFunc(r.Examinations, func(x Examination) bool { return x.Step == s }); i >= 0 {
		r.Examinations[i].Execution = e
		return
	}
	r.Examinations = append(r.Examinations, Examination{s, e})
}

// Unclaimed notes that the caller stated that there is no claim: nothing of it was left out then.
func (r *Report) Unclaimed() { r.note(StepClaim, NotApplicable) }

// Execution tells what became of a step: NotExecuted of one that nobody noted.
func (r *Report) Execution(s Step) Execution {
	for _, x := range r.Examinations {
		if x.Step == s {
			return x.Execution
		}
	}
	return NotExecuted
}

// Seal makes the verdict final: it lists every step in order, and an acceptance
// that a step is missing from becomes a review. A pipeline seals each report
// once, last of all; a pool takes no acceptance that Seal would not have let pass.
func (r *Report) Seal() {
	r.note(StepClaim, r.comparison())
	if r.Execution(StepName) == NotExecuted && r.NameAgreement == NotCompared {
		r.note(StepName, NotApplicable)
	}
	sealed := make([]Examination, 0, len(Steps()))
	for _, s := range Steps() {
		sealed = append(sealed, Examination{s, r.Execution(s)})
	}
	r.Examinations = sealed
	if r.Verdict == Accept && r.missing() > 0 {
		r.Verdict = Review
		r.Reasons = append(r.Reasons, Reason{Code: ReasonNotExecuted, Value: float64(r.missing())})
	}
}

// agreements are those of every field that a claim may name.
func (r *Report) agreements() []Agreement {
	return []Agreement{r.NumberAgreement, r.NameAgreement, r.BirthAgreement, r.SexAgreement}
}

// comparison is what became of the claim. Where none came, only Unclaimed makes it not applicable.
func (r *Report) comparison() Execution {
	compared := slices.DeleteFunc(r.agreements(), func(a Agreement) bool { return a == NotCompared || a == "" })
	switch {
	case len(compared) == 0 && r.Execution(StepClaim) == NotApplicable:
		return NotApplicable
	case len(compared) == 0:
		return NotExecuted
	case slices.Contains(compared, Unreadable):
		return NotExecuted
	}
	return Executed
}

// missing counts the steps that were not executed.
func (r *Report) missing() int {
	n := 0
	for _, s := range Steps() {
		if r.Execution(s) == NotExecuted {
			n++
		}
	}
	return n
}

// sealed is an error for a report that no pipeline of ours can have sealed.
func (r *Report) sealed() error {
	if len(r.Examinations) != len(Steps()) {
		return fmt.Errorf("imaging: answer with %d of %d examinations", len(r.Examinations), len(Steps()))
	}
	for i, s := range Steps() {
		x := r.Examinations[i]
		if x.Step != s || x.Execution != Executed && x.Execution != NotExecuted && x.Execution != NotApplicable {
			return fmt.Errorf("imaging: answer with an examination that is none, in place %d", i)
		}
		if x.Execution == NotApplicable && s != StepName && s != StepClaim {
			return fmt.Errorf("imaging: answer without the examination in place %d", i)
		}
	}
	if r.Verdict == Accept && (r.missing() > 0 || slices.Contains(r.agreements(), Disagrees)) {
		return fmt.Errorf("imaging: answer that accepts with %d steps not executed, or against the claim", r.missing())
	}
	return nil
}
