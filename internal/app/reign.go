package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"realname/compliance"
	"realname/compliance/policy"
	"realname/internal/sqlstore"
)

// reignPace is how often the ledger is asked which policy decides: well within the notice that an approval gives.
const reignPace = 500 * time.Millisecond

// brokenPause is how long a policy that does not load is left alone before it is tried again.
const brokenPause = time.Minute

// reign knows which policy decides. It reads the stages of policies from the ledger and changes over at the instant,
// between two requests. A policy that does not load never takes the place of one that does.
type reign struct {
	store  *sqlstore.Store
	known  *policies
	log    *slog.Logger
	now    func() time.Time
	event  func(policy.Step) (compliance.Event, error)
	failed func() // a policy did not load

	plan   atomic.Pointer[plan]
	turned atomic.Int64         // microseconds of the newest turn that was taken: the clock may run backwards, policies do not
	tried  map[string]time.Time // policies that do not load, by digest; of the one that follows
}

// plan is what the ledger said last.
type plan struct {
	turns   []turn // never empty, by instant
	shadows []*policy.Policy
	fault   error // a policy of the plan that does not load
	read    time.Time
}

type turn struct {
	at     time.Time
	policy *policy.Policy
}

// openReign brings own, the gateway's own policy, where operators have none, and reads the plan.
func openReign(ctx context.Context, r *reign, own *policy.Policy) error {
	r.tried = map[string]time.Time{}
	_, err := r.store.MovePolicies(ctx, sqlstore.PolicyMove{
		Digest: own.Digest(), Source: own.Source(), Event: r.event,
		Steps: func(at time.Time, _ string, all policy.Lives) ([]policy.Step, error) {
			return all.Bring(own.Digest(), at), nil
		},
	})
	if err != nil {
		return err
	}
	if _, err := r.follow(ctx); err != nil {
		return err
	}
	if live := r.live(); live.Digest() != own.Digest() {
		r.log.Warn("the policy of this release or configuration is not live: the ledger's is; `realname policy draft` begins to change that",
			"own", own.Digest(), "live", live.Digest())
	}
	return nil
}

// live is the policy that decides a request that begins now.
func (r *reign) live() *policy.Policy {
	p := r.plan.Load()
	now := max(r.store.Time().UnixMicro(), r.now().UnixMicro(), r.turned.Load())
	of := p.turns[0]
	for _, t := range p.turns[1:] {
		if t.at.UnixMicro() <= now {
			of = t
		}
	}
	for at := of.at.UnixMicro(); ; {
		before := r.turned.Load()
		if before >= at || r.turned.CompareAndSwap(before, at) {
			return of.policy
		}
	}
}

// coming are the policies that may decide soon.
func (r *reign) coming() []*policy.Policy {
	p := r.plan.Load()
	out := p.shadows
	for _, t := range p.turns {
		out = append(out[:len(out):len(out)], t.policy)
	}
	return out
}

// ready is an error while the ledger cannot be asked, or wants a policy that does not load.
func (r *reign) ready(context.Context) error {
	p := r.plan.Load()
	if r.now().Sub(p.read) > policy.MinNotice {
		return errors.New("the stages of policies were not read lately")
	}
	return p.fault
}

// follow reads the plan, and writes down what its instants brought; it returns how many steps that were.
func (r *reign) follow(ctx context.Context) (int, error) {
	all, err := r.store.Policies(ctx)
	if err != nil {
		return 0, err
	}
	r.draw(ctx, all)
	if r.plan.Load() == nil {
		return 0, errors.New("app: no policy of the ledger loads that is or was live")
	}
	loads := func(digest string) bool { return r.load(ctx, digest) != nil }
	if len(all.Due(later(r.store.Time(), r.now()), loads)) == 0 {
		return 0, nil
	}
	steps, err := r.store.MovePolicies(ctx, sqlstore.PolicyMove{
		Event: r.event,
		Steps: func(at time.Time, _ string, all policy.Lives) ([]policy.Step, error) { return all.Due(at, loads), nil },
	})
	for _, s := range steps {
		r.log.Info("a policy changed its stage", "digest", s.Digest, "stage", s.Stage, "instant", s.EffectiveAt)
	}
	return len(steps), err
}

func later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}

// draw makes the plan of what loads: the turn that is being taken, the newest before it that loads, and what is to come.
func (r *reign) draw(ctx context.Context, all policy.Lives) {
	now := later(r.store.Time(), r.now())
	p := &plan{read: r.now()}
	turns := all.Turns()
	for i := len(turns) - 1; i >= 0; i-- {
		made := r.load(ctx, turns[i].Digest)
		if made == nil {
			p.fault = fmt.Errorf("policy %s does not load", turns[i].Digest)
			continue
		}
		p.turns = append([]turn{{turns[i].At, made}}, p.turns...)
		if !turns[i].At.After(now) {
			break
		}
	}
	for _, digest := range all.Shadows() {
		if made := r.load(ctx, digest); made != nil {
			p.shadows = append(p.shadows, made)
		}
	}
	if len(p.turns) > 0 {
		r.plan.Store(p)
	}
}

// load gives a policy of the ledger; nil while it does not load.
func (r *reign) load(ctx context.Context, digest string) *policy.Policy {
	if at, broken := r.tried[digest]; broken && r.now().Sub(at) < brokenPause {
		return nil
	}
	made, err := r.known.read(ctx, digest)
	if err != nil {
		r.tried[digest] = r.now()
		r.failed()
		r.log.Error("a policy of the ledger does not load; the one before it goes on deciding", "digest", digest, "error", err)
		return nil
	}
	delete(r.tried, digest)
	return made
}

// run follows the ledger until ctx ends.
func (r *reign) run(ctx context.Context) error {
	tick := time.NewTicker(reignPace)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		if _, err := r.follow(ctx); err != nil && ctx.Err() == nil {
			r.log.Warn("the stages of policies will be read again", "error", err)
		}
	}
}

// policyEvents is the kind of event of each stage.
var policyEvents = map[policy.Stage]compliance.EventKind{
	policy.StageDraft: compliance.EventPolicyDrafted, policy.StageChecked: compliance.EventPolicyChecked, policy.StageShadow: compliance.EventPolicyShadowed,
	policy.StageProposed: compliance.EventPolicyProposed, policy.StageApproved: compliance.EventPolicyApproved, policy.StageLive: compliance.EventPolicyLive,
	policy.StageRetired: compliance.EventPolicyRetired, policy.StageWithdrawn: compliance.EventPolicyWithdrawn,
}

// policyEvent tells the log of a step; a note stays in the ledger, for it is free text.
func policyEvent(ids *compliance.IDs) func(policy.Step) (compliance.Event, error) {
	return func(s policy.Step) (compliance.Event, error) {
		data := map[string]any{"policy_digest": s.Digest, "by": s.By}
		if !s.EffectiveAt.IsZero() {
			data["effective_at"] = s.EffectiveAt.UTC().Format(time.RFC3339Nano)
		}
		if s.ProposedBy != "" {
			data["proposed_by"] = s.ProposedBy
		}
		if s.Check != nil {
			data["check"] = s.Check
		}
		return compliance.NewEvent(ids.New(compliance.PrefixEvent), policyEvents[s.Stage], "", s.Digest, s.At, data)
	}
}
