package tesseratest

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/transparency-dev/tessera"
	"golang.org/x/mod/sumdb/note"

	"realname/compliance/auditlog"
	"realname/compliance/auditlog/auditlogtest"
)

const (
	benchEvents = 32 << 10
	benchBatch  = 1024
)

func events() []auditlog.PendingEvent {
	pad := strings.Repeat("0123456789abcdef", 32)
	out := make([]auditlog.PendingEvent, benchEvents)
	for i := range out {
		out[i] = auditlogtest.Event(i, fmt.Sprintf("tnt_%d", i%50))
		out[i].Body = []byte(strings.Replace(string(out[i].Body), `"approved"`, `"approved","pad":"`+pad+`"`, 1))
	}
	return out
}

// BenchmarkOurs takes 32 Ki events in batches of 1,024 to a published
// checkpoint each, over the ledger in memory: sequencer and folder alone. Read
// it as a ratio to BenchmarkTesseraPOSIX, on the same disk.
func BenchmarkOurs(b *testing.B) {
	list := events()
	for b.Loop() {
		s := new(auditlogtest.Memory)
		o := auditlogtest.Options(b, s, auditlogtest.Folder(b, b.TempDir()))
		o.Batch = benchBatch
		l, err := auditlog.Open(b.Context(), o)
		if err != nil {
			b.Fatal(err)
		}
		s.Add(b, list...)
		if err := l.Flush(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)*benchEvents/b.Elapsed().Seconds(), "events/s")
}

// BenchmarkTesseraPOSIX takes the same events, by as many writers as fill its
// batches of the same size, to the published checkpoint.
func BenchmarkTesseraPOSIX(b *testing.B) {
	list := events()
	for b.Loop() {
		add, stop := appender(b, b.TempDir(), signerOf(b), benchBatch, func(o *tessera.AppendOptions) *tessera.AppendOptions { return o })
		var wg sync.WaitGroup
		next := make(chan []byte, benchBatch)
		for range 2 * benchBatch {
			wg.Go(func() {
				for data := range next {
					if err := add(data); err != nil {
						b.Error(err)
					}
				}
			})
		}
		for _, e := range list {
			next <- e.Body
		}
		close(next)
		wg.Wait()
		stop()
	}
	b.ReportMetric(float64(b.N)*benchEvents/b.Elapsed().Seconds(), "events/s")
}

func signerOf(b *testing.B) note.Signer { return auditlogtest.Key(b, 1).Signer() }
