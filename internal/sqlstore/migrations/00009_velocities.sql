-- What sliding windows are filled from.

-- +goose Up

-- One attempt or opening under one key that a velocity runs over: 'agent:…', 'holder:prs_…'. `id` is the reservation
-- under which the window held it; it begins with the decision's id. `counts` is 1 for openings and 2 for attempts.
-- A released opening's row stays until it is swept, so that its unit can still be given back.
CREATE TABLE velocity_events (
    key         TEXT NOT NULL,
    counts      BIGINT NOT NULL CHECK (counts IN (1, 2)),
    at          BIGINT NOT NULL,
    id          TEXT NOT NULL,
    decision_id TEXT NOT NULL,
    released    BOOLEAN NOT NULL DEFAULT FALSE,
    PRIMARY KEY (key, counts, at, id)
);
CREATE INDEX velocity_events_decision ON velocity_events (decision_id);
