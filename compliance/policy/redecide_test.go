package policy

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"realname/compliance"
)

// decided is an example as the ledger keeps it.
func decided(t *testing.T, p *Policy, e example) compliance.Decision {
	t.Helper()
	facts, uses := e.Under(p)
	ev := p.Evaluate(facts, uses)
	text, err := compliance.Canonical(compliance.Decision{
		ID: "ver_1", Version: 1, Scene: facts.Scene, Outcome: ev.Outcome, Reasons: ev.Reasons, Findings: ev.Findings, Quotas: uses, Facts: facts,
		WaitingOn: ev.WaitingOn, Needed: ev.Needed, PolicyDigest: p.Digest(),
	})
	if err != nil {
		t.Fatal(err)
	}
	var d compliance.Decision
	if err := json.Unmarshal(text, &d); err != nil {
		t.Fatal(err)
	}
	return d
}

// Whatever was decided is decided again to the byte, and a record that was changed is not.
func TestReproduces(t *testing.T) {
	for _, e := range examples(t) {
		d := decided(t, Builtin(), e)
		if !Builtin().Reproduces(&d) {
			t.Errorf("%s is not reproduced", e.Name)
		}
		again := Builtin().Redecide(Builtin(), &d, nil)
		if again.Differs(&d) || len(again.Missing) > 0 {
			t.Errorf("%s under its own policy: %+v", e.Name, again)
		}
		if len(d.Findings) > 0 {
			d.Findings[0].Found += "x"
			if Builtin().Reproduces(&d) {
				t.Errorf("%s is reproduced with another finding", e.Name)
			}
		}
	}
}

func exampleNamed(t *testing.T, name string) example {
	t.Helper()
	all := examples(t)
	i := slices.IndexFunc(all, func(e example) bool { return e.Name == name })
	if i < 0 {
		t.Fatalf("no example %q", name)
	}
	return all[i]
}

// changed is the built-in policy with one text behind another one changed.
func changed(t *testing.T, behind, from, to string) *Policy {
	t.Helper()
	src := string(Builtin().Source())
	at := strings.Index(src, behind)
	if at < 0 || !strings.Contains(src[at:], from) {
		t.Fatalf("no %q behind %q", from, behind)
	}
	p, err := Load("changed.yaml", []byte(src[:at]+strings.Replace(src[at:], from, to, 1)))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestRedecide(t *testing.T) {
	fifth, photo := exampleNamed(t, "fifth phone card"), exampleNamed(t, "signup with the right card")
	tries := exampleNamed(t, "signup with the right number")
	four := func(d *compliance.Decision) {
		for i := range d.Quotas {
			if d.Quotas[i].Family == "phone_cards" {
				d.Quotas[i].Used = 4
			}
		}
	}
	for _, c := range []struct {
		why     string
		of      example
		as      func(d *compliance.Decision)
		p       *Policy
		outcome compliance.Outcome
		reasons string
		missing string
	}{
		{"a lower limit", fifth, four, changed(t, "id: R-5CARD", "max: 5", "max: 4"), compliance.Rejected, "quota_exceeded", ""},
		{"a higher limit", fifth, func(d *compliance.Decision) { d.Quotas[0].Used, d.Outcome = 5, compliance.Rejected }, changed(t, "id: R-5CARD", "max: 5", "max: 9"), compliance.Approved, "", ""},
		{"a higher limit than the tenant's own", fifth, func(d *compliance.Decision) { d.Quotas[0].Used, d.Quotas[0].Limit = 3, 3 },
			changed(t, "id: R-5CARD", "max: 5", "max: 9"), compliance.Rejected, "quota_exceeded", ""},
		{"another clause with the same count", fifth, four, changed(t, "id: R-5CARD", "R-5CARD", "R-6CARD"), compliance.Approved, "", ""},
		{"a count that was never taken", fifth, four, changed(t, "id: R-5CARD", "family: phone_cards", "family: cards"), "", "", "quotas.cards"},
		{"a count by other parts", fifth, four, changed(t, "id: R-5CARD", "per: [holder, legal_entity]", "per: [holder]"), "", "", "quotas.phone_cards"},
		{"a check that was never made", photo, nil, changed(t, "id: R-ATFL-21", "{check: network_check}", "{check: network_check}\n      - {check: live_video}"), "", "", "checks.live_video"},
		{"a window that was never kept", tries, nil, changed(t, "id: OP-VELOCITY", "attempts_of_person", "tries_of_person"), "", "", "velocities.tries_of_person"},
		{"a shorter window", tries, func(d *compliance.Decision) { d.Facts.Velocities[0].Used = 3 },
			changed(t, "name: attempts_of_person", "max: 300", "max: 3"), "", "abnormal_opening", ""},
	} {
		d := decided(t, Builtin(), c.of)
		if c.as != nil {
			c.as(&d)
		}
		got := c.p.Redecide(Builtin(), &d, nil)
		if missing := strings.Join(got.Missing, " "); missing != c.missing {
			t.Errorf("%s: missing %q, want %q", c.why, missing, c.missing)
		}
		if c.outcome != "" && got.Outcome != c.outcome || c.reasons != "" && strings.Join(got.Reasons, " ") != c.reasons {
			t.Errorf("%s: %+v", c.why, got)
		}
	}
}

// What was never executed because the request had been refused is missing once it is refused no more.
func TestRedecideWhatWasNeverAsked(t *testing.T) {
	cartoon := exampleNamed(t, "signup with a cartoon")
	d := decided(t, Builtin(), cartoon)
	for i := range d.Facts.Velocities {
		d.Facts.Velocities[i].Executed, d.Facts.Velocities[i].Skipped = false, true
	}
	lenient := changed(t, "id: R-ATFL-21", "      - {check: document_photo, when: photo}\n      - {check: photo_number, when: photo, after: document_photo}\n"+
		"      - {check: photo_name, when: photo, after: document_photo}\n", "")
	got := lenient.Redecide(Builtin(), &d, nil)
	if want := []string{"checks.network_check", "velocities.attempts_of_person"}; d.Outcome != compliance.Rejected || !slices.Equal(got.Missing, want) {
		t.Errorf("%s, then %+v", d.Outcome, got)
	}
}

// A proxy whom the record does not name as a part cannot be counted.
func TestRedecideBeforePartsWereKept(t *testing.T) {
	all := examples(t)
	i := slices.IndexFunc(all, func(e example) bool {
		return e.facts.Proxy && e.facts.HasOpening && slices.Contains(e.facts.Parts, "proxy") && len(e.uses) > 1
	})
	if i < 0 {
		t.Fatal("no example with a proxy")
	}
	d := decided(t, Builtin(), all[i])
	if got := Builtin().Redecide(Builtin(), &d, nil); len(got.Missing) > 0 {
		t.Errorf("%+v", got)
	}
	d.Facts.Parts = nil
	if got := Builtin().Redecide(Builtin(), &d, nil); !slices.Contains(got.Missing, "parts.proxy") {
		t.Errorf("%+v", got)
	}
}
