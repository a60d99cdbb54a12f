-- Answers to writes that were asked for under a key, so that whoever asks again is told the same. request: a hash of it.
CREATE TABLE idempotency (
    subject  TEXT COLLATE "C" NOT NULL,
    key      TEXT COLLATE "C" NOT NULL,
    request  BYTEA NOT NULL,
    at       BIGINT NOT NULL,
    status   BIGINT NOT NULL,
    response BYTEA NOT NULL,
    PRIMARY KEY (subject, key)
);
CREATE INDEX idempotency_at ON idempotency (at);

-- How far what answers rest on has come. kind: known (feeds, exceptions, VEX, policies), images (what is in any), ran
-- (what runs anywhere), environment (what runs in one, and what is in it; env_id is 0 for the others). number rises with
-- every change, and is never less than the moment: a store that was put back does not say what it said before.
CREATE TABLE generation (
    kind   TEXT COLLATE "C" NOT NULL,
    env_id BIGINT NOT NULL,
    number BIGINT NOT NULL,
    PRIMARY KEY (kind, env_id)
) WITH (fillfactor = 50);
INSERT INTO generation (kind, env_id, number) VALUES ('known', 0, 1), ('images', 0, 1), ('ran', 0, 1);

CREATE FUNCTION generation_event() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    UPDATE generation SET number = greatest(number + 1, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint)
     WHERE kind = 'ran';
    INSERT INTO generation (kind, env_id, number)
    SELECT 'environment', NEW.env_id, number FROM generation WHERE kind = 'ran'
    ON CONFLICT (kind, env_id) DO UPDATE SET number = excluded.number;
    RETURN NULL;
END $$;
CREATE FUNCTION generation_image() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    UPDATE generation SET number = greatest(number + 1, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint)
     WHERE kind = 'images';
    RETURN NULL;
END $$;
CREATE FUNCTION generation_image_again() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    UPDATE generation SET number = greatest(number + 1, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint)
     WHERE kind = 'images' OR (env_id IN (SELECT env_id FROM deployment WHERE image_id = NEW.image_id)
       OR (kind = 'ran' AND EXISTS (SELECT 1 FROM deployment WHERE image_id = NEW.image_id)));
    RETURN NULL;
END $$;
CREATE FUNCTION generation_known() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    UPDATE generation SET number = greatest(number + 1, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint)
     WHERE kind = 'known';
    RETURN NULL;
END $$;
CREATE TRIGGER generation_event AFTER INSERT ON event FOR EACH ROW EXECUTE FUNCTION generation_event();
CREATE TRIGGER generation_image AFTER INSERT ON image FOR EACH STATEMENT EXECUTE FUNCTION generation_image();
CREATE TRIGGER generation_image_again AFTER UPDATE ON image FOR EACH ROW EXECUTE FUNCTION generation_image_again();
CREATE TRIGGER generation_feed AFTER INSERT ON feed_run FOR EACH STATEMENT EXECUTE FUNCTION generation_known();
CREATE TRIGGER generation_exception AFTER INSERT ON exception_event FOR EACH STATEMENT EXECUTE FUNCTION generation_known();
CREATE TRIGGER generation_vex AFTER INSERT OR UPDATE ON image_vex FOR EACH STATEMENT EXECUTE FUNCTION generation_known();
CREATE TRIGGER generation_policy AFTER INSERT ON policy_applied FOR EACH STATEMENT EXECUTE FUNCTION generation_known();
