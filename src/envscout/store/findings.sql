-- name: clear_touched
-- Findings of touched records that the join gives no more.
DELETE FROM finding WHERE adv_id IN (SELECT adv_id FROM touched) AND NOT EXISTS (
    SELECT 1 FROM vrange r JOIN package p ON p.name_id = r.name_id
     WHERE r.adv_id = finding.adv_id AND p.pkg_id = finding.pkg_id
       AND r.k_to = :forever AND p.key >= r.lo AND p.key < r.hi)

-- name: match_touched
-- The join, driven from the touched records to the packages they name.
INSERT INTO finding (adv_id, pkg_id, first_seen)
SELECT DISTINCT r.adv_id, p.pkg_id, :at
  FROM touched t CROSS JOIN vrange r CROSS JOIN package p
 WHERE r.adv_id = t.adv_id AND r.k_to = :forever
   AND p.name_id = r.name_id AND p.key >= r.lo AND p.key < r.hi
ON CONFLICT (adv_id, pkg_id) DO NOTHING

-- name: match_packages
-- The join for new packages.
INSERT INTO finding (adv_id, pkg_id, first_seen)
SELECT DISTINCT r.adv_id, p.pkg_id, :at
  FROM json_each(:numbers) q CROSS JOIN package p CROSS JOIN vrange r
 WHERE p.pkg_id = CAST(q.value AS BIGINT) AND r.name_id = p.name_id AND r.hi > p.key AND +r.lo <= p.key AND r.k_to = :forever
ON CONFLICT (adv_id, pkg_id) DO NOTHING

-- name: match_all
-- The join over everything: what `finding` must always equal.
SELECT DISTINCT r.adv_id, p.pkg_id
  FROM package p CROSS JOIN vrange r
 WHERE r.name_id = p.name_id AND r.hi > p.key AND +r.lo <= p.key AND r.k_to = :forever

-- name: sizes
SELECT (SELECT count(*) FROM touched), (SELECT count(*) FROM package)

-- name: match_touched_by_package
-- The same, driven from the packages where there are fewer of them than of touched records.
INSERT INTO finding (adv_id, pkg_id, first_seen)
SELECT DISTINCT r.adv_id, p.pkg_id, :at
  FROM package p CROSS JOIN vrange r
 WHERE r.name_id = p.name_id AND r.hi > p.key AND +r.lo <= p.key AND r.k_to = :forever
   AND r.adv_id IN (SELECT adv_id FROM touched)
ON CONFLICT (adv_id, pkg_id) DO NOTHING

-- name: unscored_touched
-- Vectors of touched records that matter to a stored package and have no score yet.
SELECT a.adv_id, a.vectors FROM touched t CROSS JOIN advisory a
 WHERE a.adv_id = t.adv_id AND a.score IS NULL AND a.vectors <> ''
   AND EXISTS (SELECT 1 FROM finding f WHERE f.adv_id = a.adv_id)

-- name: unscored_of_packages
-- Vectors of records that matter to some packages and have no score yet.
SELECT DISTINCT a.adv_id, a.vectors FROM json_each(:numbers) q CROSS JOIN finding f CROSS JOIN advisory a
 WHERE f.pkg_id = CAST(q.value AS BIGINT) AND a.adv_id = f.adv_id AND a.score IS NULL AND a.vectors <> ''

-- name: put_score
UPDATE advisory SET score = ?, vectors = ? WHERE adv_id = ?

-- name: forget_asked
DROP TABLE IF EXISTS temp.asked

-- name: forget_hits
DROP TABLE IF EXISTS temp.hit

-- name: ask
CREATE TEMP TABLE asked (image_id INTEGER PRIMARY KEY)

-- name: put_asked
INSERT INTO asked VALUES (?)

-- name: hits_now
-- What stands now, from the findings kept at hand.
CREATE TEMP TABLE hit AS
SELECT DISTINCT f.pkg_id, f.adv_id
  FROM asked i CROSS JOIN image_set s CROSS JOIN set_pkg m CROSS JOIN finding f
 WHERE s.image_id = i.image_id AND m.set_id = s.set_id AND f.pkg_id = m.pkg_id

-- name: hits_at
-- What was known at a moment, from the ranges that stood then.
CREATE TEMP TABLE hit AS
SELECT DISTINCT p.pkg_id, r.adv_id
  FROM (SELECT DISTINCT m.pkg_id FROM asked i CROSS JOIN image_set s CROSS JOIN set_pkg m
         WHERE s.image_id = i.image_id AND m.set_id = s.set_id) x
  CROSS JOIN package p CROSS JOIN vrange r
 WHERE p.pkg_id = x.pkg_id AND r.name_id = p.name_id AND r.hi > p.key AND +r.lo <= p.key
   AND r.k_from <= :known_at AND r.k_to > :known_at

