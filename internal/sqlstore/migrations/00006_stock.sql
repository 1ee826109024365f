-- Existing stock in files of any size: how far each file is loaded, the rows that were refused, and what comparing the
-- ledger with a tenant's own file found.

-- +goose Up

-- The cursor of one file that is being loaded, beside its row in imports: `at_byte` is where the next record begins,
-- `at_row` how many records lie before it, the header among them. `name_digest` is that of the file's name, which may be
-- anything and is not kept.
CREATE TABLE stock_loads (
    import_id   TEXT PRIMARY KEY NOT NULL REFERENCES imports (id),
    tenant_id   TEXT NOT NULL,
    name_digest TEXT,
    at_byte     BIGINT NOT NULL CHECK (at_byte >= 0),
    at_row      BIGINT NOT NULL CHECK (at_row >= 0),
    refused     BIGINT NOT NULL CHECK (refused >= 0),
    moved_at    BIGINT NOT NULL,
    ended_at    BIGINT
);
CREATE INDEX stock_loads_name ON stock_loads (tenant_id, name_digest, moved_at) WHERE name_digest IS NOT NULL;

-- Rows of a load or of a reconciliation that were refused; `external_ref` only where it is one.
CREATE TABLE stock_refusals (
    run_id       TEXT NOT NULL,
    row_number   BIGINT NOT NULL CHECK (row_number >= 1),
    code         TEXT NOT NULL,
    external_ref TEXT,
    PRIMARY KEY (run_id, row_number)
);

-- A reconciliation has its row from its beginning. `differing` counts what both sides have, but not the same of it;
-- `staged` the rows of the file that could be compared, `refused` those that could not.
ALTER TABLE reconciliations ADD COLUMN phase TEXT NOT NULL DEFAULT 'complete'
    CHECK (phase IN ('reading', 'comparing', 'marking', 'complete', 'abandoned'));
ALTER TABLE reconciliations ADD COLUMN staged BIGINT NOT NULL DEFAULT 0;
ALTER TABLE reconciliations ADD COLUMN refused BIGINT NOT NULL DEFAULT 0;
ALTER TABLE reconciliations ADD COLUMN differing BIGINT NOT NULL DEFAULT 0;
CREATE UNIQUE INDEX reconciliations_running ON reconciliations (tenant_id) WHERE phase <> 'complete' AND phase <> 'abandoned';

-- A row with a difference (product, state, person; several with commas) is an opening that both sides have.
ALTER TABLE reconciliation_rows ADD COLUMN row_number BIGINT;
ALTER TABLE reconciliation_rows ADD COLUMN difference TEXT CHECK (difference IS NULL OR opening_id IS NOT NULL AND row_number IS NOT NULL);

-- The tenant's file while it is compared: what is left of it after a reconciliation is nothing. `person_id` is NULL where the
-- file does not say who holds it, and empty where it names somebody whom the ledger does not know.
CREATE TABLE reconciliation_stage (
    reconciliation_id TEXT NOT NULL REFERENCES reconciliations (id),
    external_ref      TEXT NOT NULL,
    row_number        BIGINT NOT NULL,
    product           TEXT NOT NULL,
    state             TEXT NOT NULL,
    person_id         TEXT,
    PRIMARY KEY (reconciliation_id, external_ref)
);
