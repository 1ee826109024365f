// Package auditlogtest states what package auditlog demands of a ledger, as a
// suite that runs over any of them, and holds the ledger in memory that the
// sequencer's own tests use.
package auditlogtest

import (
	"bytes"
	"context"
	"fmt"
	"sync"
	"testing"

	"realname/compliance/auditlog"
)

// Store is a ledger under test, with the way to commit events to it.
type Store interface {
	auditlog.Ledger
	// Add commits events, in order, as the gateway would.
	Add(t testing.TB, events ...auditlog.PendingEvent)
}

// Memory is a ledger in memory. Its zero value is empty and ready.
type Memory struct {
	mu      sync.Mutex
	epoch   int64
	head    auditlog.Head
	pending []auditlog.PendingEvent
	leaves  [][]byte
	index   map[string]int64
	tenants map[string]auditlog.TenantHead
}

// Add implements Store.
func (m *Memory) Add(_ testing.TB, events ...auditlog.PendingEvent) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.pending = append(m.pending, events...)
}

// AcquireEpoch implements auditlog.Ledger.
func (m *Memory) AcquireEpoch(context.Context) (int64, auditlog.Head, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.epoch++
	return m.epoch, m.head, nil
}

// Head implements auditlog.Ledger.
func (m *Memory) Head(_ context.Context, epoch int64) (auditlog.Head, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if epoch != m.epoch {
		return auditlog.Head{}, auditlog.ErrFenced
	}
	return m.head, nil
}

// Pending implements auditlog.Ledger.
func (m *Memory) Pending(_ context.Context, n int) ([]auditlog.PendingEvent, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]auditlog.PendingEvent(nil), m.pending[:min(n, len(m.pending))]...), nil
}

// TenantHeads implements auditlog.Ledger.
func (m *Memory) TenantHeads(_ context.Context, tenants []string) (map[string]auditlog.TenantHead, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := make(map[string]auditlog.TenantHead)
	for _, t := range tenants {
		if h, ok := m.tenants[t]; ok {
			out[t] = h
		}
	}
	return out, nil
}

// Append implements auditlog.Ledger.
func (m *Memory) Append(_ context.Context, epoch, from int64, leaves []auditlog.Leaf, head auditlog.Head) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if epoch != m.epoch {
		return auditlog.ErrFenced
	}
	if from != m.head.Size || head.Size != from+int64(len(leaves)) || len(leaves) > len(m.pending) {
		return fmt.Errorf("append at %d to a ledger of %d leaves", from, m.head.Size)
	}
	for i, l := range leaves {
		if m.pending[i].ID != l.EventID || l.Index != from+int64(i) {
			return fmt.Errorf("leaf %d of event %s is not the next", l.Index, l.EventID)
		}
	}
	if m.index == nil {
		m.index, m.tenants = make(map[string]int64), make(map[string]auditlog.TenantHead)
	}
	for _, l := range leaves {
		m.leaves = append(m.leaves, bytes.Clone(l.Bytes))
		m.index[l.EventID] = l.Index
		m.tenants[l.Tenant] = auditlog.TenantHead{Seq: l.TenantSeq, Leaf: l.Hash}
	}
	m.pending = m.pending[len(leaves):]
	m.head = head
	return nil
}

// Leaves implements auditlog.Ledger.
func (m *Memory) Leaves(_ context.Context, from, to int64) ([][]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if from < 0 || to > int64(len(m.leaves)) || from > to {
		return nil, fmt.Errorf("leaves %d to %d of %d", from, to, len(m.leaves))
	}
	return append([][]byte(nil), m.leaves[from:to]...), nil
}

// LeafOf implements auditlog.Ledger.
func (m *Memory) LeafOf(_ context.Context, eventID string) (int64, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	i, ok := m.index[eventID]
	return i, ok, nil
}