-- name: matched
-- Each hit with its record, range and vulnerability.
SELECT h.pkg_id, v.id, a.adv_id, r.low, r.high, r.fixed, r.hi, r.severity,
       e.score, e.percentile, k.added, k.due, k.ransomware,
       c.score, c.vector, c.priority, c.cwes, c.description
  FROM hit h CROSS JOIN package p CROSS JOIN vrange r INDEXED BY vrange_adv
  CROSS JOIN advisory a CROSS JOIN advisory_vulnerability av CROSS JOIN vulnerability v
  LEFT JOIN epss e ON e.cve = v.id
  LEFT JOIN kev k ON k.cve = v.id
  LEFT JOIN cve c ON c.cve = v.id
 WHERE p.pkg_id = h.pkg_id AND r.adv_id = h.adv_id AND r.name_id = p.name_id AND r.hi > p.key AND r.lo <= p.key
   AND r.k_from <= :known_at AND r.k_to > :known_at
   AND a.adv_id = h.adv_id AND av.adv_id = h.adv_id AND v.vuln_id = av.vuln_id
 ORDER BY h.pkg_id, v.id, a.adv_id, r.lo, r.hi

-- name: records
-- The records behind the hits.
SELECT a.adv_id, a.id, f.name, a.severity, a.vectors, a.score, a.summary, a.details, a.cwes, a.published, a.refs
  FROM advisory a JOIN feed f USING (feed_id) WHERE a.adv_id IN (SELECT adv_id FROM hit)

-- name: names_of_records
-- Every other name of the records behind the hits.
SELECT adv_id, id FROM alias WHERE adv_id IN (SELECT adv_id FROM hit) AND NOT covers

-- name: hit_components
-- Where the matched packages lie in the images asked about.
SELECT s.image_id, c.pkg_id, c.purl, c.type, c.name, c.version, c.source_name, s.layer, sc.locations
  FROM asked i CROSS JOIN image_set s CROSS JOIN set_component sc CROSS JOIN component c
 WHERE s.image_id = i.image_id AND sc.set_id = s.set_id AND c.comp_id = sc.comp_id AND c.owner = ''
   AND c.pkg_id IN (SELECT pkg_id FROM hit)
 ORDER BY s.image_id, c.type, c.name, c.version, c.purl, sc.locations

-- name: counted
-- How many packages of each ecosystem each image asked about holds, and how many of them cannot be compared.
SELECT s.image_id, n.ecosystem, c.type, count(DISTINCT c.comp_id), count(DISTINCT CASE WHEN p.key IS NULL THEN c.comp_id END)
  FROM asked i CROSS JOIN image_set s CROSS JOIN set_component sc CROSS JOIN component c
  CROSS JOIN package p CROSS JOIN name n
 WHERE s.image_id = i.image_id AND sc.set_id = s.set_id AND c.comp_id = sc.comp_id AND p.pkg_id = c.pkg_id
   AND n.name_id = p.name_id AND c.owner = ''
 GROUP BY s.image_id, n.ecosystem, c.type

-- name: unassessed
-- Packages of the images asked about that a standing record names without a range that could be compared.
SELECT DISTINCT i.image_id, n.name, v.id
  FROM asked i CROSS JOIN image_set s CROSS JOIN set_pkg m CROSS JOIN package p CROSS JOIN unassessed u
  CROSS JOIN name n CROSS JOIN advisory_vulnerability av CROSS JOIN vulnerability v
 WHERE s.image_id = i.image_id AND m.set_id = s.set_id AND p.pkg_id = m.pkg_id AND u.name_id = p.name_id
   AND n.name_id = p.name_id AND av.adv_id = u.adv_id AND v.vuln_id = av.vuln_id
UNION
-- A record that does not say which stream of a module it means may mean any.
SELECT DISTINCT i.image_id, b.name, v.id
  FROM asked i CROSS JOIN image_set s CROSS JOIN set_pkg m CROSS JOIN package p CROSS JOIN name n CROSS JOIN name b
  CROSS JOIN unassessed u CROSS JOIN advisory_vulnerability av CROSS JOIN vulnerability v
 WHERE s.image_id = i.image_id AND m.set_id = s.set_id AND p.pkg_id = m.pkg_id AND n.name_id = p.name_id
   AND n.scheme = 'rpm' AND instr(n.name, '/') > 0
   AND b.ecosystem = n.ecosystem AND b.name = substr(n.name, instr(n.name, '/') + 1) AND u.name_id = b.name_id
   AND av.adv_id = u.adv_id AND v.vuln_id = av.vuln_id
 ORDER BY 1, 2, 3

