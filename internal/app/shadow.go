package app

import (
	"context"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"realname/compliance"
	"realname/compliance/policy"
	"realname/internal/sqlstore"
)

// What a policy in shadow can come to beside what was decided.
const (
	differsNot     = "same"
	differsOutcome = "outcome"
	differsReasons = "reasons" // the same outcome for other reasons
	differsMissing = "fact_missing"
	differsFailed  = "failed"
	differsDropped = "dropped" // the queue was full: never evaluated
)

// shadowQueue bounds the decisions that wait for policies in shadow.
const shadowQueue = 4096

// shadow evaluates policies beside the live one, behind the answer: what it cannot keep up with is dropped and counted.
type shadow struct {
	reign   *reign
	store   *sqlstore.Store
	log     *slog.Logger
	queue   chan compliance.Decision
	dropped chan compliance.Decision // its scene and day are counted like a result; bounded too
	counts  map[sqlstore.ShadowCount]int64
	seen    *prometheus.CounterVec
}

func newShadow(r *reign, store *sqlstore.Store, log *slog.Logger, metrics prometheus.Registerer) *shadow {
	s := &shadow{
		reign: r, store: store, log: log, queue: make(chan compliance.Decision, shadowQueue), dropped: make(chan compliance.Decision, shadowQueue),
		counts: map[sqlstore.ShadowCount]int64{},
		seen: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "realname_policy_shadow_total", Help: "Decisions that policies in shadow were to be evaluated on, by what came of it.",
		}, []string{"difference"}),
	}
	metrics.MustRegister(s.seen)
	return s
}

// offer takes a decision for the shadows, and never waits.
func (s *shadow) offer(d compliance.Decision) {
	if len(s.reign.plan.Load().shadows) == 0 {
		return
	}
	select {
	case s.queue <- d:
		return
	default:
	}
	s.seen.WithLabelValues(differsDropped).Inc()
	select {
	case s.dropped <- d:
	default:
	}
}

// run evaluates until ctx ends, and then what waits still.
func (s *shadow) run(ctx context.Context) error {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case d := <-s.queue:
			s.evaluate(ctx, &d)
		case d := <-s.dropped:
			s.drop(&d)
		case <-tick.C:
			s.write(ctx)
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
			defer cancel()
			for len(s.queue) > 0 && last.Err() == nil {
				d := <-s.queue
				s.evaluate(last, &d)
			}
			s.write(last)
			return nil
		}
	}
}

func (s *shadow) evaluate(ctx context.Context, d *compliance.Decision) {
	old := s.reign.known.policy(ctx, d.PolicyDigest)
	for _, p := range s.reign.plan.Load().shadows {
		if p.Digest() == d.PolicyDigest || old == nil {
			continue
		}
		difference, would := beside(p, old, d)
		s.seen.WithLabelValues(difference).Inc()
		s.count(p.Digest(), d, difference, would)
	}
}

// beside tells what p would have made of d; whatever it does, nothing of the gateway ends by it.
func beside(p, old *policy.Policy, d *compliance.Decision) (difference string, would compliance.Outcome) {
	defer func() {
		if recover() != nil {
			difference, would = differsFailed, ""
		}
	}()
	again := p.Redecide(old, d, nil)
	switch {
	case len(again.Missing) > 0:
		return differsMissing, ""
	case again.Outcome != d.Outcome:
		return differsOutcome, again.Outcome
	case again.Differs(d):
		return differsReasons, again.Outcome
	}
	return differsNot, again.Outcome
}

func (s *shadow) drop(d *compliance.Decision) {
	for _, p := range s.reign.plan.Load().shadows {
		s.count(p.Digest(), d, differsDropped, "")
	}
}

func (s *shadow) count(digest string, d *compliance.Decision, difference string, would compliance.Outcome) {
	s.counts[sqlstore.ShadowCount{
		Digest: digest, Beside: d.PolicyDigest, Day: d.DecidedAt.In(china).Format(time.DateOnly), Scene: d.Scene,
		Difference: difference, Decided: d.Outcome, Would: would,
	}]++
}

// write adds to the ledger what was counted; what it does not take is added later.
func (s *shadow) write(ctx context.Context) {
	if len(s.counts) == 0 {
		return
	}
	var out []sqlstore.ShadowCount
	for c, n := range s.counts {
		c.N = n
		out = append(out, c)
	}
	if err := s.store.AddShadowCounts(ctx, out); err != nil {
		s.log.Warn("the counts of policies in shadow will be written later", "error", err)
		return
	}
	clear(s.counts)
}
