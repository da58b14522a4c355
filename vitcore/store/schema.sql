-- The index: a row a run, a row an epoch, a row a note. Times are UTC. Rebuilt from the journals whenever this changes.
-- No keys: rows are made unique as they are read in. Of a resumed run the epochs beyond its last start are not here.
-- /*spec*/ stands for one column a field of RunSpec; /*events*/, /*epochs*/, /*latest*/, /*told*/ and /*summary*/ stand for
-- what store/tables.py makes of the fields of the journals' lines (vitcore/events.py).

CREATE TABLE runs (
    id VARCHAR NOT NULL,
    title VARCHAR,
    status VARCHAR,
    problem VARCHAR,             -- why the journal cannot be read in full
    card_problem VARCHAR,        -- why spec.json cannot, or is no longer valid
    created TIMESTAMP,
    started TIMESTAMP,
    ended TIMESTAMP,
    fingerprint VARCHAR,         -- shared by runs that differ by seed, machine and what has no effect alone
    tags VARCHAR[],
    note VARCHAR,
    color BIGINT,                -- the place in the palette that a person has chosen for it
    origin VARCHAR,              -- where it was trained, if elsewhere
    logged_parameters VARCHAR,   -- what that program said of its settings, as JSON
    drawings_right BIGINT,       -- of a person's own drawings, when it was last asked about them
    drawings_of BIGINT,
    drawings_version VARCHAR,    -- which drawings these were
    /*spec*/
    /*events*/
    events_read BIGINT,          -- bytes of events.jsonl taken in
    events_size BIGINT,          -- events.jsonl and the folder as they were then: nothing is read while they stay so
    events_changed BIGINT,
    folder_changed BIGINT
);

CREATE TABLE epochs (
    run_id VARCHAR NOT NULL,
    epoch BIGINT NOT NULL,
    /*epochs*/
    "at" TIMESTAMP
);

CREATE TABLE notes (
    run_id VARCHAR NOT NULL,
    seq BIGINT,
    "at" TIMESTAMP,
    text VARCHAR
);

-- Where each of these runs stands by its epochs.
CREATE MACRO latest(ids) AS TABLE
    SELECT
        run_id,
        /*latest*/
        max(epoch) AS epochs_done,
        max(epoch) FILTER (WHERE error_percent IS NOT NULL) AS evaluated,
        -- of equals the earliest
        (min({'error': val_error, 'epoch': epoch}) FILTER (WHERE NOT isnan(val_error))).epoch AS best_epoch
    FROM epochs
    WHERE run_id IN (SELECT unnest(ids))
    GROUP BY run_id;

-- The same of every run, brought up to date with its epochs: every look at the runs asks for it.
CREATE TABLE last AS FROM latest([]::VARCHAR[]);

CREATE VIEW summary AS
SELECT
    runs.* EXCLUDE (
        /*told*/
        problem, card_problem, events_read, events_size, events_changed, folder_changed
    ),
    coalesce(card_problem, problem, reason) AS reason,
    coalesce(epochs_done, 0) AS epochs_done,
    coalesce(end_best_epoch, last.best_epoch) AS best_epoch,
    end_test_error_best AS test_error_best,
    /*summary*/
    CASE
        WHEN status = 'finished' THEN 1.0
        ELSE least(1.0, greatest(coalesce(epochs_done / epochs, 0.0), coalesce(step / nullif(steps, 0), 0.0)))
    END AS progress
FROM runs LEFT JOIN last ON last.run_id = runs.id;
