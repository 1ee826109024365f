-- The life of master keys: rotation, rewrapping, destruction.

-- +goose Up

-- `used_from` is when data keys begin to be wrapped under it, NULL: at once. `fingerprint` tells a key file with another
-- key of the same version. `documents_kept` is of a version that was destroyed but for what makes its document keys.
ALTER TABLE master_keys ADD COLUMN used_from BIGINT;
ALTER TABLE master_keys ADD COLUMN fingerprint TEXT NOT NULL DEFAULT '';
ALTER TABLE master_keys ADD COLUMN documents_kept BOOLEAN NOT NULL DEFAULT FALSE;

-- What is wrapped under a version is found without walking through all keys.
CREATE INDEX data_keys_master ON data_keys (master_version, id) WHERE wrapped IS NOT NULL;

-- One run that wraps data keys under a version and brings its document keys; `after_id` and `after_version` is the decision
-- that it has come to. One that was cut short goes on.
CREATE TABLE rewraps (
    id             TEXT PRIMARY KEY NOT NULL,
    master_version BIGINT NOT NULL REFERENCES master_keys (version),
    data_keys      BIGINT NOT NULL DEFAULT 0 CHECK (data_keys >= 0),
    document_keys  BIGINT NOT NULL DEFAULT 0 CHECK (document_keys >= 0),
    after_id       TEXT NOT NULL DEFAULT '',
    after_version  BIGINT NOT NULL DEFAULT 0,
    started_at     BIGINT NOT NULL,
    ended_at       BIGINT
);
CREATE UNIQUE INDEX rewraps_running ON rewraps (master_version) WHERE ended_at IS NULL;
