-- name: columns
-- Every column of every table of the store, and whether its values have to be read as numbers to be 0 or 1.
SELECT t.name, c.name, false FROM sqlite_schema t CROSS JOIN pragma_table_info(t.name) c
 WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite\_%' ESCAPE '\' ORDER BY t.name, c.cid

-- name: columns (postgresql)
-- What a library keeps of its own work is none of the store.
SELECT CAST(c.table_name AS text), CAST(c.column_name AS text), c.data_type = 'boolean'
  FROM information_schema.columns c JOIN information_schema.tables t USING (table_schema, table_name)
 WHERE c.table_schema = current_schema() AND t.table_type = 'BASE TABLE' AND NOT starts_with(c.table_name, 'procrastinate_')
 ORDER BY c.table_name, c.ordinal_position

-- name: references
-- Which table refers to which.
SELECT t.name, f."table" FROM sqlite_schema t CROSS JOIN pragma_foreign_key_list(t.name) f WHERE t.type = 'table'

-- name: references (postgresql)
SELECT CAST(a.relname AS text), CAST(b.relname AS text)
  FROM pg_constraint c JOIN pg_class a ON a.oid = c.conrelid JOIN pg_class b ON b.oid = c.confrelid
 WHERE c.contype = 'f' AND a.relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = current_schema())

-- name: numbers
-- The highest number that each table ever gave to a row, for those that give none twice.
SELECT name, seq FROM sqlite_sequence

-- name: numbers (postgresql)
SELECT CAST(c.table_name AS text),
       pg_sequence_last_value(CAST(pg_get_serial_sequence(quote_ident(c.table_name), CAST(c.column_name AS text)) AS regclass))
  FROM information_schema.columns c WHERE c.table_schema = current_schema() AND c.is_identity = 'YES'

-- name: identities
-- The column in which a table numbers its rows.
SELECT t.name, c.name FROM sqlite_schema t CROSS JOIN pragma_table_info(t.name) c JOIN sqlite_sequence s ON s.name = t.name
 WHERE t.type = 'table' AND c.pk = 1

-- name: identities (postgresql)
SELECT CAST(table_name AS text), CAST(column_name AS text) FROM information_schema.columns
 WHERE table_schema = current_schema() AND is_identity = 'YES'

-- name: number_from
-- Give no number again that was given.
UPDATE sqlite_sequence SET seq = max(seq, :number) WHERE name = :name

-- name: number_from (postgresql)
SELECT setval(pg_get_serial_sequence(quote_ident(:name), :column), CAST(:number AS bigint))

-- name: progress
SELECT value FROM meta WHERE key = 'copy'

-- name: put_progress
INSERT INTO meta (key, value) VALUES ('copy', :value) ON CONFLICT (key) DO UPDATE SET value = excluded.value

-- name: drop_progress
DELETE FROM meta WHERE key = 'copy'

-- name: triggers
-- What brings about something else when a table is changed: its name, how to have it again, how to be without it.
SELECT name, sql, 'DROP TRIGGER' FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = :name

-- name: triggers (postgresql)
SELECT CAST(t.tgname AS text), format('ALTER TABLE %I ENABLE TRIGGER %I', c.relname, t.tgname),
       format('ALTER TABLE %I DISABLE TRIGGER', c.relname)
  FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
 WHERE c.relname = :name AND c.relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = current_schema())
   AND NOT t.tgisinternal
