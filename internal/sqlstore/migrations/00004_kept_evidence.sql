-- Evidence is kept only where a clause wants it: which one, and the day before which the
-- content may not go. Without either the content goes when its verification is decided.

-- +goose Up

ALTER TABLE evidence ADD COLUMN kept_by TEXT;
ALTER TABLE evidence ADD COLUMN keep_until BIGINT;
