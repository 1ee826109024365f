package tiles_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/tlog"
	"pgregory.net/rapid"

	"realname/compliance/receipt/tiles"
)

// reference is a tree kept by x/mod/sumdb/tlog alone.
type reference struct{ hashes []tlog.Hash }

func (r *reference) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, x := range indexes {
		out[i] = r.hashes[x]
	}
	return out, nil
}

func TestEdgeGivesTheTreeAndTilesOfTlog(t *testing.T) {
	ref, edge := &reference{}, new(tiles.Edge)
	stored := make(map[tlog.Tile][]byte)
	const last = 66_100 // past the second full tile of level 1
	for n := int64(0); n <= last; n++ {
		if n < 600 || n > last-600 || n%4099 == 0 {
			want, err := tlog.TreeHash(n, ref)
			if err != nil || edge.Root() != want || edge.Size() != n {
				t.Fatalf("size %d: root %s, want %s, %v", n, edge.Root(), want, err)
			}
		}
		leaf := fmt.Appendf(nil, "leaf %d", n)
		hashes, err := tlog.StoredHashes(n, leaf, ref)
		if err != nil {
			t.Fatal(err)
		}
		ref.hashes = append(ref.hashes, hashes...)
		for _, full := range edge.Push(tlog.RecordHash(leaf)) {
			stored[full.Tile] = tiles.Encode(full.Hashes)
		}
	}
	for _, p := range edge.Partials() {
		stored[p.Tile] = tiles.Encode(p.Hashes)
	}
	for _, want := range tlog.NewTiles(tiles.Height, 0, edge.Size()) {
		data, err := tlog.ReadTileData(want, ref)
		if err != nil || !bytes.Equal(stored[want], data) {
			t.Fatalf("tile %s differs, %v", tiles.Path(want), err)
		}
		delete(stored, want)
	}
	if len(stored) > 0 {
		t.Errorf("%d tiles too many", len(stored))
	}
}

func TestEdgeContinuesFromItsRows(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.IntRange(0, 700).Draw(t, "size")
		more := rapid.IntRange(0, 300).Draw(t, "more")
		whole := new(tiles.Edge)
		push := func(e *tiles.Edge, n int) { e.Push(tlog.RecordHash(fmt.Append(nil, n))) }
		for n := range size {
			push(whole, n)
		}
		rows := make([][]tlog.Hash, 3)
		for _, p := range whole.Partials() {
			rows[p.Tile.L] = p.Hashes
		}
		again, err := tiles.NewEdge(int64(size), rows)
		if err != nil {
			t.Fatal(err)
		}
		clone := whole.Clone()
		for n := size; n < size+more; n++ {
			push(whole, n)
			push(again, n)
		}
		if again.Root() != whole.Root() || again.Size() != whole.Size() {
			t.Fatalf("roots differ after %d and %d", size, more)
		}
		if more > 0 && clone.Root() == whole.Root() {
			t.Fatal("the clone grew with its original")
		}
	})
	if _, err := tiles.NewEdge(3, [][]tlog.Hash{make([]tlog.Hash, 2)}); err == nil {
		t.Error("an edge of 2 hashes was taken for 3 leaves")
	}
}

func TestPaths(t *testing.T) {
	for path, want := range map[string]tlog.Tile{
		"tile/0/000":                tiles.New(0, 0, 256),
		"tile/0/x001/x234/067":      tiles.New(0, 1234067, 256),
		"tile/3/255.p/7":            tiles.New(3, 255, 7),
		"tile/entries/x012/003.p/1": tiles.New(tiles.Entries, 12003, 1),
	} {
		got, err := tiles.ParsePath(path)
		if err != nil || got != want || tiles.Path(want) != path {
			t.Errorf("%s: %+v, %v, path %s", path, got, err, tiles.Path(want))
		}
	}
}

func TestWidthAt(t *testing.T) {
	// The example of tlog-tiles: a tree of 70,000.
	for _, c := range []struct {
		level int
		n     int64
		want  int
	}{{0, 272, 256}, {0, 273, 112}, {0, 274, 0}, {1, 0, 256}, {1, 1, 17}, {2, 0, 1}, {3, 0, 0}, {tiles.Entries, 273, 112}, {63, 0, 0}} {
		if got := tiles.WidthAt(70_000, c.level, c.n); got != c.want {
			t.Errorf("level %d, tile %d: %d, want %d", c.level, c.n, got, c.want)
		}
	}
}

func FuzzParsePath(f *testing.F) {
	f.Add("tile/entries/x001/234.p/5")
	f.Add("tile/63/000")
	f.Fuzz(func(t *testing.T, path string) {
		tile, err := tiles.ParsePath(path)
		if err == nil && (tiles.Path(tile) != path || strings.Contains(path, "..")) {
			t.Fatalf("%q parses as %q", path, tiles.Path(tile))
		}
		if err != nil && !errors.Is(err, tiles.ErrPath) {
			t.Fatal(err)
		}
	})
}

func FuzzNextEntry(f *testing.F) {
	f.Add(tiles.AppendEntry(tiles.AppendEntry(nil, []byte("one")), nil))
	f.Add([]byte{0, 2, 1})
	f.Fuzz(func(t *testing.T, bundle []byte) {
		var again []byte
		rest := bundle
		for len(rest) > 0 {
			entry, next, err := tiles.NextEntry(rest)
			if err != nil {
				if !errors.Is(err, tiles.ErrBundle) {
					t.Fatal(err)
				}
				break
			}
			again, rest = tiles.AppendEntry(again, entry), next
		}
		if !bytes.Equal(append(again, rest...), bundle) {
			t.Fatal("the entries do not make up the bundle")
		}
	})
}
