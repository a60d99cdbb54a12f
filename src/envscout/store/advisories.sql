-- name: stage
-- Room for one update's changed records, outside the shared file: no lock is held while feeds are read.
CREATE TEMP TABLE stage_advisory (
    n INTEGER PRIMARY KEY, feed_id BIGINT, id TEXT, hash BYTEA, published BIGINT, modified BIGINT, severity TEXT,
    vectors TEXT, score DOUBLE PRECISION, summary TEXT, details TEXT, cwes TEXT, refs TEXT, named BOOLEAN,
    withdrawn BOOLEAN
);
CREATE TEMP TABLE stage_alias (n BIGINT, id TEXT, covers BOOLEAN);
CREATE TEMP TABLE stage_vulnerability (n BIGINT, id TEXT);
CREATE TEMP TABLE stage_name (k INTEGER PRIMARY KEY, ecosystem TEXT, name TEXT, scheme TEXT);
CREATE TEMP TABLE stage_range (
    n BIGINT, k BIGINT, lo BYTEA, hi BYTEA, low TEXT, high TEXT, fixed TEXT, severity TEXT
);
CREATE TEMP TABLE stage_unassessed (n BIGINT, k BIGINT);
CREATE TEMP TABLE stage_problem (feed_id BIGINT, record TEXT, code TEXT, message TEXT);
CREATE TEMP TABLE touched (adv_id INTEGER PRIMARY KEY);
CREATE TEMP TABLE renamed (id TEXT PRIMARY KEY) WITHOUT ROWID

-- name: unstage
DROP TABLE IF EXISTS temp.stage_advisory;
DROP TABLE IF EXISTS temp.stage_alias;
DROP TABLE IF EXISTS temp.stage_vulnerability;
DROP TABLE IF EXISTS temp.stage_name;
DROP TABLE IF EXISTS temp.stage_range;
DROP TABLE IF EXISTS temp.stage_unassessed;
DROP TABLE IF EXISTS temp.stage_problem;
DROP TABLE IF EXISTS temp.touched;
DROP TABLE IF EXISTS temp.renamed;
DROP TABLE IF EXISTS temp.nameless;
DROP TABLE IF EXISTS temp.staged;
DROP TABLE IF EXISTS temp.new_range

-- name: put_stage_advisory
INSERT INTO stage_advisory VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)

-- name: put_stage_alias
INSERT INTO stage_alias VALUES (?, ?, ?)

-- name: put_stage_vulnerability
INSERT INTO stage_vulnerability VALUES (?, ?)

-- name: put_stage_name
INSERT INTO stage_name VALUES (?, ?, ?, ?)

-- name: put_stage_range
INSERT INTO stage_range VALUES (?, ?, ?, ?, ?, ?, ?, ?)

-- name: put_stage_unassessed
INSERT INTO stage_unassessed VALUES (?, ?)

-- name: put_stage_problem
INSERT INTO stage_problem VALUES (?, ?, ?, ?)

-- name: drop_stage_aliases
DELETE FROM stage_alias WHERE n IN (SELECT n FROM stage_advisory WHERE feed_id = ?)

-- name: drop_stage_vulnerabilities
DELETE FROM stage_vulnerability WHERE n IN (SELECT n FROM stage_advisory WHERE feed_id = ?)

-- name: drop_stage_ranges
DELETE FROM stage_range WHERE n IN (SELECT n FROM stage_advisory WHERE feed_id = ?)

-- name: drop_stage_unassessed
DELETE FROM stage_unassessed WHERE n IN (SELECT n FROM stage_advisory WHERE feed_id = ?)

-- name: drop_stage_advisories
DELETE FROM stage_advisory WHERE feed_id = ?

-- name: drop_stage_problems
DELETE FROM stage_problem WHERE feed_id = ?

-- name: known_records
-- Every record a feed ever held, with the digest of the bytes it was read from (empty for one that left).
SELECT id, hash FROM advisory WHERE feed_id = :feed_id

-- name: standing_records
SELECT id FROM advisory WHERE feed_id = :feed_id AND gone_at IS NULL

-- name: staged_withdrawn
-- Records that their feed says are withdrawn.
SELECT id FROM stage_advisory WHERE feed_id = :feed_id AND withdrawn

