package app

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"realname/compliance"
	"realname/compliance/policy"
)

// What comes faster than it can be evaluated is counted as dropped; what was taken is evaluated before the gateway ends.
func TestShadowDropsWhatIsTooMuch(t *testing.T) {
	b := newBranch(t, compliance.SectorTelecom)
	id := strings.TrimSuffix(b.cards(t)[0], "/1")
	stored, err := b.o.store.AnyDecision(t.Context(), id, 1)
	if err != nil {
		t.Fatal(err)
	}
	next := with(t, "id: R-5CARD", "max: 5", "max: 4")
	bring(t, b.o, next, time.Now().Add(time.Hour)) // approved policies are in shadow until their instant
	log := slog.New(slog.DiscardHandler)
	r := &reign{known: newPolicies(b.o.store, log, policy.Builtin())}
	r.plan.Store(&plan{shadows: []*policy.Policy{next}})
	s := newShadow(r, b.o.store, log, prometheus.NewRegistry())
	const more = 7
	for range shadowQueue + more {
		s.offer(stored.Decision) // nobody takes them yet
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.run(ctx) }()
	eventually(t, "the dropped are taken up", func() bool { return len(s.dropped) == 0 })
	cancel()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	counts, err := b.o.store.ShadowCounts(t.Context(), next.Digest())
	if err != nil {
		t.Fatal(err)
	}
	by := map[string]int64{}
	for _, c := range counts {
		by[c.Difference] += c.N
	}
	if by[differsDropped] != more || by[differsNot] != shadowQueue {
		t.Errorf("%v; offered %d, the queue holds %d", by, shadowQueue+more, shadowQueue)
	}
}

func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	end := time.Now().Add(time.Minute)
	for !is() {
		if time.Now().After(end) {
			t.Fatalf("%s: not within a minute", what)
		}
		<-time.After(20 * time.Millisecond)
	}
}
