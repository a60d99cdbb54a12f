-- name: append
INSERT INTO news (at, organization, environment, service, kind, vulnerability, severity, digest, reference, direction, cause, document)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)

-- name: after
-- What was written after a number, the oldest first: of an organization and all of them together, or of everybody (''),
-- and of some environments (a line each, :line before and after it) or all ('').
SELECT news_id, at, organization, environment, service, kind, vulnerability, severity, digest, reference, direction, cause, document
  FROM news
 WHERE news_id > :cursor AND (:organization = '' OR organization = :organization OR organization = '')
   AND (:environments = '' OR organization = '' OR instr(:environments, :line || environment || :line) > 0)
 ORDER BY news_id LIMIT :limit

-- name: newest
SELECT coalesce(max(news_id), 0) FROM news

-- name: oldest
SELECT coalesce(min(news_id), 0) FROM news

-- name: cursor
SELECT news_id FROM news_cursor WHERE reader = :reader

-- name: advance
INSERT INTO news_cursor (reader, news_id) VALUES (:reader, :news_id)
ON CONFLICT (reader) DO UPDATE SET news_id = excluded.news_id WHERE excluded.news_id > news_cursor.news_id

-- name: kept_from
-- The first news that are young enough.
SELECT news_id FROM news WHERE at >= :before ORDER BY news_id LIMIT 1

-- name: forget
-- Forget some of what was written before a number.
DELETE FROM news WHERE news_id IN (SELECT news_id FROM news WHERE news_id < :first ORDER BY news_id LIMIT :limit)

-- name: between
-- What happened in an environment from a moment to another, the newest first: of some kinds (a line each, :line before
-- and after it), in an organization ('' for any).
SELECT news_id, at, organization, environment, service, kind, vulnerability, severity, digest, reference, direction, cause, document
  FROM news
 WHERE environment = :environment AND at BETWEEN :since AND :until AND (:organization = '' OR organization = :organization)
   AND instr(:kinds, :line || kind || :line) > 0
 ORDER BY at DESC, news_id DESC LIMIT :limit
