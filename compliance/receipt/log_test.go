package receipt_test

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/tlog"

	"realname/compliance/auditlog/auditlogtest"
	"realname/compliance/receipt"
	"realname/compliance/receipt/tiles"
	"realname/compliance/signing"
)

func keys(t testing.TB) *signing.Verifiers {
	return signing.NewVerifiers(auditlogtest.Key(t, 1).Verifier())
}

// build makes a log of size entries in checkpoints of step, with a receipt of
// its first and its middle entry.
func build(t testing.TB, size, step int) string {
	t.Helper()
	dir := t.TempDir()
	s := new(auditlogtest.Memory)
	l := auditlogtest.Open(t, s, dir)
	auditlogtest.Grow(t, s, l, 0, size, step)
	if err := os.Mkdir(filepath.Join(dir, "receipts"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{0, size / 2} {
		id := auditlogtest.Events(n, n+1)[0].ID
		text, err := l.Proof(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		write(t, dir, "receipts/"+id+receipt.Extension, text)
	}
	return dir
}

func read(t testing.TB, dir, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func write(t testing.TB, dir, name string, data []byte) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, filepath.FromSlash(name)), data, 0o644); err != nil {
		t.Fatal(err)
	}
}

func files(t testing.TB, dir string) []string {
	t.Helper()
	var out []string
	err := fs.WalkDir(os.DirFS(dir), ".", func(name string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			out = append(out, name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func verify(t testing.TB, dir string) receipt.Report {
	t.Helper()
	r, err := receipt.VerifyLog(dir, keys(t), nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestEveryFlippedByteIsFoundAndNamed flips bytes one at a time: each flip must
// be found, and no other file may be named.
func TestEveryFlippedByteIsFoundAndNamed(t *testing.T) {
	for _, c := range []struct{ size, step, stride int }{{1, 1, 1}, {5, 3, 1}, {300, 100, 211}} {
		t.Run(fmt.Sprint(c.size), func(t *testing.T) {
			t.Parallel()
			dir := build(t, c.size, c.step)
			if r := verify(t, dir); !r.Sound() || len(r.Notes) > 0 {
				t.Fatalf("before any flip: %+v", r)
			}
			flips := 0
			for _, name := range files(t, dir) {
				whole := read(t, dir, name)
				masks := []byte{0x01, 0x20}
				if strings.HasPrefix(name, "tile/") {
					masks = masks[:1] // a second spelling of the same is possible in text only
				}
				for i := 0; i < len(whole); i += c.stride {
					for _, mask := range masks {
						bad := bytes.Clone(whole)
						bad[i] ^= mask
						write(t, dir, name, bad)
						flips++
						checkFlip(t, verify(t, dir), name, i)
					}
				}
				write(t, dir, name, whole)
			}
			if r := verify(t, dir); !r.Sound() {
				t.Fatalf("after all flips were undone: %+v", r.Findings)
			}
			t.Logf("%d flips", flips)
		})
	}
}

func checkFlip(t *testing.T, r receipt.Report, name string, at int) {
	t.Helper()
	if r.Sound() {
		t.Errorf("%s: flip of byte %d was not found", name, at)
	}
	within := false
	for _, f := range r.Findings {
		if f.File != name || f.Other != "" {
			t.Errorf("%s: flip of byte %d: %+v names another file", name, at, f)
		}
		if b := f.Bytes; b != nil && int64(at) >= b.Offset && int64(at) < b.Offset+max(1, b.Length) {
			within = true
		}
		if strings.HasPrefix(name, "tile/entries") && f.Entry == nil {
			t.Errorf("%s: flip of byte %d: no entry in %+v", name, at, f)
		}
	}
	if !within {
		t.Errorf("%s: byte %d is in no range of %+v", name, at, r.Findings)
	}
}

// entries splits a bundle.
func entries(t *testing.T, bundle []byte) [][]byte {
	t.Helper()
	var out [][]byte
	for rest := bundle; len(rest) > 0; {
		entry, next, err := tiles.NextEntry(rest)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, entry)
		rest = next
	}
	return out
}

func join(list ...[]byte) []byte {
	var out []byte
	for _, e := range list {
		out = tiles.AppendEntry(out, e)
	}
	return out
}

// TestTampering does to a log of 300 entries what an administrator might, and
// demands the one kind of finding that says so, with file and entry.
func TestTampering(t *testing.T) {
	const full, edge = "tile/entries/000", "tile/entries/001.p/44"
	edit := func(name string, f func(e [][]byte) [][]byte) func(*testing.T, string) {
		return func(t *testing.T, dir string) {
			write(t, dir, name, join(f(entries(t, read(t, dir, name)))...))
		}
	}
	remove := func(name string) func(*testing.T, string) {
		return func(t *testing.T, dir string) {
			if err := os.RemoveAll(filepath.Join(dir, filepath.FromSlash(name))); err != nil {
				t.Fatal(err)
			}
		}
	}
	cases := []struct {
		name  string
		do    func(t *testing.T, dir string)
		kind  receipt.Kind
		file  string
		entry int64 // -1: not looked at
	}{
		{"altered", edit(full, func(e [][]byte) [][]byte {
			e[17] = bytes.Replace(e[17], []byte("approved"), []byte("rejected"), 1)
			return e
		}), receipt.EntryAltered, full, 17},
		{"altered at the edge", edit(edge, func(e [][]byte) [][]byte {
			e[43] = bytes.Replace(e[43], []byte("approved"), []byte("rejected"), 1)
			return e
		}), receipt.EntryAltered, edge, 299},
		{"dropped", edit(full, func(e [][]byte) [][]byte { return slices.Delete(e, 9, 10) }), receipt.EntryDropped, full, 9},
		{"dropped at the edge", edit(edge, func(e [][]byte) [][]byte { return slices.Delete(e, 0, 2) }), receipt.EntryDropped, edge, 256},
		{"last ones cut", edit(edge, func(e [][]byte) [][]byte { return e[:40] }), receipt.EntriesTruncated, edge, 296},
		{"doubled", edit(full, func(e [][]byte) [][]byte { return slices.Insert(e, 4, e[3]) }), receipt.EntryDuplicated, full, 4},
		{"one in the place of another", edit(full, func(e [][]byte) [][]byte { e[5] = e[6]; return e }), receipt.EntryDuplicated, full, 5},
		{"inserted", edit(full, func(e [][]byte) [][]byte { return slices.Insert(e, 4, []byte("{}")) }), receipt.EntryInserted, full, 4},
		{"reordered", edit(full, func(e [][]byte) [][]byte { e[20], e[30] = e[30], e[20]; return e }), receipt.EntriesReordered, full, 20},
		{"cut within an entry", func(t *testing.T, dir string) {
			data := read(t, dir, full)
			write(t, dir, full, data[:len(data)-10])
		}, receipt.EntriesTruncated, full, 255},
		{"bytes added", func(t *testing.T, dir string) {
			write(t, dir, edge, append(read(t, dir, edge), 0xff))
		}, receipt.BundleMalformed, edge, 300},
		{"bundle gone", remove(full), receipt.BundleMissing, full, 0},
		{"tile gone", remove("tile/0/000"), receipt.TileMissing, "tile/0/000", -1},
		{"upper tile gone", remove("tile/1/000.p/1"), receipt.TileMissing, "tile/1/000.p/1", -1},
		{"tile cut", func(t *testing.T, dir string) {
			write(t, dir, "tile/0/000", read(t, dir, "tile/0/000")[:64])
		}, receipt.TileLength, "tile/0/000", -1},
		{"checkpoint gone", remove("checkpoint"), receipt.CheckpointMissing, "checkpoint", -1},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			dir := build(t, 300, 300)
			c.do(t, dir)
			r := verify(t, dir)
			if len(r.Findings) != 1 {
				t.Fatalf("want one finding, got %+v", r.Findings)
			}
			f := r.Findings[0]
			if f.Kind != c.kind || f.File != c.file {
				t.Errorf("got %+v, want %s in %s", f, c.kind, c.file)
			}
			if c.entry >= 0 && (f.Entry == nil || *f.Entry != c.entry) {
				t.Errorf("entry in %+v, want %d", f, c.entry)
			}
		})
	}
}

// kinds returns what was found where, in order and without repetition.
func kinds(list []receipt.Finding) []string {
	var out []string
	for _, f := range list {
		out = append(out, string(f.Kind)+" "+f.File)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// TestRewriting rewrites entries together with the tiles above them, as far up
// as each case says.
func TestRewriting(t *testing.T) {
	rewrite := func(t *testing.T, dir string, levels int) {
		other := t.TempDir()
		s := new(auditlogtest.Memory)
		l := auditlogtest.Open(t, s, other)
		events := auditlogtest.Events(0, 300)
		events[100].Body = bytes.Replace(events[100].Body, []byte("approved"), []byte("rejected"), 1)
		s.Add(t, events...)
		if err := l.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		names := []string{"tile/entries/000", "tile/0/000", "tile/1/000.p/1", "tile/entries/001.p/44", "tile/0/001.p/44"}
		for _, name := range names[:levels] {
			write(t, dir, name, read(t, other, name))
		}
	}
	t.Run("bundle and tile", func(t *testing.T) {
		dir := build(t, 300, 300)
		rewrite(t, dir, 2)
		got := kinds(verify(t, dir).Findings)
		if !slices.Contains(got, "subtree_rewritten tile/0/000") || slices.ContainsFunc(got, func(s string) bool { return strings.Contains(s, "001.p") && !strings.HasPrefix(s, "chain") }) {
			t.Errorf("got %v", got)
		}
	})
	t.Run("everything but the checkpoint", func(t *testing.T) {
		dir := build(t, 300, 300)
		rewrite(t, dir, 5)
		r := verify(t, dir)
		if got := kinds(r.Findings); !slices.Equal(got, []string{"root_mismatch checkpoint"}) {
			t.Errorf("got %v", got)
		}
	})
	t.Run("another log signed with the same key", func(t *testing.T) {
		dir, fork := build(t, 300, 300), t.TempDir()
		s := new(auditlogtest.Memory)
		auditlogtest.Grow(t, s, auditlogtest.Open(t, s, fork), 1000, 1300, 300)
		if err := os.CopyFS(filepath.Join(fork, "receipts"), os.DirFS(filepath.Join(dir, "receipts"))); err != nil {
			t.Fatal(err)
		}
		r := verify(t, fork)
		if len(r.Findings) != 2 || r.Findings[0].Kind != receipt.ReceiptFork || r.Findings[1].Kind != receipt.ReceiptFork {
			t.Errorf("got %+v", r.Findings)
		}
	})
	t.Run("rolled back", func(t *testing.T) {
		dir, old := build(t, 300, 300), t.TempDir()
		s := new(auditlogtest.Memory)
		auditlogtest.Grow(t, s, auditlogtest.Open(t, s, old), 0, 200, 300)
		if err := os.CopyFS(filepath.Join(old, "receipts"), os.DirFS(filepath.Join(dir, "receipts"))); err != nil {
			t.Fatal(err)
		}
		r := verify(t, old)
		if len(r.Findings) != 2 || r.Findings[0].Kind != receipt.ReceiptAhead {
			t.Errorf("got %+v", r.Findings)
		}
	})
}

// TestSeveralFaultsAtOnce damages an entry together with what would decide
// which of entry and tile is right; the signed root still does.
func TestSeveralFaultsAtOnce(t *testing.T) {
	for name, c := range map[string]struct{ damage, want []string }{
		"entry and the tile two above": {
			[]string{"tile/entries/000", "tile/1/000.p/1"},
			[]string{"entry_altered tile/entries/000", "tile_altered tile/1/000.p/1"},
		},
		"tile and the tile above": {
			[]string{"tile/0/000", "tile/1/000.p/1"},
			[]string{"tile_altered tile/0/000", "tile_altered tile/1/000.p/1"},
		},
		"entries of two bundles": {
			[]string{"tile/entries/000", "tile/entries/001.p/44"},
			[]string{"entry_altered tile/entries/000", "entry_altered tile/entries/001.p/44"},
		},
		"entry and its tile": {
			[]string{"tile/entries/000", "tile/0/000"},
			[]string{"disagreement tile/0/000", "subtree_rewritten tile/0/000"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := build(t, 300, 300)
			for _, file := range c.damage {
				data := read(t, dir, file)
				data[20] ^= 1
				write(t, dir, file, data)
			}
			if got := kinds(verify(t, dir).Findings); !slices.Equal(got, c.want) {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}

// signedLog makes a log that the key really signed, of any leaves.
func signedLog(t *testing.T, leaves ...[]byte) string {
	t.Helper()
	dir := t.TempDir()
	edge := new(tiles.Edge)
	for _, leaf := range leaves {
		edge.Push(tlog.RecordHash(leaf))
	}
	c := tiles.Checkpoint{Origin: auditlogtest.Origin, Size: edge.Size(), Root: edge.Root()}
	signed, err := c.Sign(auditlogtest.Key(t, 1).Signer())
	if err != nil {
		t.Fatal(err)
	}
	p := edge.Partials()[0]
	bundle := tiles.Path(tiles.New(tiles.Entries, 0, p.Tile.W))
	for name, data := range map[string][]byte{"checkpoint": signed, tiles.Path(p.Tile): tiles.Encode(p.Hashes), bundle: join(leaves...)} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		write(t, dir, name, data)
	}
	return dir
}

// TestDishonestSequencer: what the key signed can still be wrong in itself.
func TestDishonestSequencer(t *testing.T) {
	leaf := func(tenant string, seq int64, prev []byte, origin string) []byte {
		l := receipt.Leaf{Event: []byte(`{"id":"evt_1"}`), Origin: origin, Tenant: tenant, Seq: seq}
		if prev != nil {
			l.Prev = tlog.RecordHash(prev)
		}
		raw, err := l.Encode()
		if err != nil {
			t.Fatal(err)
		}
		return raw
	}
	const o = auditlogtest.Origin
	a1, b1 := leaf("a", 1, nil, o), leaf("b", 1, nil, o)
	a2 := leaf("a", 2, a1, o)
	for name, c := range map[string]struct {
		leaves [][]byte
		kind   receipt.Kind // "" when all is well
		entry  int64
	}{
		"honest":                   {[][]byte{a1, b1, a2}, "", 0},
		"an entry is left out":     {[][]byte{a1, b1, leaf("a", 3, a2, o)}, receipt.ChainSequence, 2},
		"the first is left out":    {[][]byte{b1, a2}, receipt.ChainSequence, 1},
		"a number is used twice":   {[][]byte{a1, b1, a1}, receipt.ChainSequence, 2},
		"another previous entry":   {[][]byte{a1, b1, leaf("a", 2, b1, o)}, receipt.ChainPrevious, 2},
		"an entry of another log":  {[][]byte{a1, leaf("b", 1, nil, "other.example")}, receipt.LeafOrigin, 1},
		"an entry that is no leaf": {[][]byte{a1, []byte("{}"), b1, a2}, receipt.LeafMalformed, 1},
	} {
		r := verify(t, signedLog(t, c.leaves...))
		if c.kind == "" {
			if !r.Sound() {
				t.Errorf("%s: %+v", name, r.Findings)
			}
			continue
		}
		if len(r.Findings) != 1 || r.Findings[0].Kind != c.kind || *r.Findings[0].Entry != c.entry {
			t.Errorf("%s: %+v", name, r.Findings)
		}
	}
}

func TestWrongKeyIsNamed(t *testing.T) {
	dir := build(t, 5, 5)
	other := signing.NewVerifiers(auditlogtest.Key(t, 9).Verifier())
	r, err := receipt.VerifyLog(dir, other, nil)
	if err != nil || r.Sound() || r.Findings[0].Kind != receipt.CheckpointSignature || r.Origin != "" {
		t.Fatalf("%+v, %v", r, err)
	}
}

func TestStrangeFilesAreNotes(t *testing.T) {
	dir := build(t, 5, 5)
	write(t, dir, "README", []byte("read me"))
	write(t, dir, "receipts/list.txt", []byte("a list"))
	write(t, dir, "tile/0/000.p/9", make([]byte, 9*32))
	r := verify(t, dir)
	got := kinds(r.Notes)
	want := []string{"beyond_checkpoint tile/0/000.p/9", "unknown_file README", "unknown_file receipts/list.txt"}
	if !slices.Equal(got, want) {
		t.Errorf("notes %v, want %v", got, want)
	}
	// A wider tile than the checkpoint needs still has to begin like the signed one.
	if got := kinds(r.Findings); !slices.Equal(got, []string{"tile_altered tile/0/000.p/9"}) {
		t.Errorf("findings %v", got)
	}
}

func TestNotALog(t *testing.T) {
	if _, err := receipt.VerifyLog(t.TempDir(), keys(t), nil); !errors.Is(err, receipt.ErrNotALog) {
		t.Errorf("an empty folder: %v", err)
	}
	if _, err := receipt.VerifyLog(filepath.Join(t.TempDir(), "missing"), keys(t), nil); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no folder: %v", err)
	}
}

// TestPublishedGoldenLog keeps the format: the same events and key give the
// same bytes for ever, and what was once written still verifies.
func TestPublishedGoldenLog(t *testing.T) {
	golden := filepath.Join("..", "..", "testdata", "golden-log")
	dir := build(t, 260, 90)
	if os.Getenv("REALNAME_UPDATE_GOLDEN") != "" {
		if err := errors.Join(os.RemoveAll(golden), os.CopyFS(golden, os.DirFS(dir)),
			os.WriteFile(filepath.Join("..", "..", "testdata", "golden-log.pub"), []byte(auditlogtest.Key(t, 1).Public()+"\n"), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	v, err := signing.LoadVerifiers(filepath.Join("..", "..", "testdata", "golden-log.pub"))
	if err != nil {
		t.Fatal(err)
	}
	r, err := receipt.VerifyLog(golden, v, nil)
	if err != nil || !r.Sound() || r.Size != 260 || r.Receipts != 2 || r.Tenants != 2 {
		t.Fatalf("%+v, %v", r, err)
	}
	want := files(t, golden)
	if got := files(t, dir); !slices.Equal(got, want) {
		t.Errorf("files %v, want %v", got, want)
	}
	for _, name := range want {
		if !bytes.Equal(read(t, dir, name), read(t, golden, name)) {
			t.Errorf("%s has other bytes than the golden log", name)
		}
	}
}
