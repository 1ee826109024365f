package auditlog

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"realname/compliance/receipt/tiles"
)

// Errors that Open and Run end with, all but ErrUnwitnessed: they need a person, not another attempt.
var (
	// ErrAhead: the published checkpoint, or one that a witness has cosigned, has more leaves than the ledger, which was
	// restored from a backup.
	ErrAhead = errors.New("auditlog: the published log is ahead of the ledger")
	// ErrInconsistent: checkpoint, tiles, ledger and witnesses do not tell the same history.
	ErrInconsistent = errors.New("auditlog: published log and ledger disagree")
	// ErrUnwitnessed: too few witnesses have answered to know that the ledger is no older one, restored from a
	// backup. Nothing is appended until they do; Run tries again by itself.
	ErrUnwitnessed = errors.New("auditlog: too few witnesses answer")
	// ErrForeign: the folder holds a checkpoint that is not of this origin, or by none of its keys.
	ErrForeign = errors.New("auditlog: the published checkpoint is not of this log")
)

// The defaults of Options.
const (
	DefaultBatch = 1024
	DefaultPoll  = time.Second

	// DefaultPatience lets a receipt follow within a second even past a witness that hangs.
	DefaultPatience = 500 * time.Millisecond
)

// Options are what a Log and a Reader are made of.
type Options struct {
	Origin  string        // name of the log, in every checkpoint and leaf
	Signers []note.Signer // sign each checkpoint, in this order; not needed by a Reader
	// Verifiers hold the log's keys, past ones too: they tell whether a published checkpoint is its own.
	Verifiers note.Verifiers
	Ledger    Ledger
	Storage   Storage
	// Witnesses are asked to cosign each checkpoint; Verifiers hold their keys too.
	Witnesses []Witness
	// Quorum is how many of them a receipt needs to be final; 0 makes every receipt final.
	Quorum   int
	Patience time.Duration                        // for the answers of the witnesses to one checkpoint; DefaultPatience when 0
	Now      func() time.Time                     // tells when a silent witness is asked again; time.Now when nil
	Batch    int                                  // leaves in one append; DefaultBatch when 0
	Poll     time.Duration                        // how often to look without being notified; DefaultPoll when 0
	After    func(time.Duration) <-chan time.Time // the clock that waits; time.After when nil
	OnError  func(error)                          // is told of failures that Run tries again after; may be nil
}

func (o *Options) complete() {
	if o.Batch <= 0 {
		o.Batch = DefaultBatch
	}
	if o.Poll <= 0 {
		o.Poll = DefaultPoll
	}
	if o.Patience <= 0 {
		o.Patience = DefaultPatience
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.After == nil {
		o.After = time.After
	}
	if o.OnError == nil {
		o.OnError = func(error) {}
	}
}

// Log is the sequencer of one log, and a reader of it. Its methods may be used
// from several goroutines.
type Log struct {
	*Reader
	opts   Options
	epoch  int64
	notify chan struct{}

	mu     sync.Mutex // held while a batch is on its way
	growth *growth    // nil after a failure: then where the log stands is read anew
	failed error      // of the last attempt
	circle circle     // the witnesses
}

// Open takes the log over from any earlier sequencer, checks what is published
// against the ledger, and publishes what a crash left undone.
func Open(ctx context.Context, o Options) (*Log, error) {
	o.complete()
	if len(o.Signers) == 0 || o.Signers[0].Name() != o.Origin {
		return nil, fmt.Errorf("%w: the first signer must bear the name of the origin %q", ErrForeign, o.Origin)
	}
	if o.Quorum < 0 || o.Quorum > len(o.Witnesses) {
		return nil, fmt.Errorf("auditlog: %d of %d witnesses cannot be demanded", o.Quorum, len(o.Witnesses))
	}
	l := &Log{Reader: NewReader(o), opts: o, notify: make(chan struct{}, 1), circle: newCircle(o.Witnesses)}
	epoch, head, err := o.Ledger.AcquireEpoch(ctx)
	if err != nil {
		return nil, fmt.Errorf("auditlog: take the log over: %w", err)
	}
	l.epoch = epoch
	if err := l.resume(ctx, head, true); err != nil {
		return nil, err
	}
	// A ledger from a backup is found out now; witnesses that are down are asked again before the first append.
	if err := l.confirm(ctx); err != nil && !errors.Is(err, ErrUnwitnessed) {
		return nil, err
	}
	return l, nil
}

// Notify tells the sequencer that an event was committed. It never blocks.
func (l *Log) Notify() {
	select {
	case l.notify <- struct{}{}:
	default:
	}
}

// Run sequences events until ctx is done; then it returns nil. It returns
// ErrFenced when another sequencer has taken the log, and the errors of this
// package that need a person. After any other failure it tries again, ever
// more slowly up to sixteen poll intervals.
func (l *Log) Run(ctx context.Context) error {
	for failures := 0; ; {
		n, err := l.step(ctx)
		switch {
		case ctx.Err() != nil:
			return nil
		case final(err):
			return err
		case err != nil:
			l.opts.OnError(err)
			wait := l.opts.Poll << min(failures, 4)
			failures++
			select {
			case <-ctx.Done():
			case <-l.opts.After(wait):
			}
		case n > 0:
			failures = 0
		default:
			failures = 0
			select {
			case <-ctx.Done():
			case <-l.notify:
			case <-l.opts.After(l.opts.Poll):
			}
		}
	}
}

func final(err error) bool {
	for _, e := range []error{ErrFenced, ErrAhead, ErrInconsistent, ErrForeign} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// Flush sequences and publishes all that is pending. It may run beside Run.
func (l *Log) Flush(ctx context.Context) error {
	for {
		if n, err := l.step(ctx); n == 0 || err != nil {
			return err
		}
	}
}

// Err returns the failure of the last attempt, nil when it succeeded.
func (l *Log) Err() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.failed
}

// step takes one batch all the way, and returns how many events were in it.
func (l *Log) step(ctx context.Context) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	n, err := l.batch(ctx)
	l.failed = err
	if err != nil {
		l.growth = nil
	}
	return n, err
}

