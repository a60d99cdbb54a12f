-- What policies say of what runs in each environment, counted. known, ran: the generations that it rests on. at:
-- microseconds. policies: JSON, of each its id, title, and how many images were judged by it and met it.
CREATE TABLE judged (
    env_id   BIGINT PRIMARY KEY REFERENCES environment (env_id) ON DELETE CASCADE,
    known    BIGINT NOT NULL,
    ran      BIGINT NOT NULL,
    at       BIGINT NOT NULL,
    policies TEXT COLLATE "C" NOT NULL
);
