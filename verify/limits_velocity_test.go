package verify_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"realname/compliance"
	"realname/verify"
)

func windowOf(t *testing.T, v verify.LimitView, name string) verify.WindowUse {
	t.Helper()
	i := slices.IndexFunc(v.Windows, func(w verify.WindowUse) bool { return w.Velocity.Name == name })
	if i < 0 {
		t.Fatalf("%s was not looked into: %+v", name, v.Windows)
	}
	return v.Windows[i]
}

// What a window is told to hold is what decides: the person's attempts, the openings with a phone number, and
// nothing of agents, clerks and devices.
func TestLimitsTellTheWindows(t *testing.T) {
	h := newHouse(t)
	p := h.person(true)
	query := lookingUp(p)
	query.Phone = verify.Secret("13800000000")
	bank := withKey(h.tenant(t, compliance.SectorBanking), "key_a")

	v := h.limits(t, bank, query)
	if w := windowOf(t, v, "attempts_of_person"); w.Use.Used != 0 || w.Velocity.Max != 300 || !w.Executed || w.Full() || w.Clause.ID != "OP-VELOCITY" {
		t.Errorf("before: %+v", w)
	}
	for range 2 {
		want(t, h.open(t, bank, h.account(p, "class_2_account", "13800000000")), compliance.Approved, "", "")
	}
	want(t, h.decide(t, h.platform, h.signup(p)), compliance.Approved, "", "")

	v = h.limits(t, bank, query)
	if w := windowOf(t, v, "attempts_of_person"); w.Use.Used != 3 {
		t.Errorf("the person asked three times: %+v", w)
	}
	if w := windowOf(t, v, "openings_with_phone"); w.Use.Used != 2 {
		t.Errorf("two accounts with the number: %+v", w)
	}
	for _, w := range v.Windows {
		if strings.Contains(w.Velocity.Name, "clerk") || strings.Contains(w.Velocity.Name, "account") {
			t.Errorf("%s says nothing of the person", w.Velocity.Name)
		}
	}
	query.Phone = ""
	if v = h.limits(t, bank, query); slices.ContainsFunc(v.Windows, func(w verify.WindowUse) bool { return w.Velocity.Per == "phone" }) {
		t.Errorf("no phone number was given: %+v", v.Windows)
	}
	h.windows.lost.Store(true)
	if w := windowOf(t, h.limits(t, bank, query), "attempts_of_person"); w.Executed || w.Full() {
		t.Errorf("the windows are gone: %+v", w)
	}
	h.windows.lost.Store(false)
	h.clock.forward(25 * time.Hour)
	if w := windowOf(t, h.limits(t, bank, query), "attempts_of_person"); w.Use.Used != 0 || !w.Executed {
		t.Errorf("a day later: %+v", w)
	}
}
