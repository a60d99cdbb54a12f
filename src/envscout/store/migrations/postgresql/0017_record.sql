-- What runs in a service now, found without its history.
CREATE INDEX deployment_now ON deployment (env_id, service_id) WHERE d_to = 9223372036854775807;

-- Thousands of events are counted once: a row that one transaction changes again and again leaves a trail that all must pass.
DROP TRIGGER generation_event ON event;
DROP FUNCTION generation_event();
CREATE FUNCTION generation_events() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    UPDATE generation SET number = greatest(number + 1, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint)
     WHERE kind = 'ran';
    INSERT INTO generation (kind, env_id, number)
    SELECT DISTINCT 'environment', e.env_id, g.number FROM appended e CROSS JOIN generation g WHERE g.kind = 'ran'
    ON CONFLICT (kind, env_id) DO UPDATE SET number = excluded.number;
    RETURN NULL;
END $$;
CREATE TRIGGER generation_events AFTER INSERT ON event REFERENCING NEW TABLE AS appended
   FOR EACH STATEMENT EXECUTE FUNCTION generation_events();
