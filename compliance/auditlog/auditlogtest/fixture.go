package auditlogtest

import (
	"bytes"
	"context"
	"fmt"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"realname/compliance/auditlog"
	"realname/compliance/receipt"
	"realname/compliance/signing"
)

// Origin is the origin of the logs that this package makes.
const Origin = "realname.example/log/test"

// Key returns the Ed25519 key of Origin that seed makes: the same one each time.
func Key(t testing.TB, seed byte) *signing.Key {
	t.Helper()
	return KeyOf(t, signing.Ed25519, Origin, seed)
}

// KeyOf is Key for any suite and name.
func KeyOf(t testing.TB, suite signing.Suite, name string, seed byte) *signing.Key {
	t.Helper()
	k, err := signing.Generate(suite, name, bytes.NewReader(bytes.Repeat([]byte{seed}, 32)))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// Event returns event number n of a tenant, the same one each time. Its id has
// the form that the gateway's have.
func Event(n int, tenant string) auditlog.PendingEvent {
	id := fmt.Sprintf("evt_01900000-0000-7000-8000-%012d", n)
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC).Add(time.Duration(n) * time.Second)
	body := fmt.Sprintf(`{"at":"%s","data":{"outcome":"approved"},"id":"%s","kind":"decision","subject":"ver_%d","tenant":"%s","v":1}`,
		at.Format(time.RFC3339), id, n, tenant)
	return auditlog.PendingEvent{ID: id, TenantID: tenant, Kind: "decision", At: at, Body: []byte(body)}
}

// Events returns the events [from, to), spread over three tenants.
func Events(from, to int) []auditlog.PendingEvent {
	var out []auditlog.PendingEvent
	for n := from; n < to; n++ {
		out = append(out, Event(n, fmt.Sprintf("tnt_%d", n*n%3)))
	}
	return out
}

// Options are for a log of Origin that never waits: what must happen is asked
// for by Notify or Flush.
func Options(t testing.TB, ledger auditlog.Ledger, storage auditlog.Storage) auditlog.Options {
	t.Helper()
	k := Key(t, 1)
	return auditlog.Options{
		Origin: Origin, Signers: []note.Signer{k.Signer()}, Verifiers: signing.NewVerifiers(k.Verifier()),
		Ledger: ledger, Storage: storage, Batch: 100,
		After: func(time.Duration) <-chan time.Time { return nil },
	}
}

// Folder opens a log folder for a test.
func Folder(t testing.TB, dir string) *auditlog.Folder {
	t.Helper()
	f, err := auditlog.OpenFolder(dir)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// Open opens a log over ledger and the folder dir.
func Open(t testing.TB, ledger auditlog.Ledger, dir string) *auditlog.Log {
	t.Helper()
	l, err := auditlog.Open(t.Context(), Options(t, ledger, Folder(t, dir)))
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// Grow adds the events [from, to) and publishes them, at most step in a checkpoint.
func Grow(t testing.TB, store Store, l *auditlog.Log, from, to, step int) {
	t.Helper()
	for ; from < to; from += step {
		store.Add(t, Events(from, min(to, from+step))...)
		if err := l.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

// Sound fails the test unless the folder verifies, with size entries.
func Sound(t testing.TB, dir string, size int64) receipt.Report {
	t.Helper()
	r, err := receipt.VerifyLog(dir, signing.NewVerifiers(Key(t, 1).Verifier()), nil)
	if err != nil {
		t.Fatal(err)
	}
	if !r.Sound() || r.Size != size || r.Entries != size || r.Origin != Origin {
		t.Fatalf("want a sound log of %d entries, got %+v", size, r)
	}
	return r
}

// Faulty is a Storage that fails when Fail says so, before or after the deed.
type Faulty struct {
	auditlog.Storage
	// Fail is asked with "put" or "swap"; after is true once the deed is done.
	Fail func(op string, after bool) error
}

// Put implements auditlog.Storage.
func (f *Faulty) Put(ctx context.Context, objects []auditlog.Object) error {
	return f.around("put", func() error { return f.Storage.Put(ctx, objects) })
}

// SwapCheckpoint implements auditlog.Storage.
func (f *Faulty) SwapCheckpoint(ctx context.Context, old, next []byte) error {
	return f.around("swap", func() error { return f.Storage.SwapCheckpoint(ctx, old, next) })
}

func (f *Faulty) around(op string, deed func() error) error {
	if err := f.Fail(op, false); err != nil {
		return err
	}
	if err := deed(); err != nil {
		return err
	}
	return f.Fail(op, true)
}
