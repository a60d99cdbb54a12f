-- name: known
-- The schema beside that of the store in which procrastinate keeps its jobs, and which version made what is there.
SELECT current_schema() || '_work',
       coalesce(obj_description(to_regnamespace(quote_ident(current_schema() || '_work')), 'pg_namespace'), '')

-- name: make
-- Make that schema.
DO $$ BEGIN EXECUTE format('CREATE SCHEMA IF NOT EXISTS %I', current_schema() || '_work'); END $$

-- name: enter
-- Have names mean what is in that schema, until the transaction ends.
SELECT set_config('search_path', quote_ident(current_schema() || '_work'), true)

-- name: say
-- Pass a text to what cannot be given parameters, until the transaction ends.
SELECT set_config('envscout.said', :said, true)

-- name: mark
-- Note the version that made what is in the schema entered.
DO $$ BEGIN EXECUTE format('COMMENT ON SCHEMA %I IS %L', current_schema(), current_setting('envscout.said')); END $$

-- name: make_call
-- What a trigger does: queue a job for each lane of a task unless it waits already. A job that waits is locked until
-- the writer commits, so that no worker runs it before there is something to see; then the workers are told.
CREATE OR REPLACE FUNCTION envscout_call() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    FOR lane IN 1 .. TG_ARGV[3]::int LOOP
        INSERT INTO procrastinate_jobs (queue_name, task_name, priority, lock, queueing_lock, args)
        VALUES (TG_ARGV[1], TG_ARGV[0], TG_ARGV[2]::int, TG_ARGV[0] || '/' || lane, TG_ARGV[0] || '/' || lane,
                json_build_object('timestamp', 0, 'lane', lane)::jsonb)
        ON CONFLICT (queueing_lock) WHERE status = 'todo' DO UPDATE SET priority = excluded.priority;
    END LOOP;
    PERFORM pg_notify('procrastinate_queue_v1#' || TG_ARGV[1], '{"type": "job_inserted", "job_id": 0}');
    RETURN NULL;
END $$

-- name: has_table
SELECT to_regclass(quote_ident(:name)) IS NOT NULL

-- name: has_trigger
-- Whether a trigger is there, with these arguments.
SELECT count(*) FROM pg_trigger
 WHERE tgname = :name AND tgrelid = to_regclass(quote_ident(:on_table)) AND encode(tgargs, 'escape') = :said

-- name: make_trigger
-- Have writing to a table call a task: name, table, task, queue, priority and lanes were said.
DO $$
DECLARE
    said text[] = string_to_array(current_setting('envscout.said'), ',');
BEGIN
    EXECUTE format('DROP TRIGGER IF EXISTS %I ON %I', said[1], said[2]);
    EXECUTE format('CREATE TRIGGER %I AFTER INSERT ON %I FOR EACH STATEMENT'
                   ' EXECUTE FUNCTION %I.envscout_call(%L, %L, %L, %L)',
                   said[1], said[2], current_schema() || '_work', said[3], said[4], said[5], said[6]);
END $$
