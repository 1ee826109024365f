package sqlstore

import (
	"context"
	"errors"

	"realname/compliance"
	"realname/verify"
)

// putEvent puts one event into the outbox.
func (t *txn) putEvent(e compliance.Event) error {
	if e.ID == "" || len(e.Body) == 0 {
		return errors.New("an event without id or body")
	}
	_, err := t.exec(`INSERT INTO events (id, tenant_id, kind, subject, event_at, event_seq, body) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
		e.ID, e.TenantID, string(e.Kind), e.Subject, e.At.UnixMicro(), t.seq, e.Body)
	return err
}

// Append records an event that stands alone.
func (s *Store) Append(ctx context.Context, event compliance.Event) error {
	return s.write(ctx, "append event", nil, func(t *txn) error { return t.putEvent(event) })
}

// Attempt implements verify.Ledger.
func (s *Store) Attempt(ctx context.Context, a verify.Attempt, event compliance.Event) error {
	return s.write(ctx, "attempt", nil, func(t *txn) error {
		at := a.At
		if at.IsZero() {
			at = t.at
		}
		_, err := t.exec(`INSERT INTO attempts (id, tenant_id, code, endpoint, scene, product, person_id,
			channel, channel_agent_id, outlet_id, clerk_id, terminal_id, at, recorded_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`,
			a.ID, a.TenantID, a.Code, a.Endpoint, text(string(a.Scene)), text(a.Product), text(a.PersonID),
			text(string(a.Channel.Kind)), text(a.Channel.ChannelAgent), text(a.Channel.Outlet), text(a.Channel.Clerk), text(a.Channel.Terminal),
			at.UnixMicro(), t.at.UnixMicro())
		if err != nil {
			return err
		}
		if err := t.putWindows(a.ID, a.Windows, false); err != nil {
			return err
		}
		return t.putEvent(event)
	})
}
