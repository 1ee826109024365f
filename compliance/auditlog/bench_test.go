package auditlog_test

import (
	"fmt"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"realname/compliance/auditlog"
	"realname/compliance/auditlog/auditlogtest"
)

// benchEvents are decision events of about 700 bytes, the size the gateway writes.
func benchEvents(n int) []auditlog.PendingEvent {
	pad := strings.Repeat("0123456789abcdef", 32)
	out := make([]auditlog.PendingEvent, n)
	for i := range out {
		e := auditlogtest.Event(i, fmt.Sprintf("tnt_%d", i%50))
		e.Body = []byte(strings.Replace(string(e.Body), `"approved"`, `"approved","pad":"`+pad+`"`, 1))
		out[i] = e
	}
	return out
}

const benchBatch = 1024

// BenchmarkSequencer takes batches of 1,024 events all the way to a published
// checkpoint in a local folder, over the ledger in memory. Read it as a ratio
// to BenchmarkFloor.
func BenchmarkSequencer(b *testing.B) {
	s := new(auditlogtest.Memory)
	o := auditlogtest.Options(b, s, auditlogtest.Folder(b, b.TempDir()))
	o.Batch = benchBatch
	l, err := auditlog.Open(b.Context(), o)
	if err != nil {
		b.Fatal(err)
	}
	events := benchEvents(benchBatch)
	for b.Loop() {
		s.Add(b, events...)
		if err := l.Flush(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)*benchBatch/b.Elapsed().Seconds(), "events/s")
}

// BenchmarkFloor is the least that a log can do with the same events: hash them
// with x/mod/sumdb/tlog, keep the hashes in memory, and sign a root a batch.
func BenchmarkFloor(b *testing.B) {
	events := benchEvents(benchBatch)
	signer := auditlogtest.Key(b, 1).Signer()
	var hashes []tlog.Hash
	reader := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		out := make([]tlog.Hash, len(indexes))
		for i, x := range indexes {
			out[i] = hashes[x]
		}
		return out, nil
	})
	n := int64(0)
	for b.Loop() {
		for _, e := range events {
			more, err := tlog.StoredHashes(n, e.Body, reader)
			if err != nil {
				b.Fatal(err)
			}
			hashes = append(hashes, more...)
			n++
		}
		root, err := tlog.TreeHash(n, reader)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := note.Sign(&note.Note{Text: fmt.Sprintf("%s\n%d\n%s\n", auditlogtest.Origin, n, root)}, signer); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)*benchBatch/b.Elapsed().Seconds(), "events/s")
}

// BenchmarkProof makes receipts from a log of 20,000 entries.
func BenchmarkProof(b *testing.B) {
	s, dir := new(auditlogtest.Memory), b.TempDir()
	o := auditlogtest.Options(b, s, auditlogtest.Folder(b, dir))
	o.Batch = benchBatch
	l, err := auditlog.Open(b.Context(), o)
	if err != nil {
		b.Fatal(err)
	}
	events := benchEvents(20_000)
	s.Add(b, events...)
	if err := l.Flush(b.Context()); err != nil {
		b.Fatal(err)
	}
	i := 0
	for b.Loop() {
		if _, err := l.Proof(b.Context(), events[i%len(events)].ID); err != nil {
			b.Fatal(err)
		}
		i += 7919
	}
}
