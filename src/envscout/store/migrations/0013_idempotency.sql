-- Answers to writes that were asked for under a key, so that whoever asks again is told the same. request: a hash of it.
CREATE TABLE idempotency (
    subject  TEXT NOT NULL,
    key      TEXT NOT NULL,
    request  BLOB NOT NULL,
    at       INTEGER NOT NULL,
    status   INTEGER NOT NULL,
    response BLOB NOT NULL,
    PRIMARY KEY (subject, key)
) WITHOUT ROWID;
CREATE INDEX idempotency_at ON idempotency (at);

-- How far what answers rest on has come. kind: known (feeds, exceptions, VEX, policies), images (what is in any), ran
-- (what runs anywhere), environment (what runs in one, and what is in it; env_id is 0 for the others). number rises with
-- every change, and is never less than the moment: a store that was put back does not say what it said before.
CREATE TABLE generation (
    kind   TEXT NOT NULL,
    env_id INTEGER NOT NULL,
    number INTEGER NOT NULL,
    PRIMARY KEY (kind, env_id)
) WITHOUT ROWID;
INSERT INTO generation (kind, env_id, number) VALUES ('known', 0, 1), ('images', 0, 1), ('ran', 0, 1);

CREATE TRIGGER generation_event AFTER INSERT ON event BEGIN
    UPDATE generation SET number = max(number + 1, CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER))
     WHERE kind = 'ran';
    INSERT INTO generation (kind, env_id, number)
    SELECT 'environment', NEW.env_id, number FROM generation WHERE kind = 'ran'
    ON CONFLICT (kind, env_id) DO UPDATE SET number = excluded.number;
END;
CREATE TRIGGER generation_image AFTER INSERT ON image BEGIN
    UPDATE generation SET number = max(number + 1, CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER))
     WHERE kind = 'images';
END;
CREATE TRIGGER generation_image_again AFTER UPDATE ON image BEGIN
    UPDATE generation SET number = max(number + 1, CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER))
     WHERE kind = 'images' OR (env_id IN (SELECT env_id FROM deployment WHERE image_id = NEW.image_id)
       OR (kind = 'ran' AND EXISTS (SELECT 1 FROM deployment WHERE image_id = NEW.image_id)));
END;
CREATE TRIGGER generation_feed AFTER INSERT ON feed_run BEGIN
    UPDATE generation SET number = max(number + 1, CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER))
     WHERE kind = 'known';
END;
CREATE TRIGGER generation_exception AFTER INSERT ON exception_event BEGIN
    UPDATE generation SET number = max(number + 1, CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER))
     WHERE kind = 'known';
END;
CREATE TRIGGER generation_vex AFTER INSERT ON image_vex BEGIN
    UPDATE generation SET number = max(number + 1, CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER))
     WHERE kind = 'known';
END;
CREATE TRIGGER generation_vex_again AFTER UPDATE ON image_vex BEGIN
    UPDATE generation SET number = max(number + 1, CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER))
     WHERE kind = 'known';
END;
CREATE TRIGGER generation_policy AFTER INSERT ON policy_applied BEGIN
    UPDATE generation SET number = max(number + 1, CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER))
     WHERE kind = 'known';
END;