-- name: apply_advisories
INSERT INTO advisory (feed_id, id, hash, published, modified, severity, vectors, score, summary, details, cwes, refs, named,
                      known_at, changed_at, gone_at)
SELECT feed_id, id, hash, published, modified, severity, vectors, score, summary, details, cwes, refs, named,
       :at, :at, CASE WHEN withdrawn THEN :at END
  FROM stage_advisory WHERE true ORDER BY n
ON CONFLICT (id, feed_id) DO UPDATE SET hash = excluded.hash, published = excluded.published, modified = excluded.modified,
    severity = excluded.severity, vectors = excluded.vectors, score = excluded.score, summary = excluded.summary,
    details = excluded.details, cwes = excluded.cwes, refs = excluded.refs, named = excluded.named,
    changed_at = excluded.changed_at, gone_at = excluded.gone_at

-- name: number_staged
-- The number each staged record has in the store. A withdrawn one keeps its names: the past is still asked about.
CREATE TEMP TABLE staged AS
SELECT s.n, a.adv_id, s.withdrawn FROM stage_advisory s CROSS JOIN advisory a WHERE a.id = s.id AND a.feed_id = s.feed_id

-- name: index_staged
CREATE UNIQUE INDEX temp.staged_n ON staged (n)

-- name: touch_staged
INSERT INTO touched SELECT adv_id FROM staged ORDER BY adv_id

-- name: touch_gone
INSERT INTO touched SELECT adv_id FROM advisory WHERE feed_id = ? AND id = ? ON CONFLICT DO NOTHING

-- name: close_gone
-- A record that left its feed is read again should it come back: it has no digest.
UPDATE advisory SET gone_at = ?, hash = x'' WHERE feed_id = ? AND id = ?

-- name: apply_names
INSERT INTO name (ecosystem, name, scheme) SELECT ecosystem, name, scheme FROM stage_name WHERE true ORDER BY k
ON CONFLICT (ecosystem, name) DO NOTHING

-- name: apply_names (postgresql)
-- A conflict would use up a number all the same. Records of several feeds may name the same.
INSERT INTO name (ecosystem, name, scheme)
SELECT DISTINCT ON (s.ecosystem, s.name) s.ecosystem, s.name, s.scheme FROM stage_name s
 WHERE NOT EXISTS (SELECT 1 FROM name n WHERE n.ecosystem = s.ecosystem AND n.name = s.name)

-- name: open_all_ranges
-- Where no touched record has a range yet, all of theirs are known from now on.
INSERT INTO vrange (name_id, hi, lo, adv_id, k_from, k_to, low, high, fixed, severity)
SELECT nm.name_id, r.hi, r.lo, s.adv_id, :at, :forever, r.low, r.high, r.fixed, r.severity
  FROM stage_range r CROSS JOIN stage_name k CROSS JOIN name nm CROSS JOIN staged s
 WHERE k.k = r.k AND nm.ecosystem = k.ecosystem AND nm.name = k.name AND s.n = r.n AND NOT s.withdrawn
 ORDER BY nm.name_id, r.hi, r.lo, s.adv_id
ON CONFLICT DO NOTHING

-- name: new_ranges
-- The ranges that stand after this update, for the records it touches.
CREATE TEMP TABLE new_range AS
SELECT nm.name_id, r.hi, r.lo, s.adv_id, r.low, r.high, r.fixed, r.severity
  FROM stage_range r CROSS JOIN stage_name k CROSS JOIN name nm CROSS JOIN staged s
 WHERE k.k = r.k AND nm.ecosystem = k.ecosystem AND nm.name = k.name AND s.n = r.n AND NOT s.withdrawn

-- name: any_standing
SELECT 1 FROM touched JOIN vrange USING (adv_id) WHERE k_to = :forever LIMIT 1

-- name: index_new_ranges
CREATE INDEX temp.new_range_i ON new_range (adv_id, name_id, hi, lo)

-- name: close_ranges
-- A range that a touched record no longer holds is known no more.
UPDATE vrange SET k_to = :at
 WHERE adv_id IN (SELECT adv_id FROM touched) AND k_to = :forever AND NOT EXISTS (
       SELECT 1 FROM new_range n
        WHERE n.adv_id = vrange.adv_id AND n.name_id = vrange.name_id AND n.hi = vrange.hi AND n.lo = vrange.lo
          AND n.fixed = vrange.fixed AND n.severity = vrange.severity)

