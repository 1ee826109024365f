package auditlog_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gowebpki/jcs"

	"realname/compliance/auditlog"
	"realname/compliance/auditlog/auditlogtest"
	"realname/compliance/receipt"
	"realname/compliance/receipt/tiles"
	"realname/compliance/signing"
)

func TestSuiteOverMemory(t *testing.T) {
	auditlogtest.Run(t, func(*testing.T) auditlogtest.Store { return new(auditlogtest.Memory) })
}

func TestLeavesAreCanonicalJSON(t *testing.T) {
	s := new(auditlogtest.Memory)
	big := auditlogtest.Event(3, "租户")
	big.Body = []byte(`{"data":"` + strings.Repeat("x", tiles.MaxEntry) + `"}`)
	broken := auditlogtest.Event(4, "tnt_a")
	broken.Body = []byte(`{"data":`)
	list := auditlogtest.Event(5, "tnt_a")
	list.Body = []byte(`[1]`)
	s.Add(t, auditlogtest.Event(0, "tnt_a"), auditlogtest.Event(1, ""), auditlogtest.Event(2, "租户"), big, broken, list)
	dir := t.TempDir()
	l := auditlogtest.Open(t, s, dir)
	if err := l.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	leaves, err := s.Leaves(t.Context(), 0, 6)
	if err != nil {
		t.Fatal(err)
	}
	for i, raw := range leaves {
		canonical, err := jcs.Transform(raw)
		if err != nil || !bytes.Equal(canonical, raw) {
			t.Errorf("leaf %d is not in RFC 8785 form: %v\n%s", i, err, raw)
		}
	}
	for i, want := range map[int]struct {
		body   []byte
		reason string
	}{3: {big.Body, "too_large"}, 4: {broken.Body, "not_json"}, 5: {list.Body, "not_json"}} {
		leaf, err := receipt.ParseLeaf(leaves[i])
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256(want.body)
		text := string(leaf.Event)
		if !strings.Contains(text, want.reason) || !strings.Contains(text, hex.EncodeToString(sum[:])) {
			t.Errorf("leaf %d: %s", i, text)
		}
	}
	auditlogtest.Sound(t, dir, 6)
}

func TestEventWithUnusableTenantIsAnErrorAndNothingIsAppended(t *testing.T) {
	s := new(auditlogtest.Memory)
	s.Add(t, auditlogtest.Event(0, `tnt"`))
	l := auditlogtest.Open(t, s, t.TempDir())
	if err := l.Flush(t.Context()); !errors.Is(err, receipt.ErrLeaf) {
		t.Fatalf("flush: %v", err)
	}
	if leaves, err := s.Leaves(t.Context(), 0, 0); err != nil || len(leaves) != 0 {
		t.Fatal(leaves, err)
	}
}

func TestForeignCheckpointIsRefused(t *testing.T) {
	dir := t.TempDir()
	s := new(auditlogtest.Memory)
	auditlogtest.Grow(t, s, auditlogtest.Open(t, s, dir), 0, 5, 5)
	other := auditlogtest.Options(t, s, auditlogtest.Folder(t, dir))
	k := auditlogtest.Key(t, 2)
	other.Signers[0], other.Verifiers = k.Signer(), signing.NewVerifiers(k.Verifier())
	if _, err := auditlog.Open(t.Context(), other); !errors.Is(err, auditlog.ErrForeign) {
		t.Errorf("another key: %v", err)
	}
	if _, err := auditlog.NewReader(other).Checkpoint(t.Context()); !errors.Is(err, auditlog.ErrForeign) {
		t.Errorf("a reader with another key: %v", err)
	}
	named := auditlogtest.Options(t, s, auditlogtest.Folder(t, dir))
	named.Origin = "realname.example/log/other"
	if _, err := auditlog.Open(t.Context(), named); !errors.Is(err, auditlog.ErrForeign) {
		t.Errorf("another origin: %v", err)
	}
}

