package policy

import (
	"slices"
	"time"

	"realname/compliance"
)

// Redecision is what a policy makes of a decision that another made.
type Redecision struct {
	Outcome compliance.Outcome
	Reasons []string // codes, never nil
	Missing []string // facts that were never kept and that this policy reads, sorted; then the rest is no answer
}

// Differs reports whether the decision comes out otherwise, or for other reasons.
func (r *Redecision) Differs(d *compliance.Decision) bool {
	return r.Outcome != d.Outcome || !slices.EqualFunc(r.Reasons, d.Reasons, func(code string, ref compliance.ReasonRef) bool { return code == ref.Code })
}

// Reproduces reports whether p, under whose digest d was decided, finds the same: outcome, reasons, findings, what is
// waited for and what is needed. What is equal has the same canonical bytes.
func (p *Policy) Reproduces(d *compliance.Decision) bool {
	e := p.Evaluate(d.Facts, d.Quotas)
	return e.Outcome == d.Outcome && slices.EqualFunc(e.Reasons, d.Reasons, sameReason) && slices.EqualFunc(e.Findings, d.Findings, sameFinding) &&
		slices.Equal(e.WaitingOn, d.WaitingOn) && slices.Equal(e.Needed, d.Needed)
}

func sameReason(a, b compliance.ReasonRef) bool {
	return a.Code == b.Code && slices.Equal(a.Clauses, b.Clauses)
}

func sameFinding(a, b compliance.Finding) bool {
	same := a.Until.Equal(b.Until)
	a.Until, b.Until = time.Time{}, time.Time{}
	return same && a == b
}

// Redecide decides d as p would have, on the facts that were kept and the counts as they were observed. old is the policy
// that decided it. A count stands for any limit that counts the same, whatever its clause and number; one that was never
// taken, and a check that was never made, is missing. Where recount is given and can count a limit, what it says stands
// in the place of what was observed; how many the tenant then allowed itself stays.
func (p *Policy) Redecide(old *Policy, d *compliance.Decision, recount Recount) Redecision {
	m := memory{decision: d, old: old, facts: d.Facts, recount: recount}
	uses := m.uses(p)
	m.velocities(p)
	m.parts(p)
	needed := old.Needs(d.Facts)
	for _, check := range p.Needs(d.Facts) {
		if _, kept := d.Facts.Checks[check]; !kept && !slices.Contains(needed, check) {
			m.miss("checks." + check)
		}
	}
	e := p.Evaluate(m.facts, uses)
	if d.Outcome == compliance.Rejected && e.Outcome != compliance.Rejected {
		m.neverAsked(&e)
	}
	return Redecision{Outcome: e.Outcome, Reasons: append([]string{}, e.codes()...), Missing: sorted(m.missing)}
}

// Recount counts the openings of a limit as they stood before a decision; false where it cannot.
type Recount func(l *Limit) (used int, incomplete, ok bool)

// memory is what a decision kept, read by another policy.
type memory struct {
	decision *compliance.Decision
	old      *Policy
	facts    compliance.Facts // with the velocities of the other policy
	missing  []string
	recount  Recount
}

func (m *memory) miss(fact string) { m.missing = append(m.missing, fact) }

// uses are the counts that were observed, or are counted anew, as the limits of p read them.
func (m *memory) uses(p *Policy) []compliance.QuotaUse {
	if !m.facts.HasOpening {
		return nil
	}
	var out []compliance.QuotaUse
	before := m.old.Limits(m.decision.Facts)
	for _, l := range p.Limits(m.decision.Facts) {
		use, observed, asked := m.observed(&l, before)
		anew, counted := m.counted(&l)
		switch {
		case observed && counted:
			use.Used, use.Incomplete = anew.Used, anew.Incomplete
			out = append(out, use)
		case observed:
			out = append(out, use)
		case l.TenantSets: // whether the tenant would have set it is its own affair
		case counted:
			out = append(out, anew)
		case !asked:
			m.miss("quotas." + l.Family)
		}
	}
	return out
}

// observed is the count that stands for l; asked tells that the old policy wanted it of everybody, observed that somebody
// could be counted.
func (m *memory) observed(l *Limit, before []Limit) (use compliance.QuotaUse, observed, asked bool) {
	i := slices.IndexFunc(before, l.countsAs)
	if i < 0 {
		return use, false, false
	}
	was := before[i]
	k := slices.IndexFunc(m.decision.Quotas, func(u compliance.QuotaUse) bool { return u.Family == was.Family && u.Clause == was.Clause })
	if k < 0 {
		return use, false, !was.TenantSets
	}
	use = m.decision.Quotas[k]
	use.Family, use.Clause = l.Family, l.Clause
	if use.Limit >= was.Max { // else the tenant's own, which stays
		use.Limit = l.Max
	}
	return use, true, true
}

// counted is a limit counted anew.
func (m *memory) counted(l *Limit) (compliance.QuotaUse, bool) {
	if m.recount == nil {
		return compliance.QuotaUse{}, false
	}
	used, incomplete, ok := m.recount(l)
	return compliance.QuotaUse{Family: l.Family, Clause: l.Clause, Used: used, Limit: l.Max, Incomplete: incomplete}, ok
}

// countsAs reports whether a count for another limit is one for this.
func (l *Limit) countsAs(o Limit) bool {
	return o.Family == l.Family && o.Counts == l.Counts && slices.Equal(o.Per, l.Per) &&
		slices.Equal(sorted(o.Products), sorted(l.Products)) && slices.Equal(sorted(o.States), sorted(l.States))
}

// velocities rewrites what the windows held for the velocities of p.
func (m *memory) velocities(p *Policy) {
	before := m.old.Velocities(m.decision.Facts)
	m.facts.Velocities = nil
	for _, v := range p.Velocities(m.decision.Facts) {
		i := slices.IndexFunc(before, func(o Velocity) bool {
			return o.Name == v.Name && o.Per == v.Per && o.Counts == v.Counts && o.Window == v.Window
		})
		if i < 0 {
			m.miss("velocities." + v.Name)
			continue
		}
		k := slices.IndexFunc(m.decision.Facts.Velocities, func(u compliance.VelocityUse) bool { return u.Name == v.Name && u.Clause == before[i].Clause })
		if k < 0 {
			continue // nobody could count it then
		}
		use := m.decision.Facts.Velocities[k]
		if use.Executed && v.Max != use.Limit {
			use.Full = use.Used >= v.Max
		}
		use.Clause, use.Limit = v.Clause, v.Max
		m.facts.Velocities = append(m.facts.Velocities, use)
	}
}

// parts tells of decisions from before the parts of a request were kept: a part that was there and is not named.
func (m *memory) parts(p *Policy) {
	f := &m.decision.Facts
	for part, was := range map[string]bool{string(compliance.RoleProxy): f.Proxy, "channel_agent": f.Delegated} {
		if !was || slices.Contains(f.Parts, part) {
			continue
		}
		for c := range p.read(f).applying {
			if slices.ContainsFunc(c.limits, func(l Limit) bool { return slices.Contains(l.Per, part) }) ||
				slices.ContainsFunc(c.speeds, func(v Velocity) bool { return v.Per == part }) {
				m.miss("parts." + part)
			}
		}
	}
}

// neverAsked tells what was left undone because the request had been refused already.
func (m *memory) neverAsked(e *Evaluation) {
	for _, check := range e.WaitingOn {
		if check != WaitsForVelocity {
			m.miss("checks." + check)
		}
	}
	for _, use := range m.facts.Velocities {
		if use.Skipped {
			m.miss("velocities." + use.Name)
		}
	}
}
