-- What counts by other keys than the holder.

-- +goose Up

-- An exception is looked for only where an in-principle limit is full.
CREATE INDEX quota_exceptions_person ON quota_exceptions (person_id, family) WHERE used_by IS NULL;

-- An opening has one successor at most: the replacement, the new class, the transfer that was confirmed, or the
-- opening that a late confirmation made of it.
CREATE UNIQUE INDEX openings_successor ON openings (predecessor_id)
    WHERE predecessor_id IS NOT NULL AND state NOT IN ('reserved', 'released', 'expired');

-- A phone or account number outlives the opening that had it: transferred, moved to another class, or given out anew.
DROP INDEX openings_external_ref;
CREATE UNIQUE INDEX openings_external_ref ON openings (tenant_id, external_ref)
    WHERE external_ref IS NOT NULL AND state NOT IN ('released', 'expired', 'closed');
CREATE INDEX openings_reference ON openings (tenant_id, external_ref) WHERE external_ref IS NOT NULL;

-- A phone number is reached like a person, by its keyed number in document_keys, and counts as a party of openings:
-- whoever's opening with it has ended is no longer counted, so that a number may change hands.
DROP TABLE phone_keys;

-- What a tenant sets for itself: less than a clause allows, or where a clause leaves it to the tenant.
CREATE TABLE tenant_limits (
    tenant_id TEXT NOT NULL REFERENCES tenants (id),
    family    TEXT NOT NULL,
    most      BIGINT NOT NULL CHECK (most >= 0),
    set_at    BIGINT NOT NULL,
    event_id  TEXT NOT NULL,
    PRIMARY KEY (tenant_id, family)
);
