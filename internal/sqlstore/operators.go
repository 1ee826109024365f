package sqlstore

import (
	"context"
	"time"

	"realname/compliance"
	"realname/verify"
)

// OperatorKey is one credential of an operator. The ledger has its hash only.
type OperatorKey struct {
	ID        string
	Label     string // how the operator is known in house
	Hash      string // hex SHA-256 of the key's text; empty where keys are listed
	CreatedAt time.Time
	RevokedAt time.Time // zero: it holds
}

// AddOperatorKey adds a credential with its event.
func (s *Store) AddOperatorKey(ctx context.Context, k OperatorKey, event compliance.Event) error {
	return s.write(ctx, "add operator key", nil, func(t *txn) error {
		_, err := t.exec(`INSERT INTO operator_keys (id, label, hash, created_at) VALUES ($1, $2, $3, $4)`, k.ID, k.Label, k.Hash, t.at.UnixMicro())
		if err != nil {
			return err
		}
		return t.putEvent(event)
	})
}

// RevokeOperatorKey ends a credential with its event; verify.ErrNotFound when it does not hold (any more).
func (s *Store) RevokeOperatorKey(ctx context.Context, id string, event compliance.Event) error {
	return s.write(ctx, "revoke operator key", []string{policyLock}, func(t *txn) error {
		if err := t.one(verify.ErrNotFound, `UPDATE operator_keys SET revoked_at = $1 WHERE id = $2 AND revoked_at IS NULL`, t.at.UnixMicro(), id); err != nil {
			return err
		}
		return t.putEvent(event)
	})
}

// OperatorKeys are all credentials of operators, those that were revoked too, in the order of id.
func (s *Store) OperatorKeys(ctx context.Context) ([]OperatorKey, error) {
	var out []OperatorKey
	err := s.list(ctx, `SELECT id, label, created_at, revoked_at FROM operator_keys ORDER BY id`, nil, func(scan func(dest ...any) error) error {
		var k OperatorKey
		err := scan(&k.ID, &k.Label, moment(&k.CreatedAt), moment(&k.RevokedAt))
		out = append(out, k)
		return err
	})
	return out, wrap("operator keys", err)
}
