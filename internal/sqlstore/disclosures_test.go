package sqlstore_test

import (
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"realname/compliance"
	"realname/internal/sqlstore"
	"realname/internal/sqlstore/storetest"
	"realname/verify"
)

// tenant adds the fixture's tenant, which a disclosure refers to.
func (a *archive) tenant() {
	a.t.Helper()
	if err := a.AddLegalEntity(a.t.Context(), sqlstore.LegalEntity{ID: storetest.LegalEntity, Name: "e", Sector: compliance.SectorTelecom, Region: "000000"}); err != nil {
		a.t.Fatal(err)
	}
	n := sqlstore.Tenant{ID: storetest.Tenant, Name: "t", Sector: compliance.SectorTelecom, Region: "000000", LegalEntityID: storetest.LegalEntity}
	if err := a.AddTenant(a.t.Context(), n, storetest.Event(a.t, compliance.EventTenantAdded, n.ID, n.ID, a.clock.Now())); err != nil {
		a.t.Fatal(err)
	}
}

func (a *archive) copyOf(evidence, person, key string) (verify.Disclosure, compliance.Event) {
	a.t.Helper()
	return verify.Disclosure{
		ID: storetest.IDs.New(compliance.PrefixDisclosure), TenantID: storetest.Tenant, PersonID: person, EvidenceID: evidence,
		Recipient: "court.1", Purpose: "inquiry", LegalBasis: "statutory_duty", Watermark: "a\nb", At: a.clock.Now(),
		IdempotencyKey: key, RequestDigest: "digest",
	}, storetest.Event(a.t, compliance.EventEvidenceDisclosed, storetest.Tenant, evidence, a.clock.Now())
}

// left counts the copies and the events of copies.
func (a *archive) left() (rows, events int) {
	a.t.Helper()
	query(a.t, a.dsn, &rows, `SELECT COUNT(*) FROM disclosures`)
	query(a.t, a.dsn, &events, `SELECT COUNT(*) FROM events WHERE kind = 'evidence.disclosed'`)
	return rows, events
}

func TestDisclosuresAreRecordedWithTheirEvents(t *testing.T) {
	onArchives(t, func(a *archive) {
		a.tenant()
		person := storetest.Person(t, a.Store, "a")
		id := a.keep(person, 2)
		d, ev := a.copyOf(id, person, "k1")
		if err := a.Disclose(t.Context(), d, false, ev); err != nil {
			t.Fatal(err)
		}
		got, err := a.DisclosureByKey(t.Context(), storetest.Tenant, "k1")
		if err != nil || !cmp.Equal(got, d) {
			t.Errorf("%v\n%s", err, cmp.Diff(d, got))
		}
		if _, err := a.DisclosureByKey(t.Context(), storetest.OtherTenant, "k1"); !errors.Is(err, verify.ErrNotFound) {
			t.Errorf("another tenant: %v", err)
		}
		second, ev := a.copyOf(id, person, "k1")
		if err := a.Disclose(t.Context(), second, false, ev); !errors.Is(err, verify.ErrKeyTaken) {
			t.Errorf("the same key: %v", err)
		}
		if rows, events := a.left(); rows != 1 || events != 1 {
			t.Errorf("%d copies, %d events", rows, events)
		}
		if err := a.Disclose(t.Context(), d, true, ev); err != nil {
			t.Error(err)
		}
		if rows, events := a.left(); rows != 1 || events != 2 {
			t.Errorf("once more: %d copies, %d events", rows, events)
		}
		foreign, ev := a.copyOf(id, person, "k2")
		foreign.TenantID = storetest.OtherTenant
		if err := a.Disclose(t.Context(), foreign, false, ev); !errors.Is(err, verify.ErrNotKept) {
			t.Errorf("another tenant's copy: %v", err)
		}
	})
}

// No copy leaves of what has gone, also when both happen at once.
func TestNoCopyLeavesAfterTheEnd(t *testing.T) {
	onArchives(t, func(a *archive) {
		a.tenant()
		const pieces = 40
		persons, ids := make([]string, pieces), make([]string, pieces)
		for i := range ids {
			persons[i] = storetest.Person(t, a.Store, string(rune('A'+i)))
			ids[i] = a.keep(persons[i], 2)
		}
		a.clock.Move(3 * 365 * 24 * time.Hour)
		var wg sync.WaitGroup
		wg.Go(func() {
			if err := verify.SweepRetention(t.Context(), a.Store, storetest.IDs, false, func(verify.Retained) {}); err != nil {
				t.Error(err)
			}
		})
		for i := range ids {
			d, ev := a.copyOf(ids[i], persons[i], ids[i])
			wg.Go(func() {
				if err := a.Disclose(t.Context(), d, false, ev); err != nil && !errors.Is(err, verify.ErrNotKept) {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		var late int
		query(t, a.dsn, &late, `SELECT COUNT(*) FROM events c JOIN events e ON e.subject = c.subject AND e.kind = 'evidence.retention_ended'
			WHERE c.kind = 'evidence.disclosed' AND c.event_seq > e.event_seq`)
		if late != 0 {
			t.Errorf("%d copies left after their photo had gone", late)
		}
		d, ev := a.copyOf(ids[0], persons[0], "late")
		if err := a.Disclose(t.Context(), d, false, ev); !errors.Is(err, verify.ErrNotKept) {
			t.Errorf("of what went: %v", err)
		}
		if err := a.Disclose(t.Context(), d, true, ev); !errors.Is(err, verify.ErrNotKept) {
			t.Errorf("once more of what went: %v", err)
		}
	})
}
