package app

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"sync"
	"testing"
	"time"

	"realname/compliance"
	"realname/compliance/policy"
	"realname/internal/sqlstore"
	"realname/verify"
	"realname/verify/authority/standin"
	"realname/verify/idnumber"
)

// history lets 64 clients ask for cards and accounts of all kinds, n times.
func (b *branch) history(t testing.TB, n int) {
	t.Helper()
	ctx, stop := context.WithCancelCause(t.Context())
	asks := make(chan int)
	var wg sync.WaitGroup
	for range 64 {
		wg.Go(func() {
			for i := range asks {
				if ctx.Err() != nil {
					continue
				}
				if err := b.ask(ctx, i); err != nil {
					stop(err)
				}
			}
		})
	}
	for i := range n {
		asks <- i
	}
	close(asks)
	wg.Wait()
	if err := context.Cause(ctx); err != nil {
		t.Fatal(err)
	}
	stop(nil)
}

// ask is the i-th request: a fourth of the persons are unknown to the authority, some things lack.
func (b *branch) ask(ctx context.Context, i int) error {
	person := i / 7
	body := "110101" + time.Date(1950, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, person%20000).Format("20060102") + "000"
	number, name := body+string(idnumber.CheckChar(body)), "云"+string(rune('一'+person%500))
	if person%4 != 0 {
		b.sim.Know(standin.Person{Number: number, Name: name})
	}
	card := b.card()
	r := &card.Request
	r.BizNo = fmt.Sprintf("history-%d", i)
	r.Parties[0].Name, r.Parties[0].Document.Number = verify.Secret(name), verify.Secret(number)
	r.Channel.Clerk, r.Channel.Outlet = fmt.Sprintf("clerk-%d", i%97), fmt.Sprintf("outlet-%d", i%31)
	switch i % 5 {
	case 1:
		r.Evidence = r.Evidence[:1]
	case 2:
		r.LiabilityNoticeRef = ""
	case 3:
		r.Scene, r.Product, r.Channel = compliance.SceneSignup, "", verify.Channel{Kind: compliance.ChannelOnline}
		_, err := b.Decide(ctx, b.caller, r.BizNo, *r)
		return err
	}
	_, err := b.Open(ctx, b.caller, r.BizNo, card)
	return err
}

// TestReplayIsExact decides a history again under the same digest: every decision comes out the same to the byte. `make
// prove-policy` has a million of them.
func TestReplayIsExact(t *testing.T) {
	n, _ := strconv.Atoi(os.Getenv("REALNAME_PROVE_DECISIONS"))
	n = max(n, 300)
	b := newBranch(t, compliance.SectorTelecom)
	start := time.Now()
	b.history(t, n)
	t.Logf("%d requests took %v", n, time.Since(start).Round(time.Second))
	start = time.Now()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	got := b.replay(t, ReplayOptions{Policy: policy.Builtin()})
	runtime.ReadMemStats(&after)
	t.Logf("replayed in %v; heap %d MB before, %d MB after", time.Since(start).Round(time.Second), before.HeapAlloc>>20, after.HeapAlloc>>20)
	if got.Decisions < n || got.Reproduced != got.Decisions || got.OwnPolicy != got.Decisions || got.Same != got.Decisions || len(got.Differing) > 0 {
		t.Errorf("%+v", got)
	}
	if len(got.Scenes) != 2 {
		t.Errorf("the history is of one kind: %+v", got.Scenes)
	}
}

// BenchmarkReplay decides a history again; read `replay` as a ratio to `evaluation`, the same facts evaluated on all cores
// with nothing read, parsed or compared.
func BenchmarkReplay(b *testing.B) {
	const n = 5000
	of := newBranch(b, compliance.SectorTelecom)
	of.history(b, n)
	var decisions []compliance.Decision
	for after := ""; ; {
		page, err := of.o.store.History(b.Context(), sqlstore.HistoryQuery{After: after, Limit: historyPage})
		if err != nil {
			b.Fatal(err)
		}
		if len(page) == 0 {
			break
		}
		for _, r := range page {
			d, err := compliance.DecodeDecision(r.Canonical)
			if err != nil {
				b.Fatal(err)
			}
			decisions = append(decisions, d)
		}
		after = page[len(page)-1].ID
	}
	b.Run("replay", func(b *testing.B) {
		for b.Loop() {
			r, err := of.o.Replay(b.Context(), ReplayOptions{Policy: policy.Builtin()})
			if err != nil || r.Reproduced != len(decisions) {
				b.Fatalf("%+v, %v", r, err)
			}
		}
		b.ReportMetric(float64(len(decisions)*b.N)/b.Elapsed().Seconds(), "decisions/s")
	})
	b.Run("evaluation", func(b *testing.B) {
		for b.Loop() {
			var wg sync.WaitGroup
			for w := range runtime.GOMAXPROCS(0) {
				wg.Go(func() {
					for i := w; i < len(decisions); i += runtime.GOMAXPROCS(0) {
						policy.Builtin().Evaluate(decisions[i].Facts, decisions[i].Quotas)
					}
				})
			}
			wg.Wait()
		}
		b.ReportMetric(float64(len(decisions)*b.N)/b.Elapsed().Seconds(), "decisions/s")
	})
}
