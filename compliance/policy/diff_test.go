package policy

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"realname/compliance"
)

func loadSmall(t *testing.T, src string) *Policy {
	t.Helper()
	p, err := Load("p.yaml", []byte(src))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestDiff(t *testing.T) {
	a := loadSmall(t, small)
	fields := func(of ...string) []FieldChange {
		out := []FieldChange{}
		for chunk := range slices.Chunk(of, 3) {
			out = append(out, FieldChange{chunk[0], chunk[1], chunk[2]})
		}
		return out
	}
	phone := []compliance.Scene{compliance.ScenePhoneCard}
	for why, c := range map[string]struct {
		src     string
		clauses []ClauseChange
		parts   []PartChange
	}{
		"the same": {small, []ClauseChange{}, []PartChange{}},
		"a limit":  {edit(t, "max: 5", "max: 4"), []ClauseChange{{"R-B", "2020-01-01", KindLimit, DiffChanged, knownScenes, nil, fields("limits[cards].max", "5", "4")}}, []PartChange{}},
		"an end": {edit(t, "    effective_from: 2020-01-01\n    title: 题\n    text: {zh: 文, en: text}\n    limits:",
			"    effective_from: 2020-01-01\n    effective_to: 2026-12-31\n    title: 题\n    text: {zh: 文, en: text}\n    limits:"),
			[]ClauseChange{{"R-B", "2020-01-01", KindLimit, DiffEnded, knownScenes, nil, fields("effective_to", "", "2026-12-31")}}, []PartChange{}},
		"added": {small + clauseLike("R-D", "denial", "    effective_from: 2027-01-01\n    scope: {scenes: [phone_card], channels: [online]}\n    when: photo\n    reason: further_review\n"),
			[]ClauseChange{{"R-D", "2027-01-01", KindDenial, DiffAdded, phone, []ScopeItem{{"channels", []string{"online"}}}, fields()}}, []PartChange{}},
		"a demand in front": {edit(t, "      - {check: number}\n", "      - {check: live_video}\n      - {check: number}\n"),
			[]ClauseChange{{"R-A", "2020-01-01", KindRequirement, DiffChanged, phone, a.clauses[0].view().Scope, fields(
				"demands[1].any_of", "live_video, portrait_match", "", "demands[1].when", "!photo", "",
				"demands[2].any_of", "", "live_video, portrait_match", "demands[2].when", "", "!photo",
				"demands[live_video].check", "", "live_video")}}, []PartChange{}},
		"a check": {edit(t, "warning: pass", "warning: review"), []ClauseChange{}, []PartChange{{"checks.number", DiffChanged, fields("warning", "pass", "review")}}},
		"a product": {edit(t, "checks:\n", "  - {id: sim, scene: phone_card, name: {zh: 卡, en: sim}}\nchecks:\n"), []ClauseChange{},
			[]PartChange{{"products.sim", DiffAdded, fields()}}},
		"a comment": {"# nothing\n" + small, []ClauseChange{}, []PartChange{}},
	} {
		got, err := Diff(a, loadSmall(t, c.src), nil)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(Difference{c.clauses, c.parts, []CaseChange{}}, got); diff != "" {
			t.Errorf("%s:\n%s", why, diff)
		}
	}
	back, err := Diff(loadSmall(t, edit(t, "id: R-C", "id: R-D")), a, nil)
	if err != nil || len(back.Clauses) != 2 || back.Clauses[0].What != DiffAdded || back.Clauses[1].What != DiffRemoved || back.Clauses[1].Clause != "R-D" {
		t.Errorf("%+v, %v", back, err)
	}
}

// Over the examples, exactly those differ that meet what changed.
func TestDiffOfCases(t *testing.T) {
	src := string(Builtin().Source())
	at := strings.Index(src, "id: R-5CARD")
	next := src[:at] + strings.Replace(src[at:], "max: 5", "max: 4", 1)
	var cases []Case
	for _, e := range examples(t) {
		cases = append(cases, e.Case)
	}
	got, err := Diff(Builtin(), loadSmall(t, next), cases)
	if err != nil || len(got.Cases) == 0 {
		t.Fatalf("%+v, %v", got, err)
	}
	for _, c := range got.Cases {
		if c.Scene != compliance.ScenePhoneCard || c.Before != compliance.Approved || c.After != compliance.Rejected || !slices.Equal(c.ReasonsAfter, []string{"quota_exceeded"}) {
			t.Errorf("%+v", c)
		}
	}
	if !slices.ContainsFunc(got.Cases, func(c CaseChange) bool { return c.Case == "fifth phone card" }) {
		t.Errorf("the fifth card is not among %+v", got.Cases)
	}
	if same, err := Diff(Builtin(), Builtin(), cases); err != nil || len(same.Clauses)+len(same.Parts)+len(same.Cases) > 0 {
		t.Errorf("the same policy differs: %+v, %v", same, err)
	}
}
