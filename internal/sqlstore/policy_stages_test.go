package sqlstore_test

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"realname/compliance"
	"realname/compliance/policy"
	"realname/internal/sqlstore"
	"realname/internal/sqlstore/storetest"
)

func addOperator(t *testing.T, s *sqlstore.Store, id string) {
	t.Helper()
	ev := storetest.Event(t, compliance.EventKeyCreated, "", id, time.Now())
	if err := s.AddOperatorKey(t.Context(), sqlstore.OperatorKey{ID: id, Label: "staff " + id, Hash: "hash of " + id}, ev); err != nil {
		t.Fatal(err)
	}
}

// step moves one policy as somebody; "" is the gateway.
func step(t *testing.T, s *sqlstore.Store, by string, want policy.Step, source []byte) error {
	t.Helper()
	m := sqlstore.PolicyMove{Digest: want.Digest, Source: source, Steps: func(at time.Time, by string, all policy.Lives) ([]policy.Step, error) {
		want.At, want.By = at, by
		next, err := all.Next(want)
		return []policy.Step{next}, err
	}, Event: func(p policy.Step) (compliance.Event, error) {
		return storetest.NewEvent(compliance.EventPolicyDrafted, "", p.Digest, p.At)
	}}
	if by != "" {
		m.KeyHash = "hash of " + by
	}
	_, err := s.MovePolicies(t.Context(), m)
	return err
}

// Random operators at random times: the ledger takes what the state machine takes, each step with its event, and keeps all.
func TestPolicyStagesFollowTheStateMachine(t *testing.T) {
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		dsn, clock := e.DSN(t), storetest.NewClock()
		s := storetest.Open(t, dsn, clock.Now)
		addOperator(t, s, "key_a")
		addOperator(t, s, "key_b")
		before, live := waiting(t, s), 0
		stages := []policy.Stage{
			policy.StageDraft, policy.StageChecked, policy.StageShadow, policy.StageProposed, policy.StageApproved, policy.StageLive, policy.StageWithdrawn,
		}
		var model policy.Lives
		for n := range 400 {
			clock.Move(time.Duration(rand.N(4000)) * time.Millisecond)
			source := fmt.Appendf(nil, "policy %d", rand.N(3))
			want := policy.Step{Digest: compliance.Digest(source), Stage: stages[rand.N(len(stages))], Note: fmt.Sprint("ticket ", n)}
			if last := model.Last(want.Digest).Stage; rand.N(3) > 0 {
				want.Stage = map[policy.Stage]policy.Stage{
					"": policy.StageDraft, policy.StageDraft: policy.StageChecked, policy.StageChecked: policy.StageShadow, policy.StageShadow: policy.StageProposed,
					policy.StageProposed: policy.StageApproved, policy.StageApproved: policy.StageLive, policy.StageRetired: policy.StageDraft, policy.StageWithdrawn: policy.StageDraft,
				}[last]
			}
			switch want.Stage {
			case policy.StageChecked:
				want.Check = &policy.CheckReport{Cases: n, CasesDigest: "d"}
			case policy.StageProposed:
				want.EffectiveAt = clock.Now().Add(time.Duration(rand.N(20)) * time.Second).Truncate(time.Microsecond)
			case policy.StageDraft:
			default:
				source = nil
			}
			by := []string{"key_a", "key_b"}[rand.N(2)]
			if want.Stage == policy.StageLive {
				by = ""
			}
			if want.Stage == policy.StageLive { // with what it retires
				taken, err := s.MovePolicies(t.Context(), sqlstore.PolicyMove{
					Steps: func(at time.Time, _ string, all policy.Lives) ([]policy.Step, error) {
						return all.Due(at, func(string) bool { return true }), nil
					},
					Event: func(p policy.Step) (compliance.Event, error) {
						return storetest.NewEvent(compliance.EventPolicyLive, "", p.Digest, p.At)
					},
				})
				if err != nil {
					t.Fatal(err)
				}
				for _, p := range taken {
					if p.Stage == policy.StageLive {
						live++
					}
				}
				model = append(model, taken...)
				continue
			}
			asked := want
			asked.At, asked.By = clock.Now(), by
			next, refused := model.Next(asked)
			if err := step(t, s, by, want, source); compliance.CodeOf(err) != compliance.CodeOf(refused) || (err == nil) != (refused == nil) {
				t.Fatalf("%s by %s: %v, want %v", want.Stage, by, err, refused)
			}
			if refused == nil {
				model = append(model, next)
			}
		}
		got, err := s.Policies(t.Context())
		if err != nil || !reflect.DeepEqual(got, model) {
			t.Fatalf("%d steps kept, %d taken, %v", len(got), len(model), err)
		}
		if n := waiting(t, s) - before; n != len(model) || live == 0 {
			t.Errorf("%d events of %d steps, %d went live", n, len(model), live)
		}
	})
}

