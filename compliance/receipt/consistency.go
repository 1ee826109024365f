package receipt

import (
	"errors"
	"fmt"
	"io/fs"

	"golang.org/x/mod/sumdb/tlog"

	"realname/compliance/receipt/tiles"
)

// Errors of two checkpoints that do not belong to one growing log.
var (
	// ErrRollback: the newer checkpoint has fewer entries than the older.
	ErrRollback = errors.New("receipt: the log was rolled back")
	// ErrFork: both are signed, and no log has both: their signer tells two histories.
	ErrFork = errors.New("receipt: the log was forked")
	// ErrUnproven: the tiles at hand do not lead to the newer checkpoint, so that nothing is proved.
	ErrUnproven = errors.New("receipt: the tiles prove nothing")
	// ErrOtherLog: the checkpoints are of two logs.
	ErrOtherLog = errors.New("receipt: the checkpoints are of different logs")
)

// Source is where the files of a log are read: a folder, or a gateway.
type Source interface {
	// Read returns the file of a tlog-tiles path; fs.ErrNotExist when there is none.
	Read(path string) ([]byte, error)
}

// CheckConsistency checks that the log of newer contains that of older as its
// first entries. Both have been opened; the tiles are proved on the way, so they
// need not be trusted. What the source fails with comes back as it is.
func CheckConsistency(older, newer tiles.Checkpoint, source Source) error {
	switch {
	case older.Origin != newer.Origin:
		return fmt.Errorf("%w: %q and %q", ErrOtherLog, older.Origin, newer.Origin)
	case newer.Size < older.Size:
		return fmt.Errorf("%w: from %d entries to %d", ErrRollback, older.Size, newer.Size)
	case newer.Size == older.Size && newer.Root != older.Root:
		return fmt.Errorf("%w: two roots of %d entries", ErrFork, older.Size)
	case newer.Size == older.Size:
		return nil
	case older.Size == 0:
		if older.Root != tiles.Root(nil) {
			return fmt.Errorf("%w: a root of no entries", ErrFork)
		}
		return nil
	}
	proof, err := ProveConsistency(older.Size, newer.Size, source)
	if err != nil {
		return err
	}
	if tlog.CheckTree(proof, newer.Size, newer.Root, older.Size, older.Root) == nil {
		return nil
	}
	return diagnose(older, newer, source)
}

// ProveConsistency reads, from the tiles of a source, the proof that the tree of
// newer entries begins with that of older. It is to be checked.
func ProveConsistency(older, newer int64, source Source) (tlog.TreeProof, error) {
	if older <= 0 || older >= newer {
		return nil, nil
	}
	return tlog.ProveTree(newer, older, tiles.Reader(newer, fetch(source)))
}

// diagnose says why a proof did not hold. A fork is cried only where it is
// proved: the tiles lead to the newer root, and from there to another beginning.
func diagnose(older, newer tiles.Checkpoint, source Source) error {
	proven := tlog.TileHashReader(tlog.Tree{N: newer.Size, Hash: newer.Root}, &tileReader{fetch(source)})
	beginning, err := tlog.TreeHash(older.Size, proven)
	switch {
	case err != nil:
		return fmt.Errorf("%w: they do not lead to the root of %d entries: %w", ErrUnproven, newer.Size, err)
	case beginning == older.Root:
		return fmt.Errorf("%w: read twice, they told two things of %d and %d entries", ErrUnproven, older.Size, newer.Size)
	default:
		return fmt.Errorf("%w: the log of %d entries has another beginning than the checkpoint of %d", ErrFork, newer.Size, older.Size)
	}
}

// tileReader lets tlog read tiles and hold them against a root.
type tileReader struct {
	fetch func(tlog.Tile) ([]byte, error)
}

func (r *tileReader) Height() int                     { return tiles.Height }
func (r *tileReader) SaveTiles([]tlog.Tile, [][]byte) {}

func (r *tileReader) ReadTiles(list []tlog.Tile) ([][]byte, error) {
	out := make([][]byte, len(list))
	for i, t := range list {
		data, err := r.fetch(t)
		if err != nil {
			return nil, err
		}
		out[i] = data[:t.W*tlog.HashSize]
	}
	return out, nil
}

// fetch reads a tile as wide as asked for, or a wider one that has replaced it:
// the full one, or the one of the checkpoint that the source has now.
func fetch(source Source) func(tlog.Tile) ([]byte, error) {
	size := int64(-1)
	return func(t tlog.Tile) ([]byte, error) {
		data, err := source.Read(tiles.Path(t))
		if errors.Is(err, fs.ErrNotExist) && t.W < tiles.Width {
			data, err = source.Read(tiles.Path(tiles.New(t.L, t.N, tiles.Width)))
		}
		if errors.Is(err, fs.ErrNotExist) && t.W < tiles.Width {
			if size < 0 {
				size = sizeOf(source)
			}
			if w := tiles.WidthAt(size, t.L, t.N); w > t.W {
				data, err = source.Read(tiles.Path(tiles.New(t.L, t.N, w)))
			}
		}
		if err != nil {
			return nil, fmt.Errorf("receipt: read %s: %w", tiles.Path(t), err)
		}
		if len(data) < t.W*tlog.HashSize {
			return nil, fmt.Errorf("%w: %s is cut short", ErrUnproven, tiles.Path(t))
		}
		return data, nil
	}
}

// sizeOf is the size that the source's own checkpoint claims: only a hint where to look.
func sizeOf(source Source) int64 {
	signed, err := source.Read(tiles.CheckpointPath)
	if err != nil {
		return 0
	}
	c, err := tiles.Peek(signed)
	if err != nil {
		return 0
	}
	return c.Size
}
