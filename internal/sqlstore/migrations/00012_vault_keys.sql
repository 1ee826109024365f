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

-- A data key's end. `last_used_at` is when something was last sealed under it, a day exact; `look_at` when somebody next
-- looks whether its end has come. A key that is kept for the law alone seals nothing new: who comes again gets another.
ALTER TABLE data_keys ADD COLUMN last_used_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE data_keys ADD COLUMN look_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE data_keys ADD COLUMN erasure_asked_at BIGINT;
UPDATE data_keys SET last_used_at = created_at;
UPDATE data_keys SET last_used_at = d.at FROM
    (SELECT data_key_id, MAX(recorded_at) AS at FROM decisions GROUP BY data_key_id) d WHERE d.data_key_id = data_keys.id AND d.at > last_used_at;
CREATE INDEX data_keys_look ON data_keys (look_at, id) WHERE wrapped IS NOT NULL AND person_id IS NOT NULL;
DROP INDEX data_keys_live;
CREATE UNIQUE INDEX data_keys_live ON data_keys (person_id, tenant_id, relationship, retention_class)
    WHERE destroyed_at IS NULL AND NOT storage_only;
CREATE INDEX data_keys_person ON data_keys (person_id) WHERE destroyed_at IS NULL AND person_id IS NOT NULL;

-- What a data key's content is still kept for.
CREATE INDEX evidence_kept_under ON evidence (data_key_id) WHERE keep_until IS NOT NULL AND retention_ended_at IS NULL;