func TestWhoMayMoveAPolicy(t *testing.T) {
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		dsn, clock := e.DSN(t), storetest.NewClock()
		s := storetest.Open(t, dsn, clock.Now)
		addOperator(t, s, "key_a")
		addOperator(t, s, "key_b")
		source := []byte("policy")
		digest := compliance.Digest(source)
		to := func(by string, p policy.Step, source []byte) string {
			p.Digest = digest
			if err := step(t, s, by, p, source); err != nil {
				return compliance.CodeOf(err)
			}
			return ""
		}
		if got := to("key_x", policy.Step{Stage: policy.StageDraft}, source); got != "operator_unknown" {
			t.Errorf("a stranger: %q", got)
		}
		if got := to("key_a", policy.Step{Stage: policy.StageDraft}, nil); got != "policy_unknown" {
			t.Errorf("a policy without text: %q", got)
		}
		for _, p := range []policy.Step{
			{Stage: policy.StageDraft}, {Stage: policy.StageChecked, Check: &policy.CheckReport{}}, {Stage: policy.StageShadow},
			{Stage: policy.StageProposed, EffectiveAt: clock.Now().Add(time.Hour)},
		} {
			if got := to("key_a", p, source); got != "" {
				t.Fatalf("%s: %q", p.Stage, got)
			}
		}
		if got := to("key_a", policy.Step{Stage: policy.StageApproved}, nil); got != "policy_four_eyes" {
			t.Errorf("one for both: %q", got)
		}
		if err := s.RevokeOperatorKey(t.Context(), "key_a", storetest.Event(t, compliance.EventKeyRevoked, "", "key_a", clock.Now())); err != nil {
			t.Fatal(err)
		}
		if got := to("key_b", policy.Step{Stage: policy.StageApproved}, nil); got != "operator_unknown" {
			t.Errorf("a proposal of a revoked key: %q", got)
		}
		if got := to("key_a", policy.Step{Stage: policy.StageWithdrawn}, nil); got != "operator_unknown" {
			t.Errorf("a revoked key: %q", got)
		}
		row := `INSERT INTO policy_stages (ordinal, digest, stage, made_by, made_at, effective_at, proposed_by, event_id) VALUES (%d, '` + digest + `', '%s', '%s', 1, 2, %s, 'evt')`
		for _, c := range []struct {
			keeps, breaks string
		}{
			{fmt.Sprintf(row, 50, "approved", "key_b", "'key_a'"), fmt.Sprintf(row, 51, "approved", "key_a", "'key_a'")},
			{fmt.Sprintf(row, 52, "live", "gateway", "NULL"), fmt.Sprintf(row, 53, "live", "gateway", "NULL")}, // two at one instant
			{fmt.Sprintf(row, 54, "retired", "gateway", "NULL"), fmt.Sprintf(row, 55, "approved", "key_b", "NULL")},
			{fmt.Sprintf(row, 56, "proposed", "key_a", "NULL"), fmt.Sprintf(row, 57, "live", "key_a", "NULL")},
		} {
			db := raw(t, dsn)
			_, kept := db.Exec(c.keeps)
			_, broke := db.Exec(c.breaks)
			if err := db.Close(); err != nil || kept != nil || broke == nil {
				t.Errorf("%v, %v, %v: %s", err, kept, broke, c.breaks)
			}
		}
	})
}

func TestShadowCountsAdd(t *testing.T) {
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		s := storetest.Open(t, e.DSN(t), nil)
		addOperator(t, s, "key_a")
		source := []byte("policy")
		digest := compliance.Digest(source)
		if err := step(t, s, "key_a", policy.Step{Digest: digest, Stage: policy.StageDraft}, source); err != nil {
			t.Fatal(err)
		}
		c := sqlstore.ShadowCount{
			Digest: digest, Beside: "live", Day: "2026-03-02", Scene: compliance.ScenePhoneCard, Difference: "outcome",
			Decided: compliance.Approved, Would: compliance.Rejected, N: 2,
		}
		for range 2 {
			if err := s.AddShadowCounts(t.Context(), []sqlstore.ShadowCount{c}); err != nil {
				t.Fatal(err)
			}
		}
		c.N = 4
		if got, err := s.ShadowCounts(t.Context(), digest); err != nil || len(got) != 1 || got[0] != c {
			t.Errorf("%+v, %v", got, err)
		}
	})
}
