-- What a tenant demands of its own requests beyond the clauses, as canonical JSON without personal data. The last word counts;
-- the events keep every earlier one. Limits stand in tenant_limits.

-- +goose Up

CREATE TABLE tenant_settings (
    tenant_id TEXT PRIMARY KEY NOT NULL REFERENCES tenants (id),
    settings  TEXT NOT NULL,
    set_at    BIGINT NOT NULL,
    event_id  TEXT NOT NULL
);
