-- name: see
-- Note that a tag stands for an image, unless up to then it was that which was seen last on the platform; '' fits all.
INSERT INTO seen (repository, tag, at, image_id)
SELECT :repository, :tag, CAST(:at AS BIGINT), n.image_id FROM image n
 WHERE n.image_id = :image_id AND n.image_id <> coalesce((
        SELECT s.image_id FROM seen s JOIN image i USING (image_id)
         WHERE s.repository = :repository AND s.tag = :tag AND i.tenant = n.tenant AND s.at <= CAST(:at AS BIGINT)
           AND (json_extract(n.document, '$.platform') = '' OR json_extract(i.document, '$.platform') IN ('', json_extract(n.document, '$.platform')))
         ORDER BY s.at DESC, s.image_id DESC LIMIT 1), 0)
ON CONFLICT DO NOTHING

-- name: seen_last
-- What a tag was last seen to stand for on a platform, '' for any.
SELECT s.image_id FROM seen s JOIN image i USING (image_id)
 WHERE s.repository = :repository AND s.tag = :tag AND i.tenant = :tenant
   AND (:platform = '' OR json_extract(i.document, '$.platform') IN ('', :platform))
 ORDER BY s.at DESC, s.image_id DESC LIMIT 1

-- name: was_seen
-- Whether a tag ever stood for an image.
SELECT 1 FROM seen WHERE repository = :repository AND tag = :tag AND image_id = :image_id LIMIT 1

-- name: tags
-- What the tags of a repository stood for, each image once, what was seen last first.
SELECT s.tag, max(s.at), s.image_id FROM seen s JOIN image i USING (image_id)
 WHERE s.repository = :repository AND i.tenant = :tenant AND i.indexed_at IS NOT NULL
 GROUP BY s.tag, s.image_id ORDER BY 2 DESC, 3 DESC LIMIT :most

-- name: stood_for
-- What a tag stood for on a platform up to a moment: what it was seen to stand for last.
SELECT i.document, s.at FROM seen s JOIN image i USING (image_id)
 WHERE s.repository = :repository AND s.tag = :tag AND i.tenant = :tenant AND s.at <= :at
   AND json_extract(i.document, '$.platform') IN ('', :platform)
 ORDER BY s.at DESC, s.image_id DESC LIMIT 1

-- name: stand_for
-- The digests of what tags were last seen to stand for, each on the platform of an image.
SELECT CAST(json_extract(q.value, '$.number') AS BIGINT), (
    SELECT i.digest FROM seen s JOIN image i USING (image_id)
     WHERE s.repository = json_extract(q.value, '$.repository') AND s.tag = json_extract(q.value, '$.tag')
       AND i.tenant = :tenant AND json_extract(i.document, '$.platform') IN ('', json_extract(r.document, '$.platform'))
     ORDER BY s.at DESC, s.image_id DESC LIMIT 1)
  FROM json_each(:rows) q CROSS JOIN image r WHERE r.image_id = CAST(json_extract(q.value, '$.image_id') AS BIGINT)

-- name: names_recorded
-- The names that were recorded, each with its organization and service and when it was recorded last.
SELECT v.organization, s.name, e.reference, max(e.at)
  FROM event e JOIN environment v USING (env_id) JOIN service s USING (service_id)
 WHERE e.action <> 'remove' AND (:tenant = '' OR v.organization = :tenant) GROUP BY 1, 2, 3

-- name: enrolled
SELECT organization, repository, at FROM enrolled
 WHERE repository <> '' AND (:tenant = '' OR organization = :tenant)

-- name: repositories_seen
SELECT s.repository, max(s.at), count(DISTINCT s.image_id) FROM seen s JOIN image i USING (image_id)
 WHERE i.tenant = :tenant GROUP BY s.repository

-- name: switches
-- The last word on each repository.
SELECT repository, enabled FROM repository_switch
 WHERE switch_id IN (SELECT max(switch_id) FROM repository_switch WHERE tenant = :tenant GROUP BY repository)

-- name: last_switch
SELECT enabled FROM repository_switch
 WHERE repository = :repository AND tenant = :tenant ORDER BY switch_id DESC LIMIT 1

-- name: switch
INSERT INTO repository_switch (repository, enabled, at, tenant) VALUES (:repository, :enabled, :at, :tenant)

-- name: put_integration
INSERT INTO integration (organization, type, name, parameters, at) VALUES (:organization, :type, :name, :parameters, :at)
ON CONFLICT (organization, type, name) DO UPDATE SET parameters = excluded.parameters, at = excluded.at

-- name: drop_integration
DELETE FROM integration WHERE organization = :organization AND type = :type AND (:name = '' OR name = :name)

-- name: integrations
SELECT organization, type, name, parameters, at FROM integration
 WHERE (:organization = '' OR organization = :organization) ORDER BY organization, type, name