-- name: drop_standing_ranges
-- A range that stands already keeps the moment it was first known.
DELETE FROM new_range WHERE EXISTS (
       SELECT 1 FROM vrange v
        WHERE v.name_id = new_range.name_id AND v.hi = new_range.hi AND v.lo = new_range.lo
          AND v.adv_id = new_range.adv_id AND v.k_to = :forever)

-- name: open_ranges
-- The others are known from now on.
INSERT INTO vrange (name_id, hi, lo, adv_id, k_from, k_to, low, high, fixed, severity)
SELECT name_id, hi, lo, adv_id, :at, :forever, low, high, fixed, severity
  FROM new_range WHERE true ORDER BY name_id, hi, lo, adv_id
ON CONFLICT DO NOTHING

-- name: clear_unassessed
DELETE FROM unassessed WHERE adv_id IN (SELECT adv_id FROM touched)

-- name: apply_unassessed
INSERT INTO unassessed (name_id, adv_id)
SELECT nm.name_id, s.adv_id
  FROM stage_unassessed x CROSS JOIN stage_name k CROSS JOIN name nm CROSS JOIN staged s
 WHERE k.k = x.k AND nm.ecosystem = k.ecosystem AND nm.name = k.name AND s.n = x.n AND NOT s.withdrawn
ON CONFLICT DO NOTHING

-- name: rename
-- Every name that a touched record has at this moment: before and after the change, its neighbours may be others.
INSERT INTO renamed
SELECT a.id FROM touched t CROSS JOIN advisory a WHERE a.adv_id = t.adv_id
UNION
SELECT l.id FROM touched t CROSS JOIN alias l WHERE l.adv_id = t.adv_id
ON CONFLICT DO NOTHING

-- name: clear_aliases
DELETE FROM alias WHERE adv_id IN (SELECT adv_id FROM staged WHERE NOT withdrawn)

-- name: apply_aliases
INSERT INTO alias (adv_id, id, covers)
SELECT s.adv_id, l.id, l.covers FROM stage_alias l CROSS JOIN staged s WHERE s.n = l.n AND NOT s.withdrawn
 ORDER BY s.adv_id, l.id, l.covers
ON CONFLICT DO NOTHING

-- name: clear_vulnerabilities
DELETE FROM advisory_vulnerability WHERE adv_id IN (SELECT adv_id FROM staged WHERE NOT withdrawn)

-- name: apply_vulnerability_names
INSERT INTO vulnerability (id) SELECT DISTINCT id FROM stage_vulnerability WHERE true ON CONFLICT (id) DO NOTHING

-- name: apply_vulnerability_names (postgresql)
-- A conflict would use up a number all the same.
INSERT INTO vulnerability (id)
SELECT DISTINCT s.id FROM stage_vulnerability s WHERE NOT EXISTS (SELECT 1 FROM vulnerability v WHERE v.id = s.id)

-- name: apply_vulnerabilities
INSERT INTO advisory_vulnerability (adv_id, vuln_id)
SELECT s.adv_id, v.vuln_id FROM stage_vulnerability x CROSS JOIN staged s CROSS JOIN vulnerability v
 WHERE s.n = x.n AND NOT s.withdrawn AND v.id = x.id
 ORDER BY s.adv_id, v.vuln_id
ON CONFLICT DO NOTHING

-- name: most_touched
-- Whether it is less work to look at every record than at the neighbours of the touched ones.
SELECT 2 * (SELECT count(*) FROM touched) >= (SELECT count(*) FROM advisory)

-- name: all_nameless
CREATE TEMP TABLE nameless AS SELECT adv_id FROM advisory WHERE NOT named AND gone_at IS NULL

