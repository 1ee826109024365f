package velocitytest

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"realname/ratelimit/velocity"
)

// Subject is an engine under test.
type Subject struct {
	Engine velocity.Engine
	Ledger *Ledger
	// Now is the clock of the engine's store.
	Now func() time.Time
	// Pass returns when the engine's clock has passed a moment.
	Pass func(t testing.TB, moment time.Time)
	// Lose makes the store lose all windows.
	Lose func(t testing.TB)
	// Loose says that a hold that will be refused may for a moment take units that another hold misses then: limits that
	// lie in several slots. What is admitted is exact all the same.
	Loose bool
}

// Run runs the suite. open is called once for each test and may return the same engine every time.
func Run(t *testing.T, open func(t *testing.T) *Subject) {
	for _, test := range []struct {
		name string
		run  func(*testing.T, *Subject)
	}{
		{"AdmitsExactlyMax", admitsExactlyMax},
		{"AllOrNone", allOrNone},
		{"ARepeatedHoldCountsOnce", repeats},
		{"OpeningsComeBackAttemptsDoNot", comeBack},
		{"ConfirmAndGiveBackInAnyOrder", anyOrder},
		{"TentativeUnitsLapse", lapse},
		{"WhatLapsedIsLookedUp", lookedUp},
		{"TheWindowSlides", slides},
		{"ALowerMaximumSaysWhenItFrees", lowered},
		{"WhatIsAnotherWindow", distinct},
		{"TheLedgerFillsAColdWindow", cold},
		{"ALostWindowIsFilledAgain", lost},
		{"ACommitDuringTheFillCounts", duringFill},
		{"OneReadForACrowd", oneRead},
		{"ALedgerThatFailsAdmitsNobody", ledgerFails},
		{"LongWindows", long},
		{"WrongCallsAreRefused", wrong},
		{"ExactlyNOfACrowd", crowds},
		{"Linearizable", linearizable},
	} {
		t.Run(test.name, func(t *testing.T) { test.run(t, open(t)) })
	}
}

// admit holds and fails the test where that is not admitted as wanted.
func (s *Subject) admit(t *testing.T, want bool, limits ...velocity.Limit) string {
	t.Helper()
	id, a, err := Held(t.Context(), s.Engine, limits...)
	if err != nil {
		t.Fatal(err)
	}
	if a.Admitted != want || a.Bounded {
		t.Fatalf("admitted %v, bounded %v, want %v, false: %+v", a.Admitted, a.Bounded, want, a.Uses)
	}
	return id
}

// commit writes to the ledger and confirms.
func (s *Subject) commit(t *testing.T, id string, limits ...velocity.Limit) {
	t.Helper()
	s.Ledger.Commit(id, s.Now(), limits)
	if err := s.Engine.Confirm(t.Context(), id, limits); err != nil {
		t.Fatal(err)
	}
}

func (s *Subject) giveBack(t *testing.T, id string, limits ...velocity.Limit) {
	t.Helper()
	s.Ledger.Release(id, limits)
	if err := s.Engine.GiveBack(t.Context(), id, limits); err != nil {
		t.Fatal(err)
	}
}

func (s *Subject) used(t *testing.T, want int, limit velocity.Limit) velocity.Use {
	t.Helper()
	uses, err := s.Engine.Uses(t.Context(), []velocity.Limit{limit})
	if err != nil {
		t.Fatal(err)
	}
	if len(uses) != 1 || uses[0].Limit != limit || uses[0].Used != want {
		t.Fatalf("uses %+v, want %d of %+v", uses, want, limit)
	}
	if full := want >= limit.Max && limit.Max > 0; full == uses[0].FreesAt.IsZero() {
		t.Fatalf("%d of %d used, frees at %v", want, limit.Max, uses[0].FreesAt)
	}
	return uses[0]
}

func admitsExactlyMax(t *testing.T, s *Subject) {
	for _, most := range []int{0, 1, 5} {
		l := Limit("outlet", most)
		for range most {
			s.commit(t, s.admit(t, true, l), l)
		}
		s.admit(t, false, l)
		s.used(t, most, l)
	}
}

func allOrNone(t *testing.T, s *Subject) {
	wide, narrow, last := Limit("agent", 5), Limit("outlet", 1), Limit("person", 5)
	attempts := wide
	attempts.Counts = velocity.Attempts
	s.admit(t, true, wide, narrow, last)
	_, a, err := Held(t.Context(), s.Engine, attempts, wide, narrow, last)
	if err != nil || a.Admitted {
		t.Fatalf("%+v, %v", a, err)
	}
	if len(a.Uses) < 3 || a.Uses[0].Used != 0 || a.Uses[1].Used != 1 || a.Uses[2].Used != 1 || a.Uses[2].Admits() {
		t.Errorf("the refusal says %+v", a.Uses)
	}
	s.used(t, 0, attempts)
	s.used(t, 1, wide)
	s.used(t, 1, last)
}

