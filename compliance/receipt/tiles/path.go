package tiles

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

const (
	// Height is the height of every tile, in levels of the tree.
	Height = 8
	// Width is the number of hashes in a full tile, and of entries in a full bundle.
	Width = 1 << Height
	// Entries is the level of entry bundles.
	Entries = -1
	// CheckpointPath is where the checkpoint lies in a log's folder.
	CheckpointPath = "checkpoint"

	// maxLevel is the highest level of tlog-tiles; maxPath bounds what is parsed at all.
	maxLevel = 63
	maxPath  = 100
)

// ErrPath: the path is not one of tlog-tiles, or not in its one canonical spelling.
var ErrPath = errors.New("tiles: not a tile path")

// New names the tile of w hashes (1 to Width) at level and number n.
func New(level int, n int64, w int) tlog.Tile {
	return tlog.Tile{H: Height, L: level, N: n, W: w}
}

// Path returns the tlog-tiles path of t: tile/<L>/<N>[.p/<W>], or
// tile/entries/<N>[.p/<W>] for a bundle.
func Path(t tlog.Tile) string {
	rest := strings.TrimPrefix(t.Path(), "tile/8/")
	if rest, ok := strings.CutPrefix(rest, "data/"); ok {
		return "tile/entries/" + rest
	}
	return "tile/" + rest
}

// ParsePath reads the path of a tile or a bundle; errors are ErrPath.
func ParsePath(path string) (tlog.Tile, error) {
	bad := fmt.Errorf("%w: %.100q", ErrPath, path)
	rest, ok := strings.CutPrefix(path, "tile/")
	level, number, ok2 := strings.Cut(rest, "/")
	if !ok || !ok2 || len(path) > maxPath {
		return tlog.Tile{}, bad
	}
	if level == "entries" {
		level = "data"
	} else if l, err := strconv.Atoi(level); err != nil || l > maxLevel {
		return tlog.Tile{}, bad
	}
	t, err := tlog.ParseTilePath("tile/8/" + level + "/" + number)
	if err != nil {
		return tlog.Tile{}, bad
	}
	return t, nil
}

// WidthAt returns how many hashes the tile at level (Entries counts as 0) and
// number n has in a tree of size leaves: 0 when it is beyond the tree.
func WidthAt(size int64, level int, n int64) int {
	count := size
	for range max(level, 0) {
		count >>= Height
	}
	return int(max(0, min(Width, count-n*Width)))
}
