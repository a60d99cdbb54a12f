-- Processes that work on this store. seen: microseconds, renewed while the process lives.
CREATE TABLE worker (
    name  TEXT PRIMARY KEY,
    began INTEGER NOT NULL,
    seen  INTEGER NOT NULL
) WITHOUT ROWID;

-- How each standing task goes. It runs while began > ended and its worker lives. due: microseconds, when it is to run
-- without being called. failures: in a row.
CREATE TABLE task (
    name     TEXT PRIMARY KEY,
    began    INTEGER NOT NULL,
    ended    INTEGER NOT NULL,
    due      INTEGER NOT NULL,
    runs     INTEGER NOT NULL,
    failures INTEGER NOT NULL,
    problem  TEXT NOT NULL,
    worker   TEXT NOT NULL
) WITHOUT ROWID;

-- Images that the server itself is to look into. state: `waiting`, `indexed` or `failed`. worker: who has begun; nobody
-- where it no longer lives. due: microseconds, not to be tried before. digest: of what the reference led to.
CREATE TABLE index_request (
    request_id   INTEGER PRIMARY KEY,
    tenant       TEXT NOT NULL,
    organization TEXT NOT NULL,
    reference    TEXT NOT NULL,
    platform     TEXT NOT NULL,
    priority     INTEGER NOT NULL,
    state        TEXT NOT NULL,
    worker       TEXT NOT NULL,
    attempts     INTEGER NOT NULL,
    asked        INTEGER NOT NULL,
    due          INTEGER NOT NULL,
    ended        INTEGER NOT NULL,
    digest       TEXT NOT NULL,
    problem      TEXT NOT NULL
);
CREATE UNIQUE INDEX index_request_waiting ON index_request (tenant, organization, reference, platform)
 WHERE state = 'waiting';
CREATE INDEX index_request_next ON index_request (priority DESC, due, request_id) WHERE state = 'waiting';
CREATE INDEX index_request_ended ON index_request (ended) WHERE state <> 'waiting';
CREATE INDEX index_request_asked ON index_request (organization, request_id);
