-- name: due
-- The environment that was counted longest ago of those whose numbers may be others by now; never counted comes first.
SELECT v.env_id, v.organization, v.name, k.number, coalesce(g.number, 0)
  FROM environment v
  JOIN generation k ON k.kind = 'known' AND k.env_id = 0
  LEFT JOIN generation g ON g.kind = 'environment' AND g.env_id = v.env_id
  LEFT JOIN counted c ON c.env_id = v.env_id
 WHERE c.env_id IS NULL OR c.at < :old
    OR (c.at < :settled AND (c.known <> k.number OR c.ran <> coalesce(g.number, 0)))
 ORDER BY coalesce(c.at, 0), v.env_id LIMIT 1

-- name: put
-- Keep the numbers of an environment.
INSERT INTO counted (env_id, known, ran, at, document) VALUES (:env_id, :known, :ran, :at, :document)
ON CONFLICT (env_id) DO UPDATE SET known = excluded.known, ran = excluded.ran, at = excluded.at, document = excluded.document

-- name: all
-- Every environment of an organization ('' for any), what was counted last of it, and whether that still holds.
SELECT v.organization, v.name, v.created_at, coalesce(c.at, 0), coalesce(c.document, ''),
       CASE WHEN c.known = k.number AND c.ran = coalesce(g.number, 0) THEN 1 ELSE 0 END
  FROM environment v
  JOIN generation k ON k.kind = 'known' AND k.env_id = 0
  LEFT JOIN generation g ON g.kind = 'environment' AND g.env_id = v.env_id
  LEFT JOIN counted c ON c.env_id = v.env_id
 WHERE :organization = '' OR v.organization = :organization ORDER BY 1, 2

-- name: stays
-- Which images ran in an environment, and when.
SELECT image_id, d_from, d_to FROM deployment WHERE env_id = :env_id AND d_to > :since ORDER BY d_from, image_id

-- name: times
-- Since when each vulnerability was public, and since when it is known here; as far as records stand.
SELECT v.vuln_id, min(CASE WHEN a.published > 0 AND a.published < a.known_at THEN a.published ELSE a.known_at END), min(a.known_at)
  FROM advisory a JOIN advisory_vulnerability v ON v.adv_id = a.adv_id WHERE a.gone_at IS NULL GROUP BY v.vuln_id

-- name: last
-- The newest event of each environment of an organization ('' for any).
SELECT v.organization, v.name, s.name, e.reference, e.at, e.actor, e.action
  FROM (SELECT env_id, max(event_id) AS event_id FROM event GROUP BY env_id) l
  JOIN event e ON e.event_id = l.event_id
  JOIN environment v ON v.env_id = e.env_id
  JOIN service s ON s.service_id = e.service_id
 WHERE :organization = '' OR v.organization = :organization

-- name: stays_of
-- Where and when some images ran, in an organization ('' for any).
SELECT v.organization, v.name, s.name, d.platform, d.image_id, e.reference, d.d_from, d.d_to, e.actor
  FROM json_each(:images) q
  JOIN deployment d ON d.image_id = CAST(q.value AS BIGINT)
  JOIN environment v ON v.env_id = d.env_id
  JOIN service s ON s.service_id = d.service_id
  JOIN event e ON e.event_id = d.event_id
 WHERE :organization = '' OR v.organization = :organization
 ORDER BY d.d_from DESC, v.organization, v.name, s.name LIMIT :most

-- name: times_of
-- Since when a vulnerability was public, and since when it is known here.
SELECT min(CASE WHEN a.published > 0 AND a.published < a.known_at THEN a.published ELSE a.known_at END), min(a.known_at)
  FROM vulnerability w JOIN advisory_vulnerability v ON v.vuln_id = w.vuln_id JOIN advisory a ON a.adv_id = v.adv_id
 WHERE w.id = :name AND a.gone_at IS NULL

-- name: recorded
-- Images by the names they were recorded under in an organization ('' for any), the latest first: as far as they are among
-- the last recordings. running: in how many places an image runs, under whatever name.
WITH said AS (
    SELECT e.reference, e.image_id, max(e.at) AS at
      FROM (SELECT e.reference, e.image_id, e.at
              FROM event e JOIN environment v ON v.env_id = e.env_id
             WHERE e.reference >= :begin AND e.reference < :end AND e.image_id IS NOT NULL
               AND (:organization = '' OR v.organization = :organization) AND (:environment = '' OR v.name = :environment)
             ORDER BY e.event_id DESC LIMIT :window) e
     GROUP BY e.reference, e.image_id ORDER BY 3 DESC, 1, 2 LIMIT :most
)
SELECT s.reference, i.digest, s.at,
       (SELECT count(*) FROM deployment d JOIN environment v ON v.env_id = d.env_id
         WHERE d.image_id = s.image_id AND d.d_to = :forever
           AND (:organization = '' OR v.organization = :organization) AND (:environment = '' OR v.name = :environment))
  FROM said s JOIN image i ON i.image_id = s.image_id ORDER BY 3 DESC, 1, 2
