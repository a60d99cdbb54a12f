-- name: full
-- Everything that matches, counted: one seek per package.
SELECT count(*) FROM package p CROSS JOIN vrange r
 WHERE r.name_id = p.name_id AND r.hi > p.key AND +r.lo <= p.key AND r.k_from <= :known_at AND r.k_to > :known_at

-- name: full_distinct
-- The same as pairs, each once.
SELECT count(*) FROM (
    SELECT DISTINCT r.adv_id, p.pkg_id FROM package p CROSS JOIN vrange r
     WHERE r.name_id = p.name_id AND r.hi > p.key AND +r.lo <= p.key AND r.k_from <= :known_at AND r.k_to > :known_at) q

-- name: changed
CREATE TEMP TABLE changed (adv_id INTEGER PRIMARY KEY)

-- name: put_changed
INSERT INTO changed VALUES (?)

-- name: changed_hits
-- What some changed advisories match.
SELECT count(*) FROM changed t CROSS JOIN vrange r CROSS JOIN package p
 WHERE r.adv_id = t.adv_id AND r.k_to > :known_at AND p.name_id = r.name_id AND p.key >= r.lo AND p.key < r.hi

-- name: forget
DELETE FROM finding WHERE adv_id IN (SELECT adv_id FROM changed)

-- name: find
INSERT INTO finding (adv_id, pkg_id, first_seen)
SELECT DISTINCT r.adv_id, p.pkg_id, 0 FROM changed t CROSS JOIN vrange r CROSS JOIN package p
 WHERE r.adv_id = t.adv_id AND r.k_to > :known_at AND p.name_id = r.name_id AND p.key >= r.lo AND p.key < r.hi

-- name: close
UPDATE vrange SET k_to = :at WHERE adv_id IN (SELECT adv_id FROM changed) AND k_to > :known_at

-- name: open
INSERT INTO vrange (name_id, hi, lo, adv_id, k_from, k_to, low, high, fixed, severity) VALUES (?, ?, ?, ?, ?, ?, ?, '', ?, '')
ON CONFLICT DO NOTHING

-- name: drop_changed
DROP TABLE changed

-- name: ranges
-- What is to be changed: the standing ranges of an advisory.
SELECT n.ecosystem, n.name, n.scheme, r.name_id, r.lo, r.low FROM vrange r JOIN name n USING (name_id)
 WHERE r.adv_id = :adv_id AND r.k_to > :known_at

-- name: image_by_join
-- One image, from packages and ranges.
SELECT DISTINCT m.pkg_id, r.adv_id
  FROM image_set s CROSS JOIN set_pkg m CROSS JOIN package p CROSS JOIN vrange r
 WHERE s.image_id = :image_id AND m.set_id = s.set_id AND p.pkg_id = m.pkg_id
   AND r.name_id = p.name_id AND r.hi > p.key AND +r.lo <= p.key AND r.k_from <= :known_at AND r.k_to > :known_at

-- name: image_by_finding
-- One image, from the findings kept.
SELECT DISTINCT f.pkg_id, f.adv_id FROM image_set s CROSS JOIN set_pkg m CROSS JOIN finding f
 WHERE s.image_id = :image_id AND m.set_id = s.set_id AND f.pkg_id = m.pkg_id

-- name: where
-- The environments and services where a vulnerability runs now.
SELECT DISTINCT d.env_id, d.service_id
  FROM vulnerability v CROSS JOIN advisory_vulnerability av CROSS JOIN finding f CROSS JOIN set_pkg m
  CROSS JOIN image_set x CROSS JOIN deployment d
 WHERE v.id = :name AND av.vuln_id = v.vuln_id AND f.adv_id = av.adv_id AND m.pkg_id = f.pkg_id
   AND x.set_id = m.set_id AND d.image_id = x.image_id AND d.d_to > :known_at AND d.d_from <= :known_at

-- name: some_cves
-- CVEs that stand somewhere, spread over the popular and the rare.
SELECT DISTINCT v.id FROM vulnerability v JOIN advisory_vulnerability USING (vuln_id) JOIN finding USING (adv_id)
 WHERE v.vuln_id % :step = 0 ORDER BY v.id LIMIT :count

