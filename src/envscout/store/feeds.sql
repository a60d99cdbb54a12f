-- name: reserve
-- A number for a feed; without a run it is not shown.
INSERT INTO feed (name, kind, location) VALUES (:name, :kind, :location)
ON CONFLICT (name) DO UPDATE SET name = excluded.name RETURNING feed_id

-- name: state_at
SELECT feed_id, name, kind, location, etag, last_modified, digest FROM feed
 WHERE location = :location AND feed_id IN (SELECT feed_id FROM feed_run)

-- name: state_of
SELECT feed_id, name, kind, location, etag, last_modified, digest FROM feed
 WHERE name = :name AND feed_id IN (SELECT feed_id FROM feed_run)

-- name: put_state
UPDATE feed SET kind = :kind, location = :location, etag = :etag, last_modified = :last_modified, digest = :digest
 WHERE feed_id = :feed_id

-- name: last_moment
SELECT coalesce(max(at), 0) FROM feed_run

-- name: put_run
-- newest and records are counted over what stands, dates in the future left out.
INSERT INTO feed_run (feed_id, at, as_of, records, newest, added, changed, withdrawn, every)
VALUES (:feed_id, :at, :as_of, :records, :newest, :added, :changed, :withdrawn, :every)

-- name: osv_totals
SELECT count(*), coalesce(max(CASE WHEN modified <= :at THEN modified END), 0) FROM advisory
 WHERE feed_id = :feed_id AND gone_at IS NULL

-- name: last_totals
SELECT records, newest FROM feed_run WHERE feed_id = :feed_id ORDER BY at DESC LIMIT 1

-- name: status
-- The last run of each feed up to a moment.
SELECT f.feed_id, f.name, f.kind, f.location, r.at, r.as_of, r.records, r.newest, r.added, r.changed, r.withdrawn,
       r.every
  FROM feed f JOIN feed_run r USING (feed_id)
 WHERE r.at = (SELECT max(x.at) FROM feed_run x WHERE x.feed_id = f.feed_id AND x.at <= :at)
 ORDER BY f.name

-- name: problems
SELECT feed_id, code, count(*), min(record), min(message) FROM feed_problem GROUP BY feed_id, code ORDER BY feed_id, code

-- name: coverage
-- The moment up to which each feed that spoke of an ecosystem at a moment knew it.
SELECT e.ecosystem, f.name, r.as_of, r.every
  FROM feed_ecosystem e JOIN feed f USING (feed_id) JOIN feed_run r USING (feed_id)
 WHERE e.known_at <= :at AND e.gone_at > :at
   AND r.at = (SELECT max(x.at) FROM feed_run x WHERE x.feed_id = e.feed_id AND x.at <= :at)

-- name: kinds
-- Which kinds of feeds were ever applied by a moment.
SELECT DISTINCT f.kind FROM feed f JOIN feed_run r USING (feed_id) WHERE r.at <= :at

-- name: drop_epss
DELETE FROM epss

-- name: put_epss
INSERT INTO epss VALUES (?, ?, ?)

-- name: drop_kev
DELETE FROM kev

-- name: put_kev
INSERT INTO kev VALUES (?, ?, ?, ?)

-- name: drop_cve
DELETE FROM cve

-- name: put_cve
INSERT INTO cve VALUES (?, ?, ?, ?, ?, ?)
