-- The life of a policy, and who may change it.

-- +goose Up

-- Credentials of the gateway's operators. They belong to no tenant and open no API. `label` is how the operator is
-- known in house, such as a staff number; the ledger has the hash of a key only.
CREATE TABLE operator_keys (
    id         TEXT PRIMARY KEY NOT NULL,
    label      TEXT NOT NULL CHECK (label <> ''),
    hash       TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    revoked_at BIGINT
);
CREATE UNIQUE INDEX operator_keys_hash ON operator_keys (hash);

-- One row a step, never changed. `made_by` is an operator's key or 'gateway'; `effective_at` from when the policy decides,
-- and of a retired one until when it did; `report` what a check found. Whoever proposes cannot approve.
CREATE TABLE policy_stages (
    ordinal      BIGINT PRIMARY KEY NOT NULL CHECK (ordinal >= 1),
    digest       TEXT NOT NULL REFERENCES policies (digest),
    stage        TEXT NOT NULL CHECK (stage IN
        ('draft', 'checked', 'shadow', 'proposed', 'approved', 'live', 'retired', 'withdrawn')),
    made_by      TEXT NOT NULL CHECK (made_by <> ''),
    made_at      BIGINT NOT NULL,
    effective_at BIGINT,
    proposed_by  TEXT,
    report       TEXT,
    note         TEXT,
    event_id     TEXT NOT NULL,
    CHECK ((stage IN ('proposed', 'approved', 'live', 'retired')) = (effective_at IS NOT NULL)),
    CHECK ((stage = 'approved') = (proposed_by IS NOT NULL)),
    CHECK (proposed_by IS NULL OR proposed_by <> made_by AND proposed_by <> 'gateway'),
    CHECK ((stage IN ('live', 'retired')) = (made_by = 'gateway')),
    CHECK ((stage = 'checked') = (report IS NOT NULL))
);
CREATE INDEX policy_stages_digest ON policy_stages (digest);
-- One live policy at an instant.
CREATE UNIQUE INDEX policy_stages_live ON policy_stages (effective_at) WHERE stage = 'live';

-- What a policy in shadow made of decisions, in counts alone: by the policy that decided, civil day in China and scene.
-- `difference` is same, outcome, reasons, fact_missing, failed or dropped.
CREATE TABLE policy_shadow_counts (
    digest     TEXT NOT NULL REFERENCES policies (digest),
    beside     TEXT NOT NULL,
    day        TEXT NOT NULL CHECK (day LIKE '____-__-__'),
    scene      TEXT NOT NULL,
    difference TEXT NOT NULL CHECK (difference IN ('same', 'outcome', 'reasons', 'fact_missing', 'failed', 'dropped')),
    decided    TEXT NOT NULL,
    would      TEXT NOT NULL,
    n          BIGINT NOT NULL CHECK (n > 0),
    PRIMARY KEY (digest, beside, day, scene, difference, decided, would)
);
