package sqlstore_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"realname/compliance"
	"realname/internal/sqlstore"
	"realname/internal/sqlstore/storetest"
	"realname/verify"
)

func TestTenantsAndKeys(t *testing.T) {
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		dsn, clock := e.DSN(t), storetest.NewClock()
		s := storetest.Open(t, dsn, clock.Now)
		ctx := t.Context()
		event := func(kind compliance.EventKind, subject string) compliance.Event {
			return storetest.Event(t, kind, storetest.Tenant, subject, clock.Now())
		}
		tenant := sqlstore.Tenant{
			ID: storetest.Tenant, Name: "Carrier", Sector: compliance.SectorTelecom, Region: "440000",
			LegalEntityID: storetest.LegalEntity, CreatedAt: clock.Now(),
		}
		if err := s.AddTenant(ctx, tenant, event(compliance.EventTenantAdded, tenant.ID)); err == nil {
			t.Error("a tenant of an unknown legal entity was added")
		}
		for range 2 {
			entity := sqlstore.LegalEntity{ID: storetest.LegalEntity, Name: "Carrier Ltd", Sector: compliance.SectorTelecom, Region: "000000"}
			if err := s.AddLegalEntity(ctx, entity); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.AddTenant(ctx, tenant, event(compliance.EventTenantAdded, tenant.ID)); err != nil {
			t.Fatal(err)
		}
		key := sqlstore.APIKey{ID: "key_1", TenantID: tenant.ID, Role: compliance.RoleTenant, Hash: "hash", CreatedAt: clock.Now()}
		if err := s.AddKey(ctx, key, event(compliance.EventKeyCreated, key.ID)); err != nil {
			t.Fatal(err)
		}
		want := verify.Caller{
			KeyID: key.ID, TenantID: tenant.ID, LegalEntityID: storetest.LegalEntity,
			Role: compliance.RoleTenant, Sector: compliance.SectorTelecom, Region: "440000",
		}
		if c, err := s.CallerByKeyHash(ctx, "hash"); err != nil || c != want {
			t.Errorf("caller %+v, %v", c, err)
		}
		if got, err := s.Tenants(ctx); err != nil || !cmp.Equal(got, []sqlstore.Tenant{tenant}) {
			t.Errorf("tenants %+v, %v", got, err)
		}
		if err := s.RevokeKey(ctx, key.ID, event(compliance.EventKeyRevoked, key.ID)); err != nil {
			t.Fatal(err)
		}
		for _, hash := range []string{"hash", "unknown", ""} {
			if _, err := s.CallerByKeyHash(ctx, hash); !errors.Is(err, verify.ErrNotFound) {
				t.Errorf("hash %q: %v", hash, err)
			}
		}
		if err := s.RevokeKey(ctx, key.ID, event(compliance.EventKeyRevoked, key.ID)); !errors.Is(err, verify.ErrNotFound) {
			t.Errorf("revoked twice: %v", err)
		}
		key.RevokedAt = clock.Now()
		if got, err := s.Keys(ctx, tenant.ID); err != nil || !cmp.Equal(got, []sqlstore.APIKey{key}) {
			t.Errorf("keys %+v, %v", got, err)
		}
		if st, err := s.Stats(ctx); err != nil || st.PendingEvents != 3 {
			t.Errorf("%d events, %v", st.PendingEvents, err)
		}
	})
}

func TestPoliciesAreContentAddressed(t *testing.T) {
	onEach(t, func(t *testing.T, s *sqlstore.Store, _ *storetest.Clock) {
		ctx, source := t.Context(), []byte("clauses: []")
		digest := compliance.Digest(source)
		for _, want := range []bool{true, false} {
			if fresh, err := s.PutPolicy(ctx, digest, source); err != nil || fresh != want {
				t.Errorf("fresh %v, %v; want %v", fresh, err, want)
			}
		}
		if _, err := s.PutPolicy(ctx, digest, []byte("something else")); err == nil {
			t.Error("a text under a digest that is not its own was kept")
		}
		if got, err := s.Policy(ctx, digest); err != nil || string(got) != string(source) {
			t.Errorf("%q, %v", got, err)
		}
	})
}

func TestRefusedAttemptIsRecordedWithItsEvent(t *testing.T) {
	onEach(t, func(t *testing.T, s *sqlstore.Store, clock *storetest.Clock) {
		a := verify.Attempt{ID: storetest.IDs.New(compliance.PrefixAttempt), TenantID: storetest.Tenant, Code: "invalid_utf8", Endpoint: "/v1/verifications"}
		event := storetest.Event(t, compliance.EventAttemptRefused, storetest.Tenant, a.ID, clock.Now())
		if err := s.Attempt(t.Context(), a, event); err != nil {
			t.Fatal(err)
		}
		if err := s.Attempt(t.Context(), a, event); err == nil {
			t.Error("the same attempt was recorded twice")
		}
		if err := s.Append(t.Context(), storetest.Event(t, compliance.EventGatewayStarted, "", "", clock.Now())); err != nil {
			t.Fatal(err)
		}
		pending, err := s.Log().Pending(t.Context(), 10)
		if err != nil || len(pending) != 2 || pending[0].ID != event.ID || pending[0].Kind != string(compliance.EventAttemptRefused) {
			t.Errorf("%+v, %v", pending, err)
		}
	})
}
