-- name: mark
INSERT INTO mark (kind, env_id, number) VALUES (?, ?, ?) ON CONFLICT (kind, env_id, number) DO UPDATE SET times = mark.times + 1

-- name: mark_services
INSERT INTO mark (kind, env_id, number)
SELECT DISTINCT 'slot', CAST(json_extract(q.value, '$.env_id') AS BIGINT), CAST(json_extract(q.value, '$.service_id') AS BIGINT)
  FROM json_each(:rows) q WHERE true
ON CONFLICT (kind, env_id, number) DO UPDATE SET times = mark.times + 1

-- name: any_deployment
-- Where nothing ever ran, nothing is told.
SELECT EXISTS (SELECT 1 FROM deployment)

-- name: mark_touched
-- Vulnerabilities of touched records that matter to a stored package, or that the world was told of.
INSERT INTO mark (kind, env_id, number)
SELECT DISTINCT 'vulnerability', 0, av.vuln_id FROM touched t CROSS JOIN advisory_vulnerability av
 WHERE av.adv_id = t.adv_id AND (EXISTS (SELECT 1 FROM finding f WHERE f.adv_id = t.adv_id)
       OR EXISTS (SELECT 1 FROM standing s WHERE s.vuln_id = av.vuln_id))
ON CONFLICT (kind, env_id, number) DO UPDATE SET times = mark.times + 1

-- name: mark_advisory
-- The same for one record.
INSERT INTO mark (kind, env_id, number)
SELECT 'vulnerability', 0, av.vuln_id FROM advisory_vulnerability av
 WHERE av.adv_id = :adv_id AND (EXISTS (SELECT 1 FROM finding f WHERE f.adv_id = :adv_id)
       OR EXISTS (SELECT 1 FROM standing s WHERE s.vuln_id = av.vuln_id))
ON CONFLICT (kind, env_id, number) DO UPDATE SET times = mark.times + 1

-- name: mark_signals
-- Vulnerabilities that are known to be exploited, or likely to be, otherwise than the world was told.
INSERT INTO mark (kind, env_id, number)
SELECT 'vulnerability', 0, s.vuln_id
  FROM (SELECT vuln_id, min(state >> 3 & 1) AS kev, max(state >> 1 & 3) AS band FROM standing GROUP BY vuln_id) s
  JOIN vulnerability v ON v.vuln_id = s.vuln_id
  LEFT JOIN epss e ON e.cve = v.id LEFT JOIN kev k ON k.cve = v.id
 WHERE s.kev <> CASE WHEN k.cve IS NULL THEN 0 ELSE 1 END
    OR s.band <> CASE WHEN e.percentile >= 0.9 THEN 3 WHEN e.percentile >= 0.4 THEN 2 WHEN e.percentile >= 0.05 THEN 1 ELSE 0 END
ON CONFLICT (kind, env_id, number) DO UPDATE SET times = mark.times + 1

-- name: drop_cve_before
DROP TABLE IF EXISTS temp.cve_before

-- name: keep_cve
-- What CVE records say of severity, before they are replaced.
CREATE TEMP TABLE cve_before AS SELECT cve, score, vector, priority FROM cve

-- name: mark_cve
-- Vulnerabilities that the world was told of and whose CVE record says something else now.
INSERT INTO mark (kind, env_id, number)
SELECT DISTINCT 'vulnerability', 0, v.vuln_id
  FROM (SELECT cve FROM (SELECT cve, score, vector, priority FROM cve EXCEPT SELECT cve, score, vector, priority FROM cve_before) x
        UNION
        SELECT cve FROM (SELECT cve, score, vector, priority FROM cve_before EXCEPT SELECT cve, score, vector, priority FROM cve) y) c
  JOIN vulnerability v ON v.id = c.cve
 WHERE EXISTS (SELECT 1 FROM standing s WHERE s.vuln_id = v.vuln_id)
ON CONFLICT (kind, env_id, number) DO UPDATE SET times = mark.times + 1

