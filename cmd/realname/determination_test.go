package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"realname/compliance"
)

// A determination is recorded once, brings what the clause of its day says, is told with its last day, and lifted.
func TestDetermination(t *testing.T) {
	flag, tenant := carrier(t, 1)
	record := determinationRecordCmd{configFlag: flag, On: "2024-12-02", Ground: "criminal", Level: "court", Reference: "刑〔2024〕7号"}
	do := func(run func(console) error, in string) string {
		t.Helper()
		var out bytes.Buffer
		if err := run(testConsole(strings.NewReader(in), &out)); err != nil {
			t.Fatal(err)
		}
		return out.String()
	}
	recorded := do(func(c console) error { return record.run(t.Context(), c) }, holderDocument)
	t.Log("\n" + recorded)
	id, _, _ := strings.Cut(recorded, " ")
	if !compliance.ValidID(compliance.PrefixDetermination, id) || !strings.Contains(recorded, "R-JP-tel   no_new_service           until 2027-12-02") {
		t.Errorf("recorded:\n%s", recorded)
	}
	if again := do(func(c console) error { return record.run(t.Context(), c) }, holderDocument); !strings.HasPrefix(again, id) || !strings.Contains(again, "recorded before") {
		t.Errorf("recorded twice:\n%s", again)
	}
	show := determinationShowCmd{configFlag: flag, Tenant: tenant, Purpose: "counter_enquiry", LegalBasis: "statutory_duty"}
	shown := do(func(c console) error { return show.run(t.Context(), c) }, holderDocument)
	t.Log("\n" + shown)
	if !strings.Contains(shown, "2024-12-02  criminal  court  stands") || !strings.Contains(shown, "R-JP-fin") {
		t.Errorf("shown:\n%s", shown)
	}
	var out bytes.Buffer
	lift := determinationLiftCmd{configFlag: flag, ID: id, Reason: "appeal"}
	if err := lift.Run(t.Context(), &kong.Context{Kong: &kong.Kong{Stdout: &out}}); err != nil || !strings.Contains(out.String(), "lifted") {
		t.Errorf("%s %v", out.String(), err)
	}
	show.JSON = true
	var got struct {
		Determinations []struct {
			Reason string `json:"lift_reason"`
		}
		Measures []any
	}
	text := do(func(c console) error { return show.run(t.Context(), c) }, holderDocument)
	if err := json.Unmarshal([]byte(text), &got); err != nil || len(got.Measures) != 0 || len(got.Determinations) != 1 || got.Determinations[0].Reason != "appeal" {
		t.Errorf("%s %v", text, err)
	}
}
