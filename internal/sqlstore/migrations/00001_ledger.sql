-- The ledger, first schema: every record of the model, also where only part is filled yet.
--
-- One file for SQLite and PostgreSQL. Ids are TEXT, times BIGINT microseconds UTC with NULL
-- for "none", lists JSON in TEXT. BYTEA is PostgreSQL's word; SQLite gives an unknown type
-- numeric affinity, which never touches a blob. `newest` and `logged` are BOOLEAN so that
-- setting them overwrites a row in place in SQLite.

-- +goose Up

CREATE TABLE legal_entities (
    id         TEXT PRIMARY KEY NOT NULL,
    name       TEXT NOT NULL,
    sector     TEXT NOT NULL,
    region     TEXT NOT NULL,
    parent_id  TEXT REFERENCES legal_entities (id),
    created_at BIGINT NOT NULL
);

-- `zone` is for showing times; the dates of clauses are Asia/Shanghai whatever it says.
CREATE TABLE tenants (
    id              TEXT PRIMARY KEY NOT NULL,
    name            TEXT NOT NULL,
    sector          TEXT NOT NULL,
    region          TEXT NOT NULL,
    zone            TEXT NOT NULL DEFAULT 'Asia/Shanghai',
    legal_entity_id TEXT NOT NULL REFERENCES legal_entities (id),
    created_at      BIGINT NOT NULL
);

CREATE TABLE api_keys (
    id         TEXT PRIMARY KEY NOT NULL,
    tenant_id  TEXT NOT NULL REFERENCES tenants (id),
    role       TEXT NOT NULL,
    hash       TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    revoked_at BIGINT
);
CREATE UNIQUE INDEX api_keys_hash ON api_keys (hash);