-- name: mark_named
INSERT INTO mark (kind, env_id, number) SELECT 'vulnerability', 0, vuln_id FROM vulnerability WHERE id = :name
ON CONFLICT (kind, env_id, number) DO UPDATE SET times = mark.times + 1

-- name: mark_slots
-- The services that run an image now.
INSERT INTO mark (kind, env_id, number)
SELECT DISTINCT 'slot', env_id, service_id FROM deployment WHERE image_id = :image_id AND d_to = :forever
ON CONFLICT (kind, env_id, number) DO UPDATE SET times = mark.times + 1

-- name: mark_environments
-- The environments that run an image now.
INSERT INTO mark (kind, env_id, number)
SELECT DISTINCT 'environment', env_id, 0 FROM deployment WHERE image_id = :image_id AND d_to = :forever
ON CONFLICT (kind, env_id, number) DO UPDATE SET times = mark.times + 1

-- name: marked_environment
-- The environment that has waited longest for a kind of mark; numbers rise.
SELECT kind, env_id FROM mark WHERE kind IN ('baseline', 'environment', 'slot')
 ORDER BY CASE kind WHEN 'baseline' THEN 0 WHEN 'environment' THEN 1 ELSE 2 END, env_id LIMIT 1

-- name: marked
SELECT kind, env_id, number, times FROM mark WHERE kind = :kind AND env_id = :env_id ORDER BY number LIMIT :limit

-- name: marked_in
-- All that is marked of an environment.
SELECT kind, env_id, number, times FROM mark WHERE env_id = :env_id AND kind IN ('baseline', 'environment', 'slot')

-- name: marks
SELECT count(*) FROM mark

-- name: is_marked
SELECT EXISTS (SELECT 1 FROM mark WHERE env_id = :env_id AND kind IN ('baseline', 'environment', 'slot'))

-- name: unmark
-- Take a mark away unless it was made again meanwhile.
DELETE FROM mark WHERE kind = ? AND env_id = ? AND number = ? AND times = ?

-- name: room
DROP TABLE IF EXISTS temp.wanted_vulnerability;
DROP TABLE IF EXISTS temp.near_image;
DROP TABLE IF EXISTS temp.near_package;
DROP TABLE IF EXISTS temp.hit_package;
DROP TABLE IF EXISTS temp.hit_advisory;
CREATE TEMP TABLE wanted_vulnerability (vuln_id INTEGER PRIMARY KEY);
CREATE TEMP TABLE near_image (image_id INTEGER PRIMARY KEY);
CREATE TEMP TABLE near_package (pkg_id INTEGER PRIMARY KEY);
CREATE TEMP TABLE hit_package (pkg_id INTEGER PRIMARY KEY);
CREATE TEMP TABLE hit_advisory (adv_id INTEGER PRIMARY KEY)

-- name: room_to_keep
DROP TABLE IF EXISTS temp.fresh_standing;
DROP TABLE IF EXISTS temp.gone_standing;
CREATE TEMP TABLE fresh_standing (vuln_id BIGINT, env_id BIGINT, state BIGINT, services BYTEA);
CREATE TEMP TABLE gone_standing (vuln_id BIGINT, env_id BIGINT)

-- name: want
INSERT INTO wanted_vulnerability VALUES (?)

-- name: put_near
INSERT INTO near_image VALUES (?)

-- name: put_hit_package
INSERT INTO hit_package VALUES (?)

-- name: put_hit_advisory
INSERT INTO hit_advisory VALUES (?)

-- name: put_fresh
INSERT INTO fresh_standing VALUES (?, ?, ?, ?)

-- name: put_gone
INSERT INTO gone_standing VALUES (?, ?)

-- name: near_packages
-- The packages of some images.
INSERT INTO near_package
SELECT DISTINCT m.pkg_id FROM near_image i CROSS JOIN image_set s CROSS JOIN set_pkg m
 WHERE s.image_id = i.image_id AND m.set_id = s.set_id

