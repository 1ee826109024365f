package verify_test

import (
	"bytes"
	"context"
	"testing"

	"realname/compliance"
	"realname/compliance/policy"
	"realname/verify"
	"realname/verify/authority/standin"
)

// A source that gives another policy each time it is asked: one request must ask once, or its decision is of two minds.
func TestOneRequestIsDecidedByOnePolicy(t *testing.T) {
	h := newHouse(t)
	other, err := policy.Load("other", bytes.Replace(policy.Builtin().Source(), []byte("max: 5,"), []byte("max: 4,"), 1))
	if err != nil || other.Digest() == policy.Builtin().Digest() {
		t.Fatalf("no other policy: %v", err)
	}
	both := map[string]*policy.Policy{other.Digest(): other, policy.Builtin().Digest(): policy.Builtin()}
	asked := 0
	h.options.Live = func() *policy.Policy {
		if asked++; asked%2 == 0 {
			return other
		}
		return policy.Builtin()
	}
	h.options.Past = func(_ context.Context, digest string) *policy.Policy { return both[digest] }
	h.Service = verify.New(h.options)
	seen := map[string]int{}
	check := func(d compliance.Decision) {
		t.Helper()
		seen[d.PolicyDigest]++
		if !both[d.PolicyDigest].Reproduces(&d) {
			t.Errorf("%s version %d is not what %.12s decides", d.ID, d.Version, d.PolicyDigest)
		}
	}
	p := h.person(true)
	for range 7 {
		before := asked
		check(h.open(t, h.carrier, h.fullCard(p)).Decision)
		if asked != before+1 {
			t.Errorf("one request asked for the policy %d times", asked-before)
		}
	}
	h.authority(t, standin.Down)
	waits := h.decide(t, h.platform, h.signup(h.person(true))).Decision
	if waits.Outcome != compliance.Pending {
		t.Fatalf("%s %v", waits.Outcome, waits.Reasons)
	}
	h.authority(t, standin.Healthy)
	h.settle(t)
	after := h.read(t, h.platform, waits.ID).Decision
	if after.Version != 2 || after.PolicyDigest != waits.PolicyDigest {
		t.Errorf("settled by %.12s, begun by %.12s", after.PolicyDigest, waits.PolicyDigest)
	}
	check(after)
	if len(seen) != 2 {
		t.Errorf("%v: the test shows nothing", seen)
	}
}
