package auditlog

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"golang.org/x/mod/sumdb/tlog"

	"realname/compliance/receipt/tiles"
)

// resume finds where the log stands, and publishes what the ledger has and the
// storage lacks. With repair it also looks for every single tile.
func (l *Log) resume(ctx context.Context, head Head, repair bool) error {
	signed, c, err := l.published(ctx)
	if err != nil {
		return err
	}
	switch {
	case c.Size > head.Size:
		return fmt.Errorf("%w: the checkpoint has %d leaves, the ledger %d", ErrAhead, c.Size, head.Size)
	case c.Size == head.Size && c.Size > 0 && c.Root != head.Root:
		return fmt.Errorf("%w: at %d leaves the checkpoint has root %s, the ledger %s", ErrInconsistent, c.Size, c.Root, head.Root)
	}
	if repair && c.Size > 0 {
		if err := l.repair(ctx, c); err != nil {
			return err
		}
	}
	g, err := l.edgeAt(ctx, c)
	if err != nil {
		return err
	}
	rebuild := g == nil
	if rebuild {
		// The tiles of the edge are no good: all of them are made again.
		if g, err = l.rebuildable(ctx, c); err != nil {
			return err
		}
	}
	if err := l.checkHistory(ctx, g, c, head); err != nil {
		return err
	}
	if err := l.replay(ctx, g, head.Size, l.opts.Storage.Put); err != nil {
		return err
	}
	g.published = signed
	l.growth = g
	switch {
	case signed == nil || c.Size < head.Size:
		return l.publish(ctx, g.partials())
	case rebuild:
		return l.opts.Storage.Put(ctx, g.partials())
	default:
		return nil
	}
}

// published reads the checkpoint that is out; signed is nil when there is none.
func (l *Log) published(ctx context.Context) (signed []byte, c tiles.Checkpoint, err error) {
	signed, err = l.opts.Storage.Get(ctx, tiles.CheckpointPath)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, tiles.Checkpoint{Origin: l.opts.Origin, Root: tiles.Root(nil)}, nil
	}
	if err != nil {
		return nil, c, fmt.Errorf("auditlog: read the checkpoint: %w", err)
	}
	opened, err := tiles.Open(signed, l.opts.Verifiers)
	if err != nil {
		return nil, c, fmt.Errorf("%w: %w", ErrForeign, err)
	}
	c = opened.Checkpoint
	if c.Origin != l.opts.Origin {
		return nil, c, fmt.Errorf("%w: it is of %q, this log is %q", ErrForeign, c.Origin, l.opts.Origin)
	}
	return signed, c, nil
}

// edgeAt loads the right edge of the published tree from its tiles; nil when
// they are missing or do not give its root. The ledger must have the same
// bytes for the entries of the partial bundle.
func (l *Log) edgeAt(ctx context.Context, c tiles.Checkpoint) (*growth, error) {
	var rows [][]tlog.Hash
	for level := 0; c.Size>>(tiles.Height*level) > 0; level++ {
		n := c.Size >> (tiles.Height * (level + 1))
		var row []tlog.Hash
		if w := tiles.WidthAt(c.Size, level, n); w > 0 {
			data, err := l.opts.Storage.Get(ctx, tiles.Path(tiles.New(level, n, w)))
			if errors.Is(err, fs.ErrNotExist) {
				return nil, nil
			}
			if err != nil {
				return nil, fmt.Errorf("auditlog: read a tile: %w", err)
			}
			if row, err = tiles.Decode(data); err != nil {
				return nil, nil
			}
		}
		rows = append(rows, row)
	}
	edge, err := tiles.NewEdge(c.Size, rows)
	if err != nil || edge.Root() != c.Root {
		return nil, nil
	}
	g := &growth{edge: edge}
	base := c.Size - c.Size%tiles.Width
	leaves, err := l.ledgerLeaves(ctx, base, c.Size)
	if err != nil {
		return nil, err
	}
	for i, leaf := range leaves {
		if leaf.Hash != rows[0][i] {
			return nil, fmt.Errorf("%w: leaf %d of the ledger is not the one in its tile", ErrInconsistent, leaf.Index)
		}
		g.bundle = tiles.AppendEntry(g.bundle, leaf.Bytes)
	}
	return g, nil
}

