-- name: where
-- The environments and services where a vulnerability runs now.
SELECT DISTINCT d.env_id, d.service_id
  FROM asked q JOIN vulnerability v ON v.id = q.name JOIN advisory_vulnerability av USING (vuln_id)
  JOIN finding f USING (adv_id) JOIN set_pkg m USING (pkg_id) JOIN image_set x USING (set_id)
  JOIN deployment d ON d.image_id = x.image_id
 WHERE q.number = CAST(:cve AS integer) AND d.d_to > 4000000000000000 AND d.d_from <= 4000000000000000;

-- name: summary
-- How many vulnerabilities of which severity an environment has.
SELECT a.severity, count(DISTINCT av.vuln_id)
  FROM environment v JOIN deployment d USING (env_id) JOIN image_set x USING (image_id) JOIN set_pkg m USING (set_id)
  JOIN finding f USING (pkg_id) JOIN advisory a USING (adv_id) JOIN advisory_vulnerability av USING (adv_id)
 WHERE v.name = 'env-' || CAST(:env AS text) AND d.d_to > 4000000000000000 AND d.d_from <= 4000000000000000
 GROUP BY a.severity;

-- name: compare
-- What the services of two environments have: the least that their comparison must look at, counted.
SELECT count(*) FROM (
    SELECT DISTINCT d.env_id, d.service_id, av.vuln_id
      FROM environment v JOIN deployment d USING (env_id) JOIN image_set x USING (image_id) JOIN set_pkg m USING (set_id)
      JOIN finding f USING (pkg_id) JOIN advisory_vulnerability av USING (adv_id)
     WHERE v.name IN ('env-' || CAST(:env AS text), 'env-' || CAST(:other AS text)) AND d.d_to > 4000000000000000
       AND d.d_from <= 4000000000000000) q;

-- name: record
-- What runs in a slot ends, something else begins, and both are remembered: one transaction.
WITH said AS (
    INSERT INTO event (env_id, service_id, platform, action, image_id, reference, at, actor, source, commit_id, run_url)
    SELECT env_id, CAST(:service AS bigint), '', 'record', CAST(:image AS bigint), 'bare', 3000000000000000 + CAST(:moment AS bigint), 'ci', 'ci', '', ''
      FROM environment WHERE name = 'bare-' || CAST(:env AS text)
    RETURNING event_id, env_id, service_id, image_id, at),
ended AS (
    UPDATE deployment d SET d_to = s.at FROM said s
     WHERE d.env_id = s.env_id AND d.service_id = s.service_id AND d.d_to = 9223372036854775807)
INSERT INTO deployment (env_id, service_id, platform, image_id, event_id, d_from, d_to)
SELECT env_id, service_id, '', image_id, event_id, at, 9223372036854775807 FROM said;

-- name: asked
CREATE TABLE asked (number INTEGER PRIMARY KEY, name TEXT COLLATE "C" NOT NULL);

-- name: bare_environments
-- Where bare SQL records, so that the answers of the product stay what they are.
INSERT INTO environment (organization, name, created_at) SELECT 'bare', replace(name, 'env-', 'bare-'), 0 FROM environment;

-- name: some_cves
-- CVEs that stand somewhere, spread over the popular and the rare.
SELECT DISTINCT v.id FROM vulnerability v JOIN advisory_vulnerability USING (vuln_id) JOIN finding USING (adv_id)
 WHERE mod(v.vuln_id, %(step)s) = 0 ORDER BY v.id LIMIT 200;

-- name: columns
SELECT table_name, column_name, is_identity = 'YES' FROM information_schema.columns
 WHERE table_schema = current_schema() ORDER BY table_name, ordinal_position;