-- Channel: who stands between the applicant and the tenant.
CREATE TABLE channel_agents (
    id         TEXT PRIMARY KEY NOT NULL,
    tenant_id  TEXT NOT NULL REFERENCES tenants (id),
    name       TEXT NOT NULL,
    standing   TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE TABLE outlets (
    id               TEXT PRIMARY KEY NOT NULL,
    tenant_id        TEXT NOT NULL REFERENCES tenants (id),
    channel_agent_id TEXT REFERENCES channel_agents (id),
    region           TEXT NOT NULL,
    standing         TEXT NOT NULL,
    created_at       BIGINT NOT NULL
);
CREATE TABLE clerks (
    id         TEXT PRIMARY KEY NOT NULL,
    tenant_id  TEXT NOT NULL REFERENCES tenants (id),
    outlet_id  TEXT REFERENCES outlets (id),
    standing   TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE TABLE terminals (
    id            TEXT PRIMARY KEY NOT NULL,
    tenant_id     TEXT NOT NULL REFERENCES tenants (id),
    outlet_id     TEXT REFERENCES outlets (id),
    device_serial TEXT NOT NULL,
    standing      TEXT NOT NULL,
    created_at    BIGINT NOT NULL
);

-- A person is a random id; document keys (keyed HMACs) lead to it.
CREATE TABLE persons (
    id         TEXT PRIMARY KEY NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE TABLE document_keys (
    mac           TEXT NOT NULL,
    suite         TEXT NOT NULL,
    key_version   BIGINT NOT NULL,
    kind          TEXT NOT NULL,
    issuing_state TEXT NOT NULL,
    person_id     TEXT NOT NULL REFERENCES persons (id),
    linked_at     BIGINT NOT NULL,
    PRIMARY KEY (mac, suite, key_version, kind, issuing_state)
);
CREATE INDEX document_keys_person ON document_keys (person_id);
-- A keyed phone number, to count persons per number. Unlike a document a number
-- changes hands, so a row is one person's time with it; NULL `until`: still theirs.
CREATE TABLE phone_keys (
    mac         TEXT NOT NULL,
    suite       TEXT NOT NULL,
    key_version BIGINT NOT NULL,
    kind        TEXT NOT NULL,
    person_id   TEXT NOT NULL REFERENCES persons (id),
    since       BIGINT NOT NULL,
    until       BIGINT CHECK (until > since),
    PRIMARY KEY (mac, suite, key_version, kind, person_id, since)
);
CREATE INDEX phone_keys_person ON phone_keys (person_id);
-- Two documents of one person: proposed, reviewed, reversible; never merged by guess.
CREATE TABLE person_links (
    id          TEXT PRIMARY KEY NOT NULL,
    tenant_id   TEXT NOT NULL REFERENCES tenants (id),
    person_id   TEXT NOT NULL REFERENCES persons (id),
    same_as     TEXT NOT NULL REFERENCES persons (id),
    evidence_id TEXT NOT NULL,
    state       TEXT NOT NULL CHECK (state IN ('proposed', 'accepted', 'refused', 'reversed')),
    proposed_by TEXT NOT NULL,
    proposed_at BIGINT NOT NULL,
    reviewed_by TEXT,
    reviewed_at BIGINT,
    reversed_at BIGINT,
    CHECK (reviewed_by IS NULL OR reviewed_by <> proposed_by)
);

-- The life of each wrapping key, never the key. Erasure is complete once the
-- version that backups hold is destroyed too.
CREATE TABLE master_keys (
    version      BIGINT PRIMARY KEY NOT NULL CHECK (version >= 1),
    suite        TEXT NOT NULL,
    created_at   BIGINT NOT NULL,
    rotated_at   BIGINT CHECK (rotated_at >= created_at),
    destroyed_at BIGINT,
    CHECK (destroyed_at IS NULL OR rotated_at IS NOT NULL AND destroyed_at >= rotated_at)
);

-- Destroying `wrapped` is erasure, never before `retain_until`, the longest floor; `relationship_ended_at`
-- is the anchor that most floors run from, and `storage_only` holds once erasure was asked before the floor.
-- A key without a person seals an upload whose person is not known yet.
CREATE TABLE data_keys (
    id                    TEXT PRIMARY KEY NOT NULL,
    tenant_id             TEXT NOT NULL,
    person_id             TEXT REFERENCES persons (id),
    relationship          TEXT NOT NULL,
    retention_class       TEXT NOT NULL,
    suite                 TEXT NOT NULL,
    master_version        BIGINT NOT NULL,
    wrapped               BYTEA,
    created_at            BIGINT NOT NULL,
    storage_only          BOOLEAN NOT NULL DEFAULT FALSE,
    relationship_ended_at BIGINT,
    retain_until          BIGINT,
    destroyed_at          BIGINT,
    CHECK ((wrapped IS NULL) = (destroyed_at IS NOT NULL)),
    CHECK (destroyed_at >= retain_until)
);
CREATE UNIQUE INDEX data_keys_live ON data_keys (person_id, tenant_id, relationship, retention_class)
    WHERE destroyed_at IS NULL;

-- One row a version, fat: event, seal and idempotency key travel in it. `settled_by` is who
-- settled an open version by this one: an operator's or reviewer's id, or 'gateway'.
CREATE TABLE decisions (
    id               TEXT NOT NULL,
    version          BIGINT NOT NULL CHECK (version >= 1),
    newest           BOOLEAN NOT NULL,
    logged           BOOLEAN NOT NULL DEFAULT FALSE,
    tenant_id        TEXT NOT NULL,
    legal_entity_id  TEXT,
    person_id        TEXT,
    scene            TEXT NOT NULL,
    occasion         TEXT NOT NULL,
    product          TEXT NOT NULL,
    outcome          TEXT NOT NULL CHECK (outcome IN ('approved', 'rejected', 'review', 'pending')),
    channel          TEXT NOT NULL,
    channel_agent_id TEXT,
    outlet_id        TEXT,
    clerk_id         TEXT,
    terminal_id      TEXT,
    policy_digest    TEXT NOT NULL,
    biz_no           TEXT,
    idempotency_key  TEXT,
    request_digest   TEXT,
    decided_at       BIGINT NOT NULL,
    deadline         BIGINT,
    expires_at       BIGINT,
    consumed_by      TEXT,
    settled_by       TEXT CHECK (settled_by IS NULL OR version > 1),
    recorded_at      BIGINT NOT NULL,
    event_seq        BIGINT NOT NULL,
    event_id         TEXT NOT NULL,
    event_kind       TEXT NOT NULL,
    event_at         BIGINT NOT NULL,
    event_body       BYTEA NOT NULL,
    data_key_id      TEXT,
    canonical        BYTEA NOT NULL,
    sealed           BYTEA,
    PRIMARY KEY (id, version)
);
CREATE UNIQUE INDEX decisions_idempotency ON decisions (tenant_id, idempotency_key) WHERE idempotency_key IS NOT NULL;
CREATE UNIQUE INDEX decisions_biz_no ON decisions (tenant_id, biz_no)
    WHERE version = 1 AND biz_no IS NOT NULL;
CREATE INDEX decisions_pending ON decisions (id) WHERE newest AND outcome = 'pending';
CREATE INDEX decisions_outbox ON decisions (event_seq, event_id) WHERE NOT logged;

CREATE TABLE decision_parties (
    decision_id TEXT NOT NULL,
    version     BIGINT NOT NULL,
    ordinal     BIGINT NOT NULL,
    tenant_id   TEXT NOT NULL,
    role        TEXT NOT NULL,
    person_id   TEXT REFERENCES persons (id),
    relation    TEXT,
    authority   TEXT,
    PRIMARY KEY (decision_id, version, ordinal)
);

-- `predecessor_id` is the opening whose slot this one keeps (replacement, transfer) or moves (reclass);
-- `last_reconciled_at` is the last run that found the opening in the tenant's own file. Stock that
-- is imported closed is closed at its import, the latest that it can have been.
CREATE TABLE openings (
    id                 TEXT PRIMARY KEY NOT NULL,
    tenant_id          TEXT NOT NULL,
    legal_entity_id    TEXT NOT NULL,
    person_id          TEXT NOT NULL REFERENCES persons (id),
    decision_id        TEXT,
    product            TEXT NOT NULL,
    state              TEXT NOT NULL CHECK (state IN
        ('reserved', 'pending_activation', 'active', 'suspended', 'closed', 'released', 'expired')),
    lease_until        BIGINT,
    origin             TEXT NOT NULL CHECK (origin IN ('gateway', 'imported', 'external')),
    external_ref       TEXT,
    import_id          TEXT,
    predecessor_id     TEXT REFERENCES openings (id) CHECK (predecessor_id <> id),
    opened_at          BIGINT,
    closed_at          BIGINT,
    last_reconciled_at BIGINT,
    created_at         BIGINT NOT NULL,
    updated_at         BIGINT NOT NULL,
    CHECK ((state = 'reserved') = (lease_until IS NOT NULL)),
    CHECK ((state = 'closed') = (closed_at IS NOT NULL))
);
CREATE INDEX openings_person ON openings (person_id);
CREATE INDEX openings_lease ON openings (lease_until) WHERE state = 'reserved';
CREATE UNIQUE INDEX openings_external_ref ON openings (tenant_id, external_ref)
    WHERE external_ref IS NOT NULL AND state <> 'released' AND state <> 'expired';

-- Others than the holder who count: the proxy, the guardian, the unit's people.
CREATE TABLE opening_parties (
    opening_id TEXT NOT NULL REFERENCES openings (id),
    role       TEXT NOT NULL,
    person_id  TEXT NOT NULL REFERENCES persons (id),
    tenant_id  TEXT NOT NULL,
    PRIMARY KEY (person_id, role, opening_id)
);

CREATE TABLE evidence (
    id              TEXT PRIMARY KEY NOT NULL,
    tenant_id       TEXT NOT NULL,
    decision_id     TEXT,
    kind            TEXT NOT NULL,
    side            TEXT,
    device_serial   TEXT,
    attestor        TEXT,
    captured_at     BIGINT,
    received_at     BIGINT NOT NULL,
    digest          TEXT,
    locator         TEXT,
    length          BIGINT NOT NULL,
    received        BIGINT NOT NULL,
    complete        BOOLEAN NOT NULL,
    token_hash      TEXT,
    token_until     BIGINT,
    idempotency_key TEXT,
    request_digest  TEXT,
    data_key_id     TEXT,
    sealed          BYTEA
);
CREATE UNIQUE INDEX evidence_idempotency ON evidence (tenant_id, idempotency_key) WHERE idempotency_key IS NOT NULL;
CREATE UNIQUE INDEX evidence_token ON evidence (token_hash) WHERE token_hash IS NOT NULL;
CREATE INDEX evidence_decision ON evidence (decision_id) WHERE decision_id IS NOT NULL;

CREATE TABLE evidence_chunks (
    evidence_id  TEXT NOT NULL REFERENCES evidence (id),
    chunk_offset BIGINT NOT NULL,
    length       BIGINT NOT NULL CHECK (length > 0),
    sealed       BYTEA NOT NULL,
    PRIMARY KEY (evidence_id, chunk_offset)
);

-- The outbox of every event that is not a decision's own.
CREATE TABLE events (
    id        TEXT PRIMARY KEY NOT NULL,
    logged    BOOLEAN NOT NULL DEFAULT FALSE,
    tenant_id TEXT NOT NULL,
    kind      TEXT NOT NULL,
    subject   TEXT NOT NULL,
    event_at  BIGINT NOT NULL,
    event_seq BIGINT NOT NULL,
    body      BYTEA NOT NULL
);
CREATE INDEX events_outbox ON events (event_seq, id) WHERE NOT logged;

-- How far webhooks and streams have read: `position` is the next leaf index, because the order of
-- leaves is final, while a late COMMIT may still fill an event_seq behind a reader.
CREATE TABLE outbox_cursors (
    consumer TEXT PRIMARY KEY NOT NULL,
    position BIGINT NOT NULL CHECK (position >= 0),
    moved_at BIGINT NOT NULL
);

-- Every copy that left: to whom, for what, on which legal basis. `watermark` is the text
-- put on an image; what is no image has none.
CREATE TABLE disclosures (
    id          TEXT PRIMARY KEY NOT NULL,
    tenant_id   TEXT NOT NULL REFERENCES tenants (id),
    person_id   TEXT REFERENCES persons (id),
    decision_id TEXT,
    evidence_id TEXT REFERENCES evidence (id),
    recipient   TEXT NOT NULL,
    purpose     TEXT NOT NULL,
    legal_basis TEXT NOT NULL,
    watermark   TEXT,
    at          BIGINT NOT NULL,
    event_id    TEXT NOT NULL,
    CHECK (COALESCE(person_id, decision_id, evidence_id) IS NOT NULL)
);
CREATE INDEX disclosures_person ON disclosures (person_id) WHERE person_id IS NOT NULL;

-- A joint-punishment measure on a person or a channel.
CREATE TABLE restrictions (
    id               TEXT PRIMARY KEY NOT NULL,
    tenant_id        TEXT NOT NULL REFERENCES tenants (id),
    person_id        TEXT REFERENCES persons (id),
    channel_agent_id TEXT REFERENCES channel_agents (id),
    outlet_id        TEXT REFERENCES outlets (id),
    clerk_id         TEXT REFERENCES clerks (id),
    terminal_id      TEXT REFERENCES terminals (id),
    clause           TEXT NOT NULL,
    reference        TEXT NOT NULL,
    measures         TEXT NOT NULL,
    carve_outs       TEXT NOT NULL,
    starts_at        BIGINT NOT NULL,
    ends_at          BIGINT NOT NULL CHECK (ends_at > starts_at),
    lifted_at        BIGINT,
    recorded_at      BIGINT NOT NULL,
    CHECK (COALESCE(person_id, channel_agent_id, outlet_id, clerk_id, terminal_id) IS NOT NULL)
);
CREATE INDEX restrictions_person ON restrictions (person_id) WHERE person_id IS NOT NULL;

-- An emergency-stop lease on an opening, at most twice.
CREATE TABLE stops (
    id         TEXT PRIMARY KEY NOT NULL,
    tenant_id  TEXT NOT NULL REFERENCES tenants (id),
    opening_id TEXT NOT NULL REFERENCES openings (id),
    ordinal    BIGINT NOT NULL CHECK (ordinal IN (1, 2)),
    reference  TEXT NOT NULL,
    placed_at  BIGINT NOT NULL,
    ends_at    BIGINT NOT NULL CHECK (ends_at > placed_at),
    lifted_at  BIGINT
);
CREATE UNIQUE INDEX stops_opening ON stops (opening_id, ordinal);

-- The calendar that working-day clocks count by: `date` is a civil date YYYY-MM-DD in Asia/Shanghai,
-- `working` whether it is a working day, `source` the notice that says so. Other days follow the week.
CREATE TABLE holidays (
    date    TEXT PRIMARY KEY NOT NULL CHECK (date LIKE '____-__-__'),
    working BOOLEAN NOT NULL,
    source  TEXT NOT NULL
);

CREATE TABLE policies (
    digest      TEXT PRIMARY KEY NOT NULL,
    source      BYTEA NOT NULL,
    recorded_at BIGINT NOT NULL
);

CREATE TABLE imports (
    id              TEXT PRIMARY KEY NOT NULL,
    tenant_id       TEXT NOT NULL,
    legal_entity_id TEXT NOT NULL,
    idempotency_key TEXT NOT NULL,
    request_digest  TEXT NOT NULL,
    loaded          BIGINT NOT NULL,
    skipped         BIGINT NOT NULL,
    recorded_at     BIGINT NOT NULL
);
CREATE UNIQUE INDEX imports_idempotency ON imports (tenant_id, idempotency_key);

-- One comparison of the ledger with a tenant's own file, and the rows that only one side has.
CREATE TABLE reconciliations (
    id              TEXT PRIMARY KEY NOT NULL,
    tenant_id       TEXT NOT NULL REFERENCES tenants (id),
    legal_entity_id TEXT NOT NULL REFERENCES legal_entities (id),
    file_digest     TEXT NOT NULL,
    matched         BIGINT NOT NULL CHECK (matched >= 0),
    only_ledger     BIGINT NOT NULL CHECK (only_ledger >= 0),
    only_file       BIGINT NOT NULL CHECK (only_file >= 0),
    started_at      BIGINT NOT NULL,
    ended_at        BIGINT NOT NULL CHECK (ended_at >= started_at),
    event_id        TEXT NOT NULL
);
CREATE INDEX reconciliations_tenant ON reconciliations (tenant_id, started_at);
CREATE TABLE reconciliation_rows (
    reconciliation_id TEXT NOT NULL REFERENCES reconciliations (id),
    ordinal           BIGINT NOT NULL,
    side              TEXT NOT NULL CHECK (side IN ('ledger', 'file')),
    opening_id        TEXT REFERENCES openings (id),
    external_ref      TEXT,
    event_id          TEXT NOT NULL,
    PRIMARY KEY (reconciliation_id, ordinal),
    CHECK (side = 'ledger' AND opening_id IS NOT NULL OR side = 'file' AND opening_id IS NULL AND external_ref IS NOT NULL)
);

-- Whether a family of a legal entity has its whole nationwide stock loaded.
CREATE TABLE family_baselines (
    legal_entity_id TEXT NOT NULL REFERENCES legal_entities (id),
    family          TEXT NOT NULL,
    as_of           BIGINT NOT NULL,
    complete        BOOLEAN NOT NULL,
    import_id       TEXT REFERENCES imports (id),
    recorded_at     BIGINT NOT NULL,
    PRIMARY KEY (legal_entity_id, family, as_of)
);

-- Four eyes: who proposes an exception from an in-principle limit cannot approve it.
CREATE TABLE quota_exceptions (
    id              TEXT PRIMARY KEY NOT NULL,
    tenant_id       TEXT NOT NULL REFERENCES tenants (id),
    legal_entity_id TEXT NOT NULL REFERENCES legal_entities (id),
    person_id       TEXT NOT NULL REFERENCES persons (id),
    family          TEXT NOT NULL,
    clause          TEXT NOT NULL,
    grounds         TEXT NOT NULL,
    proposed_by     TEXT NOT NULL,
    proposed_at     BIGINT NOT NULL,
    approved_by     TEXT,
    approved_at     BIGINT,
    expires_at      BIGINT NOT NULL,
    used_by         TEXT,
    CHECK (approved_by IS NULL OR approved_by <> proposed_by)
);

-- A request that was refused before any decision, with what was known by then
-- of the keys that velocities count by; their windows hydrate from these rows.
CREATE TABLE attempts (
    id               TEXT PRIMARY KEY NOT NULL,
    tenant_id        TEXT NOT NULL,
    code             TEXT NOT NULL,
    endpoint         TEXT NOT NULL,
    scene            TEXT,
    product          TEXT,
    person_id        TEXT REFERENCES persons (id),
    channel          TEXT,
    channel_agent_id TEXT,
    outlet_id        TEXT,
    clerk_id         TEXT,
    terminal_id      TEXT,
    device_serial    TEXT,
    network_prefix   TEXT,
    at               BIGINT NOT NULL,
    recorded_at      BIGINT NOT NULL
);
CREATE INDEX attempts_tenant ON attempts (tenant_id, at);

-- The audit log: its head under the fencing epoch, its leaves verbatim, each tenant's own chain.
CREATE TABLE log_state (
    id    INTEGER PRIMARY KEY CHECK (id = 1),
    epoch BIGINT NOT NULL,
    size  BIGINT NOT NULL,
    root  BYTEA
);
INSERT INTO log_state (id, epoch, size) VALUES (1, 0, 0);

CREATE TABLE log_leaves (
    leaf_index BIGINT PRIMARY KEY NOT NULL,
    event_id   TEXT NOT NULL,
    tenant_id  TEXT NOT NULL,
    tenant_seq BIGINT NOT NULL,
    leaf_hash  BYTEA NOT NULL,
    leaf       BYTEA NOT NULL
);
CREATE UNIQUE INDEX log_leaves_event ON log_leaves (event_id);

CREATE TABLE log_tenant_heads (
    tenant_id  TEXT PRIMARY KEY NOT NULL,
    tenant_seq BIGINT NOT NULL,
    leaf_hash  BYTEA NOT NULL
);

-- Ledger time: the latest time given out, and the order of writes.
CREATE TABLE ledger_clock (
    id   INTEGER PRIMARY KEY CHECK (id = 1),
    mark BIGINT NOT NULL,
    seq  BIGINT NOT NULL
);
INSERT INTO ledger_clock (id, mark, seq) VALUES (1, 0, 0);