// rebuildable returns an empty edge, after making sure that the ledger's
// leaves lead to the published root.
func (l *Log) rebuildable(ctx context.Context, c tiles.Checkpoint) (*growth, error) {
	g := emptyGrowth()
	if err := l.replay(ctx, g, c.Size, nil); err != nil {
		return nil, err
	}
	if g.root() != c.Root {
		return nil, fmt.Errorf("%w: the ledger's first %d leaves do not give the root of the checkpoint", ErrInconsistent, c.Size)
	}
	return emptyGrowth(), nil
}

func emptyGrowth() *growth { return &growth{edge: new(tiles.Edge)} }

// checkHistory makes sure, before anything is stored, that the leaves which g
// lacks lead to the head of the ledger.
func (l *Log) checkHistory(ctx context.Context, g *growth, c tiles.Checkpoint, head Head) error {
	if c.Size == head.Size {
		return nil
	}
	probe := &growth{edge: g.edge.Clone()}
	if err := l.replay(ctx, probe, head.Size, nil); err != nil {
		return err
	}
	if probe.root() != head.Root {
		return fmt.Errorf("%w: the ledger's %d leaves, on top of %d published, do not give its root", ErrInconsistent, head.Size, c.Size)
	}
	return nil
}

// replay pushes the ledger's leaves onto g up to size, and hands what becomes full to put.
func (l *Log) replay(ctx context.Context, g *growth, size int64, put func(context.Context, []Object) error) error {
	for g.size() < size {
		leaves, err := l.ledgerLeaves(ctx, g.size(), min(size, g.size()+int64(l.opts.Batch)))
		if err != nil {
			return err
		}
		objects := g.push(leaves)
		if put == nil {
			g.bundle = nil
			continue
		}
		if err := put(ctx, objects); err != nil {
			return fmt.Errorf("auditlog: publish again: %w", err)
		}
	}
	return nil
}

// ledgerLeaves reads the leaves [from, to) with their hashes.
func (l *Log) ledgerLeaves(ctx context.Context, from, to int64) ([]Leaf, error) {
	if from == to {
		return nil, nil
	}
	raw, err := l.opts.Ledger.Leaves(ctx, from, to)
	if err != nil {
		return nil, fmt.Errorf("auditlog: read leaves %d to %d: %w", from, to, err)
	}
	if int64(len(raw)) != to-from {
		return nil, fmt.Errorf("%w: the ledger has %d of the leaves %d to %d", ErrInconsistent, len(raw), from, to)
	}
	leaves := make([]Leaf, len(raw))
	for i, b := range raw {
		if len(b) > tiles.MaxEntry {
			return nil, fmt.Errorf("%w: leaf %d of the ledger has %d bytes", ErrInconsistent, from+int64(i), len(b))
		}
		leaves[i] = Leaf{Index: from + int64(i), Hash: tlog.RecordHash(b), Bytes: b}
	}
	return leaves, nil
}

