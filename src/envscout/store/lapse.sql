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

-- name: mark_distribution
-- The services that run images of a distribution now.
INSERT INTO mark (kind, env_id, number)
SELECT DISTINCT 'slot', d.env_id, d.service_id FROM image i CROSS JOIN deployment d
 WHERE i.distribution = :distribution AND d.image_id = i.image_id AND d.d_to = :forever
ON CONFLICT (kind, env_id, number) DO UPDATE SET times = mark.times + 1

-- name: mark_unserved
-- The services of which nothing could be said because there was no feed.
INSERT INTO mark (kind, env_id, number)
SELECT 'slot', env_id, service_id FROM standing_slot WHERE instr(unknown, 'no-feed') > 0
ON CONFLICT (kind, env_id, number) DO UPDATE SET times = mark.times + 1

-- name: mark_exploited_since
-- What the catalog of exploited vulnerabilities has from some days on, until another.
INSERT INTO mark (kind, env_id, number)
SELECT 'vulnerability', 0, v.vuln_id FROM kev k CROSS JOIN vulnerability v
 WHERE k.added > :since AND k.added <= :until AND v.id = k.cve
ON CONFLICT (kind, env_id, number) DO UPDATE SET times = mark.times + 1

-- name: distributions
-- The distributions of what runs now.
SELECT DISTINCT i.distribution FROM deployment d CROSS JOIN image i
 WHERE d.d_to = :forever AND i.image_id = d.image_id AND i.distribution IS NOT NULL
