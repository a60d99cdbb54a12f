-- name: ended
-- Exceptions that ended by themselves between two moments.
SELECT x.exception_id FROM exception x
 WHERE x.until > :since AND x.until <= :until
   AND NOT EXISTS (SELECT 1 FROM exception_event e WHERE e.exception_id = x.exception_id AND e.action = 'removed' AND e.at <= x.until)
 ORDER BY x.exception_id

-- name: expiring
-- Exceptions that will end by themselves between two moments, of which nobody was told.
SELECT x.exception_id FROM exception x
 WHERE x.until > :since AND x.until <= :until
   AND NOT EXISTS (SELECT 1 FROM exception_event e WHERE e.exception_id = x.exception_id AND e.action = 'removed')
   AND NOT EXISTS (SELECT 1 FROM exception_told t WHERE t.exception_id = x.exception_id)
 ORDER BY x.exception_id LIMIT 1000

-- name: put_told
INSERT INTO exception_told (exception_id, at) VALUES (?, ?) ON CONFLICT DO NOTHING

-- name: last_run
SELECT coalesce(max(at), 0) FROM feed_run
