package tiles

import (
	"crypto/sha256"
	"fmt"
	"math/bits"

	"golang.org/x/mod/sumdb/tlog"
)

// Subtree returns the hash of the perfect tree over hashes, whose number is a
// power of two. hashes is left as it was.
func Subtree(hashes []tlog.Hash) tlog.Hash {
	var row [Width / 2]tlog.Hash
	if len(hashes) == 1 {
		return hashes[0]
	}
	for n := len(hashes) / 2; n >= 1; n /= 2 {
		for i := range n {
			row[i] = tlog.NodeHash(hashes[2*i], hashes[2*i+1])
		}
		hashes = row[:n]
	}
	return row[0]
}

// Root returns the RFC 6962 tree hash of a tree from the tiles on its right
// edge: edge[l] holds the hashes of the partial tile at level l, none where
// there is no such tile.
func Root(edge [][]tlog.Hash) tlog.Hash {
	var root tlog.Hash
	empty := true
	for _, row := range edge {
		for len(row) > 0 {
			n := len(row) - 1<<bits.TrailingZeros(uint(len(row)))
			sub := Subtree(row[n:])
			if empty {
				root, empty = sub, false
			} else {
				root = tlog.NodeHash(sub, root)
			}
			row = row[:n]
		}
	}
	if empty {
		return sha256.Sum256(nil)
	}
	return root
}

// Edge is the growing right edge of a tree: the partial tile of each level.
// Its memory is 8 KiB a level, however large the tree.
type Edge struct {
	size int64
	rows [][]tlog.Hash
}

// Full is a tile that has become full.
type Full struct {
	Tile   tlog.Tile
	Hashes []tlog.Hash
}

// NewEdge starts from the right edge of a tree of size leaves, whose rows are
// given as for Root. It takes rows over.
func NewEdge(size int64, rows [][]tlog.Hash) (*Edge, error) {
	for level := 0; level < len(rows) || size>>(Height*level) > 0; level++ {
		want := int(size >> (Height * level) % Width)
		if level >= len(rows) {
			rows = append(rows, nil)
		}
		if len(rows[level]) != want {
			return nil, fmt.Errorf("tiles: the edge of %d leaves has %d hashes at level %d, not %d", size, want, level, len(rows[level]))
		}
	}
	return &Edge{size: size, rows: rows}, nil
}

// Push adds a leaf hash, and returns the tiles that it filled, lowest level first.
func (e *Edge) Push(h tlog.Hash) []Full {
	var full []Full
	e.size++
	for level := 0; ; level++ {
		if level == len(e.rows) {
			e.rows = append(e.rows, nil)
		}
		if e.rows[level] == nil {
			e.rows[level] = make([]tlog.Hash, 0, Width)
		}
		e.rows[level] = append(e.rows[level], h)
		row := e.rows[level]
		if len(row) < Width {
			return full
		}
		n := e.size>>(Height*(level+1)) - 1
		full = append(full, Full{Tile: New(level, n, Width), Hashes: row})
		e.rows[level] = nil
		h = Subtree(row)
	}
}

// Clone returns an edge that grows apart from e.
func (e *Edge) Clone() *Edge {
	rows := make([][]tlog.Hash, len(e.rows))
	for i, row := range e.rows {
		if row != nil {
			rows[i] = append(make([]tlog.Hash, 0, Width), row...)
		}
	}
	return &Edge{size: e.size, rows: rows}
}

// Size returns the number of leaves.
func (e *Edge) Size() int64 { return e.size }

// Root returns the tree hash.
func (e *Edge) Root() tlog.Hash { return Root(e.rows) }

// Partials returns the partial tiles of the edge, lowest level first.
func (e *Edge) Partials() []Full {
	var out []Full
	for level, row := range e.rows {
		if len(row) > 0 {
			n := e.size >> (Height * (level + 1))
			out = append(out, Full{Tile: New(level, n, len(row)), Hashes: row})
		}
	}
	return out
}

// Encode returns the bytes of a tile of hashes.
func Encode(hashes []tlog.Hash) []byte {
	out := make([]byte, 0, len(hashes)*tlog.HashSize)
	for i := range hashes {
		out = append(out, hashes[i][:]...)
	}
	return out
}

// Decode reads the bytes of a tile; their number must be a multiple of 32.
func Decode(data []byte) ([]tlog.Hash, error) {
	if len(data)%tlog.HashSize != 0 {
		return nil, fmt.Errorf("tiles: a tile of %d bytes is not a row of hashes", len(data))
	}
	out := make([]tlog.Hash, len(data)/tlog.HashSize)
	for i := range out {
		out[i] = tlog.Hash(data[i*tlog.HashSize:])
	}
	return out, nil
}

// Reader returns a tlog.HashReader for a tree of size leaves whose tiles fetch
// returns: t is as wide as the tree makes it, and the data must hold t.W hashes
// or more. The hashes are not authenticated; check what is built from them.
func Reader(size int64, fetch func(t tlog.Tile) ([]byte, error)) tlog.HashReader {
	return tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		seen := make(map[tlog.Tile][]byte)
		out := make([]tlog.Hash, len(indexes))
		for i, index := range indexes {
			t := tlog.TileForIndex(Height, index)
			narrow := t.W
			if t.W = WidthAt(size, t.L, t.N); t.W < narrow {
				return nil, fmt.Errorf("tiles: hash %d is not in a tree of %d leaves", index, size)
			}
			data, ok := seen[t]
			if !ok {
				var err error
				if data, err = fetch(t); err != nil {
					return nil, err
				}
				seen[t] = data
			}
			h, err := tlog.HashFromTile(t, data, index)
			if err != nil {
				return nil, err
			}
			out[i] = h
		}
		return out, nil
	})
}
