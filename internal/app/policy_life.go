package app

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"realname/compliance"
	"realname/compliance/policy"
	"realname/internal/httpapi"
	"realname/internal/sqlstore"
	"realname/verify"
)

type (
	// PolicyStep is one step in the life of a policy.
	PolicyStep = policy.Step
	// PolicyShadowCount is how often a policy in shadow came to one result.
	PolicyShadowCount = sqlstore.ShadowCount
)

// The stages that operators take a policy to by MovePolicy.
const (
	PolicyShadow    = policy.StageShadow
	PolicyProposed  = policy.StageProposed
	PolicyApproved  = policy.StageApproved
	PolicyWithdrawn = policy.StageWithdrawn
)

// CreateOperatorKey makes the key of an operator, who is known in house by label, and returns its id and text; the ledger
// keeps only its hash.
func (o *Operator) CreateOperatorKey(ctx context.Context, label string) (id, key string, err error) {
	if label = strings.TrimSpace(label); label == "" {
		return "", "", errors.New("an operator's key needs a label, such as a staff number")
	}
	id = o.ids.New(compliance.PrefixKey)
	key, hash := httpapi.NewKey(rand.Reader)
	ev, err := o.event(compliance.EventKeyCreated, "", id, map[string]string{"role": "operator"})
	if err != nil {
		return "", "", err
	}
	return id, key, o.store.AddOperatorKey(ctx, sqlstore.OperatorKey{ID: id, Label: label, Hash: hash}, ev)
}

// revokeOperatorKey ends an operator's key; verify.ErrNotFound where there is none.
func (o *Operator) revokeOperatorKey(ctx context.Context, id string) error {
	ev, err := o.event(compliance.EventKeyRevoked, "", id, map[string]string{})
	if err != nil {
		return err
	}
	return o.store.RevokeOperatorKey(ctx, id, ev)
}

// DraftPolicy keeps a policy of a file, or the built-in one, and begins its life.
func (o *Operator) DraftPolicy(ctx context.Context, key string, p *Policy, note string) (PolicyStep, error) {
	return o.movePolicy(ctx, key, p.Source(), PolicyStep{Digest: p.Digest(), Stage: policy.StageDraft, Note: note})
}

// CheckPolicy tries a draft on its examples: it is checked only when it loads and every one comes out as wanted. results are
// those of the examples.
func (o *Operator) CheckPolicy(ctx context.Context, key, digest string, casesFile, note string) (step PolicyStep, results []PolicyCaseResult, err error) {
	p, err := o.loadPolicy(ctx, digest)
	if err != nil {
		return step, nil, err
	}
	lint, err := policy.Lint(p.Name(), p.Source(), o.now().In(china).Format(time.DateOnly))
	if err != nil {
		return step, nil, err
	}
	cases, text, err := readCases(casesFile)
	if err != nil {
		return step, nil, err
	}
	if len(cases) == 0 {
		return step, nil, errors.New("a policy without examples is not checked: write some (realname policy test --help)")
	}
	report := policy.CheckReport{
		Clauses: lint.Clauses, Unverified: lint.Unverified, Warnings: len(lint.Warnings) - lint.Unverified, Cases: len(cases), CasesDigest: compliance.Digest(text),
	}
	covered, failed := p.NewCoverage(), 0
	for i := range cases {
		r := p.Try(&cases[i])
		if results = append(results, r); len(r.Wrong) > 0 {
			failed++
		}
		covered.Add(cases[i].Under(p))
	}
	for _, c := range covered.Clauses() {
		if c.Touched == 0 {
			report.Untouched++
		}
	}
	if failed > 0 {
		return step, results, fmt.Errorf("%d of %d examples come out otherwise: the policy stays a draft", failed, len(cases))
	}
	step, err = o.movePolicy(ctx, key, nil, PolicyStep{Digest: p.Digest(), Stage: policy.StageChecked, Check: &report, Note: note})
	return step, results, err
}

// MovePolicy takes a policy to shadow, proposed (at an instant), approved or withdrawn.
func (o *Operator) MovePolicy(ctx context.Context, key, digest string, to policy.Stage, instant time.Time, note string) (PolicyStep, error) {
	digest, err := o.policyDigest(ctx, digest)
	if err != nil {
		return PolicyStep{}, err
	}
	if to == policy.StageApproved { // what does not load must not be waited for
		if _, err := o.loadPolicy(ctx, digest); err != nil {
			return PolicyStep{}, err
		}
	}
	return o.movePolicy(ctx, key, nil, PolicyStep{Digest: digest, Stage: to, EffectiveAt: instant.UTC().Truncate(time.Microsecond), Note: note})
}

