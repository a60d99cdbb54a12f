-- What each environment carries and carried, counted over its history. known, ran: the generations that it rests on.
-- at: microseconds. document: JSON.
CREATE TABLE counted (
    env_id   BIGINT PRIMARY KEY REFERENCES environment (env_id) ON DELETE CASCADE,
    known    BIGINT NOT NULL,
    ran      BIGINT NOT NULL,
    at       BIGINT NOT NULL,
    document TEXT COLLATE "C" NOT NULL
);
