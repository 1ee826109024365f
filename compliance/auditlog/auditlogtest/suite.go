package auditlogtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"realname/compliance/auditlog"
	"realname/compliance/receipt"
	"realname/compliance/receipt/tiles"
	"realname/compliance/signing"
)

// Run runs the whole suite; open returns a fresh, empty store each time.
func Run(t *testing.T, open func(t *testing.T) Store) {
	t.Run("fencing", func(t *testing.T) { testFencing(t, open(t)) })
	t.Run("append", func(t *testing.T) { testAppend(t, open(t)) })
	for _, size := range []int{0, 1, 255, 256, 257, 1000} {
		t.Run(fmt.Sprintf("grow to %d", size), func(t *testing.T) { testGrow(t, open(t), size) })
	}
	t.Run("receipts outlive growth", func(t *testing.T) { testOldReceipts(t, open(t)) })
	for _, op := range []string{"put", "swap"} {
		for _, after := range []bool{false, true} {
			t.Run(fmt.Sprintf("crash at %s, after it: %v", op, after), func(t *testing.T) { testCrash(t, open(t), op, after) })
		}
	}
	t.Run("append done but reported failed", func(t *testing.T) { testLostAnswer(t, open(t)) })
	t.Run("two sequencers", func(t *testing.T) { testTwoSequencers(t, open(t)) })
	t.Run("a laggard cannot roll back", func(t *testing.T) { testLaggard(t, open(t)) })
	t.Run("lost tiles", func(t *testing.T) { testLostTiles(t, open(t)) })
	t.Run("restored from a backup", func(t *testing.T) { testAhead(t, open(t), open(t)) })
	t.Run("another history", func(t *testing.T) { testInconsistent(t, open(t), open(t)) })
}

func leavesOf(from int64, prev auditlog.TenantHead, events ...auditlog.PendingEvent) []auditlog.Leaf {
	var out []auditlog.Leaf
	for i, e := range events {
		raw := fmt.Appendf(nil, `{"leaf":%q}`, e.ID)
		out = append(out, auditlog.Leaf{
			Index: from + int64(i), EventID: e.ID, Tenant: e.TenantID,
			TenantSeq: prev.Seq + int64(i) + 1, Hash: tlog.RecordHash(raw), Bytes: raw,
		})
	}
	return out
}

func testFencing(t *testing.T, s Store) {
	ctx := t.Context()
	events := []auditlog.PendingEvent{Event(0, "tnt_a"), Event(1, "tnt_a")}
	s.Add(t, events...)
	old, _, err := s.AcquireEpoch(ctx)
	if err != nil {
		t.Fatal(err)
	}
	current, head, err := s.AcquireEpoch(ctx)
	if err != nil || current <= old || head.Size != 0 {
		t.Fatalf("second epoch %d after %d, head %+v, %v", current, old, head, err)
	}
	if _, err := s.Head(ctx, old); !errors.Is(err, auditlog.ErrFenced) {
		t.Errorf("Head under the old epoch: %v", err)
	}
	leaves := leavesOf(0, auditlog.TenantHead{}, events...)
	next := auditlog.Head{Size: 2, Root: tlog.Hash{1}}
	if err := s.Append(ctx, old, 0, leaves, next); !errors.Is(err, auditlog.ErrFenced) {
		t.Errorf("Append under the old epoch: %v", err)
	}
	if _, ok, err := s.LeafOf(ctx, events[0].ID); ok || err != nil {
		t.Errorf("a fenced append left a leaf behind: %v, %v", ok, err)
	}
	if err := s.Append(ctx, current, 0, leaves, next); err != nil {
		t.Fatal(err)
	}
	if got, err := s.Head(ctx, current); err != nil || got != next {
		t.Errorf("head %+v, %v, want %+v", got, err, next)
	}
}

