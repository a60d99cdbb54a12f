-- name: stage
-- Room for one update's changed records, outside the shared file: no lock is held while feeds are read.
CREATE TEMP TABLE stage_advisory (
    n INTEGER PRIMARY KEY, feed_id INTEGER, id TEXT, hash BLOB, published INTEGER, modified INTEGER, severity TEXT,
    vectors TEXT, score REAL, summary TEXT, details TEXT, cwes TEXT, refs TEXT, withdrawn INTEGER, adv_id INTEGER
);
CREATE TEMP TABLE stage_alias (n INTEGER, kind TEXT, id TEXT);
CREATE TEMP TABLE stage_vulnerability (n INTEGER, id TEXT);
CREATE TEMP TABLE stage_range (
    n INTEGER, ecosystem TEXT, name TEXT, lo BLOB, hi BLOB, low TEXT, high TEXT, fixed TEXT, severity TEXT, name_id INTEGER
);
CREATE TEMP TABLE stage_problem (feed_id INTEGER, record TEXT, code TEXT, message TEXT);
CREATE TEMP TABLE stage_name (ecosystem TEXT, name TEXT, scheme TEXT, PRIMARY KEY (ecosystem, name)) WITHOUT ROWID;
CREATE TEMP TABLE touched (adv_id INTEGER PRIMARY KEY);

-- name: put_stage_advisory
INSERT INTO stage_advisory VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL)

-- name: put_stage_alias
INSERT INTO stage_alias VALUES (?, ?, ?)

-- name: put_stage_vulnerability
INSERT INTO stage_vulnerability VALUES (?, ?)

-- name: put_stage_range
INSERT INTO stage_range VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, NULL)

-- name: put_stage_name
INSERT INTO stage_name VALUES (?, ?, ?) ON CONFLICT DO NOTHING

-- name: put_stage_problem
INSERT INTO stage_problem VALUES (?, ?, ?, ?)

-- name: drop_stage_aliases
DELETE FROM stage_alias WHERE n IN (SELECT n FROM stage_advisory WHERE feed_id = ?)

-- name: drop_stage_vulnerabilities
DELETE FROM stage_vulnerability WHERE n IN (SELECT n FROM stage_advisory WHERE feed_id = ?)

-- name: drop_stage_ranges
DELETE FROM stage_range WHERE n IN (SELECT n FROM stage_advisory WHERE feed_id = ?)

-- name: drop_stage_advisories
DELETE FROM stage_advisory WHERE feed_id = ?

-- name: drop_stage_problems
DELETE FROM stage_problem WHERE feed_id = ?

-- name: known_records
-- The records of a feed that still stand, with the digest of the bytes they were read from.
SELECT id, hash FROM advisory WHERE feed_id = :feed_id

-- name: standing_records
SELECT id FROM advisory WHERE feed_id = :feed_id AND gone_at IS NULL

-- name: apply_advisories
INSERT INTO advisory (feed_id, id, hash, published, modified, severity, vectors, score, summary, details, cwes, refs, known_at, gone_at)
SELECT feed_id, id, hash, published, modified, severity, vectors, score, summary, details, cwes, refs, :at,
       CASE WHEN withdrawn THEN :at END
  FROM stage_advisory WHERE true ORDER BY feed_id, id
ON CONFLICT (feed_id, id) DO UPDATE SET hash = excluded.hash, published = excluded.published, modified = excluded.modified,
    severity = excluded.severity, vectors = excluded.vectors, score = excluded.score, summary = excluded.summary,
    details = excluded.details, cwes = excluded.cwes, refs = excluded.refs, gone_at = excluded.gone_at

-- name: number_advisories
UPDATE stage_advisory SET adv_id =
    (SELECT adv_id FROM advisory a WHERE a.feed_id = stage_advisory.feed_id AND a.id = stage_advisory.id)

-- name: touch_staged
INSERT INTO touched SELECT adv_id FROM stage_advisory

-- name: touch_gone
INSERT INTO touched SELECT adv_id FROM advisory WHERE feed_id = ? AND id = ? ON CONFLICT DO NOTHING

-- name: close_gone
UPDATE advisory SET gone_at = ? WHERE feed_id = ? AND id = ?

-- name: apply_names
INSERT INTO name (ecosystem, name, scheme) SELECT ecosystem, name, scheme FROM stage_name WHERE true
ON CONFLICT (ecosystem, name) DO NOTHING

-- name: number_names
UPDATE stage_range SET name_id =
    (SELECT name_id FROM name n WHERE n.ecosystem = stage_range.ecosystem AND n.name = stage_range.name)

-- name: new_ranges
-- The ranges that stand after this update, for the records it touches.
CREATE TEMP TABLE new_range AS
SELECT r.name_id, r.hi, r.lo, a.adv_id, r.low, r.high, r.fixed, r.severity
  FROM stage_range r JOIN stage_advisory a ON a.n = r.n
 WHERE NOT a.withdrawn
 GROUP BY r.name_id, r.hi, r.lo, a.adv_id
 ORDER BY r.name_id, r.hi, r.lo, a.adv_id