func (l *Log) batch(ctx context.Context) (int, error) {
	if l.growth == nil {
		head, err := l.opts.Ledger.Head(ctx, l.epoch)
		if err != nil {
			return 0, fmt.Errorf("auditlog: read the head: %w", err)
		}
		if err := l.resume(ctx, head, false); err != nil {
			return 0, err
		}
	}
	events, err := l.opts.Ledger.Pending(ctx, l.opts.Batch)
	if err != nil {
		return 0, fmt.Errorf("auditlog: read pending events: %w", err)
	}
	if err := l.confirm(ctx); err != nil {
		return 0, err
	}
	if len(events) == 0 {
		return 0, l.cosignAgain(ctx)
	}
	leaves, err := l.leaves(ctx, events)
	if err != nil {
		return 0, err
	}
	objects := l.growth.push(leaves)
	head := Head{Size: l.growth.size(), Root: l.growth.root()}
	if err := l.opts.Ledger.Append(ctx, l.epoch, leaves[0].Index, leaves, head); err != nil {
		return 0, fmt.Errorf("auditlog: append %d leaves at %d: %w", len(leaves), leaves[0].Index, err)
	}
	return len(events), l.publish(ctx, append(objects, l.growth.partials()...))
}

// leaves makes the leaves of events, which continue the log and each tenant's chain.
func (l *Log) leaves(ctx context.Context, events []PendingEvent) ([]Leaf, error) {
	var tenants []string
	seen := make(map[string]bool)
	for _, e := range events {
		if !seen[e.TenantID] {
			seen[e.TenantID] = true
			tenants = append(tenants, e.TenantID)
		}
	}
	heads, err := l.opts.Ledger.TenantHeads(ctx, tenants)
	if err != nil {
		return nil, fmt.Errorf("auditlog: read the tenants' heads: %w", err)
	}
	if heads == nil {
		heads = make(map[string]TenantHead)
	}
	leaves := make([]Leaf, len(events))
	for i, e := range events {
		prev := heads[e.TenantID]
		raw, err := encodeLeaf(l.opts.Origin, e, prev)
		if err != nil {
			return nil, fmt.Errorf("auditlog: event %s: %w", e.ID, err)
		}
		leaves[i] = Leaf{
			Index: l.growth.size() + int64(i), EventID: e.ID,
			Tenant: e.TenantID, TenantSeq: prev.Seq + 1,
			Hash: tlog.RecordHash(raw), Bytes: raw,
		}
		heads[e.TenantID] = TenantHead{Seq: leaves[i].TenantSeq, Leaf: leaves[i].Hash}
	}
	return leaves, nil
}

// swap replaces the published checkpoint.
func (l *Log) swap(ctx context.Context, size int64, signed []byte) error {
	if err := l.opts.Storage.SwapCheckpoint(ctx, l.growth.published, signed); err != nil {
		return fmt.Errorf("auditlog: publish the checkpoint of %d leaves: %w", size, err)
	}
	l.growth.published = signed
	l.wake()
	return nil
}

// publish signs the head that growth stands at, stores objects, and then the checkpoint.
func (l *Log) publish(ctx context.Context, objects []Object) error {
	c := tiles.Checkpoint{Origin: l.opts.Origin, Size: l.growth.size(), Root: l.growth.root()}
	signed, err := c.Sign(l.opts.Signers...)
	if err != nil {
		return fmt.Errorf("auditlog: sign the checkpoint of %d leaves: %w", c.Size, err)
	}
	if err := l.opts.Storage.Put(ctx, objects); err != nil {
		return fmt.Errorf("auditlog: publish %d leaves: %w", c.Size, err)
	}
	if signed, err = l.cosign(ctx, c.Size, signed); err != nil {
		return err
	}
	if err := l.swap(ctx, c.Size, signed); err != nil {
		return err
	}
	// From here on the log is whole; partial tiles that stay cost only space.
	for _, o := range objects {
		if t, err := tiles.ParsePath(o.Path); err == nil && t.W == tiles.Width {
			if err := l.opts.Storage.RemovePartials(ctx, o.Path); err != nil {
				l.opts.OnError(fmt.Errorf("auditlog: remove partial tiles: %w", err))
			}
		}
	}
	return nil
}
