package quota

import (
	"errors"
	"testing"

	"pgregory.net/rapid"
)

var (
	states  = []State{Reserved, PendingActivation, Active, Suspended, Closed, Released, Expired}
	actions = []Action{Confirm, Deliver, Activate, Suspend, Resume, Release, Close, Expire}
)

func TestEveryActionIsIdempotent(t *testing.T) {
	for _, from := range states {
		for _, a := range actions {
			to, err := Next(from, a)
			if err != nil {
				if _, ok := errors.AsType[*MoveError](err); !ok || to != from {
					t.Errorf("%s %s: %s, %v", a, from, to, err)
				}
				continue
			}
			if again, err := Next(to, a); err != nil || again != to {
				t.Errorf("%s twice from %s: %s, %v", a, from, again, err)
			}
		}
	}
}

// Whatever is asked in whatever order, what has ended stays ended.
func TestFinalStatesStay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		state := Reserved
		for range rapid.IntRange(0, 30).Draw(t, "steps") {
			was := state
			state, _ = Next(state, rapid.SampledFrom(actions).Draw(t, "action"))
			if was.Final() && state != was {
				t.Fatalf("%s became %s", was, state)
			}
			if state == Reserved && was != Reserved {
				t.Fatalf("%s became reserved again", was)
			}
		}
	})
}

func TestUnknownStatesAndActionsAreRefused(t *testing.T) {
	for _, tc := range []struct {
		from State
		a    Action
	}{{"", Confirm}, {"frozen", Close}, {Active, "steal"}, {Closed, Confirm}, {Expired, Confirm}, {Active, Release}, {Active, Expire}} {
		if to, err := Next(tc.from, tc.a); err == nil || to != tc.from {
			t.Errorf("%s from %q: %q, %v", tc.a, tc.from, to, err)
		}
	}
}

func TestAdmission(t *testing.T) {
	for _, tc := range []struct {
		used, want, limit int
		fits              bool
	}{{0, 1, 5, true}, {4, 1, 5, true}, {5, 1, 5, false}, {9, 1, 5, false}, {3, 2, 5, true}, {4, 2, 5, false}, {0, 1, 0, false}} {
		u := Use{Demand: Demand{Max: tc.limit, Want: tc.want}, Used: tc.used}
		if u.Admits() != tc.fits {
			t.Errorf("%d used, %d wanted, limit %d: admits %v", tc.used, tc.want, tc.limit, u.Admits())
		}
		if refused := Refused([]Use{u}); (len(refused) == 0) != tc.fits {
			t.Errorf("refused %v", refused)
		}
	}
}
