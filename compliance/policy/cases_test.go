package policy

import (
	"slices"
	"strings"
	"testing"
)

const smallCases = `- name: first
  facts: {date: 2021-06-01, scene: phone_card, product: mobile_card, opening: true, event: open}
  checks: {number: passed}
  used: {cards: 4}
  outcome: review
  reasons: [further_review]
- name: second
  like: first
  used: {cards: 5}
  outcome: rejected
  reasons: [quota_exceeded]
  cites: [{R-B: ""}]
  limits: [cards]
`

func TestReadCasesFaults(t *testing.T) {
	for _, c := range []struct {
		why, from, to string
		line          int
		problem       string
	}{
		{"no such case", "like: first", "like: third", 8, "no case before it"},
		{"a later case", "- name: first", "- name: first\n  like: second", 2, "no case before it"},
		{"name twice", "name: second", "name: first", 7, `case "first"`},
		{"no name", "- name: first\n  facts", "- facts", 1, `case ""`},
		{"unknown key", "outcome: rejected", "outcom: rejected", 10, "outcom"},
		{"unknown fact", "scene: phone_card", "seen: phone_card", 2, "seen"},
		{"wrong type", "opening: true", "opening: [1]", 2, "case first"},
		{"unknown outcome", "outcome: rejected", "outcome: denied", 10, `"denied"`},
		{"unknown check", "number: passed", "numero: passed", 3, "numero"},
		{"unknown result", "number: passed", "number: good", 3, "good"},
		{"unknown reason", "[quota_exceeded]", "[because]", 11, "because"},
		{"anchor", "like: first", "like: &a first", 8, "anchors"},
		{"not YAML", "facts: {", "facts: }", 2, ""},
	} {
		_, err := ReadCases("c.yaml", []byte(strings.Replace(smallCases, c.from, c.to, 1)))
		if !slices.ContainsFunc(Faults(err), func(f *Error) bool {
			return f.Line == c.line && strings.Contains(f.Problem, c.problem) && f.Fix != "" && f.File == "c.yaml"
		}) {
			t.Errorf("%s: got %v, want a fault on line %d with %q", c.why, err, c.line, c.problem)
		}
	}
}

func TestTry(t *testing.T) {
	p := loadSmall(t, small)
	for _, c := range []struct{ why, from, to, what string }{
		{"right", "", "", ""},
		{"outcome", "outcome: rejected", "outcome: approved", "outcome"},
		{"reasons", "[quota_exceeded]", "[further_review]", "reasons"},
		{"article", `R-B: ""`, `R-B: "3"`, "cites"},
		{"families", "limits: [cards]", "limits: []", "limits"},
		{"waiting", "limits:", "waiting_on: [number]\n  limits:", "waiting_on"},
		{"needs", "limits:", "needs: [number]\n  limits:", "needs"},
		{"a family that is none", "used: {cards: 5}", "used: {cards: 5, card: 5}", "families and velocities"},
	} {
		cases, err := ReadCases("c.yaml", []byte(strings.Replace(smallCases, c.from, c.to, 1)))
		if err != nil {
			t.Fatalf("%s: %v", c.why, err)
		}
		got := p.Try(&cases[1])
		if c.what == "" && len(got.Wrong) == 0 && got.Line == 7 {
			continue
		}
		if !slices.ContainsFunc(got.Wrong, func(m Mismatch) bool { return m.What == c.what }) {
			t.Errorf("%s: %+v", c.why, got)
		}
	}
}
