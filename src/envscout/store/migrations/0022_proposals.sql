-- Exceptions that somebody asked for. document: JSON, what was asked for. decided_at: microseconds, NULL while nobody
-- decided. approved: 1 where it was made, 0 where it was refused. why: of who refused.
CREATE TABLE proposal (
    proposal_id  INTEGER PRIMARY KEY AUTOINCREMENT,
    organization TEXT NOT NULL,
    environment  TEXT NOT NULL,
    document     TEXT NOT NULL,
    asked_at     INTEGER NOT NULL,
    asked_by     TEXT NOT NULL,
    decided_at   INTEGER,
    decided_by   TEXT NOT NULL DEFAULT '',
    approved     INTEGER NOT NULL DEFAULT 0,
    why          TEXT NOT NULL DEFAULT ''
);
