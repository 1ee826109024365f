-- The index of images that were seen before: keyed values only, from which nothing can be rebuilt without the vault.

-- +goose Up

-- One image in one scope: a tenant's own, or the one that tenants share. `bands` is the list of the image's
-- values in image_bands, eight bytes each, so that an evicted or erased image takes its own with it.
-- `sealed` is empty in the shared scope, where equal bands alone are counted.
CREATE TABLE image_prints (
    scope       TEXT NOT NULL,
    seq         BIGINT NOT NULL,
    tenant_id   TEXT NOT NULL,
    person_id   TEXT NOT NULL REFERENCES persons (id),
    key_version BIGINT NOT NULL,
    bands       BYTEA NOT NULL,
    sealed      BYTEA,
    recorded_at BIGINT NOT NULL,
    PRIMARY KEY (scope, seq)
);
CREATE INDEX image_prints_person ON image_prints (person_id);

-- A band is an HMAC under the key of its scope, so that scopes never meet in it.
CREATE TABLE image_bands (
    band BIGINT NOT NULL,
    seq  BIGINT NOT NULL
);
CREATE INDEX image_bands_band ON image_bands (band, seq);

-- How many images a scope holds: counting them would take longer than all else of a commit.
CREATE TABLE image_scopes (
    scope   TEXT PRIMARY KEY NOT NULL,
    entries BIGINT NOT NULL CHECK (entries >= 0)
);