func testAppend(t *testing.T, s Store) {
	ctx := t.Context()
	events := []auditlog.PendingEvent{Event(0, "tnt_a"), Event(1, "tnt_a"), Event(2, "tnt_a"), Event(3, "")}
	s.Add(t, events...)
	epoch, _, err := s.AcquireEpoch(ctx)
	if err != nil {
		t.Fatal(err)
	}
	pending, err := s.Pending(ctx, 3)
	if err != nil || len(pending) != 3 {
		t.Fatalf("pending: %d, %v", len(pending), err)
	}
	for i, p := range pending {
		want := events[i]
		if p.ID != want.ID || p.TenantID != want.TenantID || p.Kind != want.Kind || !p.At.Equal(want.At) || !bytes.Equal(p.Body, want.Body) {
			t.Errorf("pending %d is %+v, want %+v", i, p, want)
		}
	}
	first := leavesOf(0, auditlog.TenantHead{}, pending[:2]...)
	if err := s.Append(ctx, epoch, 0, first, auditlog.Head{Size: 2, Root: tlog.Hash{2}}); err != nil {
		t.Fatal(err)
	}
	if err := s.Append(ctx, epoch, 0, first, auditlog.Head{Size: 2, Root: tlog.Hash{2}}); err == nil {
		t.Error("the same leaves were appended twice")
	}
	third := leavesOf(5, auditlog.TenantHead{Seq: 2}, pending[2])
	if err := s.Append(ctx, epoch, 5, third, auditlog.Head{Size: 6, Root: tlog.Hash{3}}); err == nil {
		t.Error("an append behind a gap was taken")
	}
	if _, ok, err := s.LeafOf(ctx, pending[2].ID); ok || err != nil {
		t.Errorf("a refused append left a leaf: %v, %v", ok, err)
	}
	rest, err := s.Pending(ctx, 10)
	if err != nil || len(rest) != 2 || rest[0].ID != events[2].ID || rest[1].ID != events[3].ID {
		t.Errorf("pending after the append: %+v, %v", rest, err)
	}
	raw, err := s.Leaves(ctx, 0, 2)
	if err != nil || len(raw) != 2 || !bytes.Equal(raw[0], first[0].Bytes) || !bytes.Equal(raw[1], first[1].Bytes) {
		t.Errorf("leaves %q, %v", raw, err)
	}
	if i, ok, err := s.LeafOf(ctx, events[1].ID); i != 1 || !ok || err != nil {
		t.Errorf("leaf of the second event: %d, %v, %v", i, ok, err)
	}
	heads, err := s.TenantHeads(ctx, []string{"tnt_a", "tnt_unheard_of", ""})
	if want := (auditlog.TenantHead{Seq: 2, Leaf: first[1].Hash}); err != nil || len(heads) != 1 || heads["tnt_a"] != want {
		t.Errorf("tenant heads %+v, %v", heads, err)
	}
}

func testGrow(t *testing.T, s Store, size int) {
	dir := t.TempDir()
	l := Open(t, s, dir)
	Grow(t, s, l, 0, size, 100)
	report := Sound(t, dir, int64(size))
	if len(report.Notes) > 0 {
		t.Errorf("notes: %+v", report.Notes)
	}
	keys := signing.NewVerifiers(Key(t, 1).Verifier())
	for n := range size {
		if size > 300 && n%17 != 0 {
			continue
		}
		e := Events(n, n+1)[0]
		text, err := l.Proof(t.Context(), e.ID)
		if err != nil {
			t.Fatal(err)
		}
		v, err := receipt.Verify(keys, text)
		if err != nil || v.Index != int64(n) || v.Size != int64(size) || v.Leaf.EventID() != e.ID || !bytes.Equal(v.Leaf.Event, e.Body) {
			t.Fatalf("receipt of event %d: %+v, %v", n, v, err)
		}
	}
	if _, err := l.Proof(t.Context(), "evt_unheard_of"); !errors.Is(err, auditlog.ErrNotYet) {
		t.Errorf("proof of an unknown event: %v", err)
	}
}

