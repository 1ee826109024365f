package app

import (
	"database/sql"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"realname/compliance"
	"realname/compliance/policy"
)

// bring takes a policy from its file to its approval for an instant, by two operators.
func bring(t *testing.T, o *Operator, p *Policy, instant time.Time) {
	t.Helper()
	keys := map[string]string{}
	for _, label := range []string{"staff-1", "staff-2"} {
		_, key, err := o.CreateOperatorKey(t.Context(), label)
		if err != nil {
			t.Fatal(err)
		}
		keys[label] = key
	}
	must := func(what string, err error) {
		t.Helper()
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
	}
	_, err := o.DraftPolicy(t.Context(), keys["staff-1"], p, "")
	must("draft", err)
	_, _, err = o.CheckPolicy(t.Context(), keys["staff-1"], p.Digest(), oneCase(t), "")
	must("check", err)
	_, err = o.MovePolicy(t.Context(), keys["staff-1"], p.Digest()[:12], policy.StageShadow, time.Time{}, "")
	must("shadow", err)
	_, err = o.MovePolicy(t.Context(), keys["staff-1"], p.Digest(), policy.StageProposed, instant, "")
	must("propose", err)
	if _, err = o.MovePolicy(t.Context(), keys["staff-1"], p.Digest(), policy.StageApproved, time.Time{}, ""); compliance.CodeOf(err) != "policy_four_eyes" {
		t.Fatalf("one operator did both: %v", err)
	}
	_, err = o.MovePolicy(t.Context(), keys["staff-2"], p.Digest(), policy.StageApproved, time.Time{}, "")
	must("approve", err)
}

func oneCase(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "cases.yaml")
	text := `- name: no sector
  facts: {date: 2026-11-22, sector: telecom, scene: phone_card, event: open, product: mobile_card, customer_type: individual, channel: physical, opening: true}
  checks: {number: failed}
  outcome: rejected
`
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// reigning opens a reign over an operator's ledger, at a clock that the test moves.
func reigning(t *testing.T, o *Operator, now func() time.Time, own *Policy) (*reign, *int) {
	t.Helper()
	failures := 0
	log := slog.New(slog.DiscardHandler)
	r := &reign{store: o.store, known: newPolicies(o.store, log, own), log: log, now: now, event: policyEvent(o.ids), failed: func() { failures++ }}
	if err := openReign(t.Context(), r, own); err != nil {
		t.Fatal(err)
	}
	return r, &failures
}

func TestABrokenPolicyNeverReplacesAGoodOne(t *testing.T) {
	o, _ := operator(t, compliance.SectorTelecom)
	ahead := time.Duration(0)
	now := func() time.Time { return time.Now().Add(ahead) }
	r, failures := reigning(t, o, now, policy.Builtin())
	four := with(t, "id: R-5CARD", "max: 5", "max: 4")
	bring(t, o, four, time.Now().Add(6*time.Second))
	damage(t, o, four.Digest())
	ahead = time.Minute / 2
	if _, err := r.follow(t.Context()); err != nil {
		t.Fatal(err)
	}
	if r.live().Digest() != policy.Builtin().Digest() || *failures != 1 || r.ready(t.Context()) == nil {
		t.Errorf("%.12s decides, %d failures, ready: %v", r.live().Digest(), *failures, r.ready(t.Context()))
	}
	again, _ := reigning(t, o, now, policy.Builtin())
	if again.live().Digest() != policy.Builtin().Digest() {
		t.Error("a restart took the broken one")
	}
	all, err := o.store.Policies(t.Context())
	if err != nil || all.Last(policy.Builtin().Digest()).Stage != policy.StageLive {
		t.Errorf("the good one is %s, %v", all.Last(policy.Builtin().Digest()).Stage, err)
	}
}

// damage changes the text of a policy in the ledger.
func damage(t *testing.T, o *Operator, digest string) {
	t.Helper()
	db, err := sql.Open("sqlite", o.config.LedgerDSN())
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(t.Context(), `UPDATE policies SET source = CAST('version: 99' AS BLOB) WHERE digest = ?`, digest); err != nil {
		t.Fatal(err)
	}
}

func TestAPolicyGoesLiveAtItsInstantAlsoAfterARestart(t *testing.T) {
	o, _ := operator(t, compliance.SectorTelecom)
	ahead := time.Duration(0)
	now := func() time.Time { return time.Now().Add(ahead) }
	r, _ := reigning(t, o, now, policy.Builtin())
	four := with(t, "id: R-5CARD", "max: 5", "max: 4")
	bring(t, o, four, time.Now().Add(time.Minute))
	if _, err := r.follow(t.Context()); err != nil {
		t.Fatal(err)
	}
	if r.live() != policy.Builtin() {
		t.Error("live before its instant")
	}
	ahead = 61 * time.Second
	if r.live().Digest() != four.Digest() {
		t.Error("not live at its instant, without a further look at the ledger")
	}
	ahead = 0
	if r.live().Digest() != four.Digest() {
		t.Error("a clock that ran backwards brought the older one back")
	}
	ahead = 61 * time.Second // another process, which nobody told anything
	if late, _ := reigning(t, o, now, policy.Builtin()); late.live().Digest() != four.Digest() {
		t.Error("not live after a restart")
	}
}
