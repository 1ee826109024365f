package sqlstore_test

import (
	"errors"
	"fmt"
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
		mine := errors.New("no event can be made")
		err := s.RevokeKey(ctx, key.ID, func(string) (compliance.Event, error) { return compliance.Event{}, mine })
		if !errors.Is(err, mine) {
			t.Errorf("revoked without its event: %v", err)
		}
		if _, err := s.CallerByKeyHash(ctx, "hash"); err != nil {
			t.Errorf("a revocation that failed took effect: %v", err)
		}
		revoke := func(id string) error {
			return s.RevokeKey(ctx, id, func(tenantID string) (compliance.Event, error) {
				return storetest.NewEvent(compliance.EventKeyRevoked, tenantID, id, clock.Now())
			})
		}
		if err := revoke(key.ID); err != nil {
			t.Fatal(err)
		}
		for _, hash := range []string{"hash", "unknown", ""} {
			if _, err := s.CallerByKeyHash(ctx, hash); !errors.Is(err, verify.ErrNotFound) {
				t.Errorf("hash %q: %v", hash, err)
			}
		}
		for _, id := range []string{key.ID, "key_unknown"} {
			if err := revoke(id); !errors.Is(err, verify.ErrNotFound) {
				t.Errorf("revoked %s, which does not hold: %v", id, err)
			}
		}
		events, err := s.Log().Pending(ctx, 10)
		if err != nil || len(events) != 3 || events[2].Kind != string(compliance.EventKeyRevoked) || events[2].TenantID != tenant.ID {
			t.Errorf("events %+v, %v", events, err)
		}
	})
}

func TestPoliciesAreContentAddressed(t *testing.T) {
	onEach(t, func(t *testing.T, s *sqlstore.Store, clock *storetest.Clock) {
		ctx, source := t.Context(), []byte("clauses: []")
		digest := compliance.Digest(source)
		event := func() compliance.Event {
			return storetest.Event(t, compliance.EventPolicyLive, "", "gateway", clock.Now())
		}
		if _, err := s.PutPolicy(ctx, digest, source, compliance.Event{}); err == nil {
			t.Error("a policy was kept without its event")
		}
		for _, want := range []bool{true, false} {
			if fresh, err := s.PutPolicy(ctx, digest, source, event()); err != nil || fresh != want {
				t.Errorf("fresh %v, %v; want %v", fresh, err, want)
			}
		}
		if _, err := s.PutPolicy(ctx, digest, []byte("something else"), event()); err == nil {
			t.Error("a text under a digest that is not its own was kept")
		}
		if n := waiting(t, s); n != 1 {
			t.Errorf("%d events for one new policy", n)
		}
		if got, err := s.Policy(ctx, digest); err != nil || string(got) != string(source) {
			t.Errorf("%q, %v", got, err)
		}
	})
}

func TestRefusedAttemptIsRecordedWithItsEvent(t *testing.T) {
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		dsn, clock := e.DSN(t), storetest.NewClock()
		s := storetest.Open(t, dsn, clock.Now)
		a := verify.Attempt{
			ID: storetest.IDs.New(compliance.PrefixAttempt), TenantID: storetest.Tenant, Code: "invalid_utf8", Endpoint: "/v1/verifications",
			Scene: compliance.ScenePhoneCard, Product: storetest.Product, PersonID: storetest.Person(t, s, "p"),
			Channel: verify.Channel{Kind: compliance.ChannelPhysical, ChannelAgent: "agt_1", Outlet: "out_1", Clerk: "clk_1", Terminal: "trm_1"},
		}
		event := storetest.Event(t, compliance.EventAttemptRefused, storetest.Tenant, a.ID, clock.Now())
		if err := s.Attempt(t.Context(), a, event); err != nil {
			t.Fatal(err)
		}
		if err := s.Attempt(t.Context(), a, event); err == nil {
			t.Error("the same attempt was recorded twice")
		}
		var row string
		query(t, dsn, &row, `SELECT tenant_id || ' ' || scene || ' ' || product || ' ' || person_id || ' ' || channel || ' ' || channel_agent_id
			|| ' ' || outlet_id || ' ' || clerk_id || ' ' || terminal_id || ' ' || at FROM attempts`)
		want := fmt.Sprintf("%s phone_card %s %s physical agt_1 out_1 clk_1 trm_1 %d", a.TenantID, a.Product, a.PersonID, clock.Now().UnixMicro())
		if row != want {
			t.Errorf("recorded %q, want %q", row, want)
		}
		bare := verify.Attempt{ID: storetest.IDs.New(compliance.PrefixAttempt), TenantID: storetest.Tenant, Code: "invalid_json", Endpoint: "/v1/openings"}
		if err := s.Attempt(t.Context(), bare, storetest.Event(t, compliance.EventAttemptRefused, storetest.Tenant, bare.ID, clock.Now())); err != nil {
			t.Errorf("an attempt of which nothing is known: %v", err)
		}
		if err := s.Append(t.Context(), storetest.Event(t, compliance.EventGatewayStarted, "", "", clock.Now())); err != nil {
			t.Fatal(err)
		}
		pending, err := s.Log().Pending(t.Context(), 10)
		if err != nil || len(pending) != 3 || pending[0].ID != event.ID || pending[0].Kind != string(compliance.EventAttemptRefused) {
			t.Errorf("%+v, %v", pending, err)
		}
	})
}
