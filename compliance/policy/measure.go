package policy

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"realname/compliance"
)

// KindMeasure is what a determination of the authorities brings upon a person: its clause acts on those determined
// between its dates, and for as long as the term runs, whatever the date of the application.
const KindMeasure = "measure"

// foundNone is Found of a measure that binds nobody.
const foundNone = "none"

// maxTerm bounds a term in years.
const maxTerm = 50

// measure is one consequence of determinations.
type measure struct {
	name     string
	years    map[compliance.Ground]int
	inARow   int // the most years that repeated terms run; 0: each term runs by itself
	products []string
	outcome  compliance.Outcome
	reason   string

	basic       []string // products of which one is always within reach
	basicReason string
}

// Measure is one consequence of a person's determinations, with its last day.
type Measure struct {
	Clause string
	Name   string
	Until  string // YYYY-MM-DD in China, included
}

// Measures are those that stand on a date, YYYY-MM-DD, in the order of the clauses, whatever is asked for.
func (p *Policy) Measures(of []compliance.Determination, date string) []Measure {
	var out []Measure
	for _, c := range p.clauses {
		for i := range c.measures {
			if until, ok := c.measures[i].until(c, of, date); ok && date <= until {
				out = append(out, Measure{c.ID, c.measures[i].name, until})
			}
		}
	}
	return out
}

// BasicService are the products that count as basic service for f: whoever holds none of them is not cut off. Empty where
// no measure in force names any.
func (p *Policy) BasicService(f compliance.Facts) []string {
	var out []string
	for c := range p.read(&f).applying {
		for i := range c.measures {
			out = append(out, c.measures[i].basic...)
		}
	}
	return sorted(out)
}

// until is the last day of the term that determinations up to date bring; "" where there is none. ok is false where a
// determination's day is no date: then nobody knows.
//
// A term runs from the determination. Where the clause bounds terms in a row, one that begins while another runs is
// served after it, and all of them together end with the bound.
func (m *measure) until(c *clause, of []compliance.Determination, date string) (last string, ok bool) {
	of = slices.Clone(of)
	slices.SortStableFunc(of, func(a, b compliance.Determination) int { return strings.Compare(a.On, b.On) })
	begun, years := "", 0
	for _, d := range of {
		if _, err := time.Parse(time.DateOnly, d.On); err != nil {
			return "", false
		}
		if d.On > date || d.On < c.EffectiveFrom || c.EffectiveTo != "" && d.On > c.EffectiveTo {
			continue
		}
		term := m.term(d.Ground)
		switch {
		case term == 0:
		case m.inARow == 0:
			last = max(last, lastDay(d.On, term))
		case last != "" && d.On <= last:
			years = min(years+term, m.inARow)
			last = lastDay(begun, years)
		default:
			begun, years = d.On, min(term, m.inARow)
			last = lastDay(begun, years)
		}
	}
	return last, true
}

// term is the years for a ground; one that nobody knows has the longest, so that it evades nothing.
func (m *measure) term(g compliance.Ground) int {
	if slices.Contains(compliance.Grounds(), g) {
		return m.years[g]
	}
	return m.longest()
}

func (m *measure) longest() int {
	most := 0
	for _, years := range m.years {
		most = max(most, years)
	}
	return most
}

// lastDay is the last civil day of a term of whole years from a day, as TermEnd.
func lastDay(on string, years int) string {
	day, err := time.ParseInLocation(time.DateOnly, on, china)
	if err != nil {
		return on
	}
	return TermEnd(day, years).In(china).AddDate(0, 0, -1).Format(time.DateOnly)
}

// lastBinding is the last day on which the clause can bind anybody; "" for no end.
func (c *clause) lastBinding() string {
	if c.Kind != KindMeasure || c.EffectiveTo == "" {
		return c.EffectiveTo
	}
	most := 0
	for i := range c.measures {
		most = max(most, c.measures[i].longest(), c.measures[i].inARow)
	}
	return lastDay(c.EffectiveTo, most)
}

func (j *judgement) measures(c *clause) {
	f := j.facts
	for i := range c.measures {
		m := &c.measures[i]
		if len(m.products) > 0 && f.Product != "" && !slices.Contains(m.products, f.Product) {
			continue
		}
		switch until, ok := m.until(c, f.Determinations, f.Date); {
		case !ok:
			j.find(c, m.name, string(compliance.NotExecuted), compliance.Review, []string{reasonNotComputed})
		case until == "" || until < f.Date:
			j.find(c, m.name, foundNone, compliance.Approved, nil)
		case slices.Contains(m.basic, f.Product) && (f.BasicHeld == nil || *f.BasicHeld == 0):
			j.find(c, m.name, "until "+until, compliance.Review, []string{m.basicReason})
		default:
			j.find(c, m.name, "until "+until, m.outcome, []string{m.reason})
		}
	}
}

func (r *reader) measure(path, id string, e *measureEntry, p *Policy) measure {
	m := measure{
		name: e.Name, years: map[compliance.Ground]int{}, inARow: e.InARow, products: e.Products,
		outcome: compliance.Outcome(e.Outcome), reason: e.Reason, basic: e.Basic.Products, basicReason: e.Basic.Reason,
	}
	if !token64.MatchString(e.Name) {
		r.fault(path+".name", "use a-z, 0-9 and _", "clause %s: measure %q", id, e.Name)
	}
	if len(e.Years) == 0 {
		r.fault(path, "add years, such as {trade: 2}", "measure %s has no term", e.Name)
	}
	for _, ground := range sortedKeys(e.Years) {
		at, years := fmt.Sprintf("%s.years.%s", path, ground), e.Years[ground]
		if !slices.Contains(compliance.Grounds(), compliance.Ground(ground)) {
			r.fault(at, "use one of "+choices(compliance.Grounds()), "unknown ground %q", ground)
		}
		if years < 1 || years > maxTerm {
			r.fault(at, fmt.Sprintf("use 1 to %d", maxTerm), "measure %s: a term of %d years", e.Name, years)
		}
		m.years[compliance.Ground(ground)] = years
	}
	if e.InARow < 0 || e.InARow > maxTerm || e.InARow > 0 && e.InARow < m.longest() {
		r.fault(path+".in_a_row", "use at least the longest term, or leave it out", "measure %s: at most %d years in a row", e.Name, e.InARow)
	}
	if m.outcome != compliance.Rejected && m.outcome != compliance.Review {
		r.fault(path+".outcome", "use rejected or review", "measure %s: outcome is %q", e.Name, e.Outcome)
	}
	r.reason(path, "reason", e.Reason)
	r.declared(path+".products", e.Products, p)
	r.declared(path+".basic.products", e.Basic.Products, p)
	if len(e.Basic.Products) > 0 || e.Basic.Reason != "" {
		r.reason(path+".basic", "reason", e.Basic.Reason)
	}
	return m
}