-- name: doubtful
-- Packages that records of the asked vulnerabilities name, and that could not be compared with them, image by image.
SELECT DISTINCT n.name, p.version, s.image_id
  FROM (SELECT u.name_id, 0 AS keyed FROM asked_vulnerability q CROSS JOIN vulnerability v
          CROSS JOIN advisory_vulnerability av CROSS JOIN unassessed u
         WHERE v.id = q.id AND av.vuln_id = v.vuln_id AND u.adv_id = av.adv_id
        UNION
        SELECT n.name_id, 0 FROM asked_vulnerability q CROSS JOIN vulnerability v
          CROSS JOIN advisory_vulnerability av CROSS JOIN unassessed u CROSS JOIN name b CROSS JOIN name n
         WHERE v.id = q.id AND av.vuln_id = v.vuln_id AND u.adv_id = av.adv_id AND b.name_id = u.name_id
           AND b.scheme = 'rpm' AND n.ecosystem = b.ecosystem AND instr(n.name, '/') > 0
           AND substr(n.name, instr(n.name, '/') + 1) = b.name
        UNION
        SELECT r.name_id, 1 FROM asked_vulnerability q CROSS JOIN vulnerability v
          CROSS JOIN advisory_vulnerability av CROSS JOIN vrange r
         WHERE v.id = q.id AND av.vuln_id = v.vuln_id AND r.adv_id = av.adv_id AND r.k_to = :forever) x
  CROSS JOIN package p CROSS JOIN name n CROSS JOIN set_pkg m CROSS JOIN image_set s
 WHERE p.name_id = x.name_id AND (x.keyed = 0 OR p.key IS NULL) AND n.name_id = p.name_id
   AND m.pkg_id = p.pkg_id AND s.set_id = m.set_id
 ORDER BY n.name, p.version

-- name: listed
-- How many packages each image asked about holds, owned ones included.
SELECT s.image_id, count(DISTINCT sc.comp_id) FROM asked i CROSS JOIN image_set s CROSS JOIN set_component sc
 WHERE s.image_id = i.image_id AND sc.set_id = s.set_id GROUP BY s.image_id

-- name: resolve
-- The vulnerabilities that a name stands for: its own, an alias, or an advisory that covers several.
SELECT id FROM vulnerability WHERE id = :name
UNION
SELECT v.id FROM advisory a JOIN advisory_vulnerability av USING (adv_id) JOIN vulnerability v USING (vuln_id)
 WHERE a.id = :name
UNION
SELECT v.id FROM alias l JOIN advisory_vulnerability av USING (adv_id) JOIN vulnerability v USING (vuln_id)
 WHERE l.id = :name AND NOT l.covers

-- name: explained
-- Every range of some vulnerabilities that speaks of a name in an image, and how the installed version lies to it.
-- The image comes first: it has a few hundred components, and there is an end to them.
SELECT c.purl, c.type, c.name, c.version, c.owner, n.ecosystem, n.name, p.version, n.scheme, a.id, f.name, r.low, r.high,
       r.fixed, CASE r.severity WHEN '' THEN a.severity ELSE r.severity END,
       p.key IS NOT NULL, coalesce(r.lo <= p.key, false), coalesce(p.key < r.hi, false), r.k_from <= :known_at AND r.k_to > :known_at
  FROM image_set s CROSS JOIN set_component sc CROSS JOIN component c CROSS JOIN package p
  CROSS JOIN (SELECT DISTINCT r.name_id, r.lo, r.hi, r.low, r.high, r.fixed, r.severity, r.adv_id, r.k_from, r.k_to
          FROM asked_vulnerability q CROSS JOIN vulnerability v CROSS JOIN advisory_vulnerability av CROSS JOIN vrange r
         WHERE v.id = q.id AND av.vuln_id = v.vuln_id AND r.adv_id = av.adv_id AND r.k_from <= :known_at) r
  CROSS JOIN name n CROSS JOIN advisory a CROSS JOIN feed f
 WHERE s.image_id = :image_id AND sc.set_id = s.set_id AND c.comp_id = sc.comp_id AND p.pkg_id = c.pkg_id
   AND p.name_id = r.name_id AND n.name_id = p.name_id AND a.adv_id = r.adv_id AND f.feed_id = a.feed_id

-- name: doubted
-- Packages of an image that records of some vulnerabilities name without a range that could be compared.
SELECT DISTINCT c.purl, c.type, c.name, c.version, a.id, f.name
  FROM asked_vulnerability q CROSS JOIN vulnerability v CROSS JOIN advisory_vulnerability av CROSS JOIN unassessed u
  CROSS JOIN name b CROSS JOIN image_set s CROSS JOIN set_component sc CROSS JOIN component c CROSS JOIN package p
  CROSS JOIN name n CROSS JOIN advisory a CROSS JOIN feed f
 WHERE v.id = q.id AND av.vuln_id = v.vuln_id AND u.adv_id = av.adv_id AND b.name_id = u.name_id
   AND s.image_id = :image_id AND sc.set_id = s.set_id AND c.comp_id = sc.comp_id AND c.owner = '' AND p.pkg_id = c.pkg_id
   AND n.name_id = p.name_id AND n.ecosystem = b.ecosystem
   AND (n.name_id = b.name_id OR (n.scheme = 'rpm' AND substr(n.name, instr(n.name, '/') + 1) = b.name))
   AND a.adv_id = u.adv_id AND f.feed_id = a.feed_id

