package sqlstore_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"realname/compliance"
	"realname/internal/sqlstore"
	"realname/internal/sqlstore/storetest"
	"realname/ratelimit/quota"
	"realname/verify"
)

// withParties is the record of a reservation that counts for the parties too.
func withParties(rec verify.Record, parties ...quota.Key) verify.Record {
	for _, p := range parties {
		rec.Persons = append(rec.Persons, p.ID)
	}
	build := rec.Build
	rec.Build = func(at time.Time, uses []quota.Use, reuse compliance.ImageReuse) (verify.Rows, error) {
		rows, err := build(at, uses, reuse)
		rows.Decision.Parties = parties
		return rows, err
	}
	return rec
}

// by counts the fixture's product under a part other than the holder.
func by(holder string, part quota.Part, id string, limit int, counts quota.Counting) quota.Demand {
	d := storetest.Demand(holder, limit)
	d.By[0], d.Counts = quota.Key{Part: part, ID: id}, counts
	return d
}

// A proxy's openings are counted over all holders, whatever state they are in, and exactly so under load.
func TestCountByProxy(t *testing.T) {
	onEach(t, func(t *testing.T, s *sqlstore.Store, _ *storetest.Clock) {
		proxy := quota.Key{Part: quota.Proxy, ID: storetest.Person(t, s, "proxy")}
		n := admitted(t, s, func(n int) verify.Record {
			holder := storetest.Person(t, s, fmt.Sprint("holder ", n))
			rec := storetest.Reserve(storetest.Draft{Person: holder}, "", time.Hour, storetest.Demand(holder, 5),
				by(holder, quota.Proxy, proxy.ID, 3, quota.Openings))
			return withParties(rec, proxy)
		})
		if n != 3 {
			t.Errorf("%d admitted through one proxy, the limit is 3", n)
		}
		if n := used(t, s, storetest.Demand(proxy.ID, 5)); n != 0 {
			t.Errorf("%d counted on the proxy as if they were its own", n)
		}
		if n := used(t, s, by("", quota.Part(compliance.RoleGuardian), proxy.ID, 3, quota.Openings)); n != 0 {
			t.Errorf("%d counted in another role", n)
		}
	})
}

// Two persons with one phone number are one too many, however many accounts the first has.
func TestCountPersonsPerPhone(t *testing.T) {
	onEach(t, func(t *testing.T, s *sqlstore.Store, clock *storetest.Clock) {
		phone := quota.Key{Part: quota.Phone, ID: storetest.Person(t, s, "phone")}
		open := func(holder string) *verify.Opening {
			rec := storetest.Reserve(storetest.Draft{Person: holder}, "", time.Hour, by(holder, quota.Phone, phone.ID, 1, quota.Persons))
			return mustCommit(t, s, withParties(rec, phone)).Opening
		}
		first, second := storetest.Person(t, s, "first"), storetest.Person(t, s, "second")
		one, two := open(first), open(first)
		if one == nil || two == nil {
			t.Fatal("the holder's own second account was refused")
		}
		if open(second) != nil {
			t.Error("a second person came in")
		}
		for _, o := range []*verify.Opening{one, two} {
			if _, err := move(s, t, o.ID, quota.Release, ""); err != nil {
				t.Fatal(err)
			}
		}
		if open(second) == nil {
			t.Error("the number could not change hands")
		}
		uses, err := s.Count(t.Context(), []quota.Demand{by(first, quota.Phone, phone.ID, 1, quota.Persons)})
		if err != nil || uses[0].Used != 1 || uses[0].Reserved != 1 || !uses[0].FreesAt.Equal(clock.Now().Add(time.Hour)) {
			t.Errorf("%+v, %v", uses, err)
		}
	})
}

