-- Exceptions from limits in principle, and whoever looked a person up.

-- +goose Up

-- The same grounds make no second exception, however often or at once it is proposed.
CREATE UNIQUE INDEX quota_exceptions_grounds ON quota_exceptions (tenant_id, person_id, family, grounds);

-- Who asked what a person holds, and why. The event names the row and never the person; NULL `person_id`: nobody known.
CREATE TABLE person_lookups (
    id          TEXT PRIMARY KEY NOT NULL,
    tenant_id   TEXT NOT NULL REFERENCES tenants (id),
    person_id   TEXT REFERENCES persons (id),
    looked_by   TEXT NOT NULL,
    purpose     TEXT NOT NULL CHECK (purpose <> ''),
    legal_basis TEXT NOT NULL CHECK (legal_basis <> ''),
    at          BIGINT NOT NULL,
    event_id    TEXT NOT NULL
);
CREATE INDEX person_lookups_person ON person_lookups (person_id) WHERE person_id IS NOT NULL;