func (o *Operator) movePolicy(ctx context.Context, key string, source []byte, s PolicyStep) (PolicyStep, error) {
	if key == "" {
		return s, compliance.E(compliance.FaultForbidden, "operator_unknown", "no key was given")
	}
	steps, err := o.store.MovePolicies(ctx, sqlstore.PolicyMove{
		KeyHash: httpapi.HashKey(key), Digest: s.Digest, Source: source, Event: policyEvent(o.ids),
		Steps: func(at time.Time, by string, all policy.Lives) ([]policy.Step, error) {
			s.At, s.By = at, by
			if s.Stage != policy.StageProposed {
				s.EffectiveAt = time.Time{}
			}
			next, err := all.Next(s)
			return []policy.Step{next}, err
		},
	})
	if err != nil {
		return s, err
	}
	return steps[0], nil
}

// policyDigest completes the beginning of a digest that the ledger knows.
func (o *Operator) policyDigest(ctx context.Context, begin string) (string, error) {
	all, err := o.store.Policies(ctx)
	if err != nil {
		return "", err
	}
	found := ""
	for _, digest := range all.Digests() {
		if len(begin) >= 8 && strings.HasPrefix(digest, begin) {
			if found != "" {
				return "", fmt.Errorf("more than one policy begins with %s", begin)
			}
			found = digest
		}
	}
	if found == "" {
		return "", compliance.E(compliance.FaultNotFound, "policy_unknown", "give at least 8 digits of a digest that `realname policy list` shows")
	}
	return found, nil
}

func (o *Operator) loadPolicy(ctx context.Context, begin string) (*Policy, error) {
	digest, err := o.policyDigest(ctx, begin)
	if err != nil {
		return nil, err
	}
	p, err := newPolicies(o.store, slog.New(slog.DiscardHandler), policy.Builtin()).read(ctx, digest)
	if errors.Is(err, verify.ErrNotFound) {
		return nil, compliance.E(compliance.FaultNotFound, "policy_unknown", "its text is damaged")
	}
	return p, err
}

// ruling is the policy that decides now: the ledger's, or before any gateway ran that of the configuration.
func (o *Operator) ruling(ctx context.Context) (*Policy, error) {
	all, err := o.store.Policies(ctx)
	if err != nil {
		return nil, err
	}
	if digest := all.LiveAt(later(o.store.Time(), o.now())); digest != "" {
		return o.loadPolicy(ctx, digest)
	}
	return readPolicy(&o.config)
}

// PolicyLife is what the ledger knows of all policies.
type PolicyLife struct {
	Live     string            `json:"live"` // digest; empty before a gateway ran
	Own      string            `json:"own"`  // digest of the policy of this release, or of the configuration
	Policies []PolicyStanding  `json:"policies"`
	Labels   map[string]string `json:"operators"` // label by key id
}

// PolicyStanding is one policy; the newest step tells its stage.
type PolicyStanding struct {
	Digest string       `json:"digest"`
	Stage  policy.Stage `json:"stage"`
	Steps  []PolicyStep `json:"steps"`
	Same   int64        `json:"shadow_same"`
	Other  int64        `json:"shadow_otherwise"`
}

// Policies tells where every policy stands.
func (o *Operator) Policies(ctx context.Context) (PolicyLife, error) {
	all, err := o.store.Policies(ctx)
	if err != nil {
		return PolicyLife{}, err
	}
	own, err := readPolicy(&o.config)
	if err != nil {
		return PolicyLife{}, err
	}
	keys, err := o.store.OperatorKeys(ctx)
	if err != nil {
		return PolicyLife{}, err
	}
	out := PolicyLife{Live: all.LiveAt(later(o.store.Time(), o.now())), Own: own.Digest(), Policies: []PolicyStanding{}, Labels: map[string]string{}}
	for _, k := range keys {
		out.Labels[k.ID] = k.Label
	}
	for _, digest := range all.Digests() {
		p := PolicyStanding{Digest: digest, Stage: all.Last(digest).Stage}
		for _, s := range all {
			if s.Digest == digest {
				p.Steps = append(p.Steps, s)
			}
		}
		counts, err := o.store.ShadowCounts(ctx, digest)
		if err != nil {
			return PolicyLife{}, err
		}
		for _, c := range counts {
			switch c.Difference {
			case differsNot:
				p.Same += c.N
			case differsOutcome, differsReasons:
				p.Other += c.N
			}
		}
		out.Policies = append(out.Policies, p)
	}
	return out, nil
}

// ShadowCounts are what a policy made of decisions while it was in shadow.
func (o *Operator) ShadowCounts(ctx context.Context, begin string) ([]PolicyShadowCount, error) {
	digest, err := o.policyDigest(ctx, begin)
	if err != nil {
		return nil, err
	}
	return o.store.ShadowCounts(ctx, digest)
}
