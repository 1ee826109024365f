-- What a copy was asked under, so that a repeated request is the same copy; and how a kept piece comes to its end:
-- how many years its clause wants it, and when it went.

-- +goose Up

ALTER TABLE disclosures ADD COLUMN idempotency_key TEXT;
ALTER TABLE disclosures ADD COLUMN request_digest TEXT;
CREATE UNIQUE INDEX disclosures_idempotency ON disclosures (tenant_id, idempotency_key) WHERE idempotency_key IS NOT NULL;

ALTER TABLE evidence ADD COLUMN keep_years BIGINT;
ALTER TABLE evidence ADD COLUMN retention_ended_at BIGINT;

-- Until now `keep_until` was the decision's own anniversary, so that the years follow from it, rounded (microseconds
-- of half a mean year and of a whole one).
UPDATE evidence SET keep_years =
    (keep_until - (SELECT MAX(decided_at) FROM decisions WHERE decisions.id = evidence.decision_id) + 15778476000000) / 31556952000000
    WHERE keep_until IS NOT NULL;

CREATE INDEX evidence_due ON evidence (keep_until, id) WHERE keep_until IS NOT NULL AND retention_ended_at IS NULL;
