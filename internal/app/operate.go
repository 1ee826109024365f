package app

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"time"

	"realname/compliance"
	"realname/internal/config"
	"realname/internal/httpapi"
	"realname/internal/sqlstore"
	"realname/verify"
)

// Operator does what an operator's commands do, on the ledger itself, beside a
// running gateway or without one. Everything it changes is an event.
type Operator struct {
	config config.Config
	keys   keyring
	store  *sqlstore.Store
	ids    *compliance.IDs
	now    func() time.Time
}

// OpenOperator opens the ledger of a configuration; the first use of a data
// folder makes its keys.
func OpenOperator(ctx context.Context, c config.Config) (*Operator, error) {
	if err := os.MkdirAll(c.Data, 0o700); err != nil {
		return nil, fmt.Errorf("app: data folder: %w", err)
	}
	store, err := sqlstore.Open(ctx, sqlstore.Options{DSN: c.LedgerDSN()})
	if err != nil {
		return nil, err
	}
	ids := compliance.NewIDs(time.Now, rand.Reader)
	keys, err := openKeys(ctx, &c, store, ids)
	if err != nil {
		return nil, errors.Join(err, store.Close())
	}
	return &Operator{config: c, keys: keys, store: store, ids: ids, now: time.Now}, nil
}

// Close closes the ledger.
func (o *Operator) Close() error { return o.store.Close() }

// NewTenant describes a tenant to be added.
type NewTenant struct {
	Name        string
	Sector      compliance.Sector
	Region      string // GB/T 2260 province code; 000000 is nationwide
	LegalEntity string // id of an existing legal entity; empty makes one of the same name
	NoStock     bool   // it has no cards or accounts yet, so that the stock of every quota family is complete
}

var provinceCode = regexp.MustCompile(`^[0-9]{2}0000$`)

// AddTenant adds a tenant and returns it.
func (o *Operator) AddTenant(ctx context.Context, n NewTenant) (sqlstore.Tenant, error) {
	if n.Name == "" {
		return sqlstore.Tenant{}, errors.New("a tenant needs a name")
	}
	if !slices.Contains(compliance.Sectors(), n.Sector) {
		return sqlstore.Tenant{}, fmt.Errorf("no sector %q; there are %v", n.Sector, compliance.Sectors())
	}
	if !provinceCode.MatchString(n.Region) {
		return sqlstore.Tenant{}, errors.New("a region is a province code of GB/T 2260, such as 110000, or 000000 for nationwide")
	}
	t := sqlstore.Tenant{
		ID: o.ids.New(compliance.PrefixTenant), Name: n.Name, Sector: n.Sector, Region: n.Region,
		LegalEntityID: n.LegalEntity, CreatedAt: o.now().UTC(),
	}
	if t.LegalEntityID == "" {
		t.LegalEntityID = o.ids.New(compliance.PrefixLegalEntity)
		entity := sqlstore.LegalEntity{ID: t.LegalEntityID, Name: n.Name, Sector: n.Sector, Region: n.Region}
		if err := o.store.AddLegalEntity(ctx, entity); err != nil {
			return sqlstore.Tenant{}, err
		}
	}
	ev, err := o.event(compliance.EventTenantAdded, t.ID, t.ID, map[string]string{
		"sector": string(t.Sector), "region": t.Region, "legal_entity": t.LegalEntityID,
	})
	if err != nil {
		return sqlstore.Tenant{}, err
	}
	if err := o.store.AddTenant(ctx, t, ev); err != nil || !n.NoStock || t.Sector == compliance.SectorRegulator {
		return t, err
	}
	stock, err := o.Stock(ctx, t.ID)
	if err != nil {
		return t, err
	}
	return t, stock.stateNone(ctx)
}

// Tenants lists all tenants.
func (o *Operator) Tenants(ctx context.Context) ([]sqlstore.Tenant, error) {
	return o.store.Tenants(ctx)
}

// CreateKey makes an API key and returns its id and text; the ledger keeps only its hash.
func (o *Operator) CreateKey(ctx context.Context, tenantID string, role compliance.TenantRole) (id, key string, err error) {
	if role != compliance.RoleTenant && role != compliance.RoleRegulator {
		return "", "", fmt.Errorf("no role %q; there are %s and %s", role, compliance.RoleTenant, compliance.RoleRegulator)
	}
	tenants, err := o.store.Tenants(ctx)
	if err != nil {
		return "", "", err
	}
	i := slices.IndexFunc(tenants, func(t sqlstore.Tenant) bool { return t.ID == tenantID })
	if i < 0 {
		return "", "", fmt.Errorf("no tenant %s; `realname tenant list` shows them", tenantID)
	}
	if (role == compliance.RoleRegulator) != (tenants[i].Sector == compliance.SectorRegulator) {
		return "", "", fmt.Errorf("a %s key is not for a tenant of sector %s", role, tenants[i].Sector)
	}
	id = o.ids.New(compliance.PrefixKey)
	key, hash := httpapi.NewKey(rand.Reader)
	ev, err := o.event(compliance.EventKeyCreated, tenantID, id, map[string]string{"role": string(role)})
	if err != nil {
		return "", "", err
	}
	k := sqlstore.APIKey{ID: id, TenantID: tenantID, Role: role, Hash: hash, CreatedAt: o.now().UTC()}
	return id, key, o.store.AddKey(ctx, k, ev)
}

// RevokeKey ends a key; a running gateway refuses it within seconds.
func (o *Operator) RevokeKey(ctx context.Context, id string) error {
	err := o.store.RevokeKey(ctx, id, func(tenantID string) (compliance.Event, error) {
		return o.event(compliance.EventKeyRevoked, tenantID, id, map[string]string{})
	})
	if errors.Is(err, verify.ErrNotFound) {
		err = o.revokeOperatorKey(ctx, id)
	}
	if errors.Is(err, verify.ErrNotFound) {
		return fmt.Errorf("no live key %s", id)
	}
	return err
}

func (o *Operator) event(kind compliance.EventKind, tenant, subject string, data map[string]string) (compliance.Event, error) {
	return compliance.NewEvent(o.ids.New(compliance.PrefixEvent), kind, tenant, subject, o.now(), data)
}
