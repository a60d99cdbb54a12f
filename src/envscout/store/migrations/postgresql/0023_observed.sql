-- Environments that somebody looks at: who looked last, and when. drifting: JSON, services that did not run what was
-- said, and how, as it was told last. seen: JSON, the digests that ran.
CREATE TABLE observed (
    env_id   BIGINT PRIMARY KEY,
    source   TEXT COLLATE "C" NOT NULL,
    actor    TEXT COLLATE "C" NOT NULL,
    at       BIGINT NOT NULL,
    drifting TEXT COLLATE "C" NOT NULL,
    seen     TEXT COLLATE "C" NOT NULL
);
