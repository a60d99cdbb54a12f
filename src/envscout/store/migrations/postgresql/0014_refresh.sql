-- How it goes with each feed that is refreshed by itself. Times are microseconds, 0 = never. failures: in a row. told:
-- whether somebody was told of the trouble. due: not to be asked before. bytes, took: of the last answer, microseconds.
-- holder, held_until: who refreshes it at the moment.
CREATE TABLE feed_health (
    name         TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    location     TEXT COLLATE "C" NOT NULL,
    attempted_at BIGINT NOT NULL DEFAULT 0,
    succeeded_at BIGINT NOT NULL DEFAULT 0,
    problem      TEXT COLLATE "C" NOT NULL DEFAULT '',
    failures     BIGINT NOT NULL DEFAULT 0,
    told         BIGINT NOT NULL DEFAULT 0,
    stale        BIGINT NOT NULL DEFAULT 0,
    due          BIGINT NOT NULL DEFAULT 0,
    bytes        BIGINT NOT NULL DEFAULT 0,
    took         BIGINT NOT NULL DEFAULT 0,
    holder       TEXT COLLATE "C" NOT NULL DEFAULT '',
    held_until   BIGINT NOT NULL DEFAULT 0
);

-- A document that was offered and not applied, because it differs too much from the one before. digest: of its bytes,
-- '' for a directory. records, before: how many there are in it, and were; lost: how many of those are gone.
-- released_at: when somebody said to apply it all the same, 0 = nobody did.
CREATE TABLE feed_quarantine (
    name          TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    location      TEXT COLLATE "C" NOT NULL,
    digest        TEXT COLLATE "C" NOT NULL,
    etag          TEXT COLLATE "C" NOT NULL,
    last_modified TEXT COLLATE "C" NOT NULL,
    at            BIGINT NOT NULL,
    records       BIGINT NOT NULL,
    before        BIGINT NOT NULL,
    lost          BIGINT NOT NULL,
    reason        TEXT COLLATE "C" NOT NULL,
    released_at   BIGINT NOT NULL DEFAULT 0
);

-- What may have changed since the world was last told. kind: vulnerability (number = vuln_id, everywhere), slot
-- (env_id, number = service_id), environment (all of it), baseline (the same, without telling anybody; number = the last
-- vuln_id that is done).
CREATE TABLE mark (
    kind   TEXT COLLATE "C" NOT NULL,
    env_id BIGINT NOT NULL,
    number BIGINT NOT NULL,
    PRIMARY KEY (kind, env_id, number)
);

-- What the world was last told of. state: 32 x level of the severity + 16 where a fix is known + 8 where it is exploited
-- + 2 x band of EPSS (0 to 3) + 1 where nothing of it counts. services: the numbers of those where it counts, rising, two
-- bytes each, the lower first; where two do not suffice, "I" and four bytes each.
CREATE TABLE standing (
    vuln_id  BIGINT NOT NULL,
    env_id   BIGINT NOT NULL,
    state    BIGINT NOT NULL,
    services BYTEA NOT NULL,
    PRIMARY KEY (vuln_id, env_id)
);

-- Which images each service was last known to run (numbers, as a JSON list), and why no answer can be given for them.
CREATE TABLE standing_slot (
    env_id     BIGINT NOT NULL,
    service_id BIGINT NOT NULL,
    images     TEXT COLLATE "C" NOT NULL,
    unknown    TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (env_id, service_id)
);

-- Up to when it was looked for what changes by time alone, and what of it was told already.
CREATE TABLE standing_time (what TEXT COLLATE "C" NOT NULL PRIMARY KEY, until BIGINT NOT NULL);
CREATE TABLE exception_told (exception_id BIGINT NOT NULL PRIMARY KEY, at BIGINT NOT NULL);

-- What runs already is nothing new.
INSERT INTO mark (kind, env_id, number) SELECT 'baseline', env_id, 0 FROM environment;