func repeats(t *testing.T, s *Subject) {
	l, m := Limit("agent", 1), Limit("person", 2)
	l.Counts = velocity.Attempts
	h := velocity.Hold{ID: ID(), Limits: []velocity.Limit{l, m}, TTL: TTL}
	for i := range 4 {
		a, err := s.Engine.Hold(t.Context(), h)
		if err != nil || !a.Admitted || len(a.Uses) != 2 || a.Uses[0].Used != 0 || a.Uses[1].Used != 0 {
			t.Fatalf("repeat %d: %+v, %v", i, a, err)
		}
		if i == 1 {
			s.commit(t, h.ID, h.Limits...)
		}
	}
	s.used(t, 1, l)
	s.used(t, 1, m)
	// One window more: what it has is not taken again.
	h.Limits = append(h.Limits, Limit("device", 1))
	if a, err := s.Engine.Hold(t.Context(), h); err != nil || !a.Admitted {
		t.Fatalf("%+v, %v", a, err)
	}
	s.used(t, 1, l)
	s.used(t, 1, h.Limits[2])
}

func comeBack(t *testing.T, s *Subject) {
	opening, attempt := Limit("person", 2), Limit("person", 4)
	attempt.Counts = velocity.Attempts
	for range 2 {
		id := s.admit(t, true, attempt, opening)
		s.giveBack(t, id, attempt, opening)
		s.giveBack(t, id, attempt, opening)
		id = s.admit(t, true, attempt, opening)
		s.commit(t, id, attempt, opening)
		s.giveBack(t, id, attempt, opening)
	}
	s.used(t, 0, opening)
	s.used(t, 4, attempt)
	s.admit(t, false, attempt, opening)
	s.used(t, 0, opening)
}