-- name: vulnerabilities_near
-- The vulnerabilities of those.
SELECT DISTINCT av.vuln_id FROM near_package p CROSS JOIN finding f CROSS JOIN advisory_vulnerability av
 WHERE f.pkg_id = p.pkg_id AND av.adv_id = f.adv_id

-- name: vulnerabilities_told
SELECT vuln_id FROM standing WHERE env_id = :env_id

-- name: running
-- All that runs now; env_id is not used.
SELECT d.env_id, d.service_id, d.image_id FROM deployment d WHERE d.d_to = :forever AND :env_id = 0

-- name: running_near
-- What runs in one environment now.
SELECT d.env_id, d.service_id, d.image_id FROM deployment d WHERE d.env_id = :env_id AND d.d_to = :forever

-- name: sets
SELECT s.set_id, s.image_id FROM near_image i CROSS JOIN image_set s WHERE s.image_id = i.image_id

-- name: twofold
SELECT i.image_id FROM near_image n CROSS JOIN image i WHERE i.image_id = n.image_id AND i.twofold

-- name: hits
-- Every range that holds a package under one of the wanted vulnerabilities: the package, the record, the vendor's word,
-- whether it names a fix.
SELECT DISTINCT f.pkg_id, f.adv_id, r.severity, r.fixed <> '' AND r.hi <> x'ff'
  FROM wanted_vulnerability w CROSS JOIN advisory_vulnerability av CROSS JOIN finding f CROSS JOIN package p
  CROSS JOIN vrange r INDEXED BY vrange_adv
 WHERE av.vuln_id = w.vuln_id AND f.adv_id = av.adv_id AND p.pkg_id = f.pkg_id
   AND r.adv_id = f.adv_id AND r.name_id = p.name_id AND r.hi > p.key AND r.lo <= p.key AND r.k_to = :forever

-- name: hits_near
-- The same for the packages of some images alone.
SELECT DISTINCT f.pkg_id, f.adv_id, r.severity, r.fixed <> '' AND r.hi <> x'ff'
  FROM near_package n CROSS JOIN finding f CROSS JOIN package p CROSS JOIN vrange r
 WHERE f.pkg_id = n.pkg_id AND p.pkg_id = f.pkg_id
   AND EXISTS (SELECT 1 FROM advisory_vulnerability av JOIN wanted_vulnerability w ON w.vuln_id = av.vuln_id WHERE av.adv_id = f.adv_id)
   AND r.name_id = p.name_id AND r.hi > p.key AND +r.lo <= p.key AND r.adv_id = f.adv_id AND r.k_to = :forever

-- name: records
-- What the records behind the hits say of each of the wanted vulnerabilities.
SELECT a.adv_id, av.vuln_id, a.id, a.severity, a.vectors, a.score, coalesce(c.vector, ''), c.score, coalesce(c.priority, '')
  FROM hit_advisory h CROSS JOIN advisory a CROSS JOIN advisory_vulnerability av CROSS JOIN wanted_vulnerability w
  CROSS JOIN vulnerability v LEFT JOIN cve c ON c.cve = v.id
 WHERE a.adv_id = h.adv_id AND av.adv_id = h.adv_id AND w.vuln_id = av.vuln_id AND v.vuln_id = av.vuln_id

-- name: sets_of_packages
-- Where the packages that were hit lie: the numbers of the sets as a JSON list.
SELECT m.pkg_id, json_group_array(m.set_id) FROM hit_package h CROSS JOIN set_pkg m WHERE m.pkg_id = h.pkg_id GROUP BY m.pkg_id

-- name: sets_of_packages (postgresql)
SELECT m.pkg_id, CAST(json_agg(m.set_id) AS text) FROM hit_package h JOIN set_pkg m ON m.pkg_id = h.pkg_id GROUP BY m.pkg_id

