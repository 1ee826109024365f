package verify_test

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"realname/compliance"
	"realname/verify"
	"realname/verify/authority/standin"
)

func determined(on string) verify.Determination {
	return verify.Determination{On: on, Ground: compliance.GroundTrade, Level: verify.LevelCity, Items: 3, Reference: "公网惩〔2026〕12号"}
}

func (h *house) determine(t *testing.T, p person, d verify.Determination) verify.Determination {
	t.Helper()
	out, made, err := h.Determine(context.Background(), documentOf(p), d, "operator")
	if err != nil || !made {
		t.Fatal(made, err)
	}
	return out
}

// A determination binds from the next request on, wherever the person goes; basic service stays within reach; lifting it or
// the end of its term frees.
func TestDeterminationBindsEveryOpening(t *testing.T) {
	onEachLedger(t, func(t *testing.T, h *house) {
		p := h.person(true)
		want(t, h.open(t, h.carrier, h.fullCard(p)), compliance.Approved, "", "")
		d := h.determine(t, p, determined("2026-11-20"))
		a := h.open(t, h.carrier, h.fullCard(p))
		want(t, a, compliance.Rejected, "punished", "R-JP-tel")
		i := slices.IndexFunc(a.Decision.Findings, func(f compliance.Finding) bool { return f.Clause == "R-JP-tel" })
		if i < 0 || a.Decision.Findings[i].Found != "until 2028-11-20" {
			t.Errorf("%+v", a.Decision.Findings)
		}
		if held := a.Decision.Facts.BasicHeld; held == nil || *held != 1 {
			t.Errorf("basic service held: %v", held)
		}
		asked := h.sim.Asked()
		want(t, h.open(t, h.carrier, h.fullCard(p)), compliance.Rejected, "punished", "R-JP-tel")
		if h.sim.Asked() != asked {
			t.Error("the authority was paid for a request that could only be refused")
		}
		// At another carrier he holds nothing: a person decides on one card.
		want(t, h.open(t, h.other, h.fullCard(p)), compliance.Review, "punished_basic", "R-JP-tel")
		want(t, h.decide(t, h.platform, h.signup(p)), compliance.Approved, "", "")

		if _, err := h.Lift(t.Context(), d.ID, "appeal", "", "operator"); err != nil {
			t.Fatal(err)
		}
		want(t, h.open(t, h.carrier, h.fullCard(p)), compliance.Approved, "", "")
		_, err := h.Lift(t.Context(), d.ID, "appeal", "", "operator")
		wantCode(t, err, "determination_lifted")
		_, err = h.Lift(t.Context(), h.ids.New(compliance.PrefixDetermination), "appeal", "", "operator")
		wantCode(t, err, "determination_not_found")

		other := determined("2026-11-21")
		other.Reference = "13"
		h.determine(t, p, other)
		want(t, h.open(t, h.carrier, h.fullCard(p)), compliance.Rejected, "punished", "R-JP-tel")
		h.clock.forward(2*365*24*time.Hour + 24*time.Hour)
		want(t, h.open(t, h.carrier, h.fullCard(p)), compliance.Approved, "", "")
	})
}

// What is determined while a request waits binds it when it is decided.
func TestDeterminationReachesWhatIsPending(t *testing.T) {
	h := newHouse(t)
	p := h.person(true)
	want(t, h.open(t, h.carrier, h.fullCard(p)), compliance.Approved, "", "")
	h.authority(t, standin.Down)
	a := h.open(t, h.carrier, h.fullCard(p))
	want(t, a, compliance.Pending, "", "")
	h.determine(t, p, determined("2026-11-20"))
	h.authority(t, standin.Healthy)
	h.settle(t)
	want(t, h.read(t, h.carrier, a.Decision.ID), compliance.Rejected, "punished", "R-JP-tel")
}

// One document is one determination, however often and by however many it is recorded at once.
func TestDeterminationIsRecordedOnce(t *testing.T) {
	onEachLedger(t, func(t *testing.T, h *house) {
		p := h.person(true)
		var wg sync.WaitGroup
		ids, made := make([]string, 8), make([]bool, 8)
		for i := range ids {
			wg.Go(func() {
				d, m, err := h.Determine(t.Context(), documentOf(p), determined("2026-11-20"), "operator")
				if err != nil {
					t.Error(err)
				}
				ids[i], made[i] = d.ID, m
			})
		}
		wg.Wait()
		n := 0
		for _, m := range made {
			if m {
				n++
			}
		}
		if slices.Sort(ids); n != 1 || len(slices.Compact(ids)) != 1 {
			t.Errorf("recorded %d times, as %v", n, ids)
		}
	})
}

func TestDeterminationsThatCannotBe(t *testing.T) {
	h := newHouse(t)
	p := h.person(true)
	for name, c := range map[string]struct {
		change func(d *verify.Determination)
		code   string
	}{
		"no day":                   {func(d *verify.Determination) { d.On = "" }, "validation_failed"},
		"30 February":              {func(d *verify.Determination) { d.On = "2026-02-30" }, "validation_failed"},
		"tomorrow":                 {func(d *verify.Determination) { d.On = "2026-11-23" }, "validation_failed"},
		"delivered tomorrow":       {func(d *verify.Determination) { d.DeliveredOn = "2026-11-23" }, "validation_failed"},
		"a ground nobody knows":    {func(d *verify.Determination) { d.Ground = "sorcery" }, "validation_failed"},
		"a level nobody knows":     {func(d *verify.Determination) { d.Level = "village" }, "validation_failed"},
		"a court for lending":      {func(d *verify.Determination) { d.Level = verify.LevelCourt }, "validation_failed"},
		"the police for a crime":   {func(d *verify.Determination) { d.Ground = compliance.GroundCriminal }, "validation_failed"},
		"no document":              {func(d *verify.Determination) { d.Reference = "" }, "validation_failed"},
		"a document of 65 signs":   {func(d *verify.Determination) { d.Reference = strings.Repeat("1", 65) }, "validation_failed"},
		"fewer than nothing":       {func(d *verify.Determination) { d.Items = -1 }, "validation_failed"},
		"two cards, by a city":     {func(d *verify.Determination) { d.Items = 2 }, "determination_below_threshold"},
		"two cards, long ago":      {func(d *verify.Determination) { d.Items, d.On, d.Reference = 2, "2024-11-30", "a" }, ""},
		"two cards, by a province": {func(d *verify.Determination) { d.Items, d.Level, d.Reference = 2, verify.LevelProvince, "b" }, ""},
		"three times":              {func(d *verify.Determination) { d.Items, d.Times, d.Reference = 0, 3, "c" }, ""},
	} {
		d := determined("2026-11-20")
		c.change(&d)
		_, _, err := h.Determine(t.Context(), documentOf(p), d, "operator")
		got := ""
		if err != nil {
			got = compliance.CodeOf(err)
		}
		if got != c.code {
			t.Errorf("%s: %q (%v), want %q", name, got, err, c.code)
		}
	}
	_, _, err := h.Determine(t.Context(), verify.Document{Kind: "resident_id", Number: "1"}, determined("2026-11-20"), "operator")
	wantCode(t, err, "number_bad_length")
}
