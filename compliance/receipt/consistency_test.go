package receipt_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"golang.org/x/mod/sumdb/tlog"

	"realname/compliance/auditlog/auditlogtest"
	"realname/compliance/receipt"
	"realname/compliance/receipt/tiles"
)

// onDisk reads a folder as it is.
type onDisk string

func (d onDisk) Read(path string) ([]byte, error) {
	return os.ReadFile(filepath.Join(string(d), filepath.FromSlash(path)))
}

// unsteady tells another tile the first time it is asked.
type unsteady struct {
	onDisk
	asked map[string]bool
}

func (u *unsteady) Read(path string) ([]byte, error) {
	data, err := u.onDisk.Read(path)
	if err == nil && !u.asked[path] {
		if u.asked == nil {
			u.asked = make(map[string]bool)
		}
		u.asked[path] = true
		data[0] ^= 1
	}
	return data, err
}

// heads grows a log in dir to each size in turn and returns its checkpoints.
func heads(t *testing.T, dir string, first int, sizes ...int) []tiles.Checkpoint {
	t.Helper()
	s := new(auditlogtest.Memory)
	l := auditlogtest.Open(t, s, dir)
	var out []tiles.Checkpoint
	at := 0
	for _, size := range sizes {
		auditlogtest.Grow(t, s, l, first+at, first+size, size-at)
		at = size
		signed, err := l.Checkpoint(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		c, err := tiles.Open(signed, keys(t))
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, c.Checkpoint)
	}
	return out
}

// TestConsistency holds every pair of checkpoints of a log against its folder as it is at the end.
func TestConsistency(t *testing.T) {
	dir := t.TempDir()
	list := heads(t, dir, 0, 1, 2, 200, 255, 256, 257, 511, 512, 700, 800)
	for i, older := range list {
		for _, newer := range list[i:] {
			if err := receipt.CheckConsistency(older, newer, onDisk(dir)); err != nil {
				t.Errorf("%d to %d: %v", older.Size, newer.Size, err)
			}
			if older.Size == newer.Size {
				continue
			}
			if err := receipt.CheckConsistency(newer, older, onDisk(dir)); !errors.Is(err, receipt.ErrRollback) {
				t.Errorf("%d back to %d: %v", newer.Size, older.Size, err)
			}
		}
	}
	empty := tiles.Checkpoint{Origin: auditlogtest.Origin, Root: tiles.Root(nil)}
	if err := receipt.CheckConsistency(empty, list[3], onDisk(dir)); err != nil {
		t.Errorf("from nothing: %v", err)
	}
	empty.Root[0] ^= 1
	if err := receipt.CheckConsistency(empty, list[3], onDisk(dir)); !errors.Is(err, receipt.ErrFork) {
		t.Errorf("from another nothing: %v", err)
	}
}

// TestForksAreNamed: two histories under one key, whichever of them the tiles tell.
func TestForksAreNamed(t *testing.T) {
	dir, fork := t.TempDir(), t.TempDir()
	mine := heads(t, dir, 0, 100, 300, 600)
	other := heads(t, fork, 5000, 100, 300, 600)
	for name, c := range map[string]struct {
		older, newer tiles.Checkpoint
		tiles        string
	}{
		"same size":                   {mine[1], other[1], dir},
		"the newer log's tiles":       {mine[0], other[2], fork},
		"the newer, of one full tile": {mine[1], other[2], fork},
	} {
		if err := receipt.CheckConsistency(c.older, c.newer, onDisk(c.tiles)); !errors.Is(err, receipt.ErrFork) {
			t.Errorf("%s: %v", name, err)
		}
	}
	third := heads(t, t.TempDir(), 9000, 600)[0]
	for name, at := range map[string]string{"neither": fork, "the older": dir} {
		if err := receipt.CheckConsistency(mine[0], third, onDisk(at)); !errors.Is(err, receipt.ErrUnproven) {
			t.Errorf("tiles of %s: %v", name, err)
		}
	}
	strange := mine[2]
	strange.Origin = "other.example/log"
	if err := receipt.CheckConsistency(mine[0], strange, onDisk(dir)); !errors.Is(err, receipt.ErrOtherLog) {
		t.Errorf("another origin: %v", err)
	}
}

// TestConsistencyNeedsNoTrustInTiles damages one hash at a time: a fork is never
// cried for damage that proves none.
func TestConsistencyNeedsNoTrustInTiles(t *testing.T) {
	dir := t.TempDir()
	list := heads(t, dir, 0, 100, 300, 600)
	noticed := 0
	for _, name := range files(t, dir) {
		tile, err := tiles.ParsePath(name)
		if err != nil || tile.L == tiles.Entries {
			continue
		}
		whole := read(t, dir, name)
		for at := 0; at < len(whole); at += tlog.HashSize {
			bad := slices.Clone(whole)
			bad[at] ^= 1
			write(t, dir, name, bad)
			err := receipt.CheckConsistency(list[0], list[2], onDisk(dir))
			if err != nil {
				noticed++
			}
			if err != nil && !errors.Is(err, receipt.ErrUnproven) {
				t.Errorf("%s: %v", name, err)
			}
		}
		write(t, dir, name, whole)
	}
	if noticed == 0 {
		t.Error("no damage was noticed")
	}
	if err := receipt.CheckConsistency(list[0], list[2], &unsteady{onDisk: onDisk(dir)}); !errors.Is(err, receipt.ErrUnproven) {
		t.Errorf("tiles that change while they are read: %v", err)
	}
	if err := os.RemoveAll(filepath.Join(dir, "tile", "0")); err != nil {
		t.Fatal(err)
	}
	if err := receipt.CheckConsistency(list[0], list[2], onDisk(dir)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no tiles: %v", err)
	}
}

// TestSizesThatNoLogHas: a signer may sign any number, and it must not keep an auditor busy for ever.
func TestSizesThatNoLogHas(t *testing.T) {
	for _, size := range []string{"-1", "9223372036854775807", "4611686018427387905", "9223372036854775808", "01"} {
		if _, err := tiles.ParseText(fmt.Sprintf("%s\n%s\n%s\n", auditlogtest.Origin, size, tiles.Root(nil))); !errors.Is(err, tiles.ErrCheckpoint) {
			t.Errorf("%s entries: %v", size, err)
		}
	}
}