// An exception lets one request pass, once, and only the person and family that it was granted for.
func TestExceptionIsUsedOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		dsn, clock := e.DSN(t), storetest.NewClock()
		s := storetest.Open(t, dsn, clock.Now)
		person, other := storetest.Person(t, s, "p"), storetest.Person(t, s, "other")
		for _, row := range []string{
			`INSERT INTO legal_entities (id, name, sector, region, created_at) VALUES ('` + storetest.LegalEntity + `', 'Bank', 'banking', '000000', 1)`,
			`INSERT INTO tenants (id, name, sector, region, legal_entity_id, created_at) VALUES ('` + storetest.Tenant + `', 'Bank', 'banking', '000000', '` + storetest.LegalEntity + `', 1)`,
		} {
			execute(t, dsn, row)
		}
		grant := func(id, family string, expires time.Time, approved string) {
			execute(t, dsn, fmt.Sprintf(`INSERT INTO quota_exceptions (id, tenant_id, legal_entity_id, person_id, family, clause, grounds, proposed_by,
				proposed_at, approved_by, approved_at, expires_at) VALUES ('%s', '%s', '%s', '%s', '%s', 'R-5CARD', 'statement of %s', 'key_1', 1, %s, %d)`,
				id, storetest.Tenant, storetest.LegalEntity, person, family, id, approved, expires.UnixMicro()))
		}
		demand := func(holder string) quota.Demand {
			d := storetest.Demand(holder, 1)
			d.Mode = quota.InPrinciple
			return d
		}
		open := func(holder string) bool {
			rec := storetest.Reserve(storetest.Draft{Person: holder}, "", time.Hour, demand(holder))
			build := rec.Build
			rec.Build = func(at time.Time, uses []quota.Use, reuse compliance.ImageReuse) (verify.Rows, error) {
				rows, err := build(at, uses, reuse)
				if uses[0].Exception != "" {
					rows.Excepts = []string{uses[0].Exception}
				}
				return rows, err
			}
			return mustCommit(t, s, rec).Opening != nil
		}
		if !open(person) || !open(other) || open(person) {
			t.Fatal("the limit itself does not hold")
		}
		later := clock.Now().Add(time.Hour)
		grant("qex_proposed", storetest.Family, later, "NULL, NULL")
		grant("qex_expired", storetest.Family, clock.Now(), "'key_2', 2")
		grant("qex_family", "another_family", later, "'key_2', 2")
		if open(person) {
			t.Fatal("an exception that does not hold let a request pass")
		}
		grant("qex_good", storetest.Family, later, "'key_2', 2")
		if open(other) {
			t.Error("another person used it")
		}
		if n := admitted(t, s, func(int) verify.Record {
			rec := storetest.Reserve(storetest.Draft{Person: person}, "", time.Hour, demand(person))
			build := rec.Build
			rec.Build = func(at time.Time, uses []quota.Use, reuse compliance.ImageReuse) (verify.Rows, error) {
				rows, err := build(at, uses, reuse)
				if uses[0].Exception != "" {
					rows.Excepts = []string{uses[0].Exception}
				}
				return rows, err
			}
			return rec
		}); n != 1 {
			t.Errorf("%d requests passed by one exception", n)
		}
	})
}

func TestTenantLimits(t *testing.T) {
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		dsn := e.DSN(t)
		s := storetest.Open(t, dsn, nil)
		ctx := t.Context()
		if err := errors.Join(
			s.AddLegalEntity(ctx, sqlstore.LegalEntity{ID: storetest.LegalEntity, Name: "Platform", Sector: compliance.SectorInternet, Region: "000000"}),
			s.AddTenant(ctx, sqlstore.Tenant{ID: storetest.Tenant, Name: "Platform", Sector: compliance.SectorInternet, Region: "000000", LegalEntityID: storetest.LegalEntity},
				storetest.Event(t, compliance.EventTenantAdded, storetest.Tenant, storetest.Tenant, time.Now())),
		); err != nil {
			t.Fatal(err)
		}
		for _, most := range []int{3, 2} {
			if err := s.SetTenantLimit(ctx, storetest.Tenant, storetest.Family, most,
				storetest.Event(t, compliance.EventTenantLimitSet, storetest.Tenant, storetest.Family, time.Now())); err != nil {
				t.Fatal(err)
			}
			if got, err := s.TenantLimits(ctx, storetest.Tenant); err != nil || len(got) != 1 || got[storetest.Family] != most {
				t.Errorf("%v, %v", got, err)
			}
		}
		if got, err := s.TenantLimits(ctx, storetest.OtherTenant); err != nil || len(got) != 0 {
			t.Errorf("another tenant has %v, %v", got, err)
		}
	})
}

// What was counted at a time is found again later, whatever became of the openings since.
func TestCountAt(t *testing.T) {
	onEach(t, func(t *testing.T, s *sqlstore.Store, clock *storetest.Clock) {
		holder := storetest.Person(t, s, "holder")
		demand := storetest.Demand(holder, 5)
		at := func(when time.Time, decision string) int {
			t.Helper()
			n, _, err := s.CountAt(t.Context(), demand, when, decision)
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
		open := func(lease time.Duration) *verify.Opening {
			return mustCommit(t, s, storetest.Reserve(storetest.Draft{Person: holder}, "", lease, demand)).Opening
		}
		before := clock.Now()
		clock.Move(time.Minute)
		released, lapsed := open(time.Hour), open(10*time.Minute)
		clock.Move(time.Minute)
		both := clock.Now()
		clock.Move(time.Minute)
		if _, err := move(s, t, released.ID, quota.Release, ""); err != nil {
			t.Fatal(err)
		}
		clock.Move(time.Minute)
		one := clock.Now()
		clock.Move(time.Hour)
		if n := used(t, s, demand); n != 0 {
			t.Fatalf("%d still count", n)
		}
		for when, want := range map[time.Time]int{before: 0, both: 2, one: 1, clock.Now(): 0} {
			if n := at(when, "ver_none"); n != want {
				t.Errorf("%d counted at %v, want %d", n, when, want)
			}
		}
		if n := at(both, lapsed.DecisionID); n != 1 {
			t.Errorf("%d counted beside the decision's own", n)
		}
	})
}
