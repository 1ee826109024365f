package auditlog_test

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"realname/compliance/auditlog"
	"realname/compliance/auditlog/auditlogtest"
	"realname/compliance/receipt"
	"realname/compliance/signing"
)

// circle is a log with witnesses whose clock the test moves.
type circle struct {
	dir   string
	store *auditlogtest.Memory
	list  []*auditlogtest.Bystander
	now   time.Time
	k     int
}

func newCircle(t *testing.T, k, n int) *circle {
	t.Helper()
	c := &circle{dir: t.TempDir(), store: new(auditlogtest.Memory), k: k, now: time.Date(2026, 12, 1, 8, 0, 0, 0, time.UTC)}
	for i := range n {
		c.list = append(c.list, auditlogtest.NewBystander(t, "witness.example/"+string(rune('a'+i)), byte(50+i), signing.NewVerifiers(auditlogtest.Key(t, 1).Verifier())))
	}
	return c
}

func (c *circle) options(t *testing.T) auditlog.Options {
	o := auditlogtest.Watched(t, auditlogtest.Options(t, c.store, auditlogtest.Folder(t, c.dir)), c.k, c.list...)
	o.Now = func() time.Time { return c.now }
	o.Patience = 20 * time.Second // nothing here is to fail for a slow machine
	return o
}

func (c *circle) open(t *testing.T) (*auditlog.Log, error) {
	t.Helper()
	return auditlog.Open(t.Context(), c.options(t))
}

