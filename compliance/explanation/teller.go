package explanation

import (
	"slices"
	"strconv"
	"strings"

	"realname/compliance"
	"realname/compliance/policy"
)

// teller tells one decision.
type teller struct {
	d        *compliance.Decision
	clauses  Clauses
	audience compliance.Audience
	lang     string
	lost     bool // a clause could not be found
}

// Tellable reports whether person and clerk may know that this clause exists. A window, or a denial or review whose
// reason is not disclosed, would name the suspicion even when it found nothing.
func Tellable(c *policy.Clause) bool {
	return c.Kind != policy.KindVelocity && (c.Reason == "" || compliance.PublicReason(c.Reason).Code == c.Reason)
}

// hides reports whether the audience may not learn of a finding. Of a lost policy nobody knows what a condition was for.
func (t *teller) hides(f *compliance.Finding, c *policy.Clause, known bool) bool {
	if t.audience.Official() {
		return false
	}
	if f.Reason != "" && compliance.PublicReason(f.Reason).Code != f.Reason {
		return true
	}
	if known {
		// What the operator set for itself is told where it stands in the way, and is its own affair where it does not.
		return !Tellable(c) || c.Source == policy.SourceOperator && f.Outcome == compliance.Approved
	}
	switch f.Kind {
	case policy.KindVelocity, policy.KindDenial, policy.KindReview:
		return true
	}
	return false
}

// clause finds a clause, or what the finding itself still knows of it.
func (t *teller) clause(f *compliance.Finding) (policy.Clause, bool) {
	c, known := t.clauses(f.Clause)
	if !known {
		t.lost = true
		c = policy.Clause{ID: f.Clause, Kind: f.Kind, Article: f.Article, EffectiveFrom: f.Version, Unverified: f.Unchecked}
	}
	return c, known
}

func (t *teller) tellClauses() []Clause {
	out := []Clause{}
	for i := range t.d.Findings {
		f := &t.d.Findings[i]
		c, known := t.clause(f)
		if t.hides(f, &c, known) {
			continue
		}
		k := slices.IndexFunc(out, func(o Clause) bool { return o.ID == f.Clause && o.Version == f.Version })
		if k < 0 {
			k = len(out)
			out = append(out, Clause{
				Citation: t.cite(&c), Kind: f.Kind, Version: f.Version, Until: c.EffectiveTo,
				Text: compliance.Text{ZH: c.TextZH, EN: c.TextEN}.In(t.lang), Findings: []Finding{},
			})
		}
		out[k].Findings = append(out[k].Findings, t.finding(f, &c))
	}
	return out
}

func (t *teller) cite(c *policy.Clause) Citation {
	return Citation{
		ID: c.ID, Instrument: c.Instrument, Article: c.Article, Title: c.TitleZH, Remedy: c.Remedy.In(t.lang), Unverified: c.Unverified,
	}
}

func (t *teller) finding(f *compliance.Finding, c *policy.Clause) Finding {
	out := Finding{
		Demanded: t.demanded(f, c), Found: t.found(f, c), Outcome: f.Outcome, Reason: f.Reason,
		Decides: f.Outcome == t.d.Outcome,
	}
	if t.audience.Official() {
		out.Subject = f.Demanded
	}
	return out
}

// demanded names what a clause wanted, for a reader who does not know the policy's own names.
func (t *teller) demanded(f *compliance.Finding, c *policy.Clause) string {
	if f.Demanded == policy.CarveOut {
		return t.word("carved")
	}
	switch f.Kind {
	case policy.KindRequirement, policy.KindTenant:
		names := strings.Split(f.Demanded, "|")
		for i, name := range names {
			names[i] = t.check(name)
		}
		return strings.Join(names, t.word("or"))
	case policy.KindLimit:
		return t.word("room")
	case policy.KindVelocity:
		return t.word("pace") + f.Demanded
	case policy.KindRetention:
		return t.word("keep") + t.evidence(f.Demanded)
	case policy.KindReview:
		return t.word("no_review")
	case policy.KindMeasure:
		return t.word("no_measure")
	}
	return t.word("no_denial")
}

func (t *teller) check(name string) string {
	if text, ok := checkNames[name]; ok {
		return text.In(t.lang)
	}
	return t.word("other_check")
}

func (t *teller) evidence(kind string) string {
	if text, ok := evidenceNames[compliance.EvidenceKind(kind)]; ok {
		return text.In(t.lang)
	}
	return kind
}

