-- Registries that were looked through once: what comes after that is new. since: microseconds.
CREATE TABLE watched_registry (
    registry TEXT PRIMARY KEY,
    since    INTEGER NOT NULL
) WITHOUT ROWID;

-- What a tag led to when it was dealt with last. state: `before` (it was there when the watching began), `indexed`, or
-- `failed` with a problem. seen: microseconds, when it was noticed.
CREATE TABLE watched_tag (
    registry   TEXT NOT NULL,
    repository TEXT NOT NULL,
    tag        TEXT NOT NULL,
    digest     TEXT NOT NULL,
    state      TEXT NOT NULL,
    problem    TEXT NOT NULL DEFAULT '',
    seen       INTEGER NOT NULL,
    PRIMARY KEY (registry, repository, tag)
) WITHOUT ROWID;

-- What was noticed and is not dealt with: it outlives the process that noticed it. digest: '' where only the tag was
-- told. due: microseconds, not to be tried before.
CREATE TABLE watch_queue (
    watch_id   INTEGER PRIMARY KEY,
    registry   TEXT NOT NULL,
    repository TEXT NOT NULL,
    tag        TEXT NOT NULL,
    digest     TEXT NOT NULL,
    attempts   INTEGER NOT NULL DEFAULT 0,
    seen       INTEGER NOT NULL,
    due        INTEGER NOT NULL,
    UNIQUE (registry, repository, tag, digest)
);
CREATE INDEX watch_queue_due ON watch_queue (registry, due);