// repair makes the tiles and bundles of the published tree again that are
// missing or of the wrong length, lowest level first, and proves each against
// the signed root. The content of tiles that are there is not read.
func (l *Log) repair(ctx context.Context, c tiles.Checkpoint) error {
	var again []int64 // the hash index of one hash in each tile made again
	for n := int64(0); tiles.WidthAt(c.Size, 0, n) > 0; n++ {
		w := tiles.WidthAt(c.Size, 0, n)
		bundle, err1 := l.missing(ctx, tiles.New(tiles.Entries, n, w))
		tile, err2 := l.missing(ctx, tiles.New(0, n, w))
		if err := errors.Join(err1, err2); err != nil {
			return err
		}
		if !bundle && !tile {
			continue
		}
		if err := l.repairLeaves(ctx, n, w); err != nil {
			return err
		}
		again = append(again, tlog.StoredHashIndex(0, n*tiles.Width))
	}
	for level := 1; c.Size>>(tiles.Height*level) > 0; level++ {
		for n := int64(0); tiles.WidthAt(c.Size, level, n) > 0; n++ {
			t := tiles.New(level, n, tiles.WidthAt(c.Size, level, n))
			missing, err := l.missing(ctx, t)
			if err != nil {
				return err
			}
			if !missing {
				continue
			}
			if err := l.repairTile(ctx, t); err != nil {
				return err
			}
			again = append(again, tlog.StoredHashIndex(tiles.Height*level, n*tiles.Width))
		}
	}
	proven := tlog.TileHashReader(tlog.Tree{N: c.Size, Hash: c.Root}, &tileReader{ctx: ctx, storage: l.opts.Storage})
	for _, index := range again {
		if _, err := proven.ReadHashes([]int64{index}); err != nil {
			return fmt.Errorf("%w: a tile made again from the ledger is not in the signed tree: %w", ErrInconsistent, err)
		}
	}
	return nil
}

func (l *Log) missing(ctx context.Context, t tlog.Tile) (bool, error) {
	size, err := l.opts.Storage.Size(ctx, tiles.Path(t))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return true, nil
	case err != nil:
		return false, fmt.Errorf("auditlog: look for a tile: %w", err)
	case t.L == tiles.Entries:
		return size == 0, nil
	default:
		return size != int64(t.W*tlog.HashSize), nil
	}
}

// repairLeaves makes bundle and level-0 tile n again from the ledger.
func (l *Log) repairLeaves(ctx context.Context, n int64, w int) error {
	leaves, err := l.ledgerLeaves(ctx, n*tiles.Width, n*tiles.Width+int64(w))
	if err != nil {
		return err
	}
	var bundle []byte
	hashes := make([]tlog.Hash, w)
	for i, leaf := range leaves {
		bundle = tiles.AppendEntry(bundle, leaf.Bytes)
		hashes[i] = leaf.Hash
	}
	return l.opts.Storage.Put(ctx, []Object{
		{Path: tiles.Path(tiles.New(tiles.Entries, n, w)), Data: bundle},
		{Path: tiles.Path(tiles.New(0, n, w)), Data: tiles.Encode(hashes)},
	})
}

// repairTile makes a tile above level 0 again from the full tiles beneath it.
func (l *Log) repairTile(ctx context.Context, t tlog.Tile) error {
	hashes := make([]tlog.Hash, t.W)
	for i := range hashes {
		child := tiles.New(t.L-1, t.N*tiles.Width+int64(i), tiles.Width)
		data, err := l.opts.Storage.Get(ctx, tiles.Path(child))
		if err != nil {
			return fmt.Errorf("auditlog: read a tile: %w", err)
		}
		row, err := tiles.Decode(data)
		if err != nil || len(row) != tiles.Width {
			return fmt.Errorf("%w: %s is no full tile", ErrInconsistent, tiles.Path(child))
		}
		hashes[i] = tiles.Subtree(row)
	}
	return l.opts.Storage.Put(ctx, []Object{{Path: tiles.Path(t), Data: tiles.Encode(hashes)}})
}

// tileReader lets tlog read the tiles of a storage.
type tileReader struct {
	ctx     context.Context
	storage Storage
}

func (r *tileReader) Height() int { return tiles.Height }

func (r *tileReader) ReadTiles(list []tlog.Tile) ([][]byte, error) {
	out := make([][]byte, len(list))
	for i, t := range list {
		data, err := r.storage.Get(r.ctx, tiles.Path(t))
		if err != nil {
			return nil, err
		}
		out[i] = data
	}
	return out, nil
}

func (r *tileReader) SaveTiles([]tlog.Tile, [][]byte) {}
