-- name: health
SELECT name, location, attempted_at, succeeded_at, problem, failures, told, stale, due, bytes, took, held_until
  FROM feed_health ORDER BY name

-- name: know
-- A feed is known from when it is first to be refreshed; its place may change.
INSERT INTO feed_health (name, location) VALUES (:name, :location)
ON CONFLICT (name) DO UPDATE SET location = excluded.location

-- name: take
-- Take a feed that is due, unless a worker that lives holds it. No feed is due after :far, and none is held after :until:
-- the clock was set back since.
UPDATE feed_health SET holder = :holder, held_until = :until, attempted_at = :at
 WHERE name = :name AND (due <= :at OR due > :far)
   AND (held_until <= :at OR held_until > :until OR holder = :holder
     OR holder NOT IN (SELECT name FROM worker WHERE seen >= :since))

-- name: let_go
UPDATE feed_health SET holder = '', held_until = 0 WHERE holder = :holder

-- name: succeed
UPDATE feed_health SET attempted_at = :at, succeeded_at = :at, problem = '', failures = 0, told = 0, bytes = :bytes, took = :took
 WHERE name = :name

-- name: fail
UPDATE feed_health SET attempted_at = :at, problem = :problem, failures = failures + 1, told = 1, took = :took
 WHERE name = :name

-- name: postpone
UPDATE feed_health SET due = :due WHERE name = :name

-- name: hurry
-- All are due now: nothing waits for its time, nor for what a server asked.
UPDATE feed_health SET due = 0

-- name: grow_stale
UPDATE feed_health SET stale = :stale WHERE name = :name AND stale <> :stale

-- name: ages
-- Of the feeds that are refreshed: the moment whose knowledge each holds, and when newer was promised (0: never).
SELECT h.name, h.stale, max(r.as_of), (SELECT x.every FROM feed_run x WHERE x.feed_id = f.feed_id ORDER BY x.at DESC LIMIT 1)
  FROM feed_health h JOIN feed f ON f.name = h.name JOIN feed_run r ON r.feed_id = f.feed_id
 GROUP BY h.name, h.stale, f.feed_id ORDER BY h.name

-- name: quarantined
SELECT name, location, digest, etag, last_modified, at, records, before, lost, reason, released_at FROM feed_quarantine ORDER BY name

-- name: put_quarantine
-- A document that is offered again keeps the moment of the first time, and what was said of it.
INSERT INTO feed_quarantine (name, location, digest, etag, last_modified, at, records, before, lost, reason, released_at)
VALUES (:name, :location, :digest, :etag, :last_modified, :at, :records, :before, :lost, :reason, 0)
ON CONFLICT (name) DO UPDATE SET location = excluded.location, etag = excluded.etag, last_modified = excluded.last_modified,
    at = CASE WHEN feed_quarantine.digest = excluded.digest THEN feed_quarantine.at ELSE excluded.at END,
    released_at = CASE WHEN feed_quarantine.digest = excluded.digest THEN feed_quarantine.released_at ELSE 0 END,
    digest = excluded.digest, records = excluded.records, before = excluded.before, lost = excluded.lost, reason = excluded.reason

-- name: release
UPDATE feed_quarantine SET released_at = :at WHERE name = :name

-- name: clear_quarantine
DELETE FROM feed_quarantine WHERE name = :name
