package sqlstore

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"realname/compliance"
	"realname/compliance/policy"
	"realname/verify"
)

// LegalEntity is whom legal quotas count for, nationwide.
type LegalEntity struct {
	ID       string
	Name     string
	Sector   compliance.Sector
	Region   string // GB/T 2260 province code, or 000000 for nationwide
	ParentID string // empty for a head
}

// Tenant is an institution with credentials.
type Tenant struct {
	ID            string
	Name          string
	Sector        compliance.Sector
	Region        string // GB/T 2260 province code, or 000000 for nationwide
	LegalEntityID string
	CreatedAt     time.Time // set by the ledger when zero
}

// APIKey is one credential of a tenant. The ledger has its hash only.
type APIKey struct {
	ID        string
	TenantID  string
	Role      compliance.TenantRole
	Hash      string    // hex SHA-256 of the key's text
	CreatedAt time.Time // set by the ledger when zero
}

// AddLegalEntity adds a legal entity; adding the same id again changes nothing.
func (s *Store) AddLegalEntity(ctx context.Context, e LegalEntity) error {
	return s.write(ctx, "add legal entity", nil, func(t *txn) error {
		_, err := t.exec(`INSERT INTO legal_entities (id, name, sector, region, parent_id, created_at)
			VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (id) DO NOTHING`,
			e.ID, e.Name, string(e.Sector), e.Region, text(e.ParentID), t.at.UnixMicro())
		return err
	})
}

// AddTenant adds a tenant of an existing legal entity with its event.
func (s *Store) AddTenant(ctx context.Context, n Tenant, event compliance.Event) error {
	return s.write(ctx, "add tenant", nil, func(t *txn) error {
		_, err := t.exec(`INSERT INTO tenants (id, name, sector, region, legal_entity_id, created_at) VALUES ($1, $2, $3, $4, $5, $6)`,
			n.ID, n.Name, string(n.Sector), n.Region, n.LegalEntityID, t.orNow(n.CreatedAt))
		if err != nil {
			return err
		}
		return t.putEvent(event)
	})
}

func (t *txn) orNow(at time.Time) int64 {
	if at.IsZero() {
		at = t.at
	}
	return at.UnixMicro()
}

// Tenants returns all tenants in the order of id.
func (s *Store) Tenants(ctx context.Context) ([]Tenant, error) {
	var out []Tenant
	err := s.list(ctx, `SELECT id, name, sector, region, legal_entity_id, created_at FROM tenants ORDER BY id`, nil,
		func(scan func(dest ...any) error) error {
			var n Tenant
			err := scan(&n.ID, &n.Name, &n.Sector, &n.Region, &n.LegalEntityID, moment(&n.CreatedAt))
			out = append(out, n)
			return err
		})
	if err != nil {
		return nil, wrap("tenants", err)
	}
	return out, nil
}

// SetTenantLimit sets how many a family of the tenant's admits, with its event; the last word counts.
func (s *Store) SetTenantLimit(ctx context.Context, tenantID, family string, most int, event compliance.Event) error {
	return s.write(ctx, "set tenant limit", nil, func(t *txn) error {
		_, err := t.exec(`INSERT INTO tenant_limits (tenant_id, family, most, set_at, event_id) VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT (tenant_id, family) DO UPDATE SET most = excluded.most, set_at = excluded.set_at, event_id = excluded.event_id`,
			tenantID, family, most, t.at.UnixMicro(), event.ID)
		if err != nil {
			return err
		}
		return t.putEvent(event)
	})
}

// TenantLimits implements verify.Ledger.
func (s *Store) TenantLimits(ctx context.Context, tenantID string) (map[string]int, error) {
	out := map[string]int{}
	err := s.list(ctx, `SELECT family, most FROM tenant_limits WHERE tenant_id = $1`, []any{tenantID}, func(scan func(dest ...any) error) error {
		var family string
		var most int
		err := scan(&family, &most)
		out[family] = most
		return err
	})
	if err != nil {
		return nil, wrap("tenant limits", err)
	}
	return out, nil
}

