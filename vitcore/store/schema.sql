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
    train_rows BIGINT,
    val_rows BIGINT,
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
    best_epoch BIGINT,           -- of least validation error, as the closing line tells: its weights are kept as the best
    val_error_best DOUBLE,
    test_error_best DOUBLE,      -- of these weights, measured once
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
    val_loss DOUBLE,
    val_error DOUBLE,
    val_accuracy DOUBLE,
    val_f1 DOUBLE,
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
    SELECT * EXCLUDE (best), best.epoch AS best_epoch, best.error AS val_error_best
    FROM (
        SELECT
            run_id,
            max(epoch) AS epochs_done,
            max(epoch) FILTER (WHERE error_percent IS NOT NULL) AS evaluated,
            min({'error': val_error, 'epoch': epoch}) FILTER (WHERE NOT isnan(val_error)) AS best, -- the earliest of equals
            max(memory_mb) FILTER (WHERE NOT isnan(memory_mb)) AS memory_mb,
            arg_max(train_loss, epoch) AS train_loss,
            arg_max(training_seconds, epoch) AS training_seconds,
            arg_max(cpu_seconds, epoch) AS cpu_seconds,
            arg_max(images_per_second, epoch) AS images_per_second,
            arg_max(error_percent, epoch) FILTER (WHERE error_percent IS NOT NULL) AS error_percent,
            arg_max(accuracy, epoch) FILTER (WHERE error_percent IS NOT NULL) AS accuracy,
            arg_max(f1, epoch) FILTER (WHERE error_percent IS NOT NULL) AS f1,
            arg_max(test_loss, epoch) FILTER (WHERE error_percent IS NOT NULL) AS test_loss,
            arg_max(val_loss, epoch) FILTER (WHERE val_error IS NOT NULL) AS val_loss,
            arg_max(val_error, epoch) FILTER (WHERE val_error IS NOT NULL) AS val_error,
            arg_max(val_f1, epoch) FILTER (WHERE val_error IS NOT NULL) AS val_f1
        FROM epochs
        WHERE run_id IN (SELECT unnest(ids))
        GROUP BY run_id
    );

-- The same of every run, brought up to date with its epochs: every look at the runs asks for it.
CREATE TABLE last AS FROM latest([]::VARCHAR[]);

CREATE VIEW summary AS
SELECT
    runs.* EXCLUDE (
        ending, reason, problem, card_problem, step, steps, speed, eta_seconds, end_error_percent, end_training_seconds,
        end_images_per_second, best_epoch, val_error_best, test_error_best, events_read, events_size, events_changed,
        folder_changed
    ),
    coalesce(card_problem, problem, reason) AS reason,
    coalesce(epochs_done, 0) AS epochs_done,
    coalesce(last.error_percent, end_error_percent) AS error_percent,
    coalesce(accuracy, 1 - end_error_percent / 100) AS accuracy,
    f1,
    train_loss,
    test_loss,
    val_error,
    val_loss,
    val_f1,
    coalesce(runs.best_epoch, last.best_epoch) AS best_epoch,
    coalesce(runs.val_error_best, last.val_error_best) AS val_error_best,
    test_error_best,
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