-- name: signals
-- What the wanted vulnerabilities are called, and what feeds about CVEs say of them.
SELECT v.vuln_id, v.id, e.score, e.percentile, k.cve IS NOT NULL
  FROM wanted_vulnerability w CROSS JOIN vulnerability v LEFT JOIN epss e ON e.cve = v.id LEFT JOIN kev k ON k.cve = v.id
 WHERE v.vuln_id = w.vuln_id

-- name: withdrawn
-- Which of the wanted vulnerabilities no standing record speaks of any more.
SELECT w.vuln_id FROM wanted_vulnerability w WHERE NOT EXISTS (
    SELECT 1 FROM advisory_vulnerability av CROSS JOIN advisory a
     WHERE av.vuln_id = w.vuln_id AND a.adv_id = av.adv_id AND a.gone_at IS NULL)

-- name: told
-- What the world was told of the wanted vulnerabilities, everywhere (0) or in one environment.
SELECT s.vuln_id, s.env_id, s.state, s.services
  FROM wanted_vulnerability w CROSS JOIN standing s
 WHERE s.vuln_id = w.vuln_id AND (:env_id = 0 OR s.env_id = :env_id)

-- name: everything_told
SELECT vuln_id, env_id, state, services FROM standing ORDER BY env_id, vuln_id

-- name: keep
INSERT INTO standing (vuln_id, env_id, state, services)
SELECT vuln_id, env_id, state, services FROM fresh_standing WHERE true ORDER BY vuln_id, env_id
ON CONFLICT (vuln_id, env_id) DO UPDATE SET state = excluded.state, services = excluded.services

-- name: drop_gone
DELETE FROM standing WHERE (vuln_id, env_id) IN (SELECT vuln_id, env_id FROM gone_standing)

-- name: purls
-- One package URL for each package that was hit.
SELECT c.pkg_id, min(c.purl) FROM hit_package h CROSS JOIN component c WHERE c.pkg_id = h.pkg_id AND c.owner = '' GROUP BY c.pkg_id

-- name: clear_hit_packages
DELETE FROM hit_package

-- name: environments
SELECT env_id, organization, name FROM environment

-- name: services
SELECT organization, name, service_id FROM service

-- name: baselines
-- The environments of which nobody was told anything yet, and up to which vulnerability they were looked at.
SELECT kind, env_id, number, times FROM mark WHERE kind = 'baseline' ORDER BY number, env_id

-- name: following
-- The next vulnerabilities after a number that a stored package has, or that the world was told of.
SELECT v.vuln_id FROM vulnerability v
 WHERE v.vuln_id > :number
   AND (EXISTS (SELECT 1 FROM advisory_vulnerability av CROSS JOIN finding f WHERE av.vuln_id = v.vuln_id AND f.adv_id = av.adv_id)
     OR EXISTS (SELECT 1 FROM standing s WHERE s.vuln_id = v.vuln_id))
 ORDER BY v.vuln_id LIMIT :limit

-- name: proceed
UPDATE mark SET number = ? WHERE kind = 'baseline' AND env_id = ?

-- name: slots
SELECT service_id, images, unknown FROM standing_slot WHERE env_id = :env_id

-- name: every_slot
SELECT env_id, service_id, images, unknown FROM standing_slot

-- name: put_slot
INSERT INTO standing_slot (env_id, service_id, images, unknown) VALUES (?, ?, ?, ?)
ON CONFLICT (env_id, service_id) DO UPDATE SET images = excluded.images, unknown = excluded.unknown

-- name: drop_slot
DELETE FROM standing_slot WHERE env_id = ? AND service_id = ?

-- name: time
SELECT until FROM standing_time WHERE what = :what

-- name: put_time
INSERT INTO standing_time (what, until) VALUES (:what, :until)
ON CONFLICT (what) DO UPDATE SET until = excluded.until

-- name: turn
SELECT coalesce(max(until), 0) FROM standing_time WHERE what = 'turn'

-- name: next_turn
INSERT INTO standing_time (what, until) VALUES ('turn', 1)
ON CONFLICT (what) DO UPDATE SET until = standing_time.until + 1

-- name: forget
DELETE FROM standing
