package auditlog

import (
	"context"
	"errors"
	"time"

	"golang.org/x/mod/sumdb/tlog"
)

// ErrFenced: another sequencer has taken the log since. Ledger implementations
// return it (wrapped or bare) from Head and Append when the epoch has moved on.
var ErrFenced = errors.New("auditlog: fenced: another sequencer has taken the log")

// Head is the state of the log as the ledger knows it.
type Head struct {
	// Size is the number of leaves.
	Size int64
	// Root is the RFC 6962 tree hash over those leaves; for a ledger that never
	// held a leaf it is not looked at.
	Root tlog.Hash
}

// PendingEvent is an event that is committed and not yet in the log.
type PendingEvent struct {
	ID       string
	TenantID string // "" for what belongs to no tenant: start, stop, policy
	Kind     string
	At       time.Time // UTC
	// Body is the event as committed: a JSON object in RFC 8785 form, without personal data.
	Body []byte
}

// Leaf is one entry of the log, ready to be stored.
type Leaf struct {
	Index     int64 // from 0
	EventID   string
	Tenant    string
	TenantSeq int64     // from 1
	Hash      tlog.Hash // RFC 6962 leaf hash of Bytes
	Bytes     []byte    // verbatim; at most 65,535 bytes
}

// TenantHead is the end of a tenant's own chain of leaves.
type TenantHead struct {
	Seq  int64     // of the tenant's last leaf
	Leaf tlog.Hash // the RFC 6962 leaf hash of that leaf
}

// Ledger is what the sequencer needs of the database that holds the events.
// The suite auditlogtest.Run states the contract in full.
type Ledger interface {
	// AcquireEpoch makes the caller the only sequencer: it durably raises the
	// epoch, which fences out every earlier one, and returns it with the head.
	AcquireEpoch(ctx context.Context) (epoch int64, head Head, err error)
	// Head returns the head as committed now; ErrFenced when epoch is no longer the current one.
	Head(ctx context.Context, epoch int64) (Head, error)
	// Pending returns up to n events that are not yet in the log, in an order
	// that keeps each tenant's events as they were committed.
	Pending(ctx context.Context, n int) ([]PendingEvent, error)
	// TenantHeads returns the heads of those of the tenants that have a leaf.
	TenantHeads(ctx context.Context, tenants []string) (map[string]TenantHead, error)
	// Append stores leaves, which continue the log at index from, and the new
	// head in one durable transaction. It stores nothing and returns ErrFenced
	// when epoch is no longer the current one, and an error when from is not the
	// present size or an event is in the log already.
	Append(ctx context.Context, epoch, from int64, leaves []Leaf, head Head) error
	// Leaves returns the bytes of the leaves [from, to), verbatim and in order.
	Leaves(ctx context.Context, from, to int64) ([][]byte, error)
	// LeafOf returns the index of the leaf of an event; ok is false when it has none.
	LeafOf(ctx context.Context, eventID string) (index int64, ok bool, err error)
}