func anyOrder(t *testing.T, s *Subject) {
	l := Limit("person", 3)
	for _, order := range []string{"cg", "gc", "ccgg", "gccg", "cgcg", "g", "gg"} {
		id := s.admit(t, true, l)
		for _, step := range order {
			var err error
			if step == 'c' {
				err = s.Engine.Confirm(t.Context(), id, []velocity.Limit{l})
			} else {
				err = s.Engine.GiveBack(t.Context(), id, []velocity.Limit{l})
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		s.used(t, 0, l)
	}
	for _, order := range []string{"c", "cc"} {
		id := s.admit(t, true, l)
		for range order {
			s.commit(t, id, l)
		}
	}
	s.used(t, 2, l)
	// A reservation that was given back may be held again, and counts again.
	h := velocity.Hold{ID: ID(), Limits: []velocity.Limit{l}, TTL: TTL}
	for range 2 {
		if a, err := s.Engine.Hold(t.Context(), h); err != nil || !a.Admitted {
			t.Fatalf("%+v, %v", a, err)
		}
		s.used(t, 3, l)
		s.giveBack(t, h.ID, l)
		s.used(t, 2, l)
	}
}

func lapse(t *testing.T, s *Subject) {
	opening, attempt, late := Limit("person", 2), Limit("person", 2), Limit("device", 2)
	attempt.Counts = velocity.Attempts
	limits := []velocity.Limit{attempt, opening, late}
	h := velocity.Hold{ID: ID(), Limits: limits, TTL: 50 * time.Millisecond}
	if a, err := s.Engine.Hold(t.Context(), h); err != nil || !a.Admitted {
		t.Fatalf("%+v, %v", a, err)
	}
	confirmed := velocity.Hold{ID: ID(), Limits: []velocity.Limit{opening}, TTL: h.TTL}
	if a, err := s.Engine.Hold(t.Context(), confirmed); err != nil || !a.Admitted {
		t.Fatalf("%+v, %v", a, err)
	}
	s.commit(t, confirmed.ID, opening)
	s.Pass(t, s.Now().Add(h.TTL+2*time.Millisecond))
	s.used(t, 1, attempt)
	s.used(t, 1, opening)
	s.used(t, 0, late)
	// The commit was slower than the tentative life: it is in the ledger, so it counts.
	for range 2 {
		s.commit(t, h.ID, limits...)
		s.used(t, 1, attempt)
		s.used(t, 2, opening)
		s.used(t, 1, late)
	}
	s.giveBack(t, confirmed.ID, opening)
	s.commit(t, confirmed.ID, opening)
	s.used(t, 1, opening)
}

func slides(t *testing.T, s *Subject) {
	for _, ttl := range []time.Duration{40 * time.Millisecond, TTL} {
		l := Limit("person", 2)
		l.Window = 400 * time.Millisecond
		hold := func() (string, velocity.Answer) {
			id := ID()
			a, err := s.Engine.Hold(t.Context(), velocity.Hold{ID: id, Limits: []velocity.Limit{l}, TTL: ttl})
			if err != nil {
				t.Fatal(err)
			}
			if a.Admitted {
				s.commit(t, id, l)
			}
			return id, a
		}
		hold()
		s.Pass(t, s.Now().Add(l.Window/4))
		hold()
		// However slow this machine is: each refusal names a moment, and after it there is room.
		for refusals := 0; refusals < 4; {
			before := s.Now()
			_, a := hold()
			if a.Admitted {
				continue
			}
			refusals++
			frees := a.Uses[0].FreesAt
			if frees.IsZero() || frees.Before(before.Add(-2*time.Millisecond)) || frees.After(before.Add(l.Window)) {
				t.Fatalf("at %v: refused until %v", before, frees)
			}
			s.Pass(t, frees)
			if _, a = hold(); !a.Admitted {
				t.Fatalf("refused at %v, though it frees at %v: %+v", s.Now(), frees, a.Uses)
			}
		}
		s.Pass(t, s.Now().Add(l.Window+2*time.Millisecond))
		s.used(t, 0, l)
	}
}

func lowered(t *testing.T, s *Subject) {
	l := Limit("person", 10)
	base := s.Now().Add(-time.Hour).Truncate(time.Millisecond)
	for i := range 6 {
		s.Ledger.Commit(ID(), base.Add(time.Duration(i)*time.Minute), []velocity.Limit{l})
	}
	s.admit(t, true, l)
	s.used(t, 7, l)
	for most, minute := range map[int]int{7: 0, 6: 1, 3: 4, 2: 5} {
		m := l
		m.Max = most
		s.admit(t, false, m)
		want := base.Add(time.Duration(minute)*time.Minute + l.Window)
		if u := s.used(t, 7, m); u.FreesAt.Sub(want).Abs() > time.Millisecond {
			t.Errorf("7 of %d: frees at %v, want %v", most, u.FreesAt, want)
		}
	}
}

func distinct(t *testing.T, s *Subject) {
	l := Limit("person", 1)
	attempts, longer, other := l, l, l
	attempts.Counts, longer.Window, other.Key = velocity.Attempts, 2*l.Window, l.Key+"x"
	s.admit(t, true, l)
	for _, m := range []velocity.Limit{attempts, longer, other} {
		s.used(t, 0, m)
		s.admit(t, true, m)
		s.admit(t, false, m)
	}
	renamed := l
	renamed.Name = "another name"
	s.used(t, 1, renamed)
}

func wrong(t *testing.T, s *Subject) {
	good := Limit("person", 1)
	bad := func(change func(*velocity.Limit)) []velocity.Limit {
		l := good
		change(&l)
		return []velocity.Limit{good, l}
	}
	many := make([]velocity.Limit, velocity.MaxLimits+1)
	for i := range many {
		many[i] = Limit("device", 1)
	}
	for name, limits := range map[string][]velocity.Limit{
		"no limit": nil, "too many": many, "twice": {good, good},
		"no key":      bad(func(l *velocity.Limit) { l.Key = "" }),
		"long key":    bad(func(l *velocity.Limit) { l.Key = strings.Repeat("k", 129) }),
		"no window":   bad(func(l *velocity.Limit) { l.Key, l.Window = "w", 0 }),
		"long window": bad(func(l *velocity.Limit) { l.Key, l.Window = "w", velocity.MaxWindow+1 }),
		"negative":    bad(func(l *velocity.Limit) { l.Key, l.Max = "m", -1 }),
		"huge":        bad(func(l *velocity.Limit) { l.Key, l.Max = "m", 1e9 }),
		"no counting": bad(func(l *velocity.Limit) { l.Key, l.Counts = "c", 0 }),
		"no policy":   bad(func(l *velocity.Limit) { l.Key, l.Loss = "l", 9 }),
	} {
		for what, call := range s.calls(ID(), TTL, limits) {
			if err := call(t.Context()); !errors.Is(err, velocity.ErrInvalid) {
				t.Errorf("%s of %s: %v", what, name, err)
			}
		}
	}
	for _, id := range []string{"", strings.Repeat("i", 129)} {
		for what, call := range s.calls(id, TTL, []velocity.Limit{good}) {
			if err := call(t.Context()); what != "Uses" && !errors.Is(err, velocity.ErrInvalid) {
				t.Errorf("%s of an id of %d bytes: %v", what, len(id), err)
			}
		}
	}
	for _, ttl := range []time.Duration{0, -1, velocity.MaxTTL + 1} {
		if err := s.calls(ID(), ttl, []velocity.Limit{good})["Hold"](t.Context()); !errors.Is(err, velocity.ErrInvalid) {
			t.Errorf("a tentative life of %v: %v", ttl, err)
		}
	}
	s.used(t, 0, good)
}

func (s *Subject) calls(id string, ttl time.Duration, limits []velocity.Limit) map[string]func(context.Context) error {
	return map[string]func(context.Context) error{
		"Hold": func(ctx context.Context) error {
			_, err := s.Engine.Hold(ctx, velocity.Hold{ID: id, Limits: limits, TTL: ttl})
			return err
		},
		"Confirm":  func(ctx context.Context) error { return s.Engine.Confirm(ctx, id, limits) },
		"GiveBack": func(ctx context.Context) error { return s.Engine.GiveBack(ctx, id, limits) },
		"Uses": func(ctx context.Context) error {
			_, err := s.Engine.Uses(ctx, limits)
			return err
		},
	}
}
