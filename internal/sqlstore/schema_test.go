package sqlstore_test

import (
	"testing"

	"realname/internal/sqlstore/storetest"
)

// TestSchemaRefusesWhatCannotBe writes past the store: for each rule one row
// that keeps it and one that breaks it, in that order.
func TestSchemaRefusesWhatCannotBe(t *testing.T) {
	rules := []struct{ name, keeps, breaks string }{
		{
			"a determination that was lifted says why",
			`INSERT INTO determinations (id, person_id, determined_on, ground, level, items, times, parties, reference, recorded_at, event_id,
				lifted_at, lift_reason, lift_event_id) VALUES ('t1', 'prs', '2026-03-02', 'trade', 'city', 3, 0, 0, 'r1', 1, 'e1', 2, 'appeal', 'e2')`,
			`INSERT INTO determinations (id, person_id, determined_on, ground, level, items, times, parties, reference, recorded_at, event_id,
				lifted_at, lift_event_id) VALUES ('t2', 'prs', '2026-03-02', 'trade', 'city', 3, 0, 0, 'r2', 1, 'e3', 2, 'e4')`,
		},
		{
			"a closed opening says since when",
			`INSERT INTO openings (id, tenant_id, legal_entity_id, person_id, product, state, origin, closed_at, created_at, updated_at)
				VALUES ('o1', 'tnt', 'ent', 'prs', 'p', 'closed', 'imported', 1, 1, 1)`,
			`INSERT INTO openings (id, tenant_id, legal_entity_id, person_id, product, state, origin, created_at, updated_at)
				VALUES ('o2', 'tnt', 'ent', 'prs', 'p', 'closed', 'imported', 1, 1)`,
		},
		{
			"an opening takes over from another one",
			`INSERT INTO openings (id, tenant_id, legal_entity_id, person_id, product, state, origin, predecessor_id, created_at, updated_at)
				VALUES ('o3', 'tnt', 'ent', 'prs', 'p', 'active', 'gateway', 'o1', 1, 1)`,
			`INSERT INTO openings (id, tenant_id, legal_entity_id, person_id, product, state, origin, predecessor_id, created_at, updated_at)
				VALUES ('o4', 'tnt', 'ent', 'prs', 'p', 'active', 'gateway', 'o4', 1, 1)`,
		},
		{
			"a data key outlives its floor",
			`INSERT INTO data_keys (id, tenant_id, relationship, retention_class, suite, master_version, created_at, retain_until, destroyed_at)
				VALUES ('d1', 'tnt', 'r', 'c', 's', 1, 1, 5, 5)`,
			`INSERT INTO data_keys (id, tenant_id, relationship, retention_class, suite, master_version, created_at, retain_until, destroyed_at)
				VALUES ('d2', 'tnt', 'r', 'c', 's', 1, 1, 5, 4)`,
		},
		{
			"a master key is rotated before it is destroyed",
			`INSERT INTO master_keys (version, suite, created_at, rotated_at, destroyed_at) VALUES (1, 's', 1, 2, 3)`,
			`INSERT INTO master_keys (version, suite, created_at, destroyed_at) VALUES (2, 's', 1, 3)`,
		},
		{
			"a tenant sets no less than none",
			`INSERT INTO tenant_limits (tenant_id, family, most, set_at, event_id) VALUES ('tnt', 'a', 0, 1, 'evt')`,
			`INSERT INTO tenant_limits (tenant_id, family, most, set_at, event_id) VALUES ('tnt', 'b', -1, 1, 'evt')`,
		},
		{
			"a copy that left is a copy of something",
			`INSERT INTO disclosures (id, tenant_id, person_id, recipient, purpose, legal_basis, at, event_id)
				VALUES ('c1', 'tnt', 'prs', 'police', 'p', 'b', 1, 'evt')`,
			`INSERT INTO disclosures (id, tenant_id, recipient, purpose, legal_basis, at, event_id)
				VALUES ('c2', 'tnt', 'police', 'p', 'b', 1, 'evt')`,
		},
		{
			"a holiday has a date",
			`INSERT INTO holidays (date, working, source) VALUES ('2026-10-01', FALSE, 'notice')`,
			`INSERT INTO holidays (date, working, source) VALUES ('1 October', FALSE, 'notice')`,
		},
		{
			"a reconciliation counts",
			`INSERT INTO reconciliations (id, tenant_id, legal_entity_id, file_digest, matched, only_ledger, only_file, started_at, ended_at, event_id)
				VALUES ('n1', 'tnt', 'ent', 'd', 0, 1, 0, 1, 2, 'evt')`,
			`INSERT INTO reconciliations (id, tenant_id, legal_entity_id, file_digest, matched, only_ledger, only_file, started_at, ended_at, event_id)
				VALUES ('n2', 'tnt', 'ent', 'd', 0, -1, 0, 1, 2, 'evt')`,
		},
		{
			"a row that only the ledger has is an opening",
			`INSERT INTO reconciliation_rows (reconciliation_id, ordinal, side, opening_id, event_id) VALUES ('n1', 1, 'ledger', 'o1', 'evt')`,
			`INSERT INTO reconciliation_rows (reconciliation_id, ordinal, side, external_ref, event_id) VALUES ('n1', 2, 'ledger', 'ref', 'evt')`,
		},
		{
			"a row that only the file has is known by its reference",
			`INSERT INTO reconciliation_rows (reconciliation_id, ordinal, side, external_ref, event_id) VALUES ('n1', 3, 'file', 'ref', 'evt')`,
			`INSERT INTO reconciliation_rows (reconciliation_id, ordinal, side, event_id) VALUES ('n1', 4, 'file', 'evt')`,
		},
		{
			"a cursor stands in the log",
			`INSERT INTO outbox_cursors (consumer, position, moved_at) VALUES ('webhooks', 0, 1)`,
			`INSERT INTO outbox_cursors (consumer, position, moved_at) VALUES ('streams', -1, 1)`,
		},
	}
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		dsn := e.DSN(t)
		storetest.Open(t, dsn, nil)
		for _, row := range []string{
			`INSERT INTO legal_entities (id, name, sector, region, created_at) VALUES ('ent', 'Carrier Ltd', 'telecom', '000000', 1)`,
			`INSERT INTO tenants (id, name, sector, region, legal_entity_id, created_at) VALUES ('tnt', 'Carrier', 'telecom', '000000', 'ent', 1)`,
			`INSERT INTO persons (id, created_at) VALUES ('prs', 1)`,
			`INSERT INTO terminals (id, tenant_id, device_serial, standing, created_at) VALUES ('trm', 'tnt', 'R1', 'good', 1)`,
		} {
			execute(t, dsn, row)
		}
		db := raw(t, dsn)
		defer func() { _ = db.Close() }() // thrown away with the test
		for _, r := range rules {
			if _, err := db.Exec(r.keeps); err != nil {
				t.Errorf("%s: %v", r.name, err)
			}
			if _, err := db.Exec(r.breaks); err == nil {
				t.Errorf("%s: the row that breaks it was taken", r.name)
			}
		}
		var zone string
		query(t, dsn, &zone, `SELECT zone FROM tenants`)
		if zone != "Asia/Shanghai" {
			t.Errorf("zone %q", zone)
		}
	})
}
