-- What was kept of layers already read, so that another image need not read them again. tools: who read it, as one word.
-- bytes: of kept. used_at: the last time it served; the least recently used go first.
CREATE TABLE layer (
    digest  TEXT COLLATE "C" NOT NULL,
    tools   TEXT COLLATE "C" NOT NULL,
    used_at BIGINT NOT NULL,
    bytes   BIGINT NOT NULL,
    kept    BYTEA NOT NULL,
    PRIMARY KEY (digest, tools)
);
CREATE INDEX layer_u ON layer (used_at, bytes);
