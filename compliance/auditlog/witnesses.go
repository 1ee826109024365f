package auditlog

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"realname/compliance/receipt"
	"realname/compliance/receipt/tiles"
	"realname/compliance/receipt/witness"
)

// Witness cosigns checkpoints; *witness.Client is one, and says what the errors are.
type Witness interface {
	Name() string
	// Cosign returns signature lines on a signed checkpoint that continues the log of old leaves, as the proof shows.
	Cosign(ctx context.Context, old int64, proof tlog.TreeProof, signed []byte) ([]byte, error)
}

// circle is the witnesses, as the sequencer knows them.
type circle struct {
	list      []*bystander
	confirmed bool // enough have said that they know no later checkpoint than ours
	lacking   bool // the published checkpoint bears too few cosignatures
}

// bystander is one witness.
type bystander struct {
	Witness
	size     int64     // of the last checkpoint that it has cosigned, as it said
	failures int       // in a row
	rests    time.Time // it is not asked before this
	heard    bool      // it has answered since the log was opened
}

// A witness that failed rests for a second, and twice as long after each failure, up to a minute.
const (
	firstRest = time.Second
	longRests = 6
)

func newCircle(list []Witness) circle {
	var c circle
	for _, w := range list {
		c.list = append(c.list, &bystander{Witness: w})
	}
	return c
}

// cosign asks all witnesses at once and returns the checkpoint with their lines.
// Who is silent is left out; ErrAhead and ErrInconsistent come of what one knows.
func (l *Log) cosign(ctx context.Context, size int64, signed []byte) ([]byte, error) {
	if len(l.circle.list) == 0 {
		return signed, nil
	}
	asked, done := context.WithTimeout(ctx, l.opts.Patience)
	defer done()
	lines := make([][]byte, len(l.circle.list))
	errs := make([]error, len(l.circle.list))
	var wg sync.WaitGroup
	for i, b := range l.circle.list {
		if l.opts.Now().Before(b.rests) {
			continue
		}
		wg.Go(func() { lines[i], errs[i] = l.ask(asked, b, size, signed) })
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		// Another sequencer may have gone on: then this one is fenced, not restored from a backup.
		if _, fenced := l.opts.Ledger.Head(ctx, l.epoch); fenced != nil {
			return nil, fenced
		}
		return nil, err
	}
	bare, err := withoutCosignatures(signed, l.circle.list)
	if err != nil {
		return nil, err
	}
	out := bytes.Join(append([][]byte{bare}, lines...), nil)
	l.circle.lacking = l.cosignatures(out) < l.opts.Quorum || l.circle.resting()
	return out, nil
}

// resting reports whether a witness is owed another question.
func (c *circle) resting() bool {
	for _, b := range c.list {
		if b.failures > 0 {
			return true
		}
	}
	return false
}

// withoutCosignatures takes the lines of the witnesses off, which are to come anew.
func withoutCosignatures(signed []byte, list []*bystander) ([]byte, error) {
	text, sigs, ok := bytes.Cut(signed, []byte("\n\n"))
	if !ok {
		return nil, fmt.Errorf("%w: a checkpoint without signatures", ErrInconsistent)
	}
	out := append(bytes.Clone(text), "\n\n"...)
	for line := range bytes.Lines(sigs) {
		own := true
		for _, b := range list {
			own = own && !bytes.HasPrefix(line, []byte("— "+b.Name()+" "))
		}
		if own {
			out = append(out, line...)
		}
	}
	return out, nil
}

// ask asks one witness, from where it says that it stands. Its silence is no
// error; what it knows against this log is.
func (l *Log) ask(ctx context.Context, b *bystander, size int64, signed []byte) ([]byte, error) {
	var lines []byte
	var err error
	for range 3 { // it may move on meanwhile: another gateway asks it too
		var proof tlog.TreeProof
		if proof, err = receipt.ProveConsistency(b.size, size, source{ctx, l.opts.Storage}); err != nil {
			break
		}
		if lines, err = b.Cosign(ctx, b.size, proof, signed); err == nil {
			b.size, b.failures, b.heard = size, 0, true
			return lines, nil
		}
		elsewhere, ok := errors.AsType[*witness.SizeError](err)
		if !ok {
			break
		}
		b.heard = true
		if elsewhere.Size > size {
			return nil, fmt.Errorf("%w: witness %s has cosigned %d leaves, the ledger has %d", ErrAhead, b.Name(), elsewhere.Size, size)
		}
		b.size = elsewhere.Size
	}
	if errors.Is(err, witness.ErrContradicted) {
		return nil, fmt.Errorf("%w: %w", ErrInconsistent, err)
	}
	b.rests = l.opts.Now().Add(firstRest << min(b.failures, longRests))
	b.failures++
	l.opts.OnError(fmt.Errorf("auditlog: %w", err))
	return nil, nil
}

// confirm makes sure, once, that no witness whose cosignature could have made a
// receipt final knows a later checkpoint than the ledger: of n witnesses, k of
// which make it final, n-k+1 must have answered.
func (l *Log) confirm(ctx context.Context) error {
	if l.circle.confirmed || len(l.circle.list) == 0 {
		return nil
	}
	if err := l.askAgain(ctx); err != nil {
		return err
	}
	heard := 0
	for _, b := range l.circle.list {
		if b.heard {
			heard++
		}
	}
	if need := len(l.circle.list) - l.opts.Quorum + 1; l.opts.Quorum > 0 && heard < need {
		return fmt.Errorf("%w: %d of %d have, %d must", ErrUnwitnessed, heard, len(l.circle.list), need)
	}
	l.circle.confirmed = true
	return nil
}

// cosignAgain asks for what the published checkpoint lacks, when nothing else is to be done.
func (l *Log) cosignAgain(ctx context.Context) error {
	if !l.circle.lacking {
		return nil
	}
	return l.askAgain(ctx)
}

// askAgain has the published checkpoint cosigned by those who do not rest.
func (l *Log) askAgain(ctx context.Context) error {
	due := false
	for _, b := range l.circle.list {
		due = due || !l.opts.Now().Before(b.rests)
	}
	if !due {
		return nil
	}
	before := l.growth.published
	cosigned, err := l.cosign(ctx, l.growth.size(), before)
	if err != nil {
		return err
	}
	// Fewer lines than are out, because one that signed is silent now, are no gain.
	if l.cosignatures(cosigned) < l.cosignatures(before) || bytes.Equal(cosigned, before) {
		return nil
	}
	return l.swap(ctx, l.growth.size(), cosigned)
}

// cosignatures counts the witnesses whose verified lines are on a signed checkpoint.
func (r *Reader) cosignatures(signed []byte) int {
	c, err := tiles.Open(signed, r.opts.Verifiers)
	if err != nil {
		return 0
	}
	n := 0
	for _, w := range r.opts.Witnesses {
		for _, s := range c.Verified {
			if s.Name == w.Name() {
				n++
				break
			}
		}
	}
	return n
}

// Final reports whether a receipt that Proof returned bears as many
// cosignatures as it needs.
func (r *Reader) Final(text []byte) bool {
	if r.opts.Quorum == 0 {
		return true
	}
	parsed, err := receipt.Parse(text)
	return err == nil && r.cosignatures(parsed.Checkpoint) >= r.opts.Quorum
}

// source lets the proofs of package receipt read a storage.
type source struct {
	ctx     context.Context //nolint:containedctx // of one question
	storage Storage
}

func (s source) Read(path string) ([]byte, error) { return s.storage.Get(s.ctx, path) }
