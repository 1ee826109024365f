package policy_test

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"realname/compliance"
	"realname/compliance/policy"
)

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

// lives plays steps, each a second after the one before, and wants them taken.
func lives(t *testing.T, steps ...policy.Step) policy.Lives {
	t.Helper()
	var l policy.Lives
	for i, s := range steps {
		s.At = noon.Add(time.Duration(i) * time.Second)
		next, err := l.Next(s)
		if err != nil {
			t.Fatalf("%s by %s: %v", s.Stage, s.By, err)
		}
		l = append(l, next)
	}
	return l
}

// grown are the steps of a policy up to its approval for an instant.
func grown(digest string, instant time.Time) []policy.Step {
	return []policy.Step{
		{Digest: digest, Stage: policy.StageDraft, By: "key_a"},
		{Digest: digest, Stage: policy.StageChecked, By: "key_a"},
		{Digest: digest, Stage: policy.StageShadow, By: "key_a"},
		{Digest: digest, Stage: policy.StageProposed, By: "key_a", EffectiveAt: instant},
		{Digest: digest, Stage: policy.StageApproved, By: "key_b"},
	}
}

func TestWhatMayNotBe(t *testing.T) {
	instant := noon.Add(time.Hour)
	approved := grown("p", instant)
	for _, c := range []struct {
		name   string
		before []policy.Step
		step   policy.Step
		code   string
	}{
		{"no stage is left out", approved[:2], policy.Step{Stage: policy.StageProposed, By: "key_a", EffectiveAt: instant}, "policy_stage"},
		{"what was never seen has no stage", nil, policy.Step{Stage: policy.StageChecked, By: "key_a"}, "policy_stage"},
		{"nothing goes back", approved[:3], policy.Step{Stage: policy.StageChecked, By: "key_a"}, "policy_stage"},
		{"one may not do both", approved[:4], policy.Step{Stage: policy.StageApproved, By: "key_a"}, "policy_four_eyes"},
		{"a gateway approves nothing", approved[:4], policy.Step{Stage: policy.StageApproved, By: policy.ByGateway}, "policy_stage"},
		{"an operator makes nothing live", approved, policy.Step{Stage: policy.StageLive, By: "key_b", At: instant}, "policy_stage"},
		{"nobody is no operator", approved[:3], policy.Step{Stage: policy.StageWithdrawn}, "policy_stage"},
		{"the past", approved[:3], policy.Step{Stage: policy.StageProposed, By: "key_a", EffectiveAt: noon.Add(-time.Hour)}, "policy_instant"},
		{"without notice", approved[:3], policy.Step{Stage: policy.StageProposed, By: "key_a", EffectiveAt: noon.Add(time.Minute + policy.MinNotice - 1)}, "policy_instant"},
		{"a typing error", approved[:3], policy.Step{Stage: policy.StageProposed, By: "key_a", EffectiveAt: noon.AddDate(10, 0, 0)}, "policy_instant"},
		{"approved too late", approved[:4], policy.Step{Stage: policy.StageApproved, By: "key_b", At: instant.Add(-time.Second)}, "policy_instant"},
		{"too early", approved, policy.Step{Stage: policy.StageLive, By: policy.ByGateway}, "policy_instant"},
		{"no way back at the instant", approved, policy.Step{Stage: policy.StageWithdrawn, By: "key_a", At: instant.Add(-time.Second)}, "policy_instant"},
		{"nor just behind it", approved, policy.Step{Stage: policy.StageWithdrawn, By: "key_a", At: instant.Add(time.Second)}, "policy_instant"},
	} {
		l := lives(t, c.before...)
		c.step.Digest = "p"
		if c.step.At.IsZero() {
			c.step.At = noon.Add(time.Minute)
		}
		if _, err := l.Next(c.step); compliance.CodeOf(err) != c.code {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	for _, code := range []string{"policy_stage", "policy_four_eyes", "policy_instant", "policy_scheduled", "policy_shadows"} {
		if _, known := compliance.Reason(code); !known {
			t.Errorf("%s has no text", code)
		}
	}
}

func TestOneIsScheduledAtATime(t *testing.T) {
	instant := noon.Add(time.Hour)
	l := lives(t, append(grown("p", instant), grown("q", instant.Add(time.Minute))[:4]...)...)
	if _, err := l.Next(policy.Step{Digest: "q", Stage: policy.StageApproved, By: "key_b", At: noon.Add(time.Minute)}); compliance.CodeOf(err) != "policy_scheduled" {
		t.Errorf("%v", err)
	}
	// Nobody could load p: it does not stand in the way for ever, and never comes after what came in its place.
	at := instant.Add(policy.Overdue)
	again, err := l.Next(policy.Step{Digest: "q", Stage: policy.StageProposed, By: "key_a", At: at, EffectiveAt: at.Add(time.Minute)})
	if err != nil {
		t.Fatal(err)
	}
	l = append(l, again)
	if next, err := l.Next(policy.Step{Digest: "q", Stage: policy.StageApproved, By: "key_b", At: at}); err != nil {
		t.Fatal(err)
	} else {
		l = append(l, next)
	}
	l = append(l, l.Due(at.Add(time.Minute), func(digest string) bool { return digest == "q" })...)
	if l.Last("p").Stage != policy.StageApproved {
		t.Errorf("what nobody could load is %s", l.Last("p").Stage)
	}
	if got := l.Due(at.Add(time.Hour), func(string) bool { return true }); len(got) > 0 || l.LiveAt(at.Add(time.Hour)) != "q" {
		t.Errorf("%+v", got)
	}
	if _, err := l.Next(policy.Step{Digest: "p", Stage: policy.StageWithdrawn, By: "key_a", At: at.Add(time.Hour)}); err != nil {
		t.Error(err)
	}
}

func TestShadowsAreFew(t *testing.T) {
	var steps []policy.Step
	for _, digest := range []string{"a", "b", "c", "d"} {
		steps = append(steps, grown(digest, noon)[:3]...)
	}
	l := lives(t, append(steps, grown("e", noon)[:2]...)...)
	if _, err := l.Next(grown("e", noon)[2]); compliance.CodeOf(err) != "policy_shadows" || !slices.Equal(l.Shadows(), []string{"d", "c", "b", "a"}) {
		t.Errorf("%v, %v", err, l.Shadows())
	}
}

func TestTheGatewaysOwnPolicyYieldsToOperators(t *testing.T) {
	var l policy.Lives
	bring := func(digest string, at time.Time) int {
		steps := l.Bring(digest, at)
		l = append(l, steps...)
		return len(steps)
	}
	if n := bring("built-in 1", noon); n != 1 || l.LiveAt(noon) != "built-in 1" || l.LiveAt(noon.Add(-1)) != "" {
		t.Fatalf("%d steps, %+v", n, l)
	}
	if bring("built-in 1", noon.Add(time.Hour)) != 0 {
		t.Error("what is live was brought again")
	}
	upgrade := noon.Add(2 * time.Hour)
	if bring("built-in 2", upgrade) != 2 || l.LiveAt(upgrade) != "built-in 1" || l.LiveAt(upgrade.Add(policy.MinNotice)) != "built-in 2" {
		t.Errorf("%+v", l)
	}
	if l.Last("built-in 1").Stage != policy.StageRetired {
		t.Error("the older one was not retired")
	}
	if bring("built-in 1", upgrade.Add(time.Hour)) != 0 {
		t.Error("a gateway of the older release brought the older policy back")
	}
	at := upgrade.Add(2 * time.Hour)
	for _, s := range grown("ours", at.Add(time.Hour)) {
		s.At = at
		next, err := l.Next(s)
		if err != nil {
			t.Fatal(err)
		}
		l = append(l, next)
	}
	if bring("built-in 3", at.Add(time.Minute)) != 0 {
		t.Error("a new built-in policy came before an approved one")
	}
	l = append(l, l.Due(at.Add(time.Hour), func(string) bool { return true })...)
	if bring("built-in 3", at.Add(2*time.Hour)) != 0 || l.LiveAt(at.Add(3*time.Hour)) != "ours" {
		t.Error("a new built-in policy replaced one of the operators")
	}
}

// Whatever operators do and whenever gateways look, one policy is live at any instant, each by its whole way and by two
// people, and what was live at an instant that has passed stays so.
func TestLivesOnlyGoForward(t *testing.T) {
	stages := []policy.Stage{
		policy.StageDraft, policy.StageChecked, policy.StageShadow, policy.StageProposed, policy.StageApproved, policy.StageWithdrawn, policy.StageLive,
	}
	wentLive := 0
	rapid.Check(t, func(t *rapid.T) {
		now := noon
		l := policy.Lives(policy.Lives(nil).Bring("built-in", now))
		was := map[time.Time]string{}
		for range rapid.IntRange(1, 120).Draw(t, "steps") {
			now = now.Add(time.Duration(rapid.IntRange(0, 4000).Draw(t, "ms")) * time.Millisecond)
			s := policy.Step{
				Digest: rapid.SampledFrom([]string{"p", "q", "r", "built-in"}).Draw(t, "digest"), At: now,
				By: rapid.SampledFrom([]string{"key_a", "key_b", policy.ByGateway}).Draw(t, "by"),
			}
			if rapid.Bool().Draw(t, "on") { // mostly what comes next, else nothing ever went live
				s.Stage = following(l.Last(s.Digest).Stage)
			} else {
				s.Stage = rapid.SampledFrom(stages).Draw(t, "stage")
			}
			if s.Stage == policy.StageProposed {
				s.EffectiveAt = now.Add(time.Duration(rapid.IntRange(-2, 20).Draw(t, "instant")) * time.Second)
			}
			if next, err := l.Next(s); err == nil {
				l = append(l, next)
			}
			l = append(l, l.Due(now, func(string) bool { return true })...)
			was[now] = l.LiveAt(now)
		}
		for at, digest := range was {
			if l.LiveAt(at) != digest || digest == "" {
				t.Fatalf("live at %v was %q and is %q", at, digest, l.LiveAt(at))
			}
		}
		wentLive += whole(t, l)
	})
	if wentLive == 0 {
		t.Error("no policy ever went live: the test shows nothing")
	}
}

// following is the stage that comes next, as most policies go.
func following(s policy.Stage) policy.Stage {
	return map[policy.Stage]policy.Stage{
		"": policy.StageDraft, policy.StageDraft: policy.StageChecked, policy.StageChecked: policy.StageShadow, policy.StageShadow: policy.StageProposed,
		policy.StageProposed: policy.StageApproved, policy.StageRetired: policy.StageDraft, policy.StageWithdrawn: policy.StageDraft,
	}[s]
}

// whole judges all steps, and counts the policies that operators made live.
func whole(t *rapid.T, l policy.Lives) (wentLive int) {
	var newest time.Time
	live := ""
	way := map[string][]policy.Stage{}
	for i, s := range l {
		if s.Ordinal != int64(i)+1 {
			t.Fatalf("step %d has ordinal %d", i, s.Ordinal)
		}
		if s.Stage == policy.StageDraft {
			way[s.Digest] = nil
		}
		way[s.Digest] = append(way[s.Digest], s.Stage)
		switch s.Stage {
		case policy.StageRetired:
			if s.Digest != live {
				t.Fatalf("%s retired while %s was live", s.Digest, live)
			}
			live = ""
		case policy.StageLive:
			if live != "" || !s.EffectiveAt.After(newest) {
				t.Fatalf("%s live beside %q, from %v behind %v", s.Digest, live, s.EffectiveAt, newest)
			}
			live, newest = s.Digest, s.EffectiveAt
			if i == 0 {
				continue
			}
			wentLive++
			by := l[:i].Last(s.Digest)
			slim := slices.Compact(slices.Clone(way[s.Digest])) // proposed twice is proposed
			want := []policy.Stage{
				policy.StageDraft, policy.StageChecked, policy.StageShadow, policy.StageProposed, policy.StageApproved, policy.StageLive,
			}
			if !slices.Equal(slim, want) || by.By == by.ProposedBy || by.ProposedBy == "" || by.By == policy.ByGateway {
				t.Fatalf("%s went live by %v, %+v", s.Digest, slim, by)
			}
		}
	}
	return wentLive
}
