package policy

import (
	"slices"
	"strings"
	"testing"
)

const today = "2026-11-22"

// clauseLike is one more clause behind those of small.
func clauseLike(id, kind, more string) string {
	return "  - id: " + id + "\n    kind: " + kind + "\n    instrument: 法\n    article: \"9\"\n    source: S\n    title: 题\n    text: {zh: 文, en: text}\n" + more
}

func TestLint(t *testing.T) {
	card := "    limits:\n      - {family: more_cards, products: [mobile_card], per: [holder], counts: openings, states: [reserved, pending_activation, active, suspended], max: 9, mode: hard, reason: quota_exceeded}\n"
	since := "    effective_from: 2020-01-01\n"
	for _, c := range []struct {
		why  string
		src  string
		want Warning
	}{
		{"unverified", small, Warning{Code: WarnUnverified, Clause: "R-B", Version: "2020-01-01", Line: 23}},
		{"no product of the scenes", edit(t, "    limits:", "    scope: {scenes: [signup]}\n    limits:"),
			Warning{Code: WarnNoProduct, Clause: "R-B", Version: "2020-01-01", Line: 23, About: "mobile_card"}},
		{"one product of no scene", edit(t, "products:\n", "products:\n  - {id: sim, scene: iot_card, name: {zh: 卡, en: sim}}\n") +
			clauseLike("R-D", "denial", since+"    scope: {scenes: [iot_card], products: [sim, mobile_card]}\n    when: photo\n    reason: further_review\n"),
			Warning{Code: WarnIdle, Clause: "R-D", Version: "2020-01-01", Line: 52, About: "mobile_card"}},
		{"openings where none opens", edit(t, "    limits:", "    scope: {events: [close]}\n    limits:"),
			Warning{Code: WarnNoOpening, Clause: "R-B", Version: "2020-01-01", Line: 23, About: "close"}},
		{"never", edit(t, `when: product == "mobile_card"`, `when: 1 > 2`), Warning{Code: WarnNever, Clause: "R-A", Version: "2020-01-01", Line: 8, About: "1 > 2"}},
		{"always", edit(t, `when: "!photo"`, `when: "true || photo"`), Warning{Code: WarnAlways, Clause: "R-A", Version: "2020-01-01", Line: 8, About: "true || photo"}},
		{"looser limit", small + clauseLike("R-F", "limit", since+"    scope: {scenes: [phone_card]}\n"+card), Warning{Code: WarnShadowed, Clause: "R-F", Version: "2020-01-01", Line: 51, About: "R-B"}},
		{"same condition", small + clauseLike("R-G", "denial", since+"    when: photo\n    reason: further_review\n") +
			clauseLike("R-H", "review", since+"    when: photo\n    reason: further_review\n"),
			Warning{Code: WarnShadowed, Clause: "R-H", Version: "2020-01-01", Line: 61, About: "R-G"}},
		{"nobody is asked for anything", small, Warning{Code: WarnUncovered, About: "phone_card"}}, // R-A ended
	} {
		got, err := Lint("p.yaml", []byte(c.src), today)
		if err != nil {
			t.Fatalf("%s: %v", c.why, err)
		}
		if !slices.Contains(got.Warnings, c.want) {
			t.Errorf("%s: no %+v in %+v", c.why, c.want, got.Warnings)
		}
	}
}

// What is well meant brings no warning.
func TestLintIsQuiet(t *testing.T) {
	next := clauseLike("R-E", "denial", "    effective_from: 2020-01-01\n    effective_to: 2020-12-31\n    when: photo\n    reason: further_review\n") +
		clauseLike("R-E", "denial", "    effective_from: 2021-01-01\n    when: photo\n    reason: further_review\n")
	narrower := clauseLike("R-F", "limit", "    effective_from: 2020-01-01\n    scope: {scenes: [phone_card]}\n"+
		"    limits:\n      - {family: fewer, products: [mobile_card], per: [holder], counts: openings, states: [reserved, pending_activation, active, suspended], max: 4, mode: hard, reason: quota_exceeded}\n")
	got, err := Lint("p.yaml", []byte(strings.Replace(small, "    effective_to: 2020-12-31\n", "", 1)+next+narrower), today)
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range got.Warnings {
		if w.Code != WarnUnverified && (w.Code != WarnUncovered || w.About == "phone_card") {
			t.Errorf("%+v", w)
		}
	}
	if got.Unverified != 1 || got.Clauses != 7 || len(got.Digest) != 64 {
		t.Errorf("%+v", got)
	}
	if _, err := Lint("p.yaml", []byte("clauses: []\n"), today); err == nil {
		t.Error("a policy that does not load has no faults")
	}
}

func TestLintBuiltin(t *testing.T) {
	got, err := Lint("builtin.yaml", Builtin().Source(), today)
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range got.Warnings {
		if w.Code != WarnUnverified {
			t.Logf("%+v", w)
		}
		if w.Code != WarnUnverified && w.Code != WarnUncovered && w.Code != WarnShadowed {
			t.Errorf("%+v", w)
		}
	}
}
