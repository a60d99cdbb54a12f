-- What each environment carries and carried, counted over its history. known, ran: the generations that it rests on.
-- at: microseconds. document: JSON.
CREATE TABLE counted (
    env_id   INTEGER PRIMARY KEY REFERENCES environment (env_id) ON DELETE CASCADE,
    known    INTEGER NOT NULL,
    ran      INTEGER NOT NULL,
    at       INTEGER NOT NULL,
    document TEXT NOT NULL
);
