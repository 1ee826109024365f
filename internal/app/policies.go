package app

import (
	"context"
	"log/slog"
	"sync"

	"realname/compliance/policy"
	"realname/internal/sqlstore"
)

// policies tells a decision in the words of the policy that made it, which the
// ledger keeps under its digest. It is safe for concurrent use.
type policies struct {
	store *sqlstore.Store
	log   *slog.Logger

	mu    sync.Mutex
	known map[string]*policy.Policy // by digest; there are as many as ever went live
}

func newPolicies(store *sqlstore.Store, log *slog.Logger, live *policy.Policy) *policies {
	return &policies{store: store, log: log, known: map[string]*policy.Policy{live.Digest(): live}}
}

// Clause returns the clause as the policy of that digest words it on a date.
func (p *policies) Clause(ctx context.Context, digest, id, date string) (policy.Clause, bool) {
	made := p.policy(ctx, digest)
	if made == nil {
		return policy.Clause{}, false
	}
	return made.Clause(id, date)
}

// policy is nil when it cannot be read.
func (p *policies) policy(ctx context.Context, digest string) *policy.Policy {
	made, err := p.read(ctx, digest)
	if err != nil {
		p.log.Warn("the policy of an old decision cannot be read", "digest", digest, "error", err)
		return nil
	}
	return made
}

// read loads a policy once.
func (p *policies) read(ctx context.Context, digest string) (*policy.Policy, error) {
	p.mu.Lock()
	made, ok := p.known[digest]
	p.mu.Unlock()
	if ok {
		return made, nil
	}
	source, err := p.store.Policy(ctx, digest)
	if err != nil {
		return nil, err
	}
	if made, err = policy.Load("policy "+digest[:min(8, len(digest))], source); err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.known[digest] = made
	return made, nil
}
