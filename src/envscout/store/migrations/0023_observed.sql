-- Environments that somebody looks at: who looked last, and when. drifting: JSON, services that did not run what was
-- said, and how, as it was told last. seen: JSON, the digests that ran.
CREATE TABLE observed (
    env_id   INTEGER PRIMARY KEY,
    source   TEXT NOT NULL,
    actor    TEXT NOT NULL,
    at       INTEGER NOT NULL,
    drifting TEXT NOT NULL,
    seen     TEXT NOT NULL
);
