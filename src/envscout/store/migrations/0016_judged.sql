-- What policies say of what runs in each environment, counted. known, ran: the generations that it rests on. at:
-- microseconds. policies: JSON, of each its id, title, and how many images were judged by it and met it.
CREATE TABLE judged (
    env_id   INTEGER PRIMARY KEY REFERENCES environment (env_id) ON DELETE CASCADE,
    known    INTEGER NOT NULL,
    ran      INTEGER NOT NULL,
    at       INTEGER NOT NULL,
    policies TEXT NOT NULL
);
