-- How it goes with each feed that is refreshed by itself. Times are microseconds, 0 = never. failures: in a row. told:
-- whether somebody was told of the trouble. due: not to be asked before. bytes, took: of the last answer, microseconds.
-- holder, held_until: who refreshes it at the moment.
CREATE TABLE feed_health (
    name         TEXT NOT NULL PRIMARY KEY,
    location     TEXT NOT NULL,
    attempted_at INTEGER NOT NULL DEFAULT 0,
    succeeded_at INTEGER NOT NULL DEFAULT 0,
    problem      TEXT NOT NULL DEFAULT '',
    failures     INTEGER NOT NULL DEFAULT 0,
    told         INTEGER NOT NULL DEFAULT 0,
    stale        INTEGER NOT NULL DEFAULT 0,
    due          INTEGER NOT NULL DEFAULT 0,
    bytes        INTEGER NOT NULL DEFAULT 0,
    took         INTEGER NOT NULL DEFAULT 0,
    holder       TEXT NOT NULL DEFAULT '',
    held_until   INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;

-- A document that was offered and not applied, because it differs too much from the one before. digest: of its bytes,
-- '' for a directory. records, before: how many there are in it, and were; lost: how many of those are gone.
-- released_at: when somebody said to apply it all the same, 0 = nobody did.
CREATE TABLE feed_quarantine (
    name          TEXT NOT NULL PRIMARY KEY,
    location      TEXT NOT NULL,
    digest        TEXT NOT NULL,
    etag          TEXT NOT NULL,
    last_modified TEXT NOT NULL,
    at            INTEGER NOT NULL,
    records       INTEGER NOT NULL,
    before        INTEGER NOT NULL,
    lost          INTEGER NOT NULL,
    reason        TEXT NOT NULL,
    released_at   INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;

-- What may have changed since the world was last told. kind: vulnerability (number = vuln_id, everywhere), slot
-- (env_id, number = service_id), environment (all of it), baseline (the same, without telling anybody; number = the last
-- vuln_id that is done).
CREATE TABLE mark (
    kind   TEXT NOT NULL,
    env_id INTEGER NOT NULL,
    number INTEGER NOT NULL,
    PRIMARY KEY (kind, env_id, number)
) WITHOUT ROWID;

-- What the world was last told of. state: 32 x level of the severity + 16 where a fix is known + 8 where it is exploited
-- + 2 x band of EPSS (0 to 3) + 1 where nothing of it counts. services: the numbers of those where it counts, rising, two
-- bytes each, the lower first; where two do not suffice, "I" and four bytes each.
CREATE TABLE standing (
    vuln_id  INTEGER NOT NULL,
    env_id   INTEGER NOT NULL,
    state    INTEGER NOT NULL,
    services BLOB NOT NULL,
    PRIMARY KEY (vuln_id, env_id)
) WITHOUT ROWID;

-- Which images each service was last known to run (numbers, as a JSON list), and why no answer can be given for them.
CREATE TABLE standing_slot (
    env_id     INTEGER NOT NULL,
    service_id INTEGER NOT NULL,
    images     TEXT NOT NULL,
    unknown    TEXT NOT NULL,
    PRIMARY KEY (env_id, service_id)
) WITHOUT ROWID;

-- Up to when it was looked for what changes by time alone, and what of it was told already.
CREATE TABLE standing_time (what TEXT NOT NULL PRIMARY KEY, until INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE exception_told (exception_id INTEGER NOT NULL PRIMARY KEY, at INTEGER NOT NULL);

-- What runs already is nothing new.
INSERT INTO mark (kind, env_id, number) SELECT 'baseline', env_id, 0 FROM environment;
