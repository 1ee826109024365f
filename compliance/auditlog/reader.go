package auditlog

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"sync"

	"golang.org/x/mod/sumdb/tlog"

	"realname/compliance/receipt"
	"realname/compliance/receipt/tiles"
)

var (
	// ErrNotYet: the event is not in the published log, or there is no checkpoint.
	ErrNotYet = errors.New("auditlog: not in the published log yet")
	// ErrNotFound: the published log has no such tile.
	ErrNotFound = errors.New("auditlog: no such tile")
)

// Reader serves what is published. It may run where no sequencer does.
type Reader struct {
	opts Options

	mu     sync.Mutex
	signed []byte // the checkpoint last seen
	head   tiles.Checkpoint
	woken  chan struct{} // closed at the next publication
}

// NewReader makes a Reader; it needs Origin, Verifiers, Ledger and Storage of o.
func NewReader(o Options) *Reader {
	o.complete()
	return &Reader{opts: o, woken: make(chan struct{})}
}

// Checkpoint returns the published checkpoint, verified; ErrNotYet when there is none.
func (r *Reader) Checkpoint(ctx context.Context) ([]byte, error) {
	signed, _, err := r.current(ctx)
	return signed, err
}

func (r *Reader) current(ctx context.Context) ([]byte, tiles.Checkpoint, error) {
	signed, err := r.opts.Storage.Get(ctx, tiles.CheckpointPath)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, tiles.Checkpoint{}, ErrNotYet
	}
	if err != nil {
		return nil, tiles.Checkpoint{}, fmt.Errorf("auditlog: read the checkpoint: %w", err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if bytes.Equal(signed, r.signed) {
		return r.signed, r.head, nil
	}
	c, err := tiles.Open(signed, r.opts.Verifiers)
	if err == nil && c.Origin != r.opts.Origin {
		err = fmt.Errorf("it is of %q, this log is %q", c.Origin, r.opts.Origin)
	}
	if err != nil {
		return nil, tiles.Checkpoint{}, fmt.Errorf("%w: %w", ErrForeign, err)
	}
	r.signed, r.head = signed, c.Checkpoint
	return signed, r.head, nil
}

// Tile returns the tile or entry bundle of a tlog-tiles path, relative to the
// log (tile/0/x001/234, tile/entries/000.p/7). A path in any other spelling is
// tiles.ErrPath; one that the published tree does not have is ErrNotFound.
func (r *Reader) Tile(ctx context.Context, path string) ([]byte, error) {
	t, err := tiles.ParsePath(path)
	if err != nil {
		return nil, err
	}
	_, c, err := r.current(ctx)
	if errors.Is(err, ErrNotYet) {
		return nil, ErrNotFound
	}
	if err != nil {
		return nil, err
	}
	if t.W > tiles.WidthAt(c.Size, t.L, t.N) {
		return nil, ErrNotFound
	}
	data, err := r.opts.Storage.Get(ctx, path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ErrNotFound
	}
	return data, err
}

// Proof returns the receipt of an event: its leaf, and the proof that it is in
// the tree of the published checkpoint. ErrNotYet when it is not, or not yet.
// A receipt that does not verify is never returned.
func (r *Reader) Proof(ctx context.Context, eventID string) ([]byte, error) {
	index, ok, err := r.opts.Ledger.LeafOf(ctx, eventID)
	if err != nil {
		return nil, fmt.Errorf("auditlog: find the leaf of %s: %w", eventID, err)
	}
	if !ok {
		return nil, ErrNotYet
	}
	signed, c, err := r.current(ctx)
	if err != nil {
		return nil, err
	}
	if index >= c.Size {
		return nil, ErrNotYet
	}
	return r.prove(ctx, signed, c, index)
}

// ProofAt returns the receipt of a leaf at a checkpoint of this log that was published once.
func (r *Reader) ProofAt(ctx context.Context, signed []byte, index int64) ([]byte, error) {
	c, err := tiles.Open(signed, r.opts.Verifiers)
	if err != nil {
		return nil, err
	}
	if c.Origin != r.opts.Origin || index < 0 || index >= c.Size {
		return nil, ErrNotFound
	}
	return r.prove(ctx, signed, c.Checkpoint, index)
}

func (r *Reader) prove(ctx context.Context, signed []byte, c tiles.Checkpoint, index int64) ([]byte, error) {
	raw, err := r.opts.Ledger.Leaves(ctx, index, index+1)
	if err != nil {
		return nil, fmt.Errorf("auditlog: read leaf %d: %w", index, err)
	}
	if len(raw) != 1 {
		return nil, fmt.Errorf("%w: the ledger has no leaf %d", ErrInconsistent, index)
	}
	// The checkpoint's own size, never the present one, decides the proof.
	proof, err := tlog.ProveRecord(c.Size, index, tiles.Reader(c.Size, func(t tlog.Tile) ([]byte, error) {
		return r.hashes(ctx, t)
	}))
	if err != nil {
		return nil, fmt.Errorf("auditlog: prove leaf %d: %w", index, err)
	}
	if tlog.CheckRecord(proof, c.Size, c.Root, index, tlog.RecordHash(raw[0])) != nil {
		return nil, fmt.Errorf("%w: the ledger's leaf %d is not proven by the published tiles", ErrInconsistent, index)
	}
	return receipt.Marshal(receipt.Receipt{Index: index, Leaf: raw[0], Proof: proof, Checkpoint: signed}), nil
}

// hashes reads a tile, or the full one that has replaced it meanwhile.
func (r *Reader) hashes(ctx context.Context, t tlog.Tile) ([]byte, error) {
	data, err := r.opts.Storage.Get(ctx, tiles.Path(t))
	if t.W < tiles.Width && errors.Is(err, fs.ErrNotExist) {
		data, err = r.opts.Storage.Get(ctx, tiles.Path(tiles.New(t.L, t.N, tiles.Width)))
	}
	if err == nil && len(data) < t.W*tlog.HashSize {
		err = fmt.Errorf("%w: %s is cut short", ErrInconsistent, tiles.Path(t))
	}
	return data, err
}

// Wait returns the receipt of an event as soon as there is one. When ctx ends
// before that, the error is ErrNotYet.
func (r *Reader) Wait(ctx context.Context, eventID string) ([]byte, error) {
	return r.await(ctx, eventID, func([]byte) bool { return true })
}

// WaitFinal is Wait for a receipt that is final.
func (r *Reader) WaitFinal(ctx context.Context, eventID string) ([]byte, error) {
	return r.await(ctx, eventID, r.Final)
}

func (r *Reader) await(ctx context.Context, eventID string, enough func([]byte) bool) ([]byte, error) {
	for {
		r.mu.Lock()
		woken := r.woken
		r.mu.Unlock()
		text, err := r.Proof(ctx, eventID)
		if err != nil && ctx.Err() != nil {
			return nil, ErrNotYet
		}
		if err == nil && enough(text) {
			return text, nil
		}
		if err != nil && !errors.Is(err, ErrNotYet) {
			return nil, err
		}
		select {
		case <-ctx.Done():
			return nil, ErrNotYet
		case <-woken:
		case <-r.opts.After(r.opts.Poll):
		}
	}
}

// wake lets those in Wait look again.
func (r *Reader) wake() {
	r.mu.Lock()
	defer r.mu.Unlock()
	close(r.woken)
	r.woken = make(chan struct{})
}
