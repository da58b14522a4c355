-- The index: a row a run, a row an epoch, a row a note. Times are UTC. Rebuilt from the journals whenever this changes.
-- No keys: rows are made unique as they are read in. Of a resumed run the epochs beyond its last start are not here.
-- /*spec*/ stands for one column a field of RunSpec.

CREATE TABLE runs (
    id VARCHAR NOT NULL,
    title VARCHAR,
    status VARCHAR,
    ending VARCHAR,              -- the status that the journal closes with; null while it is open
    reason VARCHAR,              -- why it ended so, in words
    problem VARCHAR,             -- why the journal cannot be read in full
    card_problem VARCHAR,        -- why spec.json cannot, or is no longer valid
    created TIMESTAMP,
    started TIMESTAMP,
    ended TIMESTAMP,
    fingerprint VARCHAR,         -- shared by runs that differ by seed, machine and what has no effect alone
    tags VARCHAR[],
    note VARCHAR,
    drawings_right BIGINT,       -- of a person's own drawings, when it was last asked about them
    drawings_of BIGINT,
    drawings_edition VARCHAR,    -- which drawings these were
    /*spec*/
    device_used VARCHAR,
    precision_used VARCHAR,
    threads BIGINT,
    pid BIGINT,
    machine VARCHAR,
    processor VARCHAR,
    cores BIGINT,
    torch VARCHAR,
    system VARCHAR,
    vitcore_version VARCHAR,
    vitcore_commit VARCHAR,      -- of a clone, with a + where its files differed from it
    train_rows BIGINT,
    test_rows BIGINT,
    classes VARCHAR[],
    data_digest VARCHAR,         -- of the classes, the pictures and their labels
    parameters BIGINT,
    macs BIGINT,
    steps_per_epoch BIGINT,
    resumed_from BIGINT,
    step BIGINT,                 -- of the last progress line, as are the four that follow
    steps BIGINT,
    loss DOUBLE,
    speed DOUBLE,
    eta_seconds DOUBLE,
    end_error_percent DOUBLE,    -- of the line that closes the journal, as are the two that follow
    end_training_seconds DOUBLE,
    end_images_per_second DOUBLE,
    events_read BIGINT,          -- bytes of events.jsonl taken in
    events_size BIGINT,          -- events.jsonl and the folder as they were then: nothing is read while they stay so
    events_changed BIGINT,
    folder_changed BIGINT
);

CREATE TABLE epochs (
    run_id VARCHAR NOT NULL,
    epoch BIGINT NOT NULL,
    "at" TIMESTAMP,
    train_loss DOUBLE,
    test_loss DOUBLE,
    accuracy DOUBLE,
    error_percent DOUBLE,
    f1 DOUBLE,
    learning_rate DOUBLE,
    images_seen BIGINT,
    training_seconds DOUBLE,
    evaluation_seconds DOUBLE,
    cpu_seconds DOUBLE,
    images_per_second DOUBLE,
    memory_mb DOUBLE
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
        max(epoch) AS epochs_done,
        max(epoch) FILTER (WHERE error_percent IS NOT NULL) AS evaluated,
        min(error_percent) FILTER (WHERE NOT isnan(error_percent)) AS best_error_percent,
        max(memory_mb) FILTER (WHERE NOT isnan(memory_mb)) AS memory_mb,
        arg_max(train_loss, epoch) AS train_loss,
        arg_max(training_seconds, epoch) AS training_seconds,
        arg_max(cpu_seconds, epoch) AS cpu_seconds,
        arg_max(images_per_second, epoch) AS images_per_second,
        arg_max(error_percent, epoch) FILTER (WHERE error_percent IS NOT NULL) AS error_percent,
        arg_max(accuracy, epoch) FILTER (WHERE error_percent IS NOT NULL) AS accuracy,
        arg_max(f1, epoch) FILTER (WHERE error_percent IS NOT NULL) AS f1,
        arg_max(test_loss, epoch) FILTER (WHERE error_percent IS NOT NULL) AS test_loss
    FROM epochs
    WHERE run_id IN (SELECT unnest(ids))
    GROUP BY run_id;

-- The same of every run, brought up to date with its epochs: every look at the runs asks for it.
CREATE TABLE last AS FROM latest([]::VARCHAR[]);

CREATE VIEW summary AS
SELECT
    runs.* EXCLUDE (
        ending, reason, problem, card_problem, step, steps, speed, eta_seconds, end_error_percent, end_training_seconds,
        end_images_per_second, events_read, events_size, events_changed, folder_changed
    ),
    coalesce(card_problem, problem, reason) AS reason,
    coalesce(epochs_done, 0) AS epochs_done,
    coalesce(last.error_percent, end_error_percent) AS error_percent,
    coalesce(best_error_percent, end_error_percent) AS best_error_percent,
    accuracy,
    f1,
    train_loss,
    test_loss,
    coalesce(last.training_seconds, end_training_seconds) AS training_seconds,
    cpu_seconds,
    coalesce(
        CASE WHEN status = 'running' THEN speed END, last.images_per_second, end_images_per_second
    ) AS images_per_second,
    memory_mb,
    CASE WHEN status = 'running' THEN eta_seconds END AS eta_seconds,
    CASE
        WHEN status = 'finished' THEN 1.0
        ELSE least(1.0, greatest(coalesce(epochs_done / epochs, 0.0), coalesce(step / nullif(steps, 0), 0.0)))
    END AS progress
FROM runs LEFT JOIN last ON last.run_id = runs.id;
