package explanation

import (
	"fmt"
	"slices"

	"realname/compliance"
)

// Why says which finding decided, and why the outcome is no other one.
type Why struct {
	Text   string  `json:"text"`
	By     []Cause `json:"decided_by"`
	Rest   string  `json:"otherwise"` // what all other findings together would have given; empty when nothing else was found
	Others []Other `json:"others"`
}

// Cause is a finding, or a reason that rests on no clause.
type Cause struct {
	Clause   string             `json:"clause,omitempty"`
	Demanded string             `json:"demanded,omitempty"`
	Found    string             `json:"found,omitempty"`
	Reason   string             `json:"reason,omitempty"`
	Outcome  compliance.Outcome `json:"outcome"`
}

// Other is an outcome that the decision does not have, and what stands against it.
type Other struct {
	Outcome compliance.Outcome `json:"outcome"`
	Text    string             `json:"text"`
	Against []Cause            `json:"against"`
}

// outcomes are the outcomes, the least strict first.
var outcomes = []compliance.Outcome{compliance.Approved, compliance.Pending, compliance.Review, compliance.Rejected}

// strictness orders outcomes; one that is not known counts as the strictest.
func strictness(o compliance.Outcome) int {
	if i := slices.Index(outcomes, o); i >= 0 {
		return i
	}
	return len(outcomes) - 1
}

// why compares the outcomes by what the audience may see.
func (t *teller) why(clauses []Clause, reasons []Reason) Why {
	w := Why{By: []Cause{}, Others: []Other{}}
	causes := causesOf(clauses)
	if t.d.Outcome != compliance.Approved {
		causes = append(causes, t.bare(reasons, causes)...)
	}
	rest := -1
	for _, c := range causes {
		switch {
		case c.Outcome != t.d.Outcome:
			rest = max(rest, strictness(c.Outcome))
		case t.d.Outcome != compliance.Approved:
			w.By = append(w.By, c)
		}
	}
	if rest >= 0 {
		w.Rest = string(outcomes[rest])
	}
	for _, o := range outcomes {
		if o != t.d.Outcome {
			w.Others = append(w.Others, t.other(o, causes))
		}
	}
	w.Text = t.say("decided", t.word(string(t.d.Outcome)), len(w.By))
	if t.d.Outcome == compliance.Approved {
		w.Text = t.word("all_satisfied")
	}
	return w
}

func causesOf(clauses []Clause) []Cause {
	var out []Cause
	for i := range clauses {
		for _, f := range clauses[i].Findings {
			out = append(out, Cause{Clause: clauses[i].ID, Demanded: f.Demanded, Found: f.Found, Reason: f.Reason, Outcome: f.Outcome})
		}
	}
	return out
}

// bare are the reasons for which no finding is shown: the evaluation's own, and what stands for that which is not told.
func (t *teller) bare(reasons []Reason, shown []Cause) []Cause {
	var out []Cause
	for _, r := range reasons {
		told := slices.ContainsFunc(shown, func(c Cause) bool { return c.Reason == r.Code })
		if !told && len(r.Clauses) == 0 {
			out = append(out, Cause{Reason: r.Code, Outcome: t.outcomeOf(r.Code)})
		}
	}
	return out
}

// outcomeOf is what a reason alone asks for; one that no finding gives was the evaluation's own, which decides.
func (t *teller) outcomeOf(told string) compliance.Outcome {
	strictest := -1
	for _, f := range t.d.Findings {
		if f.Reason == told || f.Reason != "" && compliance.PublicReason(f.Reason).Code == told {
			strictest = max(strictest, strictness(f.Outcome))
		}
	}
	if strictest < 0 {
		return t.d.Outcome
	}
	return outcomes[strictest]
}

// other says what stands against an outcome: every stricter finding, or that no finding asks for it.
func (t *teller) other(o compliance.Outcome, causes []Cause) Other {
	out := Other{Outcome: o, Against: []Cause{}}
	if strictness(o) > strictness(t.d.Outcome) {
		out.Text = t.say("not_asked", t.word(string(o)))
		return out
	}
	for _, c := range causes {
		if strictness(c.Outcome) > strictness(o) {
			out.Against = append(out.Against, c)
		}
	}
	out.Text = t.say("stricter", t.word(string(o)), len(out.Against))
	return out
}

func (t *teller) word(key string) string { return words[key].In(t.lang) }

func (t *teller) say(key string, args ...any) string { return fmt.Sprintf(t.word(key), args...) }
