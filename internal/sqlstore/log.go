package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"golang.org/x/mod/sumdb/tlog"

	"realname/compliance"
	"realname/compliance/auditlog"
)

// Log is the ledger of the audit log's sequencer.
type Log struct{ s *Store }

var _ auditlog.Ledger = (*Log)(nil)

// Log returns the sequencer's side of the store.
func (s *Store) Log() *Log { return &Log{s} }

// place is where an event waits to be logged.
type place struct {
	inDecision bool
	seq        int64
}

// places remembers the places of the events that Pending last returned, so
// that Append marks each by the outbox's index.
type places struct {
	mu sync.Mutex
	of map[string]place
}

func (p *places) set(of map[string]place) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.of = of
}

func (p *places) get(eventID string) (place, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	pl, ok := p.of[eventID]
	return pl, ok
}

// AcquireEpoch implements auditlog.Ledger.
func (l *Log) AcquireEpoch(ctx context.Context) (epoch int64, head auditlog.Head, err error) {
	err = l.s.write(ctx, "acquire epoch", nil, func(t *txn) error {
		if _, err := t.exec(`UPDATE log_state SET epoch = epoch + 1 WHERE id = 1`); err != nil {
			return err
		}
		var root []byte
		if _, err := t.row(`SELECT epoch, size, root FROM log_state WHERE id = 1`, nil, &epoch, &head.Size, &root); err != nil {
			return err
		}
		return intoHash(&head.Root, root, head.Size == 0)
	})
	if err != nil {
		return 0, auditlog.Head{}, err
	}
	return epoch, head, nil
}

// intoHash copies a stored hash; only an empty log may lack its root.
func intoHash(h *tlog.Hash, b []byte, mayLack bool) error {
	if len(b) == 0 && mayLack {
		return nil
	}
	if len(b) != tlog.HashSize {
		return fmt.Errorf("a stored hash of %d bytes", len(b))
	}
	copy(h[:], b)
	return nil
}

// Head implements auditlog.Ledger.
func (l *Log) Head(ctx context.Context, epoch int64) (auditlog.Head, error) {
	const op = "log head"
	var (
		head    auditlog.Head
		current int64
		root    []byte
	)
	err := l.s.find(ctx, `SELECT epoch, size, root FROM log_state WHERE id = 1`, nil, &current, &head.Size, &root)
	if err != nil {
		return auditlog.Head{}, wrap(op, err)
	}
	if current != epoch {
		return auditlog.Head{}, wrap(op, auditlog.ErrFenced)
	}
	return head, wrap(op, intoHash(&head.Root, root, head.Size == 0))
}

// Pending implements auditlog.Ledger.
func (l *Log) Pending(ctx context.Context, n int) ([]auditlog.PendingEvent, error) {
	const query = `SELECT id, tenant_id, kind, event_at, body, event_seq, in_decision FROM (
		SELECT * FROM (SELECT event_id AS id, tenant_id, event_kind AS kind, event_at, event_body AS body, event_seq, TRUE AS in_decision
			FROM decisions WHERE NOT logged ORDER BY event_seq, event_id LIMIT $1) AS d
		UNION ALL
		SELECT * FROM (SELECT id, tenant_id, kind, event_at, body, event_seq, FALSE AS in_decision
			FROM events WHERE NOT logged ORDER BY event_seq, id LIMIT $1) AS e
		) AS outbox ORDER BY event_seq, id LIMIT $1`
	var out []auditlog.PendingEvent
	waiting := make(map[string]place, n)
	err := l.s.list(ctx, query, []any{n}, func(scan func(dest ...any) error) error {
		var e auditlog.PendingEvent
		var at place
		err := scan(&e.ID, &e.TenantID, &e.Kind, moment(&e.At), &e.Body, &at.seq, &at.inDecision)
		waiting[e.ID] = at
		out = append(out, e)
		return err
	})
	if err != nil {
		return nil, wrap("pending events", err)
	}
	l.s.queued.set(waiting)
	return out, nil
}

// TenantHeads implements auditlog.Ledger.
func (l *Log) TenantHeads(ctx context.Context, tenants []string) (map[string]auditlog.TenantHead, error) {
	heads := make(map[string]auditlog.TenantHead, len(tenants))
	for _, tenant := range tenants {
		err := l.s.list(ctx, `SELECT tenant_seq, leaf_hash FROM log_tenant_heads WHERE tenant_id = $1`, []any{tenant},
			func(scan func(dest ...any) error) error {
				var h auditlog.TenantHead
				var hash []byte
				if err := scan(&h.Seq, &hash); err != nil {
					return err
				}
				if err := intoHash(&h.Leaf, hash, false); err != nil {
					return err
				}
				heads[tenant] = h
				return nil
			})
		if err != nil {
			return nil, wrap("tenant heads", err)
		}
	}
	return heads, nil
}

