package policy

import (
	"slices"
	"time"
)

// shadow tells of a clause that another makes idle. Requirements are left out: two laws may well demand one thing.
func (l *linter) shadow(i int, c *clause) {
	for k, by := range l.policy.clauses {
		if by.ID == c.ID || !by.longer(c) || !by.scope.wider(&c.scope) || !by.stricter(c) {
			continue
		}
		if k > i && c.longer(by) && c.scope.wider(&by.scope) && c.stricter(by) {
			continue // they say the same: the later one is idle
		}
		l.warn(WarnShadowed, c, by.ID)
		return
	}
}

// longer reports whether c is in force on every day on which o is.
func (c *clause) longer(o *clause) bool {
	return c.EffectiveFrom <= o.EffectiveFrom && (c.EffectiveTo == "" || o.EffectiveTo != "" && o.EffectiveTo <= c.EffectiveTo)
}

// wider reports whether s covers every request that o covers.
func (s *scope) wider(o *scope) bool {
	same := func(a, b *bool) bool { return a == nil || b != nil && *a == *b }
	return within(s.scenes, o.scenes) && within(s.events, o.events) && within(s.products, o.products) && within(s.channels, o.channels) &&
		within(s.sectors, o.sectors) && within(s.customers, o.customers) && same(s.delegated, o.delegated) && same(s.proxy, o.proxy)
}

// within reports whether a list of a scope leaves nothing out that the other names; an empty one is everything.
func within[T comparable](wide, narrow []T) bool {
	return len(wide) == 0 || len(narrow) > 0 && contains(wide, narrow)
}

func contains[T comparable](all, some []T) bool {
	return !slices.ContainsFunc(some, func(v T) bool { return !slices.Contains(all, v) })
}

// stricter reports whether c decides everything that o decides, for a request in the scope of both.
func (c *clause) stricter(o *clause) bool {
	if c.when != nil && c.when.source() != o.when.source() {
		return false
	}
	switch o.Kind {
	case KindDenial:
		return c.Kind == KindDenial
	case KindReview:
		return c.Kind == KindDenial || c.Kind == KindReview
	case KindLimit:
		return !slices.ContainsFunc(o.limits, func(l Limit) bool { return !slices.ContainsFunc(c.limits, l.idleBeside) })
	case KindVelocity:
		return !slices.ContainsFunc(o.speeds, func(v Velocity) bool { return !slices.ContainsFunc(c.speeds, v.idleBeside) })
	case KindTerm:
		shorter := func(a, b time.Duration) bool { return b == 0 || a > 0 && a <= b }
		return c.Kind == KindTerm && shorter(c.terms.pendingDeadline, o.terms.pendingDeadline) && shorter(c.terms.approvalValid, o.terms.approvalValid)
	}
	return false
}

func (l *Limit) idleBeside(by Limit) bool {
	return by.Counts == l.Counts && slices.Equal(by.Per, l.Per) && contains(by.Products, l.Products) && contains(by.States, l.States) &&
		by.Max <= l.Max && (by.Mode == ModeHard || by.Mode == l.Mode) && !by.TenantSets
}

func (v *Velocity) idleBeside(by Velocity) bool {
	return by.Per == v.Per && by.Counts == v.Counts && by.Window >= v.Window && by.Max <= v.Max && strictness(by.Outcome) >= strictness(v.Outcome) &&
		(by.WhenLost == FailClosed || by.WhenLost == v.WhenLost)
}

// dayAfter is the next day of the calendar; date is a valid one, YYYY-MM-DD.
func dayAfter(date string) string {
	day, err := time.Parse(time.DateOnly, date)
	if err != nil {
		return date
	}
	return day.AddDate(0, 0, 1).Format(time.DateOnly)
}
