-- name: drop_wanted
DROP TABLE IF EXISTS temp.wanted_set

-- name: want
CREATE TEMP TABLE wanted_set (set_id INTEGER PRIMARY KEY)

-- name: put_wanted
INSERT INTO wanted_set VALUES (?)

-- name: drop_hit
DROP TABLE IF EXISTS temp.hit_record

-- name: hit
CREATE TEMP TABLE hit_record (adv_id INTEGER PRIMARY KEY)

-- name: put_hit
INSERT INTO hit_record VALUES (?)

-- name: images
-- What bears on how far an answer about each image asked about can be trusted.
SELECT i.image_id, i.indexed_at, i.distribution, i.problems, i.twofold FROM json_each(:numbers) q CROSS JOIN image i
 WHERE i.image_id = q.value

-- name: images (postgresql)
SELECT image_id, indexed_at, distribution, problems, twofold FROM image
 WHERE image_id IN (SELECT CAST(value AS bigint) FROM json_array_elements_text(CAST(:numbers AS json)))

-- name: sets
SELECT s.image_id, s.set_id, s.layer FROM json_each(:numbers) q CROSS JOIN image_set s WHERE s.image_id = q.value

-- name: sets (postgresql)
SELECT image_id, set_id, layer FROM image_set WHERE image_id IN (SELECT CAST(value AS bigint) FROM json_array_elements_text(CAST(:numbers AS json)))

-- name: kept
SELECT m.set_id, m.content FROM json_each(:numbers) w CROSS JOIN set_summary m WHERE m.set_id = w.value

-- name: kept (postgresql)
SELECT set_id, content FROM set_summary WHERE set_id IN (SELECT CAST(value AS bigint) FROM json_array_elements_text(CAST(:numbers AS json)))

-- name: missing
SELECT w.value FROM json_each(:numbers) w LEFT JOIN set_summary m ON m.set_id = w.value WHERE m.set_id IS NULL

-- name: missing (postgresql)
SELECT CAST(value AS bigint) FROM json_array_elements_text(CAST(:numbers AS json)) w
  LEFT JOIN set_summary m ON m.set_id = CAST(w.value AS bigint) WHERE m.set_id IS NULL

-- name: keep
INSERT INTO set_summary (set_id, content) VALUES (?, ?) ON CONFLICT (set_id) DO UPDATE SET content = excluded.content

-- name: forget
DELETE FROM set_summary

-- name: members
-- The components of the wanted sets that are matched, with what they are called.
SELECT m.set_id, c.pkg_id, c.purl, c.type, c.name FROM wanted_set w CROSS JOIN set_component m CROSS JOIN component c
 WHERE m.set_id = w.set_id AND c.comp_id = m.comp_id AND c.owner = ''

-- name: packages
-- The packages of the wanted sets that are matched.
SELECT m.set_id, m.pkg_id FROM wanted_set w CROSS JOIN set_pkg m WHERE m.set_id = w.set_id

-- name: hits
-- Every range that holds a package of a wanted set: the package, the record, the vendor's word, whether it names a fix.
SELECT p.pkg_id, r.adv_id, r.severity, r.fixed <> '' AND r.hi <> x'ff'
  FROM (SELECT DISTINCT m.pkg_id FROM wanted_set w CROSS JOIN set_pkg m WHERE m.set_id = w.set_id) x
  CROSS JOIN package p CROSS JOIN vrange r
 WHERE p.pkg_id = x.pkg_id AND r.name_id = p.name_id AND r.hi > p.key AND +r.lo <= p.key
   AND r.k_from <= :known_at AND r.k_to > :known_at

