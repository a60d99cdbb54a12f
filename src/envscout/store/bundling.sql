-- name: sequence
SELECT value FROM meta WHERE key = 'bundle-sequence'

-- name: put_sequence
-- Whoever was first has named it.
INSERT INTO meta (key, value) VALUES ('bundle-sequence', :value) ON CONFLICT (key) DO NOTHING

-- name: replace_sequence
-- From here on, what this store goes through is not what the one went through that it was copied from.
INSERT INTO meta (key, value) VALUES ('bundle-sequence', :value) ON CONFLICT (key) DO UPDATE SET value = excluded.value

-- name: passed
-- The moments after one and before another at which any feed was applied; the newest, if there are many.
SELECT DISTINCT at FROM feed_run WHERE at > :since AND at < :until ORDER BY at DESC LIMIT :most

-- name: was_applied_at
SELECT 1 FROM feed_run WHERE at = :at

-- name: first_run
SELECT coalesce(min(at), 0) FROM feed_run WHERE feed_id = :feed_id

-- name: changed
-- The records of a feed that were written after a moment and are in it, withdrawn ones, too.
SELECT id, adv_id FROM advisory WHERE feed_id = :feed_id AND changed_at > :since AND hash <> x'' ORDER BY id

-- name: gone
-- The records that left a feed after a moment.
SELECT id FROM advisory WHERE feed_id = :feed_id AND gone_at > :since AND hash = x'' ORDER BY id

-- name: records
SELECT a.adv_id, a.id, a.hash, a.published, a.modified, a.severity, a.vectors, a.score, a.summary, a.details, a.cwes,
       a.refs, a.named, a.gone_at IS NOT NULL
  FROM json_each(:numbers) q CROSS JOIN advisory a
 WHERE a.adv_id = CAST(q.value AS BIGINT) ORDER BY a.id

-- name: aliases
SELECT l.adv_id, l.id, l.covers FROM json_each(:numbers) q CROSS JOIN alias l
 WHERE l.adv_id = CAST(q.value AS BIGINT) ORDER BY l.adv_id, l.id

-- name: vulnerabilities
SELECT x.adv_id, v.id FROM json_each(:numbers) q CROSS JOIN advisory_vulnerability x CROSS JOIN vulnerability v
 WHERE x.adv_id = CAST(q.value AS BIGINT) AND v.vuln_id = x.vuln_id ORDER BY x.adv_id, v.id

-- name: ranges
SELECT r.adv_id, n.ecosystem, n.name, r.lo, r.hi, r.low, r.high, r.fixed, r.severity
  FROM json_each(:numbers) q CROSS JOIN vrange r CROSS JOIN name n
 WHERE r.adv_id = CAST(q.value AS BIGINT) AND r.k_to = :forever AND n.name_id = r.name_id
 ORDER BY r.adv_id, n.ecosystem, n.name, r.hi, r.lo

-- name: unassessed
SELECT u.adv_id, n.ecosystem, n.name FROM json_each(:numbers) q CROSS JOIN unassessed u CROSS JOIN name n
 WHERE u.adv_id = CAST(q.value AS BIGINT) AND n.name_id = u.name_id ORDER BY u.adv_id, n.ecosystem, n.name

-- name: problems
SELECT record, code, message FROM feed_problem WHERE feed_id = :feed_id ORDER BY record, code, message

-- name: epss
SELECT cve, score, percentile FROM epss ORDER BY cve

-- name: kev
SELECT cve, added, due, ransomware FROM kev ORDER BY cve

-- name: cve
SELECT cve, description, score, vector, priority, cwes FROM cve ORDER BY cve