// verify checks the folder with the demand for k witnesses.
func (c *circle) verify(t *testing.T, k int) receipt.Report {
	t.Helper()
	keys, err := c.options(t).Verifiers.(*signing.Verifiers).RequireWitnesses(k)
	if err != nil {
		t.Fatal(err)
	}
	r, err := receipt.VerifyLog(c.dir, keys, nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestWitnessesCosign(t *testing.T) {
	c := newCircle(t, 2, 3)
	l, err := c.open(t)
	if err != nil {
		t.Fatal(err)
	}
	for from := 0; from < 700; from += 100 {
		auditlogtest.Grow(t, c.store, l, from, from+100, 50)
		if r := c.verify(t, 3); !r.Sound() {
			t.Fatalf("at %d: %+v", from+100, r.Findings)
		}
	}
	text, err := l.Proof(t.Context(), auditlogtest.Events(650, 651)[0].ID)
	if err != nil || !l.Final(text) {
		t.Fatalf("final %v, %v", l.Final(text), err)
	}
	if err := os.Mkdir(c.dir+"/receipts", 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(c.dir+"/receipts/650.tlog-proof", text, 0o600); err != nil {
		t.Fatal(err)
	}
	if r := c.verify(t, 3); !r.Sound() || r.Receipts != 1 {
		t.Errorf("%+v", r)
	}
}

// TestFinalWaitsForTheQuorum: receipts follow without the witnesses, and become final with them.
func TestFinalWaitsForTheQuorum(t *testing.T) {
	c := newCircle(t, 2, 3)
	l, err := c.open(t)
	if err != nil {
		t.Fatal(err)
	}
	c.list[0].Off.Store(true)
	c.list[1].Off.Store(true)
	auditlogtest.Grow(t, c.store, l, 0, 30, 30)
	id := auditlogtest.Events(7, 8)[0].ID
	text, err := l.Proof(t.Context(), id)
	if err != nil || l.Final(text) {
		t.Fatalf("final with one of three: %v, %v", l.Final(text), err)
	}
	if r := c.verify(t, 1); !r.Sound() {
		t.Errorf("one witness: %+v", r.Findings)
	}
	if r := c.verify(t, 2); r.Sound() || r.Findings[0].Kind != receipt.CheckpointSignature {
		t.Errorf("two witnesses were not there: %+v", r.Findings)
	}
	gone, leave := context.WithCancel(t.Context())
	leave()
	if _, err := l.WaitFinal(gone, id); !errors.Is(err, auditlog.ErrNotYet) {
		t.Errorf("waiting for what is not final: %v", err)
	}
	c.list[0].Off.Store(false)
	hits := c.list[0].Hits.Load()
	if err := l.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	if c.list[0].Hits.Load() != hits {
		t.Error("a witness that failed was not left to rest")
	}
	c.now = c.now.Add(time.Minute)
	if err := l.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	text, err = l.WaitFinal(t.Context(), id)
	if err != nil || !l.Final(text) {
		t.Fatalf("final with two of three: %v, %v", l.Final(text), err)
	}
	if r := c.verify(t, 2); !r.Sound() {
		t.Errorf("%+v", r.Findings)
	}
}

// TestRestoredBackupIsRefused restores ledger and folder, both, from before:
// only the witness knows better.
func TestRestoredBackupIsRefused(t *testing.T) {
	c := newCircle(t, 1, 1)
	l, err := c.open(t)
	if err != nil {
		t.Fatal(err)
	}
	auditlogtest.Grow(t, c.store, l, 0, 30, 30)
	backup := t.TempDir()
	if err := os.CopyFS(backup, os.DirFS(c.dir)); err != nil {
		t.Fatal(err)
	}
	auditlogtest.Grow(t, c.store, l, 30, 60, 30)

	// The same history up to the backup, in a ledger of its own.
	c.dir, c.store = backup, new(auditlogtest.Memory)
	restored := auditlogtest.Open(t, c.store, t.TempDir())
	auditlogtest.Grow(t, c.store, restored, 0, 30, 30)
	before := published(t, backup)
	if _, err := c.open(t); !errors.Is(err, auditlog.ErrAhead) || !strings.Contains(err.Error(), "witness.example/a has cosigned 60") {
		t.Fatalf("opened over a restored ledger: %v", err)
	}
	// A witness that is down then is asked before the first append.
	c.list[0].Off.Store(true)
	l, err = c.open(t)
	if err != nil {
		t.Fatal(err)
	}
	c.store.Add(t, auditlogtest.Events(100, 110)...)
	if err := l.Flush(t.Context()); !errors.Is(err, auditlog.ErrUnwitnessed) || !errors.Is(l.Err(), auditlog.ErrUnwitnessed) {
		t.Errorf("appended unwitnessed: %v", err)
	}
	c.list[0].Off.Store(false)
	c.now = c.now.Add(time.Minute)
	if err := l.Run(t.Context()); !errors.Is(err, auditlog.ErrAhead) {
		t.Errorf("went on when the witness was back: %v", err)
	}
	if published(t, backup) != before {
		t.Error("the checkpoint changed")
	}
	if pending, err := c.store.Pending(t.Context(), 100); err != nil || len(pending) != 10 {
		t.Errorf("%d pending, %v", len(pending), err)
	}
}

func published(t *testing.T, dir string) string {
	t.Helper()
	text, err := os.ReadFile(dir + "/checkpoint")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestAnotherHistoryIsRefused: the key is the same, the witness has seen other entries.
func TestAnotherHistoryIsRefused(t *testing.T) {
	for name, size := range map[string]int{"of the same size": 30, "that is longer": 45} {
		t.Run(name, func(t *testing.T) {
			c := newCircle(t, 1, 1)
			l, err := c.open(t)
			if err != nil {
				t.Fatal(err)
			}
			auditlogtest.Grow(t, c.store, l, 0, 30, 30)
			c.dir, c.store = t.TempDir(), new(auditlogtest.Memory)
			other := auditlogtest.Open(t, c.store, c.dir)
			auditlogtest.Grow(t, c.store, other, 1000, 1000+size, 100)
			if _, err := c.open(t); !errors.Is(err, auditlog.ErrInconsistent) {
				t.Errorf("opened: %v", err)
			}
		})
	}
}

// TestFencedBeforeAhead lets another sequencer take over between append and
// publication: the first finds the witness ahead, and is fenced all the same.
func TestFencedBeforeAhead(t *testing.T) {
	c := newCircle(t, 1, 1)
	var second *auditlog.Log
	o := c.options(t)
	faulty := &auditlogtest.Faulty{Storage: o.Storage, Fail: func(string, bool) error { return nil }}
	o.Storage = faulty
	first, err := auditlog.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	faulty.Fail = func(op string, after bool) error {
		if op == "put" && after && second == nil {
			if second, err = c.open(t); err != nil {
				t.Fatal(err)
			}
			auditlogtest.Grow(t, c.store, second, 20, 40, 20)
		}
		return nil
	}
	c.store.Add(t, auditlogtest.Events(0, 20)...)
	if err := first.Flush(t.Context()); !errors.Is(err, auditlog.ErrFenced) {
		t.Errorf("the laggard: %v", err)
	}
	if r := c.verify(t, 1); !r.Sound() || r.Size != 40 {
		t.Errorf("%+v", r)
	}
}

func TestQuorumBeyondTheWitnesses(t *testing.T) {
	c := newCircle(t, 3, 2)
	if _, err := c.open(t); err == nil {
		t.Error("three of two witnesses were accepted")
	}
}
