package verify_test

import (
	"slices"
	"testing"
	"time"

	"realname/compliance"
	"realname/compliance/calendar"
	"realname/verify"
	"realname/verify/authority/standin"
)

// A bank's refusal is objected to, answered within fifteen days of the day it was received, and lifted once the person passes.
func TestObjectionsHaveAClock(t *testing.T) {
	onEachLedger(t, func(t *testing.T, h *house) {
		ctx := t.Context()
		bank := withKey(h.tenant(t, compliance.SectorBanking), "key_a")
		p := h.person(false) // the authority has no record of him
		refused := h.open(t, bank, h.account(p, "class_2_account", "13800000000"))
		if refused.Decision.Outcome != compliance.Review && refused.Decision.Outcome != compliance.Rejected {
			t.Fatal(refused.Decision.Outcome)
		}
		o, made, err := h.Object(ctx, bank, refused.Decision.ID, verify.NewObjection{Reference: "crm-1"})
		if err != nil || !made || o.Way != "aml_39" || o.ReceivedOn != "2026-11-22" || o.DueOn != "2026-12-07" || o.Provisional {
			t.Fatalf("%+v %v %v", o, made, err)
		}
		if again, made, err := h.Object(ctx, bank, refused.Decision.ID, verify.NewObjection{}); err != nil || made || again.ID != o.ID {
			t.Errorf("filed twice: %+v %v %v", again, made, err)
		}
		other, made, err := h.Object(ctx, bank, refused.Decision.ID, verify.NewObjection{Way: "pipl_24"})
		if err != nil || !made || other.DueOn != "" {
			t.Errorf("a way without a number of days: %+v %v", other, err)
		}
		list, err := h.OpenObjections(ctx, bank)
		if err != nil || len(list) != 2 || list[0].ID != o.ID {
			t.Errorf("%+v %v", list, err)
		}
		if foreign, err := h.OpenObjections(ctx, h.carrier); err != nil || len(foreign) != 0 {
			t.Errorf("another tenant sees %v, %v", foreign, err)
		}
		_, err = h.Objection(ctx, h.carrier, o.ID)
		wantCode(t, err, "objection_not_found")

		overdue := func() int {
			n, err := h.Overdue(ctx)
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
		h.clock.forward(15 * 24 * time.Hour)
		if n := overdue(); n != 0 {
			t.Errorf("%d are overdue on the last day", n)
		}
		h.clock.forward(24 * time.Hour)
		if n, again := overdue(), overdue(); n != 1 || again != 0 {
			t.Errorf("%d are overdue the day after, %d once more", n, again)
		}
		if late, _ := h.Objection(ctx, bank, o.ID); !late.Overdue(h.clock.now()) || late.OverdueAt.IsZero() {
			t.Errorf("%+v", late)
		}

		_, err = h.Resolve(ctx, bank, o.ID, verify.ObjectionLifted, refused.Decision.ID)
		wantCode(t, err, "objection_not_lifted")
		stranger := h.open(t, bank, h.account(h.person(true), "class_2_account", "13900000000"))
		_, err = h.Resolve(ctx, bank, o.ID, verify.ObjectionLifted, stranger.Decision.ID)
		wantCode(t, err, "objection_not_lifted")
		_, err = h.Resolve(ctx, bank, o.ID, verify.ObjectionLifted, "")
		wantCode(t, err, "validation_failed")
		h.sim.Know(standin.Person{Number: p.number, Name: p.name})
		passed := h.open(t, bank, h.account(p, "class_2_account", "13800000000"))
		want(t, passed, compliance.Approved, "", "")
		if o, err = h.Resolve(ctx, bank, o.ID, verify.ObjectionLifted, passed.Decision.ID); err != nil || o.State != verify.ObjectionLifted || o.Overdue(h.clock.now()) {
			t.Errorf("%+v %v", o, err)
		}
		_, err = h.Resolve(ctx, bank, o.ID, verify.ObjectionUpheld, "")
		wantCode(t, err, "objection_resolved")
		if _, err = h.Resolve(ctx, bank, other.ID, verify.ObjectionUpheld, ""); err != nil {
			t.Error(err)
		}
		var kinds []string
		for _, e := range h.events(t) {
			kinds = append(kinds, e.Kind)
		}
		for kind, n := range map[compliance.EventKind]int{
			compliance.EventObjectionFiled: 2, compliance.EventObjectionOverdue: 1, compliance.EventObjectionResolved: 2,
		} {
			if got := len(slices.DeleteFunc(slices.Clone(kinds), func(k string) bool { return k != string(kind) })); got != n {
				t.Errorf("%d events %s, want %d", got, kind, n)
			}
		}
		_, _, err = h.Object(ctx, bank, passed.Decision.ID, verify.NewObjection{})
		wantCode(t, err, "nothing_to_object_to")
		for _, day := range []string{"2026-11-21", "2027-01-01"} { // before the decision, after today
			_, _, err = h.Object(ctx, bank, refused.Decision.ID, verify.NewObjection{ReceivedOn: day})
			wantCode(t, err, "validation_failed")
		}
		_, _, err = h.Object(ctx, bank, refused.Decision.ID, verify.NewObjection{Way: "jp_appeal"})
		wantCode(t, err, "objection_way_unknown")
		_, _, err = h.Object(ctx, h.carrier, refused.Decision.ID, verify.NewObjection{})
		wantCode(t, err, "verification_not_found")
	})
}

// An operator's days off move the last day.
func TestObjectionsFollowTheOperatorsCalendar(t *testing.T) {
	h := newHouse(t)
	ev, err := compliance.NewEvent(h.ids.New(compliance.PrefixEvent), compliance.EventCalendarExtended, "", "calendar", h.clock.now(), nil)
	if err != nil {
		t.Fatal(err)
	}
	days := []calendar.Day{{Date: "2026-12-07", Source: "notice"}, {Date: "2026-12-08", Source: "notice"}}
	if err := h.store.SetHolidays(t.Context(), days, ev); err != nil {
		t.Fatal(err)
	}
	bank := withKey(h.tenant(t, compliance.SectorBanking), "key_a")
	refused := h.open(t, bank, h.account(h.person(false), "class_2_account", "13800000000"))
	if o, _, err := h.Object(t.Context(), bank, refused.Decision.ID, verify.NewObjection{}); err != nil || o.DueOn != "2026-12-09" {
		t.Errorf("%+v %v", o, err)
	}
}