// Append implements auditlog.Ledger.
func (l *Log) Append(ctx context.Context, epoch, from int64, leaves []auditlog.Leaf, head auditlog.Head) error {
	return l.s.write(ctx, "append leaves", nil, func(t *txn) error {
		if err := t.advanceHead(epoch, from, head); err != nil {
			return err
		}
		heads := map[string]auditlog.Leaf{}
		for i, leaf := range leaves {
			if leaf.Index != from+int64(i) {
				return errors.New("the leaves do not follow each other")
			}
			if err := l.markLogged(t, leaf.EventID); err != nil {
				return err
			}
			_, err := t.exec(`INSERT INTO log_leaves (leaf_index, event_id, tenant_id, tenant_seq, leaf_hash, leaf) VALUES ($1, $2, $3, $4, $5, $6)`,
				leaf.Index, leaf.EventID, leaf.Tenant, leaf.TenantSeq, leaf.Hash[:], leaf.Bytes)
			if err != nil {
				return err
			}
			heads[leaf.Tenant] = leaf
		}
		if head.Size != from+int64(len(leaves)) {
			return errors.New("the head is not of these leaves")
		}
		for tenant, leaf := range heads {
			_, err := t.exec(`INSERT INTO log_tenant_heads (tenant_id, tenant_seq, leaf_hash) VALUES ($1, $2, $3)
				ON CONFLICT (tenant_id) DO UPDATE SET tenant_seq = excluded.tenant_seq, leaf_hash = excluded.leaf_hash`,
				tenant, leaf.TenantSeq, leaf.Hash[:])
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// advanceHead moves the head under the epoch, and by its row lock keeps every other sequencer out.
func (t *txn) advanceHead(epoch, from int64, head auditlog.Head) error {
	n, err := t.exec(`UPDATE log_state SET size = $1, root = $2 WHERE id = 1 AND epoch = $3 AND size = $4`,
		head.Size, head.Root[:], epoch, from)
	if err != nil || n == 1 {
		return err
	}
	var current, size int64
	if _, err := t.row(`SELECT epoch, size FROM log_state WHERE id = 1`, nil, &current, &size); err != nil {
		return err
	}
	if current != epoch {
		return auditlog.ErrFenced
	}
	return fmt.Errorf("the log has %d leaves, not %d", size, from)
}

// markLogged takes one event out of the outbox.
func (l *Log) markLogged(t *txn, eventID string) error {
	at, known := l.s.queued.get(eventID)
	if !known {
		found, err := t.row(`SELECT event_seq, TRUE FROM decisions WHERE NOT logged AND event_id = $1
			UNION ALL SELECT event_seq, FALSE FROM events WHERE NOT logged AND id = $1`, []any{eventID}, &at.seq, &at.inDecision)
		if err != nil {
			return err
		}
		if !found {
			return errors.New("an event is not waiting to be logged")
		}
	}
	query := `UPDATE events SET logged = TRUE WHERE NOT logged AND event_seq = $1 AND id = $2`
	if at.inDecision {
		query = `UPDATE decisions SET logged = TRUE WHERE NOT logged AND event_seq = $1 AND event_id = $2`
	}
	return t.one(errors.New("an event is in the log already"), query, at.seq, eventID)
}

// Leaves implements auditlog.Ledger.
func (l *Log) Leaves(ctx context.Context, from, to int64) ([][]byte, error) {
	const op = "leaves"
	if from < 0 || to < from {
		return nil, wrap(op, errors.New("an impossible range"))
	}
	leaves := make([][]byte, 0, min(to-from, 1<<16))
	err := l.s.list(ctx, `SELECT leaf FROM log_leaves WHERE leaf_index >= $1 AND leaf_index < $2 ORDER BY leaf_index`, []any{from, to},
		func(scan func(dest ...any) error) error {
			var b []byte
			err := scan(&b)
			leaves = append(leaves, b)
			return err
		})
	if err == nil && int64(len(leaves)) != to-from {
		err = fmt.Errorf("%d of %d leaves from %d are in the ledger", len(leaves), to-from, from)
	}
	if err != nil {
		return nil, wrap(op, err)
	}
	return leaves, nil
}

// LeafOf implements auditlog.Ledger.
func (l *Log) LeafOf(ctx context.Context, eventID string) (index int64, ok bool, err error) {
	err = l.s.list(ctx, `SELECT leaf_index FROM log_leaves WHERE event_id = $1`, []any{eventID},
		func(scan func(dest ...any) error) error {
			ok = true
			return scan(&index)
		})
	if err != nil {
		return 0, false, wrap("leaf of", err)
	}
	return index, ok, nil
}

// LogHead is the head of the log as the ledger has it, for whoever is no sequencer.
func (s *Store) LogHead(ctx context.Context) (auditlog.Head, error) {
	const op = "log head"
	var head auditlog.Head
	var root []byte
	if err := s.find(ctx, `SELECT size, root FROM log_state WHERE id = 1`, nil, &head.Size, &root); err != nil {
		return auditlog.Head{}, wrap(op, err)
	}
	return head, wrap(op, intoHash(&head.Root, root, head.Size == 0))
}

// ReopenLog lets the log begin anew, empty: every event waits to be logged
// again, the given one among them, and every sequencer is fenced. What was
// published stays published; the ledger forgets its leaves.
func (s *Store) ReopenLog(ctx context.Context, event compliance.Event) error {
	return s.write(ctx, "reopen log", nil, func(t *txn) error {
		for _, statement := range []string{
			`UPDATE log_state SET epoch = epoch + 1, size = 0, root = NULL WHERE id = 1`,
			`DELETE FROM log_leaves WHERE leaf_index >= 0`,
			`DELETE FROM log_tenant_heads WHERE tenant_seq >= 0`,
			`DELETE FROM outbox_cursors WHERE position >= 0`, // positions in leaves that are gone
			`UPDATE decisions SET logged = FALSE WHERE logged`,
			`UPDATE events SET logged = FALSE WHERE logged`,
		} {
			if _, err := t.exec(statement); err != nil {
				return err
			}
		}
		return t.putEvent(event)
	})
}