// SetTenantSettings sets all of a tenant's settings, its limits among them, with the event; the last word counts.
func (s *Store) SetTenantSettings(ctx context.Context, tenantID string, settings policy.TenantSettings, event compliance.Event) error {
	limits := settings.Limits
	settings.Limits = nil
	text, err := compliance.Canonical(settings)
	if err != nil {
		return wrap("set tenant settings", err)
	}
	return s.write(ctx, "set tenant settings", nil, func(t *txn) error {
		_, err := t.exec(`INSERT INTO tenant_settings (tenant_id, settings, set_at, event_id) VALUES ($1, $2, $3, $4)
			ON CONFLICT (tenant_id) DO UPDATE SET settings = excluded.settings, set_at = excluded.set_at, event_id = excluded.event_id`,
			tenantID, string(text), t.at.UnixMicro(), event.ID)
		if err != nil {
			return err
		}
		if _, err := t.exec(`DELETE FROM tenant_limits WHERE tenant_id = $1`, tenantID); err != nil {
			return err
		}
		for family, most := range limits {
			if _, err := t.exec(`INSERT INTO tenant_limits (tenant_id, family, most, set_at, event_id) VALUES ($1, $2, $3, $4, $5)`,
				tenantID, family, most, t.at.UnixMicro(), event.ID); err != nil {
				return err
			}
		}
		return t.putEvent(event)
	})
}

// TenantSettings implements verify.Ledger.
func (s *Store) TenantSettings(ctx context.Context, tenantID string) (out policy.TenantSettings, err error) {
	const op = "tenant settings"
	var text string
	err = s.find(ctx, `SELECT settings FROM tenant_settings WHERE tenant_id = $1`, []any{tenantID}, &text)
	if errors.Is(err, verify.ErrNotFound) {
		return out, nil
	}
	if err == nil {
		err = json.Unmarshal([]byte(text), &out)
	}
	return out, wrap(op, err)
}

// AddKey adds a credential with its event.
func (s *Store) AddKey(ctx context.Context, k APIKey, event compliance.Event) error {
	return s.write(ctx, "add key", nil, func(t *txn) error {
		_, err := t.exec(`INSERT INTO api_keys (id, tenant_id, role, hash, created_at) VALUES ($1, $2, $3, $4, $5)`,
			k.ID, k.TenantID, string(k.Role), k.Hash, t.orNow(k.CreatedAt))
		if err != nil {
			return err
		}
		return t.putEvent(event)
	})
}

// RevokeKey ends a credential with the event that the function makes for the
// key's tenant; verify.ErrNotFound when it does not hold (any more).
func (s *Store) RevokeKey(ctx context.Context, id string, event func(tenantID string) (compliance.Event, error)) error {
	return s.write(ctx, "revoke key", nil, func(t *txn) error {
		var tenantID string
		found, err := t.row(`SELECT tenant_id FROM api_keys WHERE id = $1`, []any{id}, &tenantID)
		if err != nil {
			return err
		}
		if !found {
			return verify.ErrNotFound
		}
		err = t.one(verify.ErrNotFound, `UPDATE api_keys SET revoked_at = $1 WHERE id = $2 AND revoked_at IS NULL`, t.at.UnixMicro(), id)
		if err != nil {
			return err
		}
		ev, err := event(tenantID)
		if err != nil {
			return own(err)
		}
		return t.putEvent(ev)
	})
}

// CallerByKeyHash returns whom a credential speaks for; verify.ErrNotFound when
// it is unknown or revoked.
func (s *Store) CallerByKeyHash(ctx context.Context, hash string) (verify.Caller, error) {
	var c verify.Caller
	err := s.find(ctx, `SELECT k.id, k.tenant_id, n.legal_entity_id, k.role, n.sector, n.region
		FROM api_keys k JOIN tenants n ON n.id = k.tenant_id WHERE k.hash = $1 AND k.revoked_at IS NULL`, []any{hash},
		&c.KeyID, &c.TenantID, &c.LegalEntityID, &c.Role, &c.Sector, &c.Region)
	return c, wrap("caller", err)
}