func testOldReceipts(t *testing.T, s Store) {
	dir := t.TempDir()
	l := Open(t, s, dir)
	if err := os.Mkdir(filepath.Join(dir, receipt.ReceiptsFolder), 0o755); err != nil {
		t.Fatal(err)
	}
	for size, n := range []int{1, 2, 7, 200, 255, 256, 300, 511, 513} {
		from := 0
		if c, err := l.Checkpoint(t.Context()); err == nil {
			from = int(checkpointSize(t, c))
		}
		Grow(t, s, l, from, n, 90)
		e := Events(n/2, n/2+1)[0]
		text, err := l.Proof(t.Context(), e.ID)
		if err != nil {
			t.Fatal(err)
		}
		name := filepath.Join(dir, receipt.ReceiptsFolder, fmt.Sprint(size)+receipt.Extension)
		if err := os.WriteFile(name, text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if r := Sound(t, dir, 513); r.Receipts != 9 || len(r.Notes) > 0 {
		t.Errorf("%d receipts, notes %+v", r.Receipts, r.Notes)
	}
}

func checkpointSize(t *testing.T, signed []byte) int64 {
	t.Helper()
	c, err := tiles.Open(signed, signing.NewVerifiers(Key(t, 1).Verifier()))
	if err != nil {
		t.Fatal(err)
	}
	return c.Size
}

var errCrash = errors.New("the storage fails")

// testCrash lets every publication fail in turn, as a crash would leave it,
// and opens the log anew after each.
func testCrash(t *testing.T, s Store, op string, after bool) {
	dir := t.TempDir()
	for size := 50; size <= 600; size += 110 {
		faulty := &Faulty{Storage: Folder(t, dir), Fail: func(string, bool) error { return nil }}
		l, err := auditlog.Open(t.Context(), Options(t, s, faulty))
		if err != nil {
			t.Fatal(err)
		}
		faulty.Fail = func(o string, a bool) error {
			if o == op && a == after {
				return errCrash
			}
			return nil
		}
		s.Add(t, Events(max(0, size-110), size)...)
		if err := l.Flush(t.Context()); !errors.Is(err, errCrash) {
			t.Fatalf("flush: %v", err)
		}
	}
	l := Open(t, s, dir)
	if err := l.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	Sound(t, dir, 600)
}

// lostAnswer is a ledger whose Append is done and then reported as failed.
type lostAnswer struct {
	auditlog.Ledger
	lose int
}

func (l *lostAnswer) Append(ctx context.Context, epoch, from int64, leaves []auditlog.Leaf, head auditlog.Head) error {
	err := l.Ledger.Append(ctx, epoch, from, leaves, head)
	if l.lose--; err == nil && l.lose >= 0 {
		return errors.New("connection lost")
	}
	return err
}

func testLostAnswer(t *testing.T, s Store) {
	dir := t.TempDir()
	l := Open(t, &lostAnswer{Ledger: s, lose: 2}, dir)
	s.Add(t, Events(0, 350)...)
	for range 2 {
		if err := l.Flush(t.Context()); err == nil || l.Err() == nil {
			t.Fatal("the failure was swallowed")
		}
	}
	if err := l.Flush(t.Context()); err != nil || l.Err() != nil {
		t.Fatal(err, l.Err())
	}
	Sound(t, dir, 350)
}

// patience bounds what waits for another sequencer: one that is not fenced may
// bar the way for good, and that is to fail, not to hang.
const patience = 30 * time.Second

// testTwoSequencers runs one sequencer, opens a second on the same ledger and
// folder, and lets both run while events come in.
func testTwoSequencers(t *testing.T, s Store) {
	dir := t.TempDir()
	ctx, stop := context.WithTimeout(t.Context(), patience)
	defer stop()
	first := Open(t, s, dir)
	firstEnd, secondEnd := make(chan error, 1), make(chan error, 1)
	go func() { firstEnd <- first.Run(ctx) }()
	s.Add(t, Events(0, 300)...)
	first.Notify()
	if _, err := first.Wait(ctx, Events(299, 300)[0].ID); err != nil {
		t.Fatal(err)
	}
	second := Open(t, s, dir)
	go func() { secondEnd <- second.Run(ctx) }()
	for n := 300; n < 700; n += 20 {
		s.Add(t, Events(n, n+20)...)
		first.Notify()
		second.Notify()
	}
	if _, err := second.Wait(ctx, Events(699, 700)[0].ID); err != nil {
		t.Fatal(err)
	}
	stop()
	if err := <-secondEnd; err != nil {
		t.Errorf("the second sequencer ended with %v", err)
	}
	if err := <-firstEnd; err != nil && !errors.Is(err, auditlog.ErrFenced) {
		t.Errorf("the first sequencer ended with %v", err)
	}
	s.Add(t, Events(700, 701)...)
	if err := first.Flush(t.Context()); !errors.Is(err, auditlog.ErrFenced) {
		t.Errorf("the first sequencer went on: %v", err)
	}
	if err := second.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	Sound(t, dir, 701)
}

// testLaggard stops a sequencer between its append and its publication, lets
// another take over and go on, and then lets the first publish.
func testLaggard(t *testing.T, s Store) {
	dir := t.TempDir()
	var second *auditlog.Log
	faulty := &Faulty{Storage: Folder(t, dir), Fail: func(string, bool) error { return nil }}
	first, err := auditlog.Open(t.Context(), Options(t, s, faulty))
	if err != nil {
		t.Fatal(err)
	}
	faulty.Fail = func(op string, after bool) error {
		if op == "swap" && !after && second == nil {
			second = Open(t, s, dir)
			Grow(t, s, second, 40, 90, 50)
		}
		return nil
	}
	s.Add(t, Events(0, 40)...)
	if err := first.Flush(t.Context()); !errors.Is(err, auditlog.ErrConflict) {
		t.Errorf("the laggard published: %v", err)
	}
	Sound(t, dir, 90)
	if err := first.Flush(t.Context()); !errors.Is(err, auditlog.ErrFenced) {
		t.Errorf("the laggard went on: %v", err)
	}
}

// testLostTiles removes and cuts published files; the next start makes them
// again, byte for byte.
func testLostTiles(t *testing.T, s Store) {
	dir := t.TempDir()
	Grow(t, s, Open(t, s, dir), 0, 700, 300)
	lost := []string{"tile/entries/000", "tile/entries/002.p/188", "tile/0/001", "tile/0/002.p/188", "tile/1/000.p/2"}
	before := make(map[string][]byte)
	for i, name := range lost {
		file := filepath.Join(dir, filepath.FromSlash(name))
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		before[name] = data
		if i%2 == 0 {
			err = os.Remove(file)
		} else {
			err = os.Truncate(file, 0)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	Open(t, s, dir)
	for name, want := range before {
		if got, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(name))); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s did not come back as it was: %v", name, err)
		}
	}
	Sound(t, dir, 700)
	// A tile of the edge with other bytes of the right length cannot be found by its size.
	edge := filepath.Join(dir, "tile", "1", "000.p", "2")
	if err := os.WriteFile(edge, make([]byte, 2*tlog.HashSize), 0o644); err != nil {
		t.Fatal(err)
	}
	Open(t, s, dir)
	Sound(t, dir, 700)
}

func testAhead(t *testing.T, now, backup Store) {
	dir := t.TempDir()
	Grow(t, now, Open(t, now, dir), 0, 30, 10)
	Grow(t, backup, Open(t, backup, t.TempDir()), 0, 20, 10)
	_, err := auditlog.Open(t.Context(), Options(t, backup, Folder(t, dir)))
	if !errors.Is(err, auditlog.ErrAhead) {
		t.Fatalf("opened over a restored ledger: %v", err)
	}
	Sound(t, dir, 30)
}

func testInconsistent(t *testing.T, mine, other Store) {
	dir := t.TempDir()
	Grow(t, mine, Open(t, mine, dir), 0, 30, 10)
	Grow(t, other, Open(t, other, t.TempDir()), 100, 130, 10)
	for _, more := range []int{0, 300} {
		if more > 0 {
			Grow(t, other, Open(t, other, t.TempDir()), 130, 130+more, 100)
		}
		_, err := auditlog.Open(t.Context(), Options(t, other, Folder(t, dir)))
		if !errors.Is(err, auditlog.ErrInconsistent) {
			t.Fatalf("opened over another history, %d entries ahead: %v", more, err)
		}
	}
	Sound(t, dir, 30)
}
