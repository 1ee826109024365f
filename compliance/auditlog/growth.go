package auditlog

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"realname/compliance/receipt"
	"realname/compliance/receipt/tiles"
)

// growth is the right edge of the log, where it grows: what is needed of the
// tree and of the last bundle to add a leaf, and the checkpoint that is out.
type growth struct {
	edge      *tiles.Edge
	bundle    []byte // the partial entry bundle
	published []byte // nil when no checkpoint is
}

func (g *growth) size() int64 { return g.edge.Size() }

func (g *growth) root() [32]byte { return g.edge.Root() }

// push adds leaves, and returns the tiles and bundles that became full.
func (g *growth) push(leaves []Leaf) []Object {
	var out []Object
	for _, leaf := range leaves {
		g.bundle = tiles.AppendEntry(g.bundle, leaf.Bytes)
		for _, full := range g.edge.Push(leaf.Hash) {
			if full.Tile.L == 0 {
				out = append(out, Object{Path: tiles.Path(tiles.New(tiles.Entries, full.Tile.N, tiles.Width)), Data: g.bundle})
				g.bundle = nil
			}
			out = append(out, Object{Path: tiles.Path(full.Tile), Data: tiles.Encode(full.Hashes)})
		}
	}
	return out
}

// partials returns the partial bundle and tiles of the edge.
func (g *growth) partials() []Object {
	var out []Object
	for _, p := range g.edge.Partials() {
		if p.Tile.L == 0 {
			out = append(out, Object{Path: tiles.Path(tiles.New(tiles.Entries, p.Tile.N, p.Tile.W)), Data: g.bundle})
		}
		out = append(out, Object{Path: tiles.Path(p.Tile), Data: tiles.Encode(p.Hashes)})
	}
	return out
}

// encodeLeaf makes the bytes of the leaf of e, which follows prev in the chain of its tenant.
func encodeLeaf(origin string, e PendingEvent, prev TenantHead) ([]byte, error) {
	leaf := receipt.Leaf{Event: e.Body, Origin: origin, Tenant: e.TenantID, Seq: prev.Seq + 1, Prev: prev.Leaf}
	reason := "not_json"
	if len(e.Body) > 0 && e.Body[0] == '{' && json.Valid(e.Body) {
		raw, err := leaf.Encode()
		if !errors.Is(err, receipt.ErrTooLarge) {
			return raw, err
		}
		reason = "too_large"
	}
	body, err := unloggable(e, reason)
	if err != nil {
		return nil, err
	}
	leaf.Event = body
	return leaf.Encode()
}

// unloggable is what stands in the log for an event whose body cannot; the
// members are in the order of RFC 8785.
func unloggable(e PendingEvent, reason string) ([]byte, error) {
	sum := sha256.Sum256(e.Body)
	for _, s := range []string{e.ID, e.Kind} {
		for _, r := range s {
			if r < ' ' || r > '~' {
				return nil, errors.New("auditlog: id or kind is not printable ASCII")
			}
		}
	}
	body, err := json.Marshal(struct {
		At     string `json:"at"`
		Body   string `json:"body_sha256"`
		ID     string `json:"id"`
		Kind   string `json:"kind"`
		Reason string `json:"unloggable"`
	}{e.At.UTC().Format(time.RFC3339Nano), hex.EncodeToString(sum[:]), e.ID, e.Kind, reason})
	if err != nil {
		return nil, fmt.Errorf("auditlog: %w", err)
	}
	return body, nil
}