-- name: sizes
SELECT (SELECT count(*) FROM name), (SELECT count(*) FROM package), (SELECT count(*) FROM package_set),
       (SELECT count(*) FROM set_pkg), (SELECT count(*) FROM image), (SELECT count(*) FROM advisory),
       (SELECT count(*) FROM vrange), (SELECT count(*) FROM finding), (SELECT count(*) FROM deployment)

-- name: some_images
-- Images spread over the whole fleet.
SELECT image_id FROM image WHERE image_id % (SELECT 1 + count(*) / (1 + :count) FROM image) = 0 ORDER BY image_id

-- name: changeable
-- Advisories that could say something new; malware stays malware.
SELECT adv_id, feed_id, id FROM advisory WHERE id NOT LIKE 'MAL-%' ORDER BY adv_id

-- name: hits
-- What envscout's own query for some images left.
SELECT pkg_id, adv_id FROM hit

-- name: kept
SELECT adv_id, pkg_id FROM finding

-- name: pairs
-- The full match by another way: without any index that was made for it.
SELECT DISTINCT r.adv_id, p.pkg_id FROM vrange r JOIN package p ON p.name_id = r.name_id
 WHERE r.lo <= p.key AND p.key < r.hi AND r.k_to = 9223372036854775807

-- name: sides
-- What the services of two environments have: the least that their comparison must look at, counted.
SELECT count(*) FROM (
    SELECT DISTINCT d.env_id, d.service_id, av.vuln_id
      FROM environment v CROSS JOIN deployment d CROSS JOIN image_set x CROSS JOIN set_pkg m CROSS JOIN finding f
      CROSS JOIN advisory_vulnerability av
     WHERE v.name IN (:one, :other) AND d.env_id = v.env_id AND d.d_to > :known_at AND d.d_from <= :known_at
       AND x.image_id = d.image_id AND m.set_id = x.set_id AND f.pkg_id = m.pkg_id AND av.adv_id = f.adv_id) q

-- name: one_vulnerability
-- Every range of a vulnerability beside the packages of one image that it names.
SELECT p.pkg_id, r.adv_id, r.lo, r.hi FROM vulnerability v CROSS JOIN advisory_vulnerability av CROSS JOIN vrange r
  CROSS JOIN package p CROSS JOIN set_pkg m CROSS JOIN image_set x
 WHERE v.id = :name AND av.vuln_id = v.vuln_id AND r.adv_id = av.adv_id AND p.name_id = r.name_id
   AND m.pkg_id = p.pkg_id AND x.set_id = m.set_id AND x.image_id = :image_id

-- name: asked
CREATE TEMP TABLE asked_number (vuln_id INTEGER PRIMARY KEY)

-- name: put_asked_like
INSERT INTO asked_number SELECT vuln_id FROM vulnerability WHERE id LIKE :name

-- name: touched_places
-- Every environment and service that runs something under one of some vulnerabilities, counted.
SELECT count(*) FROM (
    SELECT DISTINCT av.vuln_id, d.env_id, d.service_id
      FROM asked_number q CROSS JOIN advisory_vulnerability av CROSS JOIN finding f CROSS JOIN set_pkg m
      CROSS JOIN image_set x CROSS JOIN deployment d
     WHERE av.vuln_id = q.vuln_id AND f.adv_id = av.adv_id AND m.pkg_id = f.pkg_id AND x.set_id = m.set_id
       AND d.image_id = x.image_id AND d.d_to = :forever) q

-- name: widest
-- The vulnerability that runs in most places, and the package that has it there.
SELECT v.id, n.name
  FROM (SELECT image_id, count(*) AS places FROM deployment WHERE d_to > :known_at GROUP BY image_id) d
  JOIN image_set x ON x.image_id = d.image_id
  JOIN set_pkg m ON m.set_id = x.set_id
  JOIN finding f ON f.pkg_id = m.pkg_id
  JOIN advisory_vulnerability a ON a.adv_id = f.adv_id
  JOIN vulnerability v ON v.vuln_id = a.vuln_id
  JOIN package p ON p.pkg_id = m.pkg_id
  JOIN name n ON n.name_id = p.name_id
 GROUP BY v.id, n.name ORDER BY sum(d.places) DESC LIMIT 1
