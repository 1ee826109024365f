package policy

import (
	"cmp"
	"slices"
	"strconv"
	"time"

	"realname/compliance"
)

// Reasons that the evaluation itself gives; all others come from the clauses.
const (
	reasonNoClause       = "further_review"     // no requirement covers the request
	reasonNotComputed    = "check_not_executed" // a condition or a count is missing
	reasonStockMissing   = "stock_incomplete"   // the count may miss openings
	reasonUnknownProduct = "product_unknown"
	reasonNotAnOpening   = "event_needs_opening"
)

// OpeningOccasions are the events that bring a new card or account to a person.
var OpeningOccasions = []compliance.Occasion{compliance.OccasionOpen, compliance.OccasionTransfer, compliance.OccasionPortIn}

// foundMissing is Found of a demand whose check is absent.
const foundMissing = "missing"

// Needs tells which checks the clauses in force demand of f, sorted, before anything is executed.
func (p *Policy) Needs(f compliance.Facts) []string {
	out := []string{}
	r := p.read(&f)
	for c := range r.applying {
		for i := range c.demands {
			d := &c.demands[i]
			if !r.applies(d.when) {
				continue
			}
			for _, rule := range d.anyOf {
				out = append(out, rule.name)
			}
		}
	}
	if f.Own != nil {
		for _, names := range f.Own.Demands {
			out = append(out, names...)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// Limits are the quota families in force for f, in the order of the clauses.
func (p *Policy) Limits(f compliance.Facts) []Limit {
	var out []Limit
	for c := range p.read(&f).applying {
		for _, l := range c.limits {
			if !l.concerns(&f) {
				continue
			}
			l.Products, l.Per, l.States = slices.Clone(l.Products), slices.Clone(l.Per), slices.Clone(l.States)
			out = append(out, l)
		}
	}
	return out
}

// Parts that every request has, and the modes of a limit.
const (
	partLegalEntity = "legal_entity"

	ModeHard        = "hard"
	ModeInPrinciple = "in_principle"
)

// concerns reports whether the product asked for is one that the limit counts, and the request names whom it counts by.
func (l *Limit) concerns(f *compliance.Facts) bool {
	for _, per := range l.Per {
		always := per == string(compliance.RoleHolder) || per == partLegalEntity || per == compliance.PartTenant
		if !always && !slices.Contains(f.Parts, per) {
			return false
		}
	}
	return f.Product == "" || slices.Contains(l.Products, f.Product)
}

// Evaluate decides. uses are the counts of the limits in force, this request not included. Strictness is rejected, review,
// pending, approved: the strictest finding is the outcome, so a failed check rejects while another is still waited for.
func (p *Policy) Evaluate(f compliance.Facts, uses []compliance.QuotaUse) Evaluation {
	j := judgement{reading: p.read(&f), uses: uses}
	j.findings = make([]compliance.Finding, 0, j.stretch.findings)
	covered := false
	var set terms
	for c := range j.applying {
		switch c.Kind {
		case KindRequirement:
			covered = true
			j.requirement(c)
		case KindLimit:
			j.limits(c)
		case KindVelocity:
			j.velocities(c)
		case KindDenial:
			j.conditional(c, compliance.Rejected)
		case KindReview:
			j.conditional(c, compliance.Review)
		case KindTerm:
			set.shorten(c.terms)
		case KindRetention:
			j.retention(c)
		case KindMeasure:
			j.measures(c)
		}
	}
	j.tenant(p)
	j.carved()
	if !covered {
		j.add(compliance.Review, nil, reasonNoClause)
	}
	if f.HasOpening && p.products[f.Product] != f.Scene {
		j.add(compliance.Rejected, nil, reasonUnknownProduct)
	}
	if f.HasOpening && !slices.Contains(OpeningOccasions, f.Occasion) {
		// Limits are scoped by these events: any other word would slip past them.
		j.add(compliance.Rejected, nil, reasonNotAnOpening)
	}
	e := j.settle(set)
	e.keeps()
	return e
}

// ApprovalValid is how long an opening may rest on an approval of f.
func (p *Policy) ApprovalValid(f compliance.Facts) time.Duration {
	var set terms
	for c := range p.read(&f).applying {
		if c.Kind == KindTerm {
			set.shorten(c.terms)
		}
	}
	return cmp.Or(set.approvalValid, DefaultApprovalValid)
}

// shorten takes over the terms of another clause where they are shorter.
func (t *terms) shorten(o terms) {
	if o.pendingDeadline > 0 && (t.pendingDeadline == 0 || o.pendingDeadline < t.pendingDeadline) {
		t.pendingDeadline = o.pendingDeadline
	}
	if o.approvalValid > 0 && (t.approvalValid == 0 || o.approvalValid < t.approvalValid) {
		t.approvalValid = o.approvalValid
	}
}

// strictness orders the outcomes.
func strictness(o compliance.Outcome) int {
	switch o {
	case compliance.Approved:
		return 0
	case compliance.Pending:
		return 1
	case compliance.Review:
		return 2
	}
	return 3
}

// judgement gathers what the clauses find.
type judgement struct {
	*reading
	uses     []compliance.QuotaUse
	findings []compliance.Finding
	grounds  []ground
	waiting  []string
	needed   []string
}

// ground is one reason for one outcome.
type ground struct {
	outcome compliance.Outcome
	code    string
	clauses []string
}

// add records a reason and the clause it rests on.
func (j *judgement) add(o compliance.Outcome, c *clause, codes ...string) {
	for _, code := range codes {
		i := slices.IndexFunc(j.grounds, func(g ground) bool { return g.outcome == o && g.code == code })
		if i < 0 {
			i = len(j.grounds)
			j.grounds = append(j.grounds, ground{outcome: o, code: code, clauses: []string{}})
		}
		if c != nil && !slices.Contains(j.grounds[i].clauses, c.ID) {
			j.grounds[i].clauses = append(j.grounds[i].clauses, c.ID)
		}
	}
}

// find records what a clause demanded and found, and its reasons when it is not satisfied.
func (j *judgement) find(c *clause, demanded, found string, o compliance.Outcome, codes []string) {
	finding := compliance.Finding{
		Clause: c.ID, Version: c.EffectiveFrom, Article: c.Article, Kind: c.Kind,
		Demanded: demanded, Found: found, Outcome: o, Unchecked: c.Unverified,
	}
	if o != compliance.Approved {
		finding.Reason = codes[0]
		j.add(o, c, codes...)
	}
	j.findings = append(j.findings, finding)
}

func (j *judgement) requirement(c *clause) {
	for i := range c.demands {
		if d := &c.demands[i]; j.applies(d.when) {
			j.anyOf(c, d.names, d.anyOf, d.after)
		}
	}
}

// anyOf wants one of some checks passed.
func (j *judgement) anyOf(c *clause, names string, rules []checkRule, after string) {
	verdicts := make([]verdict, 0, 4)
	for k := range rules {
		verdicts = append(verdicts, rules[k].judge(j.facts, after))
	}
	v, found := best(verdicts), verdicts[0].found
	for _, other := range verdicts[1:] {
		found += "|" + other.found
	}
	j.find(c, names, found, v.outcome, v.codes)
	if v.outcome == compliance.Approved {
		return
	}
	for k := range rules {
		if verdicts[k].outcome == compliance.Pending {
			j.waiting = append(j.waiting, rules[k].name)
		}
		j.needed = append(j.needed, rules[k].evidence...)
	}
}

// verdict is what one result of one check means.
type verdict struct {
	outcome compliance.Outcome
	codes   []string
	found   string
	failed  bool
	missing bool
}

// best chooses among alternatives: a failed one rejects, else the least strict of those that were tried stands.
func best(verdicts []verdict) verdict {
	chosen := verdicts[0]
	for _, v := range verdicts {
		switch {
		case v.failed:
			return v
		case chosen.missing && !v.missing, !v.missing && strictness(v.outcome) < strictness(chosen.outcome):
			chosen = v
		}
	}
	return chosen
}

func (r *checkRule) judge(f *compliance.Facts, after string) verdict {
	result := f.Checks[r.name]
	v := verdict{outcome: compliance.Rejected, found: string(result)}
	own := func(otherwise string) []string {
		if codes := f.CheckReasons[r.name]; r.ownReasons && len(codes) > 0 {
			return codes
		}
		return []string{otherwise}
	}
	switch result {
	case compliance.Passed:
		v.outcome = compliance.Approved
	case compliance.Warning:
		v.outcome, v.codes = r.warning, own(r.inconclusive)
	case compliance.Failed:
		v.failed, v.codes = true, own(r.failed)
	case compliance.Inconclusive:
		v.outcome, v.codes = compliance.Review, own(r.inconclusive)
	case compliance.NotExecuted:
		if f.Waited {
			v.outcome, v.codes = r.late, []string{r.expired}
		} else {
			v.outcome, v.codes = compliance.Pending, []string{r.unexecuted}
		}
	default:
		if result != compliance.NotApplicable {
			v.found = foundMissing
		}
		if first := f.Checks[after]; after != "" && first != compliance.Passed && first != compliance.Warning {
			// The check it builds on decides: load has made sure that the clause demands that one too.
			v.outcome = compliance.Approved
		} else {
			v.missing, v.codes = true, []string{r.missing}
		}
	}
	return v
}

func (j *judgement) limits(c *clause) {
	for i := range c.limits {
		l := &c.limits[i]
		if !l.concerns(j.facts) {
			continue
		}
		if !j.facts.HasOpening {
			j.find(c, l.Family, string(compliance.NotApplicable), compliance.Approved, nil)
			continue
		}
		k := slices.IndexFunc(j.uses, func(u compliance.QuotaUse) bool { return u.Family == l.Family && u.Clause == l.Clause })
		if k < 0 && l.TenantSets {
			j.find(c, l.Family, string(compliance.NotApplicable), compliance.Approved, nil)
			continue
		}
		if k < 0 {
			// Nobody could be counted, for want of a number: a person must look.
			j.find(c, l.Family, string(compliance.NotExecuted), compliance.Review, []string{reasonNotComputed})
			continue
		}
		j.limit(c, l, &j.uses[k])
	}
}

// limit judges one count. What is full by the openings that are known is full whatever else there may be. The tenant may
// have set less than the clause allows, never more.
func (j *judgement) limit(c *clause, l *Limit, u *compliance.QuotaUse) {
	most := min(l.Max, max(u.Limit, 0))
	found := strconv.Itoa(u.Used) + "/" + strconv.Itoa(most)
	full := u.Used < 0 || u.Used >= most
	switch {
	case full && u.Exception != "" && l.Mode == ModeInPrinciple:
		j.find(c, l.Family, found+" "+u.Exception, compliance.Approved, nil)
	case full:
		j.find(c, l.Family, found, compliance.Rejected, []string{l.Reason})
	case u.Incomplete:
		j.find(c, l.Family, string(compliance.NotExecuted), compliance.Review, []string{reasonStockMissing})
	default:
		j.find(c, l.Family, found, compliance.Approved, nil)
	}
}

// conditional applies a denial or review.
func (j *judgement) conditional(c *clause, o compliance.Outcome) {
	const demanded = "condition"
	switch holds, ok := j.holds(c.when); {
	case !ok:
		j.find(c, demanded, string(compliance.NotExecuted), compliance.Review, []string{reasonNotComputed})
	case holds:
		j.find(c, demanded, "true", o, []string{c.Reason})
	default:
		j.find(c, demanded, "false", compliance.Approved, nil)
	}
}

// settle draws the outcome from what was found.
func (j *judgement) settle(set terms) Evaluation {
	e := Evaluation{
		Outcome: compliance.Approved, Reasons: []compliance.ReasonRef{}, Findings: j.findings,
		WaitingOn: []string{}, Needed: []string{},
	}
	slices.SortStableFunc(j.grounds, func(a, b ground) int { return strictness(b.outcome) - strictness(a.outcome) })
	for _, g := range j.grounds {
		if strictness(g.outcome) > strictness(e.Outcome) {
			e.Outcome = g.outcome
		}
		// Once rejected, nothing is executed any more: what stayed open is then no reason.
		if e.Outcome == compliance.Rejected && g.outcome != compliance.Rejected {
			break
		}
		if i := slices.IndexFunc(e.Reasons, func(r compliance.ReasonRef) bool { return r.Code == g.code }); i >= 0 {
			e.Reasons[i].Clauses = union(e.Reasons[i].Clauses, g.clauses)
			continue
		}
		e.Reasons = append(e.Reasons, compliance.ReasonRef{Code: g.code, Clauses: g.clauses})
	}
	switch e.Outcome {
	case compliance.Approved:
		e.ApprovalValid = cmp.Or(set.approvalValid, DefaultApprovalValid)
	case compliance.Pending:
		e.Deadline, e.WaitingOn = set.pendingDeadline, sorted(j.waiting)
		if e.Deadline == 0 {
			e.Deadline = DefaultDeadline
		}
	}
	if e.Outcome == compliance.Pending || e.Outcome == compliance.Review {
		e.Needed = sorted(j.needed)
	}
	return e
}

func union(a, b []string) []string {
	for _, s := range b {
		if !slices.Contains(a, s) {
			a = append(a, s)
		}
	}
	return a
}

func sorted(in []string) []string {
	out := append([]string{}, in...)
	slices.Sort(out)
	return slices.Compact(out)
}