-- name: index_new_ranges
CREATE INDEX new_range_i ON new_range (adv_id, name_id, hi, lo)

-- name: any_standing
SELECT 1 FROM touched JOIN vrange USING (adv_id) WHERE k_to = :forever LIMIT 1

-- name: close_ranges
-- A range that a touched record no longer holds is known no more.
UPDATE vrange SET k_to = :at
 WHERE adv_id IN (SELECT adv_id FROM touched) AND k_to = :forever AND NOT EXISTS (
       SELECT 1 FROM new_range n
        WHERE n.adv_id = vrange.adv_id AND n.name_id = vrange.name_id AND n.hi = vrange.hi AND n.lo = vrange.lo
          AND n.fixed = vrange.fixed AND n.severity = vrange.severity)

-- name: open_ranges
-- A range that did not stand before is known from now on; the others keep the moment they were first known.
INSERT INTO vrange (name_id, hi, lo, adv_id, k_from, k_to, low, high, fixed, severity)
SELECT n.name_id, n.hi, n.lo, n.adv_id, :at, :forever, n.low, n.high, n.fixed, n.severity
  FROM new_range n
 WHERE NOT EXISTS (
       SELECT 1 FROM vrange v
        WHERE v.name_id = n.name_id AND v.hi = n.hi AND v.lo = n.lo AND v.adv_id = n.adv_id AND v.k_to = :forever)

-- name: clear_aliases
-- The names of a record that left its feed stay: the past is still asked about.
DELETE FROM alias WHERE adv_id IN (SELECT adv_id FROM stage_advisory WHERE NOT withdrawn)

-- name: apply_aliases
INSERT INTO alias (adv_id, kind, id)
SELECT DISTINCT a.adv_id, s.kind, s.id FROM stage_alias s JOIN stage_advisory a ON a.n = s.n WHERE NOT a.withdrawn
 ORDER BY a.adv_id, s.kind, s.id

-- name: clear_vulnerabilities
DELETE FROM advisory_vulnerability WHERE adv_id IN (SELECT adv_id FROM stage_advisory WHERE NOT withdrawn)

-- name: apply_vulnerability_names
INSERT INTO vulnerability (id) SELECT DISTINCT id FROM stage_vulnerability WHERE true ON CONFLICT (id) DO NOTHING

-- name: apply_vulnerabilities
INSERT INTO advisory_vulnerability (adv_id, vuln_id)
SELECT DISTINCT a.adv_id, v.vuln_id
  FROM stage_vulnerability s JOIN stage_advisory a ON a.n = s.n JOIN vulnerability v ON v.id = s.id
 WHERE NOT a.withdrawn
 ORDER BY a.adv_id, v.vuln_id

-- name: find_nameless
-- Standing records that name no CVE themselves; only their neighbours can say more.
CREATE TEMP TABLE nameless AS
SELECT adv_id FROM advisory a
 WHERE gone_at IS NULL AND NOT EXISTS (SELECT 1 FROM alias l WHERE l.adv_id = a.adv_id AND l.kind = 'c')

-- name: names_of_nameless
SELECT adv_id, id FROM nameless JOIN alias USING (adv_id) ORDER BY adv_id, kind = 's' DESC, id

-- name: cves_by_name
-- CVE ids that other standing records give to a name of the nameless.
SELECT DISTINCT l.id, c.id
  FROM nameless m CROSS JOIN alias n CROSS JOIN alias l CROSS JOIN advisory a CROSS JOIN alias c
 WHERE n.adv_id = m.adv_id AND l.id = n.id AND l.kind IN ('s', 'a')
   AND a.adv_id = l.adv_id AND a.gone_at IS NULL AND c.adv_id = l.adv_id AND c.kind = 'c'

-- name: shown_of_nameless
-- How the nameless are called today.
SELECT adv_id, v.id FROM nameless JOIN advisory_vulnerability USING (adv_id) JOIN vulnerability v USING (vuln_id)

-- name: drop_nameless
DROP TABLE nameless

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
     UNION SELECT a.feed_id, a.id FROM touched JOIN advisory a USING (adv_id))

-- name: apply_problems
INSERT INTO feed_problem (feed_id, record, code, message) SELECT DISTINCT feed_id, record, code, message FROM stage_problem

-- name: apply_ecosystems
INSERT INTO feed_ecosystem (feed_id, ecosystem, known_at)
SELECT DISTINCT a.feed_id, r.ecosystem, :at FROM stage_range r JOIN stage_advisory a ON a.n = r.n WHERE true
ON CONFLICT DO NOTHING

-- name: unstage
DROP TABLE stage_advisory;
DROP TABLE stage_alias;
DROP TABLE stage_vulnerability;
DROP TABLE stage_range;
DROP TABLE stage_name;
DROP TABLE stage_problem;
DROP TABLE touched;
DROP TABLE IF EXISTS new_range;
