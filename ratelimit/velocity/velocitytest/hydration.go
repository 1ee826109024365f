package velocitytest

import (
	"context"
	"errors"
	"testing"
	"time"

	"realname/ratelimit/velocity"
)

func cold(t *testing.T, s *Subject) {
	l, other := Limit("person", 5), Limit("agent", 5)
	attempts := l
	attempts.Counts = velocity.Attempts
	for i := range 3 {
		s.Ledger.Commit(ID(), s.Now().Add(-time.Duration(i)*time.Hour), []velocity.Limit{l})
	}
	s.Ledger.Commit(ID(), s.Now().Add(-l.Window-time.Second), []velocity.Limit{l}) // long gone
	s.used(t, 3, l)
	s.used(t, 0, attempts)
	s.admit(t, true, other, l)
	s.admit(t, true, other, l)
	s.admit(t, false, other, l)
	s.used(t, 2, other)
}

func lost(t *testing.T, s *Subject) {
	l := Limit("person", 4)
	kept := s.admit(t, true, l)
	s.commit(t, kept, l)
	back := s.admit(t, true, l)
	s.commit(t, back, l)
	flying := s.admit(t, true, l)
	refused := s.admit(t, true, l)
	s.used(t, 4, l)
	s.Lose(t)
	// Told while the window is cold, or not at all: the ledger knows.
	s.giveBack(t, back, l)
	s.giveBack(t, refused, l)
	s.used(t, 1, l)
	s.commit(t, flying, l)
	s.used(t, 2, l)
	s.Lose(t)
	s.commit(t, flying, l)
	s.commit(t, kept, l)
	s.used(t, 2, l)
	s.admit(t, true, l)
	s.admit(t, true, l)
	s.admit(t, false, l)
}

// What is committed and confirmed, or given back, after the ledger was read and before the window is filled must not
// be missed.
func duringFill(t *testing.T, s *Subject) {
	l := Limit("person", 5)
	stays, goes := ID(), ID()
	s.Ledger.Commit(stays, s.Now(), []velocity.Limit{l})
	s.Ledger.Commit(goes, s.Now(), []velocity.Limit{l})
	told := make(chan error, 2)
	late := ID()
	first := true
	s.Ledger.Reading = func(key string) {
		if key != l.Key || !first {
			return
		}
		first = false
		s.Ledger.Commit(late, s.Now(), []velocity.Limit{l})
		s.Ledger.Release(goes, []velocity.Limit{l})
		// An engine may let them wait until the window is filled.
		go func() { told <- s.Engine.Confirm(context.WithoutCancel(t.Context()), late, []velocity.Limit{l}) }()
		go func() { told <- s.Engine.GiveBack(context.WithoutCancel(t.Context()), goes, []velocity.Limit{l}) }()
		<-time.After(10 * time.Millisecond)
	}
	defer func() { s.Ledger.Reading = nil }()
	if _, err := s.Engine.Uses(t.Context(), []velocity.Limit{l}); err != nil {
		t.Fatal(err)
	}
	for range cap(told) {
		if err := <-told; err != nil {
			t.Fatal(err)
		}
	}
	s.used(t, 2, l)
}

func oneRead(t *testing.T, s *Subject) {
	l := Limit("agent", 5)
	before := s.Ledger.Reads()
	admitted, failed, err := Crowd(64, func(int) (bool, error) {
		_, a, err := Held(t.Context(), s.Engine, l)
		return a.Admitted, err
	})
	if admitted != 5 || failed != 0 {
		t.Errorf("%d admitted, %d failed: %v", admitted, failed, err)
	}
	if n := s.Ledger.Reads() - before; n != 1 {
		t.Errorf("%d reads of the ledger for one window", n)
	}
}

func ledgerFails(t *testing.T, s *Subject) {
	l := Limit("person", 5)
	down := errors.New("the ledger is down")
	s.Ledger.Fail(down)
	_, a, err := Held(t.Context(), s.Engine, l)
	if a.Admitted || !errors.Is(err, velocity.ErrUnavailable) || !errors.Is(err, down) {
		t.Errorf("%+v, %v", a, err)
	}
	if _, err := s.Engine.Uses(t.Context(), []velocity.Limit{l}); !errors.Is(err, velocity.ErrUnavailable) {
		t.Error(err)
	}
	s.Ledger.Fail(nil)
	s.admit(t, true, l)
	// One that gives up does not spoil the fill for the others.
	m := Limit("person", 5)
	ctx, cancel := context.WithCancel(t.Context())
	s.Ledger.Reading = func(string) { cancel() }
	defer func() { s.Ledger.Reading = nil }()
	if _, _, err := Held(ctx, s.Engine, m); err != nil && !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if _, _, err := Held(t.Context(), s.Engine, m); err != nil {
		t.Error(err)
	}
}

func long(t *testing.T, s *Subject) {
	l := Limit("agent", 2500)
	var ids []string
	for i := range 2400 {
		ids = append(ids, ID())
		s.Ledger.Commit(ids[i], s.Now().Add(-time.Duration(2400-i)*time.Second), []velocity.Limit{l})
	}
	s.used(t, 2400, l)
	for i := range 100 {
		id, a, err := Held(t.Context(), s.Engine, l)
		if err != nil || !a.Admitted || a.Uses[0].Used != 2400+i {
			t.Fatalf("%d: %+v, %v", i, a, err)
		}
		s.commit(t, id, l)
	}
	s.admit(t, false, l)
	for _, i := range []int{0, 1, 1200, 2399} {
		s.commit(t, ids[i], l) // known already
		s.giveBack(t, ids[i], l)
		s.giveBack(t, ids[i], l)
		s.commit(t, ids[i], l) // too late; it is in this test's ledger again
		s.Ledger.Release(ids[i], []velocity.Limit{l})
	}
	s.used(t, 2496, l)
	s.Lose(t)
	s.used(t, 2496, l)
	l.Max = 10
	s.admit(t, false, l)
}

// A process that died, or a client that gave up, between commit and confirmation leaves a tentative unit. When it
// lapses, the ledger is asked what became of it.
func lookedUp(t *testing.T, s *Subject) {
	l := Limit("person", 3)
	limits := []velocity.Limit{l}
	for i := range 2 {
		h := velocity.Hold{ID: ID(), Limits: limits, TTL: 100 * time.Millisecond}
		if a, err := s.Engine.Hold(t.Context(), h); err != nil || !a.Admitted {
			t.Fatal(a, err)
		}
		if i == 0 {
			s.Ledger.Commit(h.ID, s.Now(), limits)
		}
	}
	s.Pass(t, s.Now().Add(102*time.Millisecond))
	s.used(t, 1, l)
	s.admit(t, true, l)
	s.admit(t, true, l)
	s.admit(t, false, l)
}
