-- name: due
-- The environment that was judged longest ago of those whose answer may be another by now; never judged comes first.
SELECT v.env_id, v.organization, v.name, k.number, coalesce(g.number, 0)
  FROM environment v
  JOIN generation k ON k.kind = 'known' AND k.env_id = 0
  LEFT JOIN generation g ON g.kind = 'environment' AND g.env_id = v.env_id
  LEFT JOIN judged j ON j.env_id = v.env_id
 WHERE j.env_id IS NULL OR j.at < :old
    OR (j.at < :settled AND (j.known <> k.number OR j.ran <> coalesce(g.number, 0)))
 ORDER BY coalesce(j.at, 0), v.env_id LIMIT 1

-- name: put
-- Keep what policies say of an environment.
INSERT INTO judged (env_id, known, ran, at, policies, images) VALUES (:env_id, :known, :ran, :at, :policies, :images)
ON CONFLICT (env_id) DO UPDATE SET known = excluded.known, ran = excluded.ran, at = excluded.at, policies = excluded.policies, images = excluded.images

-- name: all
-- What policies said last of the environments of an organization ('' for any).
SELECT v.organization, v.name, j.at, j.policies FROM judged j JOIN environment v USING (env_id)
 WHERE :organization = '' OR v.organization = :organization ORDER BY 1, 2

-- name: images
-- What policies said last of each image of an environment of an organization ('' for any).
SELECT j.at, j.images FROM judged j JOIN environment v USING (env_id)
 WHERE v.name = :environment AND (:organization = '' OR v.organization = :organization)
