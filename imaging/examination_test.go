package imaging_test

import (
	"testing"

	"pgregory.net/rapid"

	"realname/imaging"
)

func drawReport(t *rapid.T) imaging.Report {
	agreements := rapid.SampledFrom([]imaging.Agreement{imaging.Agrees, imaging.Disagrees, imaging.Unreadable, imaging.NotCompared})
	r := imaging.Report{
		Verdict:         rapid.SampledFrom([]imaging.Verdict{imaging.Accept, imaging.Review, imaging.Reject}).Draw(t, "verdict"),
		NumberAgreement: agreements.Draw(t, "number"), NameAgreement: agreements.Draw(t, "name"),
		BirthAgreement: agreements.Draw(t, "birth"), SexAgreement: agreements.Draw(t, "sex"),
	}
	r.Examined(rapid.SliceOf(rapid.SampledFrom(imaging.Steps())).Draw(t, "steps")...)
	return r
}

// Whatever a pipeline noted, in whatever order: nothing is accepted that a step
// is missing from, no other verdict is changed, and every step is told.
func TestSealAcceptsNothingUnexamined(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := drawReport(t)
		before, reasons := r.Verdict, len(r.Reasons)
		r.Seal()
		missing := 0
		for i, s := range imaging.Steps() {
			if r.Examinations[i].Step != s {
				t.Fatalf("step %d is %s", i, r.Examinations[i].Step)
			}
			if r.Execution(s) == imaging.NotExecuted {
				missing++
			}
		}
		switch {
		case before != imaging.Accept && (r.Verdict != before || len(r.Reasons) != reasons):
			t.Fatalf("%s became %s", before, r.Verdict)
		case before == imaging.Accept && (r.Verdict == imaging.Accept) != (missing == 0):
			t.Fatalf("%d steps are missing, and the verdict is %s", missing, r.Verdict)
		case r.Verdict != before && r.Reasons[reasons].Code != imaging.ReasonNotExecuted:
			t.Fatalf("reasons %+v", r.Reasons)
		}
		again := r.Verdict
		r.Seal()
		if r.Verdict != again || len(r.Examinations) != len(imaging.Steps()) {
			t.Fatal("a second seal changes something")
		}
	})
}

func TestAClaimThatCannotBeComparedIsNotExecuted(t *testing.T) {
	for _, c := range []struct {
		number, name imaging.Agreement
		claim, read  imaging.Execution
	}{
		{imaging.NotCompared, imaging.NotCompared, imaging.NotExecuted, imaging.NotApplicable},
		{imaging.Agrees, imaging.NotCompared, imaging.Executed, imaging.NotApplicable},
		{imaging.Agrees, imaging.Unreadable, imaging.NotExecuted, imaging.NotExecuted},
		{imaging.Unreadable, imaging.Disagrees, imaging.NotExecuted, imaging.NotExecuted},
		{imaging.Agrees, imaging.Disagrees, imaging.Executed, imaging.NotExecuted},
	} {
		r := imaging.Report{NumberAgreement: c.number, NameAgreement: c.name, BirthAgreement: imaging.NotCompared}
		r.Seal()
		if r.Execution(imaging.StepClaim) != c.claim || r.Execution(imaging.StepName) != c.read {
			t.Errorf("number %s, name %s: claim %s, name %s", c.number, c.name, r.Execution(imaging.StepClaim), r.Execution(imaging.StepName))
		}
	}
}

// Without a claim nothing is accepted, unless the caller stated that there is none.
func TestNothingIsAcceptedWithoutAClaim(t *testing.T) {
	for _, stated := range []bool{false, true} {
		r := imaging.Report{
			Verdict: imaging.Accept, NumberAgreement: imaging.NotCompared, NameAgreement: imaging.NotCompared,
			BirthAgreement: imaging.NotCompared, SexAgreement: imaging.NotCompared,
		}
		for _, s := range imaging.Steps() {
			if s != imaging.StepClaim {
				r.Examined(s)
			}
		}
		if stated {
			r.Unclaimed()
		}
		r.Seal()
		if (r.Verdict == imaging.Accept) != stated || (len(r.Reasons) == 0) != stated {
			t.Errorf("stated %v: %s %+v", stated, r.Verdict, r.Reasons)
		}
	}
	// What is stated is no word against a claim that could not be read.
	r := imaging.Report{Verdict: imaging.Accept, NumberAgreement: imaging.Unreadable, NameAgreement: imaging.NotCompared}
	r.Examined(imaging.Steps()...)
	r.Unclaimed()
	r.Seal()
	if r.Verdict != imaging.Review || r.Execution(imaging.StepClaim) != imaging.NotExecuted {
		t.Errorf("%s, claim %s", r.Verdict, r.Execution(imaging.StepClaim))
	}
}
