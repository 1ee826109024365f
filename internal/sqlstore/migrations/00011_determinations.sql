-- What authorities determined of persons. It takes the place of restrictions, which nothing ever wrote: the term is not
-- stored, for the clause in force on the day of the determination says how long it runs.

-- +goose Up

DROP TABLE restrictions;

-- `reference` names the determining document. A person has one row for each; lifted rows stay. `notice_ref` and
-- `delivered_on` are of the written notice to the person.
CREATE TABLE determinations (
    id            TEXT PRIMARY KEY NOT NULL,
    person_id     TEXT NOT NULL REFERENCES persons (id),
    determined_on TEXT NOT NULL CHECK (determined_on LIKE '____-__-__'),
    ground        TEXT NOT NULL,
    level         TEXT NOT NULL CHECK (level IN ('court', 'city', 'province')),
    items         BIGINT NOT NULL CHECK (items >= 0),
    times         BIGINT NOT NULL CHECK (times >= 0),
    parties       BIGINT NOT NULL CHECK (parties >= 0),
    reference     TEXT NOT NULL CHECK (reference <> ''),
    notice_ref    TEXT,
    delivered_on  TEXT,
    recorded_at   BIGINT NOT NULL,
    event_id      TEXT NOT NULL,
    lifted_at     BIGINT,
    lift_reason   TEXT,
    lift_ref      TEXT,
    lift_event_id TEXT,
    CHECK ((lifted_at IS NULL) = (lift_event_id IS NULL) AND (lifted_at IS NULL) = (lift_reason IS NULL))
);
CREATE UNIQUE INDEX determinations_reference ON determinations (person_id, reference);
