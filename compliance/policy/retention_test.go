package policy

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"realname/compliance"
)

func TestRetained(t *testing.T) {
	photo, letter, more := compliance.EvidenceDocumentPhoto, compliance.EvidenceAuthorisation, compliance.EvidenceAuxiliaryDocument
	for _, c := range []struct {
		scene compliance.Scene
		date  string
		want  []Retention
	}{
		{compliance.SceneSignup, "2026-11-22", nil},
		{compliance.ScenePhoneCard, "2026-11-22", []Retention{{"R-25-11", photo, 2}, {"R-25-11", letter, 2}, {"R-25-11", more, 2}}},
		{compliance.ScenePhoneCard, "2013-08-31", nil},
		{compliance.SceneBankAccount, "2026-11-22", []Retention{{"R-AML-34", photo, 10}, {"R-AML-34", letter, 10}, {"R-AML-34", more, 10}}},
		{compliance.SceneBankAccount, "2024-12-31", nil},
	} {
		got := Builtin().Retained(compliance.Facts{Scene: c.scene, Date: c.date})
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s on %s:\n%s", c.scene, c.date, diff)
		}
	}
}

// Of a refusal nothing is kept, and the record says so.
func TestRetentionIsFoundByTheOutcome(t *testing.T) {
	for _, c := range examples(t) {
		e := Builtin().Evaluate(c.facts, c.uses)
		for _, f := range e.Findings {
			if f.Kind != KindRetention {
				continue
			}
			if kept := f.Found == foundKept; kept == (e.Outcome == compliance.Rejected) || f.Outcome != compliance.Approved {
				t.Errorf("%s: %s, and %+v", c.Name, e.Outcome, f)
			}
		}
	}
}

func TestRetentionIsRefusedWithItsLine(t *testing.T) {
	src := string(Builtin().Source())
	for from, to := range map[string]string{
		"years_after_end: 10}":         "years_after_end: 0}",
		"years_after_end: 2}":          "years_after_end: 51}",
		"kind: retention\n":            "kind: denial\n",
		"keep: {evidence: [document_p": "keep: {evidence: [diary, document_p",
	} {
		if !strings.Contains(src, from) {
			t.Fatalf("no %q", from)
		}
		if _, err := Load("p.yaml", []byte(strings.Replace(src, from, to, 1))); err == nil || !strings.HasPrefix(err.Error(), "p.yaml:") {
			t.Errorf("%q: %v", to, err)
		}
	}
}