func TestLedgerWithChangedLeavesIsRefused(t *testing.T) {
	dir := t.TempDir()
	s := &alteredLeaves{Memory: new(auditlogtest.Memory)}
	auditlogtest.Grow(t, s, auditlogtest.Open(t, s, dir), 0, 600, 100)
	for name, index := range map[string]int64{"in the partial bundle": 599, "in a bundle that is lost": 100} {
		s.index = index
		if err := os.RemoveAll(filepath.Join(dir, "tile", "entries", "000")); err != nil {
			t.Fatal(err)
		}
		if err := os.RemoveAll(filepath.Join(dir, "tile", "0", "000")); err != nil {
			t.Fatal(err)
		}
		_, err := auditlog.Open(t.Context(), auditlogtest.Options(t, s, auditlogtest.Folder(t, dir)))
		if !errors.Is(err, auditlog.ErrInconsistent) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestRebuildNeedsTheSignedHistory damages a tile of the edge, so that the
// whole tree must come from a ledger in which a leaf was rewritten.
func TestRebuildNeedsTheSignedHistory(t *testing.T) {
	dir := t.TempDir()
	s := &alteredLeaves{Memory: new(auditlogtest.Memory)}
	auditlogtest.Grow(t, s, auditlogtest.Open(t, s, dir), 0, 600, 100)
	s.index = 100
	if err := os.WriteFile(filepath.Join(dir, "tile", "1", "000.p", "2"), make([]byte, 64), 0o644); err != nil {
		t.Fatal(err)
	}
	_, err := auditlog.Open(t.Context(), auditlogtest.Options(t, s, auditlogtest.Folder(t, dir)))
	if !errors.Is(err, auditlog.ErrInconsistent) {
		t.Errorf("open: %v", err)
	}
}

func TestNoReceiptBeforeTheCheckpointIsOut(t *testing.T) {
	s := new(auditlogtest.Memory)
	failing := &auditlogtest.Faulty{Storage: auditlogtest.Folder(t, t.TempDir()), Fail: func(string, bool) error { return nil }}
	l, err := auditlog.Open(t.Context(), auditlogtest.Options(t, s, failing))
	if err != nil {
		t.Fatal(err)
	}
	failing.Fail = func(op string, _ bool) error {
		if op == "swap" {
			return errors.New("disk full")
		}
		return nil
	}
	s.Add(t, auditlogtest.Events(0, 3)...)
	if err := l.Flush(t.Context()); err == nil {
		t.Fatal("the failure was swallowed")
	}
	id := auditlogtest.Events(1, 2)[0].ID
	if _, ok, err := s.LeafOf(t.Context(), id); !ok || err != nil {
		t.Fatal("the event has no leaf", err)
	}
	if _, err := l.Proof(t.Context(), id); !errors.Is(err, auditlog.ErrNotYet) {
		t.Errorf("proof: %v", err)
	}
}

func TestNoReceiptComesFromDamagedTiles(t *testing.T) {
	s, dir := new(auditlogtest.Memory), t.TempDir()
	l := auditlogtest.Open(t, s, dir)
	auditlogtest.Grow(t, s, l, 0, 10, 10)
	file := filepath.Join(dir, "tile", "0", "000.p", "10")
	for what, data := range map[string][]byte{"altered": make([]byte, 320), "cut": make([]byte, 31), "empty": nil} {
		if err := os.WriteFile(file, data, 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := l.Proof(t.Context(), auditlogtest.Events(3, 4)[0].ID); !errors.Is(err, auditlog.ErrInconsistent) {
			t.Errorf("%s tile: %v", what, err)
		}
	}
}

// TestLedgerIsCheckedBeforeAnythingIsPublished opens a log in a new folder over
// a ledger in which a leaf was rewritten: not a file may come of it.
func TestLedgerIsCheckedBeforeAnythingIsPublished(t *testing.T) {
	s := &alteredLeaves{Memory: new(auditlogtest.Memory)}
	auditlogtest.Grow(t, s, auditlogtest.Open(t, s, t.TempDir()), 0, 600, 100)
	s.index = 300
	dir := t.TempDir()
	_, err := auditlog.Open(t.Context(), auditlogtest.Options(t, s, auditlogtest.Folder(t, dir)))
	if !errors.Is(err, auditlog.ErrInconsistent) {
		t.Errorf("open: %v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "tile")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("tiles were published: %v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "checkpoint")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a checkpoint was published: %v", err)
	}
}

// alteredLeaves is a ledger in which somebody has rewritten a leaf.
type alteredLeaves struct {
	*auditlogtest.Memory
	index int64
}

func (a *alteredLeaves) Leaves(ctx context.Context, from, to int64) ([][]byte, error) {
	out, err := a.Memory.Leaves(ctx, from, to)
	if i := a.index - from; a.index > 0 && i >= 0 && i < int64(len(out)) {
		out[i] = bytes.Replace(out[i], []byte("approved"), []byte("rejected"), 1)
	}
	return out, err
}

func TestReader(t *testing.T) {
	s, dir := new(auditlogtest.Memory), t.TempDir()
	r := auditlog.NewReader(auditlogtest.Options(t, s, auditlogtest.Folder(t, dir)))
	if _, err := r.Checkpoint(t.Context()); !errors.Is(err, auditlog.ErrNotYet) {
		t.Errorf("checkpoint of a log that is not there: %v", err)
	}
	if _, err := r.Tile(t.Context(), "tile/0/000.p/1"); !errors.Is(err, auditlog.ErrNotFound) {
		t.Errorf("tile of a log that is not there: %v", err)
	}
	l := auditlogtest.Open(t, s, dir)
	auditlogtest.Grow(t, s, l, 0, 300, 300)
	for path, want := range map[string]error{
		"tile/0/000": nil, "tile/0/001.p/44": nil, "tile/entries/001.p/44": nil, "tile/1/000.p/1": nil,
		"tile/0/001": auditlog.ErrNotFound, "tile/0/001.p/45": auditlog.ErrNotFound, "tile/0/000.p/3": auditlog.ErrNotFound,
		"tile/2/000.p/1": auditlog.ErrNotFound, "tile/63/000.p/1": auditlog.ErrNotFound,
		"tile/64/000.p/1": tiles.ErrPath, "tile/8/0/000": tiles.ErrPath, "tile/data/000": tiles.ErrPath, "tile/00/000": tiles.ErrPath,
		"tile/-1/000": tiles.ErrPath, "tile/0/0": tiles.ErrPath, "tile/0/000.p/256": tiles.ErrPath, "tile/0/000.p/0": tiles.ErrPath,
		"tile/0/../0/000": tiles.ErrPath, "tile/0/x000/000": tiles.ErrPath, "checkpoint": tiles.ErrPath, "": tiles.ErrPath,
		"tile/0/" + strings.Repeat("x999/", 30) + "999": tiles.ErrPath, "tile/0/000/": tiles.ErrPath, "/tile/0/000": tiles.ErrPath,
	} {
		data, err := r.Tile(t.Context(), path)
		if !errors.Is(err, want) || want == nil && len(data) == 0 {
			t.Errorf("%q: %d bytes, %v; want %v", path, len(data), err, want)
		}
	}
}

func TestWaitReturnsWhenTheEventIsPublishedOrTheCallerLeaves(t *testing.T) {
	s, dir := new(auditlogtest.Memory), t.TempDir()
	l := auditlogtest.Open(t, s, dir)
	gone, leave := context.WithCancel(t.Context())
	leave()
	if _, err := l.Wait(gone, "evt_unheard_of"); !errors.Is(err, auditlog.ErrNotYet) {
		t.Errorf("wait of one who left: %v", err)
	}
	type answer struct {
		text []byte
		err  error
	}
	answers := make(chan answer)
	go func() {
		text, err := l.Wait(t.Context(), auditlogtest.Events(7, 8)[0].ID)
		answers <- answer{text, err}
	}()
	auditlogtest.Grow(t, s, l, 0, 8, 3)
	got := <-answers
	if got.err != nil {
		t.Fatal(got.err)
	}
	if v, err := receipt.Verify(signing.NewVerifiers(auditlogtest.Key(t, 1).Verifier()), got.text); err != nil || v.Index != 7 {
		t.Fatalf("%+v, %v", v, err)
	}
}

func TestRunRetriesAfterFailure(t *testing.T) {
	s, dir := new(auditlogtest.Memory), t.TempDir()
	failures := 3
	faulty := &auditlogtest.Faulty{Storage: auditlogtest.Folder(t, dir), Fail: func(string, bool) error { return nil }}
	o := auditlogtest.Options(t, s, faulty)
	now := make(chan time.Time)
	close(now)
	var waits []time.Duration
	told := 0
	o.OnError = func(error) { told++ }
	idle := make(chan struct{})
	o.After = func(d time.Duration) <-chan time.Time {
		if told > len(waits) {
			waits = append(waits, d)
			return now
		}
		close(idle)
		return nil
	}
	l, err := auditlog.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	faulty.Fail = func(op string, after bool) error {
		if op == "put" && !after && failures > 0 {
			failures--
			return errors.New("disk full")
		}
		return nil
	}
	s.Add(t, auditlogtest.Events(0, 10)...)
	ctx, stop := context.WithCancel(t.Context())
	end := make(chan error)
	go func() { end <- l.Run(ctx) }()
	<-idle
	stop()
	if err := <-end; err != nil {
		t.Fatal(err)
	}
	p := auditlog.DefaultPoll
	if told != 3 || len(waits) != 3 || waits[0] != p || waits[1] != 2*p || waits[2] != 4*p {
		t.Errorf("told %d times, waited %v", told, waits)
	}
	auditlogtest.Sound(t, dir, 10)
}

func TestFolderClearsWhatACrashLeft(t *testing.T) {
	dir := t.TempDir()
	s := new(auditlogtest.Memory)
	auditlogtest.Grow(t, s, auditlogtest.Open(t, s, dir), 0, 3, 3)
	left := filepath.Join(dir, ".tmp", "12345")
	if err := os.WriteFile(left, []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	auditlogtest.Folder(t, dir)
	if _, err := os.Stat(left); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the temporary file is still there: %v", err)
	}
	auditlogtest.Sound(t, dir, 3)
}
