package receipt_test

import (
	"crypto/sha256"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"realname/compliance/auditlog"
	"realname/compliance/auditlog/auditlogtest"
	"realname/compliance/receipt"
)

// BenchmarkVerifyLog checks a log of 50,000 entries; read it as a ratio to the
// SHA-256 floor, the same bytes read and hashed once.
func BenchmarkVerifyLog(b *testing.B) {
	const size = 50_000
	dir := b.TempDir()
	s := new(auditlogtest.Memory)
	o := auditlogtest.Options(b, s, auditlogtest.Folder(b, dir))
	o.Batch = 4096
	l, err := auditlog.Open(b.Context(), o)
	if err != nil {
		b.Fatal(err)
	}
	pad := strings.Repeat("0123456789abcdef", 32)
	for _, e := range auditlogtest.Events(0, size) {
		e.Body = []byte(strings.Replace(string(e.Body), `"approved"`, `"approved","pad":"`+pad+`"`, 1))
		s.Add(b, e)
	}
	if err := l.Flush(b.Context()); err != nil {
		b.Fatal(err)
	}
	names := files(b, dir)
	var total int64
	for _, name := range names {
		total += int64(len(read(b, dir, name)))
	}
	b.Run("verify", func(b *testing.B) {
		b.SetBytes(total)
		b.ReportAllocs()
		for b.Loop() {
			if r, err := receipt.VerifyLog(dir, keys(b), nil); err != nil || !r.Sound() {
				b.Fatal(r, err)
			}
		}
	})
	b.Run("floor", func(b *testing.B) {
		b.SetBytes(total)
		for b.Loop() {
			for _, name := range names {
				data, err := os.ReadFile(filepath.Join(dir, name))
				if err != nil {
					b.Fatal(err)
				}
				sha256.Sum256(data)
			}
		}
	})
}