-- name: records
-- What the records behind the hits say of each of their vulnerabilities.
SELECT a.adv_id, av.vuln_id, a.id, a.severity, a.vectors, a.score, coalesce(c.vector, ''), c.score, coalesce(c.priority, '')
  FROM hit_record h CROSS JOIN advisory a CROSS JOIN advisory_vulnerability av CROSS JOIN vulnerability v
  LEFT JOIN cve c ON c.cve = v.id
 WHERE a.adv_id = h.adv_id AND av.adv_id = h.adv_id AND v.vuln_id = av.vuln_id

-- name: held
-- The ecosystems and types of what is matched in the wanted sets.
SELECT DISTINCT m.set_id, n.ecosystem, c.type
  FROM wanted_set w CROSS JOIN set_component m CROSS JOIN component c CROSS JOIN package p CROSS JOIN name n
 WHERE m.set_id = w.set_id AND c.comp_id = m.comp_id AND c.owner = '' AND p.pkg_id = c.pkg_id AND n.name_id = p.name_id

-- name: unkeyable
-- The components of the wanted sets whose versions cannot be compared.
SELECT m.set_id, n.ecosystem, c.type, c.comp_id
  FROM package p CROSS JOIN component c CROSS JOIN set_component m CROSS JOIN wanted_set w CROSS JOIN name n
 WHERE p.key IS NULL AND c.pkg_id = p.pkg_id AND c.owner = '' AND m.comp_id = c.comp_id AND w.set_id = m.set_id
   AND n.name_id = p.name_id

-- name: doubts
-- Packages of the wanted sets that a standing record names without a range that could be compared.
SELECT DISTINCT m.set_id, n.name, v.id
  FROM wanted_set w CROSS JOIN set_pkg m CROSS JOIN package p CROSS JOIN unassessed u
  CROSS JOIN name n CROSS JOIN advisory_vulnerability av CROSS JOIN vulnerability v
 WHERE m.set_id = w.set_id AND p.pkg_id = m.pkg_id AND u.name_id = p.name_id
   AND n.name_id = p.name_id AND av.adv_id = u.adv_id AND v.vuln_id = av.vuln_id
UNION
-- A record that does not say which stream of a module it means may mean any.
SELECT DISTINCT m.set_id, b.name, v.id
  FROM wanted_set w CROSS JOIN set_pkg m CROSS JOIN package p CROSS JOIN name n CROSS JOIN name b
  CROSS JOIN unassessed u CROSS JOIN advisory_vulnerability av CROSS JOIN vulnerability v
 WHERE m.set_id = w.set_id AND p.pkg_id = m.pkg_id AND n.name_id = p.name_id
   AND n.scheme = 'rpm' AND instr(n.name, '/') > 0
   AND b.ecosystem = n.ecosystem AND b.name = substr(n.name, instr(n.name, '/') + 1) AND u.name_id = b.name_id
   AND av.adv_id = u.adv_id AND v.vuln_id = av.vuln_id
 ORDER BY 1, 2, 3

-- name: names
SELECT vuln_id, id FROM vulnerability WHERE vuln_id IN (SELECT value FROM json_each(:numbers))

-- name: names (postgresql)
SELECT vuln_id, id FROM vulnerability WHERE vuln_id IN (SELECT CAST(value AS bigint) FROM json_array_elements_text(CAST(:numbers AS json)))

-- name: exploited
-- Vulnerabilities known to be exploited.
SELECT v.vuln_id FROM kev k CROSS JOIN vulnerability v WHERE v.id = k.cve

-- name: likely
-- Vulnerabilities that are at least so likely to be exploited.
SELECT v.vuln_id FROM epss e CROSS JOIN vulnerability v
 WHERE e.score >= :score AND e.percentile >= :percentile AND v.id = e.cve

-- name: numbers
SELECT id, vuln_id FROM vulnerability WHERE id IN (SELECT value FROM json_each(:names))

-- name: numbers (postgresql)
SELECT id, vuln_id FROM vulnerability WHERE id IN (SELECT value FROM json_array_elements_text(CAST(:names AS json)))

-- name: every_kept
SELECT set_id FROM set_summary ORDER BY set_id
