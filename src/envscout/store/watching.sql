-- name: began
SELECT since FROM watched_registry WHERE registry = :registry

-- name: begin
INSERT INTO watched_registry (registry, since) VALUES (:registry, :at) ON CONFLICT DO NOTHING

-- name: known
-- What the tags of a registry led to; without those that are as they were before, if all are wanted, and without
-- those that failed long ago.
SELECT repository, tag, digest FROM watched_tag
 WHERE registry = :registry AND (state <> 'before' OR NOT :all_images) AND (state <> 'failed' OR seen >= :stale)

-- name: before
-- Note a tag that is not news.
INSERT INTO watched_tag (registry, repository, tag, digest, state, seen)
VALUES (:registry, :repository, :tag, :digest, 'before', :at) ON CONFLICT DO NOTHING

-- name: enqueue
-- Queue an image unless its tag is known to lead there already, or it is queued. anew: it was pushed just now, so that
-- only what was indexed is known.
INSERT INTO watch_queue (registry, repository, tag, digest, seen, due)
SELECT :registry, :repository, :tag, :digest, :at, :at
 WHERE NOT EXISTS (
    SELECT 1 FROM watched_tag
     WHERE registry = :registry AND repository = :repository AND tag = :tag AND digest = :digest
       AND (state = 'indexed' OR NOT :anew)
       AND (state <> 'before' OR NOT :all_images)
       AND (state <> 'failed' OR seen >= :stale))
    ON CONFLICT DO NOTHING

-- name: queued
SELECT count(*) FROM watch_queue WHERE registry = :registry

-- name: due
-- What may be tried now, the oldest first.
SELECT watch_id, registry, repository, tag, digest, attempts, seen FROM watch_queue
 WHERE registry = :registry AND due <= :at ORDER BY due, watch_id LIMIT :most

-- name: postpone
UPDATE watch_queue SET attempts = attempts + 1, due = :due WHERE watch_id = :watch_id

-- name: dequeue
DELETE FROM watch_queue WHERE watch_id = :watch_id

-- name: settle
-- Note what became of a tag, unless something newer is known of it.
INSERT INTO watched_tag (registry, repository, tag, digest, state, problem, seen)
VALUES (:registry, :repository, :tag, :digest, :state, :problem, :seen)
ON CONFLICT (registry, repository, tag) DO UPDATE
   SET digest = excluded.digest, state = excluded.state, problem = excluded.problem, seen = excluded.seen
 WHERE excluded.seen >= watched_tag.seen
