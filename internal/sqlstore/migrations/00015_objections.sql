-- Objections to decisions, and days that differ from the week by an operator's own rows (table holidays).

-- +goose Up

-- `way` is the way of objecting in the catalogue, `received_on` the civil day on which it came, `due_on` by when it must be
-- answered, NULL where no rule says; `provisional`: counted through a year without a notice of its days off.
CREATE TABLE objections (
    id               TEXT PRIMARY KEY NOT NULL,
    tenant_id        TEXT NOT NULL REFERENCES tenants (id),
    decision_id      TEXT NOT NULL,
    way              TEXT NOT NULL,
    clause           TEXT NOT NULL,
    received_on      TEXT NOT NULL CHECK (received_on LIKE '____-__-__'),
    due_on           TEXT CHECK (due_on LIKE '____-__-__'),
    provisional      BOOLEAN NOT NULL,
    reference        TEXT,
    state            TEXT NOT NULL CHECK (state IN ('open', 'upheld', 'lifted', 'withdrawn')),
    filed_by         TEXT NOT NULL,
    filed_at         BIGINT NOT NULL,
    resolved_by      TEXT,
    resolved_at      BIGINT,
    verification_id  TEXT,
    overdue_at       BIGINT,
    CHECK ((state = 'open') = (resolved_at IS NULL)),
    CHECK (state <> 'lifted' OR verification_id IS NOT NULL)
);
CREATE UNIQUE INDEX objections_decision ON objections (tenant_id, decision_id, way, received_on);
CREATE INDEX objections_due ON objections (due_on) WHERE state = 'open' AND overdue_at IS NULL AND due_on IS NOT NULL;
