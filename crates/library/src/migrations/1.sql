-- Times are milliseconds since 1970. Ids are UUIDv7: they sort by the time they were made.

CREATE TABLE jobs (
    id           TEXT PRIMARY KEY,
    created_ms   INTEGER NOT NULL,
    spec         TEXT NOT NULL,              -- jobs::JobSpec as JSON
    model_sha256 TEXT NOT NULL,
    cleared      INTEGER NOT NULL DEFAULT 0  -- 1: no longer shown in the queue
) STRICT, WITHOUT ROWID;

CREATE TABLE variations (
    job           TEXT NOT NULL REFERENCES jobs (id),
    number        INTEGER NOT NULL,          -- from 1
    seed          INTEGER NOT NULL,
    state         TEXT NOT NULL,             -- jobs::VariationState
    attempt       INTEGER NOT NULL DEFAULT 0,
    started_ms    INTEGER,                   -- of the last attempt
    ended_ms      INTEGER,
    error_code    TEXT,                      -- why it failed, or what last interrupted it
    error_message TEXT,
    PRIMARY KEY (job, number)
) STRICT, WITHOUT ROWID;

CREATE INDEX variations_unfinished ON variations (state) WHERE state IN ('queued', 'running');

CREATE TABLE pieces (
    id              TEXT PRIMARY KEY,
    job             TEXT NOT NULL,
    variation       INTEGER NOT NULL,
    created_ms      INTEGER NOT NULL,        -- when its first bar came
    title           TEXT NOT NULL,
    period          TEXT NOT NULL,
    composer        TEXT NOT NULL,
    instrumentation TEXT NOT NULL,
    bars            INTEGER NOT NULL,
    bars_expected   INTEGER,                 -- what the model's own counter says
    ending          TEXT,                    -- jobs::Ending, once it has ended well
    first_bar_ms    INTEGER,                 -- from the slot to the first bar
    duration_ms     INTEGER,                 -- from the slot to the end
    text            TEXT NOT NULL,           -- as the model wrote it
    deleted_ms      INTEGER,                 -- in the trash since
    UNIQUE (job, variation),
    FOREIGN KEY (job, variation) REFERENCES variations (job, number)
) STRICT, WITHOUT ROWID;

CREATE INDEX pieces_by_style ON pieces (period, composer, instrumentation, id)
    WHERE deleted_ms IS NULL;

CREATE TABLE settings (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL                      -- JSON
) STRICT, WITHOUT ROWID;