-- name: find_nameless
-- Standing records that name no CVE themselves and that a touched record is joined to by names, over any number of steps.
CREATE TEMP TABLE nameless AS
WITH RECURSIVE reach (id) AS (
    SELECT id FROM renamed
    UNION
    SELECT m.id FROM reach r CROSS JOIN alias l CROSS JOIN advisory a CROSS JOIN alias m
     WHERE l.id = r.id AND a.adv_id = l.adv_id AND NOT a.named AND a.gone_at IS NULL AND m.adv_id = a.adv_id
)
SELECT DISTINCT a.adv_id FROM reach r CROSS JOIN alias l CROSS JOIN advisory a
 WHERE l.id = r.id AND a.adv_id = l.adv_id AND NOT a.named AND a.gone_at IS NULL

-- name: names_of_nameless
SELECT l.adv_id, l.id FROM nameless n CROSS JOIN alias l WHERE l.adv_id = n.adv_id

-- name: cves_by_name
-- CVE ids that standing records give to a name of the nameless: to their own id, or to an alias.
SELECT l.id, v.id
  FROM nameless n CROSS JOIN alias l CROSS JOIN advisory b CROSS JOIN advisory_vulnerability av CROSS JOIN vulnerability v
 WHERE l.adv_id = n.adv_id AND b.id = l.id AND b.named AND b.gone_at IS NULL
   AND av.adv_id = b.adv_id AND v.vuln_id = av.vuln_id
UNION
SELECT l.id, v.id
  FROM nameless n CROSS JOIN alias l CROSS JOIN alias m CROSS JOIN advisory b
  CROSS JOIN advisory_vulnerability av CROSS JOIN vulnerability v
 WHERE l.adv_id = n.adv_id AND m.id = l.id AND NOT m.covers AND b.adv_id = m.adv_id AND b.named AND b.gone_at IS NULL
   AND av.adv_id = b.adv_id AND v.vuln_id = av.vuln_id

-- name: shown_of_nameless
-- How they are called today.
SELECT n.adv_id, v.id FROM nameless n CROSS JOIN advisory_vulnerability av CROSS JOIN vulnerability v
 WHERE av.adv_id = n.adv_id AND v.vuln_id = av.vuln_id

-- name: put_vulnerability
INSERT INTO vulnerability (id) VALUES (?) ON CONFLICT (id) DO NOTHING

-- name: drop_vulnerabilities_of
DELETE FROM advisory_vulnerability WHERE adv_id = ?

-- name: name_advisory
INSERT INTO advisory_vulnerability (adv_id, vuln_id) SELECT ?, vuln_id FROM vulnerability WHERE id = ?
ON CONFLICT DO NOTHING

-- name: clear_problems
DELETE FROM feed_problem WHERE (feed_id, record) IN
    (SELECT feed_id, id FROM stage_advisory UNION SELECT feed_id, record FROM stage_problem
     UNION SELECT a.feed_id, a.id FROM touched JOIN advisory a USING (adv_id) WHERE a.gone_at IS NOT NULL)

-- name: clear_feed_problems
-- What is said of no standing record is said anew whenever the feed is read to its end.
DELETE FROM feed_problem WHERE feed_id = :feed_id AND NOT EXISTS (
       SELECT 1 FROM advisory a
        WHERE a.id = feed_problem.record AND a.feed_id = feed_problem.feed_id AND a.gone_at IS NULL)

-- name: apply_problems
INSERT INTO feed_problem (feed_id, record, code, message) SELECT DISTINCT feed_id, record, code, message FROM stage_problem

-- name: apply_ecosystems
-- A feed speaks of an ecosystem from the update that brought its first range of it ...
INSERT INTO feed_ecosystem (feed_id, ecosystem, known_at, gone_at)
SELECT :feed_id, :ecosystem, :at, :forever
 WHERE NOT EXISTS (SELECT 1 FROM feed_ecosystem e
                    WHERE e.feed_id = :feed_id AND e.ecosystem = :ecosystem AND e.gone_at = :forever)

-- name: close_ecosystems
-- ... until none of its ranges stands.
UPDATE feed_ecosystem SET gone_at = :at
 WHERE gone_at = :forever AND NOT EXISTS (
       SELECT 1 FROM name n CROSS JOIN vrange r CROSS JOIN advisory a
        WHERE n.ecosystem = feed_ecosystem.ecosystem AND r.name_id = n.name_id AND r.k_to = :forever
          AND a.adv_id = r.adv_id AND a.feed_id = feed_ecosystem.feed_id)