// found says what was found. How many a law allows is public; how many an operator or tenant allows is a threshold.
func (t *teller) found(f *compliance.Finding, c *policy.Clause) string {
	if f.Kind == policy.KindLimit && strings.Contains(f.Found, "/") {
		count, exception, granted := strings.Cut(f.Found, " ")
		switch {
		case t.audience.Official() && granted:
			return count + t.word("by_exception") + exception
		case t.audience.Official():
			return count
		case granted:
			return t.word("excepted")
		case c.Source == policy.SourceOperator || !ofTheLaw(count, c.Most[f.Demanded]):
			return t.word(map[bool]string{true: "has_room", false: "full"}[f.Outcome == compliance.Approved])
		}
		return count
	}
	if last, ok := strings.CutPrefix(f.Found, "until "); ok && f.Kind == policy.KindMeasure {
		return t.word("runs_until") + last
	}
	parts := strings.Split(f.Found, "|")
	for i, part := range parts {
		if text, ok := results[part]; ok {
			parts[i] = text.In(t.lang)
		}
	}
	return strings.Join(parts, t.word("or"))
}

// ofTheLaw reports whether a count stands beside the number that the clause itself sets: a tenant may set less.
func ofTheLaw(count string, most int) bool {
	_, limit, _ := strings.Cut(count, "/")
	return most > 0 && limit == strconv.Itoa(most)
}

// tellReasons tells the grounds; those that are told alike stand once.
func (t *teller) tellReasons() []Reason {
	out := []Reason{}
	for _, ref := range t.d.Reasons {
		told := t.reason(ref)
		k := slices.IndexFunc(out, func(o Reason) bool { return o.Code == told.Code })
		if k < 0 {
			out = append(out, told)
			continue
		}
		out[k].Clauses = append(out[k].Clauses, told.Clauses...)
	}
	return out
}

func (t *teller) reason(ref compliance.ReasonRef) Reason {
	public := compliance.PublicReason(ref.Code)
	r := public
	if own, ok := compliance.Reason(ref.Code); ok && t.audience.Official() {
		r = own
	}
	out := Reason{
		Code: r.Code, Message: r.For(t.audience).In(t.lang), Remedy: r.Remedy.In(t.lang), Materials: []Material{},
		Retry: r.Retry, Clauses: []Citation{},
	}
	for _, m := range r.Materials {
		out.Materials = append(out.Materials, Material{ID: m.ID, Name: m.Text().In(t.lang)})
	}
	if r.Code != public.Code {
		out.ToldAs = public.Code
	}
	if r.Code == ref.Code {
		out.Clauses = t.citations(ref)
	}
	return out
}

// citations are the articles that a reason rests on, without those that the audience may not know.
func (t *teller) citations(ref compliance.ReasonRef) []Citation {
	out := []Citation{}
	for _, id := range ref.Clauses {
		f := compliance.Finding{Clause: id, Unchecked: true}
		if i := slices.IndexFunc(t.d.Findings, func(f compliance.Finding) bool { return f.Clause == id }); i >= 0 {
			f = t.d.Findings[i]
		}
		f.Reason = ref.Code
		if c, known := t.clause(&f); !t.hides(&f, &c, known) {
			out = append(out, t.cite(&c))
		}
	}
	return out
}

func (t *teller) notExecuted() []Unexecuted {
	out := []Unexecuted{}
	for _, c := range t.d.Checks {
		if c.Result != compliance.NotExecuted {
			continue
		}
		u := Unexecuted{Check: c.Name, Name: t.check(c.Name), Reasons: []string{}}
		for _, code := range c.Reasons {
			if !t.audience.Official() {
				code = compliance.PublicReason(code).Code
			}
			if !slices.Contains(u.Reasons, code) {
				u.Reasons = append(u.Reasons, code)
			}
		}
		out = append(out, u)
	}
	return out
}

// ways are where to object. Only articles that the audience reads anyway choose among them.
func (t *teller) ways(reasons []Reason) []Way {
	var ids []string
	for _, r := range reasons {
		for _, c := range r.Clauses {
			ids = append(ids, c.ID)
		}
	}
	out := []Way{}
	for _, a := range compliance.AppealWays(t.d.Facts.Sector, t.d.Scene, ids, t.d.Facts.Date) {
		w := Way{
			ID: a.ID, Clause: a.Clause, Instrument: a.Instrument.In(t.lang), Article: a.Article,
			Channel: a.Channel.In(t.lang), Days: a.Days, Term: t.word("no_days"), Text: a.Text.In(t.lang),
		}
		if a.Days > 0 {
			w.Term = t.say("days", a.Days)
		}
		out = append(out, w)
	}
	return out
}
