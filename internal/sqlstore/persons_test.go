package sqlstore_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"realname/compliance"
	"realname/compliance/vault"
	"realname/internal/sqlstore"
	"realname/internal/sqlstore/storetest"
	"realname/ratelimit/quota"
	"realname/verify"
)

func enrol(t *testing.T, s *sqlstore.Store, tenant string, keys ...vault.DocumentKey) verify.Enrolled {
	t.Helper()
	got, err := s.Enroll(t.Context(), verify.Enrolment{
		Keys: keys, NewPersonID: storetest.IDs.New(compliance.PrefixPerson), DataKey: storetest.DataKey(tenant),
	})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func TestEnrollFindsThePersonUnderEveryKeyVersion(t *testing.T) {
	onEach(t, func(t *testing.T, s *sqlstore.Store, _ *storetest.Clock) {
		v1, v2 := storetest.Key("p", 1), storetest.Key("p", 2)
		first := enrol(t, s, storetest.Tenant, v1)
		if again := enrol(t, s, storetest.Tenant, v1); !cmp.Equal(again, first) {
			t.Errorf("again: %+v", again)
		}
		if rotated := enrol(t, s, storetest.Tenant, v2, v1); !cmp.Equal(rotated, first) {
			t.Errorf("after rotation: %+v", rotated)
		}
		if later := enrol(t, s, storetest.Tenant, v2); !cmp.Equal(later, first) {
			t.Errorf("by the new key alone: %+v", later)
		}
		other := enrol(t, s, storetest.OtherTenant, v2)
		if other.PersonID != first.PersonID || other.DataKey.ID == first.DataKey.ID {
			t.Errorf("another tenant: %+v", other)
		}
		if stranger := enrol(t, s, storetest.Tenant, storetest.Key("q", 2)); stranger.PersonID == first.PersonID {
			t.Error("two persons became one")
		}
		if k, err := s.DataKey(t.Context(), storetest.Tenant, first.DataKey.ID); err != nil || !cmp.Equal(k, first.DataKey) {
			t.Errorf("data key %+v, %v", k, err)
		}
		if _, err := s.DataKey(t.Context(), storetest.OtherTenant, first.DataKey.ID); !errors.Is(err, verify.ErrNotFound) {
			t.Errorf("another tenant's data key: %v", err)
		}
	})
}

func TestEnrollWithoutDocumentKeepsAKeyWithoutPerson(t *testing.T) {
	onEach(t, func(t *testing.T, s *sqlstore.Store, _ *storetest.Clock) {
		for range 2 {
			got, err := s.Enroll(t.Context(), verify.Enrolment{DataKey: storetest.DataKey(storetest.Tenant)})
			if err != nil || got.PersonID != "" {
				t.Fatalf("%+v, %v", got, err)
			}
			if k, err := s.DataKey(t.Context(), storetest.Tenant, got.DataKey.ID); err != nil || !cmp.Equal(k, got.DataKey) {
				t.Errorf("data key %+v, %v", k, err)
			}
		}
	})
}

func TestEnrollRaces(t *testing.T) {
	onEach(t, func(t *testing.T, s *sqlstore.Store, _ *storetest.Clock) {
		for person := range 8 {
			v1, v2 := storetest.Key(fmt.Sprint(person), 1), storetest.Key(fmt.Sprint(person), 2)
			orders := [][]vault.DocumentKey{{v1}, {v2, v1}, {v1, v2}}
			got := make([]verify.Enrolled, 24)
			var wg sync.WaitGroup
			for n := range got {
				wg.Go(func() {
					var err error
					got[n], err = s.Enroll(t.Context(), verify.Enrolment{
						Keys: orders[n%len(orders)], NewPersonID: storetest.IDs.New(compliance.PrefixPerson), DataKey: storetest.DataKey(storetest.Tenant),
					})
					if err != nil {
						t.Error(err)
					}
				})
			}
			wg.Wait()
			for _, g := range got {
				if g.PersonID == "" || g.PersonID != got[0].PersonID || g.DataKey.ID != got[0].DataKey.ID {
					t.Fatalf("%+v and %+v", g, got[0])
				}
			}
		}
	})
}

func importRow(name, ref string, state quota.State) verify.ImportRow {
	return verify.ImportRow{
		Keys: []vault.DocumentKey{storetest.Key(name, 1)}, NewPersonID: storetest.IDs.New(compliance.PrefixPerson),
		Opening: verify.Opening{
			ID: storetest.IDs.New(compliance.PrefixOpening), TenantID: storetest.Tenant, LegalEntityID: storetest.LegalEntity,
			Product: storetest.Product, State: state, Origin: "imported", ExternalRef: ref, OpenedAt: time.Date(2019, 5, 6, 0, 0, 0, 0, time.UTC),
		},
	}
}

func importOf(key string, rows ...verify.ImportRow) verify.Import {
	id := storetest.IDs.New(compliance.PrefixImport)
	return verify.Import{
		ID: id, TenantID: storetest.Tenant, LegalEntityID: storetest.LegalEntity, IdempotencyKey: key, RequestDigest: "digest", Rows: rows,
		Event: func(at time.Time, _ verify.ImportResult) (compliance.Event, error) {
			return storetest.NewEvent(compliance.EventOpeningsImported, storetest.Tenant, id, at)
		},
	}
}

func TestImport(t *testing.T) {
	onEach(t, func(t *testing.T, s *sqlstore.Store, _ *storetest.Clock) {
		ctx := t.Context()
		var rows []verify.ImportRow
		for n := range 6 { // more than the limit: stock may exceed it
			rows = append(rows, importRow("p", fmt.Sprint("ref-", n), quota.Active))
		}
		rows = append(rows, importRow("p", "ref-0", quota.Active), importRow("q", "ref-closed", quota.Closed))
		first, err := s.Import(ctx, importOf("i1", rows...))
		if err != nil || first.Loaded != 7 || first.Skipped != 1 {
			t.Fatalf("%+v, %v", first, err)
		}
		if got, err := s.ImportByKey(ctx, storetest.Tenant, "i1"); err != nil || got != first {
			t.Errorf("by key: %+v, %v", got, err)
		}
		refused := importRow("r", "ref-r", quota.Active)
		if _, err := s.Import(ctx, importOf("i1", refused)); !errors.Is(err, verify.ErrImportOverlap) {
			t.Errorf("the same key again: %v", err)
		}
		if _, err := s.Opening(ctx, storetest.Tenant, refused.Opening.ID); !errors.Is(err, verify.ErrNotFound) {
			t.Errorf("a refused import left a row: %v", err)
		}
		again, err := s.Import(ctx, importOf("i2", append(rows, importRow("q", "ref-new", quota.Active))...))
		if err != nil || again.Loaded != 1 || again.Skipped != 8 {
			t.Errorf("overlapping stock: %+v, %v", again, err)
		}
		person := storetest.Person(t, s, "p")
		if n := used(t, s, storetest.Demand(person, 5)); n != 6 {
			t.Errorf("%d counted", n)
		}
		if rows := mustCommit(t, s, storetest.Reserve(storetest.Draft{Person: person}, "", time.Hour, storetest.Demand(person, 5))); rows.Opening != nil {
			t.Error("admission exceeded the limit")
		}
		o, err := s.Opening(ctx, storetest.Tenant, rows[3].Opening.ID)
		if err != nil || o.PersonID != person || o.Origin != "imported" || o.ExternalRef != "ref-3" || !o.OpenedAt.Equal(rows[3].Opening.OpenedAt) {
			t.Errorf("%+v, %v", o, err)
		}
	})
}