-- name: spoken_of
-- What standing records of some vulnerabilities speak of.
SELECT DISTINCT n.ecosystem, n.name
  FROM asked_vulnerability q CROSS JOIN vulnerability v CROSS JOIN advisory_vulnerability av CROSS JOIN vrange r
  CROSS JOIN name n
 WHERE v.id = q.id AND av.vuln_id = v.vuln_id AND r.adv_id = av.adv_id AND n.name_id = r.name_id
   AND r.k_from <= :known_at AND r.k_to > :known_at
 ORDER BY n.ecosystem, n.name

-- name: hits_of_now
-- Packages that stand under one vulnerability now.
CREATE TEMP TABLE hit AS
SELECT DISTINCT f.pkg_id, f.adv_id
  FROM asked_vulnerability q CROSS JOIN vulnerability v CROSS JOIN advisory_vulnerability av CROSS JOIN finding f
 WHERE v.id = q.id AND av.vuln_id = v.vuln_id AND f.adv_id = av.adv_id

-- name: hits_of_at
-- Packages that stood under one vulnerability by what was known at a moment.
CREATE TEMP TABLE hit AS
SELECT DISTINCT p.pkg_id, r.adv_id
  FROM asked_vulnerability q CROSS JOIN vulnerability v CROSS JOIN advisory_vulnerability av
  CROSS JOIN vrange r CROSS JOIN package p
 WHERE v.id = q.id AND av.vuln_id = v.vuln_id AND r.adv_id = av.adv_id AND p.name_id = r.name_id
   AND p.key >= r.lo AND p.key < r.hi AND r.k_from <= :known_at AND r.k_to > :known_at

-- name: forget_vulnerabilities
DROP TABLE IF EXISTS temp.asked_vulnerability

-- name: ask_vulnerability
CREATE TEMP TABLE asked_vulnerability (id TEXT PRIMARY KEY)

-- name: put_asked_vulnerability
INSERT INTO asked_vulnerability VALUES (?)

-- name: at_version
-- What would hold a package of a name, were it of another version.
SELECT DISTINCT v.id, r.fixed
  FROM name n CROSS JOIN vrange r CROSS JOIN advisory_vulnerability av CROSS JOIN vulnerability v
 WHERE n.ecosystem = :ecosystem AND n.name = :name AND r.name_id = n.name_id AND r.hi > :key AND +r.lo <= :key
   AND r.k_to = :forever AND av.adv_id = r.adv_id AND v.vuln_id = av.vuln_id

-- name: hit_places
-- The same as hit_components, where few packages are hit and many images asked about.
SELECT s.image_id, c.pkg_id, c.purl, c.type, c.name, c.version, c.source_name, s.layer, sc.locations
  FROM (SELECT DISTINCT pkg_id FROM hit) h CROSS JOIN component c CROSS JOIN set_component sc CROSS JOIN image_set s
 WHERE c.pkg_id = h.pkg_id AND c.owner = '' AND sc.comp_id = c.comp_id AND s.set_id = sc.set_id
   AND s.image_id IN (SELECT image_id FROM asked)
 ORDER BY s.image_id, c.type, c.name, c.version, c.purl, sc.locations

-- name: missing_findings
-- What the full join gives and is not kept.
SELECT DISTINCT r.adv_id, p.pkg_id
  FROM package p CROSS JOIN vrange r
 WHERE r.name_id = p.name_id AND r.hi > p.key AND +r.lo <= p.key AND r.k_to = :forever
   AND NOT EXISTS (SELECT 1 FROM finding f WHERE f.adv_id = r.adv_id AND f.pkg_id = p.pkg_id)

-- name: false_findings
-- What is kept and the join does not give.
SELECT f.adv_id, f.pkg_id FROM finding f WHERE NOT EXISTS (
    SELECT 1 FROM vrange r JOIN package p ON p.name_id = r.name_id
     WHERE r.adv_id = f.adv_id AND p.pkg_id = f.pkg_id AND r.k_to = :forever AND p.key >= r.lo AND p.key < r.hi)

-- name: put_finding
INSERT INTO finding (adv_id, pkg_id, first_seen) VALUES (?, ?, ?) ON CONFLICT DO NOTHING

-- name: drop_finding
DELETE FROM finding WHERE adv_id = ? AND pkg_id = ?

-- name: kept
SELECT adv_id, pkg_id FROM finding
