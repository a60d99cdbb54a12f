-- name: image_by_digest
-- An image with all that is known of it: as the tenant knows it, else as the whole instance runs it for the tenant.
SELECT image_id, digest, document, indexed_at, distribution, problems, tools FROM image i
 WHERE digest = :digest AND tenant IN (:tenant, '') AND (tenant = :tenant OR EXISTS (
        SELECT 1 FROM deployment d JOIN environment v USING (env_id)
         WHERE d.image_id = i.image_id AND v.organization = :tenant))
 ORDER BY tenant DESC LIMIT 1

-- name: images_by_digest
-- The numbers of images as many tenants know digests; a tenant's own comes after that of the whole instance.
SELECT CAST(json_extract(q.value, '$.number') AS BIGINT), i.image_id, i.indexed_at IS NOT NULL, 0
  FROM json_each(:rows) q CROSS JOIN image i
 WHERE i.tenant = '' AND i.digest = json_extract(q.value, '$.digest') AND json_extract(q.value, '$.tenant') <> ''
   AND EXISTS (SELECT 1 FROM deployment d JOIN environment v USING (env_id)
                WHERE d.image_id = i.image_id AND v.organization = json_extract(q.value, '$.tenant'))
 UNION ALL
SELECT CAST(json_extract(q.value, '$.number') AS BIGINT), i.image_id, i.indexed_at IS NOT NULL, 1
  FROM json_each(:rows) q CROSS JOIN image i
 WHERE i.tenant = json_extract(q.value, '$.tenant') AND i.digest = json_extract(q.value, '$.digest')
 ORDER BY 4

-- name: image_by_id
-- The same by its number.
SELECT image_id, digest, document, indexed_at, distribution, problems, tools FROM image WHERE image_id = :image_id

-- name: is_seen
-- Whether a number is that of an image that the tenant sees.
SELECT 1 FROM image i
 WHERE image_id = :image_id AND (:tenant = '' OR tenant = :tenant OR EXISTS (
        SELECT 1 FROM deployment d JOIN environment v USING (env_id)
         WHERE d.image_id = i.image_id AND v.organization = :tenant))

-- name: images_of_digest
-- The images of a digest, or of an index of that digest; which of them the tenant sees is told at image_by_digest.
SELECT image_id, digest, document, indexed_at, distribution, problems, tools FROM image i
 WHERE image_id IN (SELECT image_id FROM image WHERE digest = :digest AND tenant IN (:tenant, '')
                     UNION
                    SELECT image_id FROM image WHERE index_digest = :digest AND index_digest <> ''
                     UNION
                    SELECT image_id FROM further_index WHERE index_digest = :digest)
   AND (tenant = :tenant OR tenant = '' AND EXISTS (
        SELECT 1 FROM deployment d JOIN environment v USING (env_id)
         WHERE d.image_id = i.image_id AND v.organization = :tenant))
 ORDER BY image_id DESC LIMIT 100

-- name: led_to
-- What indexes led to, of what somebody looked into.
WITH led (index_digest, image_id) AS (
    SELECT i.index_digest, i.image_id FROM json_each(:rows) q CROSS JOIN image i
     WHERE i.index_digest = json_extract(q.value, '$.digest') AND i.index_digest <> ''
     UNION
    SELECT f.index_digest, f.image_id FROM json_each(:rows) q CROSS JOIN further_index f
     WHERE f.index_digest = json_extract(q.value, '$.digest'))
SELECT l.index_digest, i.digest, json_extract(i.document, '$.platform') FROM led l CROSS JOIN image i
 WHERE i.image_id = l.image_id AND i.indexed_at IS NOT NULL
   AND (i.tenant = :tenant OR i.tenant = '' AND EXISTS (
        SELECT 1 FROM deployment d JOIN environment v USING (env_id)
         WHERE d.image_id = i.image_id AND v.organization = :tenant))
 ORDER BY i.image_id DESC

-- name: indexes
-- The indexes that led to images; a tenant's own word comes after that of the whole instance.
SELECT i.digest, i.index_digest FROM json_each(:rows) q CROSS JOIN image i
 WHERE i.digest = json_extract(q.value, '$.digest') AND i.index_digest <> ''
   AND (i.tenant = :tenant OR i.tenant = '' AND EXISTS (
        SELECT 1 FROM deployment d JOIN environment v USING (env_id)
         WHERE d.image_id = i.image_id AND v.organization = :tenant))
 ORDER BY i.tenant

-- name: also_led
-- The further indexes that led to images.
SELECT f.image_id, f.index_digest FROM json_each(:rows) q CROSS JOIN further_index f
 WHERE f.image_id = CAST(json_extract(q.value, '$.image_id') AS BIGINT)

-- name: put_further_index
-- Keep that a further index led to an image.
INSERT INTO further_index (index_digest, image_id) VALUES (:index_digest, :image_id) ON CONFLICT DO NOTHING

-- name: keep_index
-- Keep the index that led to an image which is about to be described anew, unless by the same one.
INSERT INTO further_index (index_digest, image_id)
SELECT index_digest, image_id FROM image
 WHERE tenant = :tenant AND digest = :digest AND index_digest NOT IN ('', :index_digest)
ON CONFLICT DO NOTHING

-- name: put_image
-- Keep an image; one known before gets its newer description.
INSERT INTO image (digest, document, indexed_at, distribution, problems, tools, chain, index_digest, twofold, tenant)
VALUES (:digest, :document, :indexed_at, :distribution, :problems, :tools, :chain, :index_digest, :twofold, :tenant)
ON CONFLICT (tenant, digest) DO UPDATE SET document = excluded.document, indexed_at = excluded.indexed_at,
    distribution = excluded.distribution, problems = excluded.problems, tools = excluded.tools, chain = excluded.chain,
    index_digest = excluded.index_digest, twofold = excluded.twofold
RETURNING image_id

-- name: put_unindexed
-- Keep the digest of an image whose content is not known; what is known already stays.
INSERT INTO image (digest, document, indexed_at, distribution, problems, tools, index_digest, tenant)
VALUES (:digest, :document, NULL, NULL, '[]', '[]', :index_digest, :tenant)
ON CONFLICT (tenant, digest) DO UPDATE SET digest = excluded.digest
RETURNING image_id

-- name: put_all_unindexed
-- The same of many that are not known.
INSERT INTO image (digest, document, indexed_at, distribution, problems, tools, index_digest, tenant)
SELECT json_extract(q.value, '$.digest'), json_extract(q.value, '$.document'), NULL, NULL, '[]', '[]',
       json_extract(q.value, '$.index_digest'), json_extract(q.value, '$.tenant')
  FROM json_each(:rows) q ORDER BY q.key

-- name: images_of_chains
-- Images of one of these chains of layers, in their order, with the name under which each was recorded last.
SELECT c.key, i.digest, i.document, coalesce((
    SELECT e.reference FROM deployment d JOIN event e USING (event_id)
     WHERE d.image_id = i.image_id ORDER BY d.d_from DESC LIMIT 1), '')
  FROM json_each(:chains) c CROSS JOIN image i ON i.chain = c.value AND i.tenant = :tenant
 ORDER BY c.key, i.image_id DESC LIMIT 100

-- name: images_of_chains (postgresql)
SELECT c.key - 1, i.digest, i.document, coalesce((
    SELECT e.reference FROM deployment d JOIN event e USING (event_id)
     WHERE d.image_id = i.image_id ORDER BY d.d_from DESC LIMIT 1), '')
  FROM json_array_elements_text(CAST(:chains AS json)) WITH ORDINALITY c (value, key) JOIN image i ON i.chain = c.value AND i.tenant = :tenant
 ORDER BY c.key, i.image_id DESC LIMIT 100

-- name: set_ids
SELECT set_id FROM image_set WHERE image_id = ? ORDER BY set_id

-- name: forget_sets
DELETE FROM image_set WHERE image_id = ?

-- name: put_image_sets
INSERT INTO image_set (image_id, set_id, layer)
SELECT CAST(:image_id AS BIGINT), CAST(json_extract(q.value, '$.set_id') AS BIGINT), json_extract(q.value, '$.layer')
  FROM json_each(:rows) q WHERE true
ON CONFLICT DO NOTHING

-- name: components
-- Every component of an image with its layer and locations.
SELECT s.layer, c.type, c.name, c.version, c.purl, c.source_name, c.source_version, c.architecture, c.licenses, sc.locations, c.owner
  FROM image_set s
  JOIN set_component sc ON sc.set_id = s.set_id
  JOIN component c ON c.comp_id = sc.comp_id
 WHERE s.image_id = :image_id
 ORDER BY c.type, c.name, c.version, c.purl, sc.locations

-- name: component_count
SELECT count(*) FROM image_set JOIN set_component USING (set_id) WHERE image_id = ?

-- name: ecosystems_in_use
-- Ecosystems that stored packages belong to: from one to the next by the index, and of each the first package.
WITH RECURSIVE known (ecosystem) AS (
    SELECT min(ecosystem) FROM name WHERE ecosystem > ''
    UNION ALL
    SELECT (SELECT min(n.ecosystem) FROM name n WHERE n.ecosystem > k.ecosystem) FROM known k
     WHERE k.ecosystem IS NOT NULL)
SELECT k.ecosystem FROM known k
 WHERE EXISTS (SELECT 1 FROM name n CROSS JOIN package p WHERE n.ecosystem = k.ecosystem AND p.name_id = n.name_id)

-- name: unused_images
-- Images that no event ever named.
SELECT image_id, digest, document, indexed_at FROM image
 WHERE image_id NOT IN (SELECT image_id FROM event WHERE image_id IS NOT NULL)
   AND (:tenant = '' OR tenant = :tenant)
 ORDER BY image_id

-- name: drop_image
DELETE FROM image WHERE image_id = ?

-- name: drop_orphan_image_sets
DELETE FROM image_set WHERE image_id NOT IN (SELECT image_id FROM image)

-- name: drop_orphan_further_indexes
DELETE FROM further_index WHERE image_id NOT IN (SELECT image_id FROM image)

-- name: drop_orphan_sets
DELETE FROM package_set WHERE set_id NOT IN (SELECT set_id FROM image_set)

-- name: drop_orphan_set_summaries
DELETE FROM set_summary WHERE set_id NOT IN (SELECT set_id FROM package_set)

-- name: drop_orphan_set_components
DELETE FROM set_component WHERE set_id NOT IN (SELECT set_id FROM package_set)

-- name: drop_orphan_set_packages
DELETE FROM set_pkg WHERE set_id NOT IN (SELECT set_id FROM package_set)

-- name: drop_orphan_components
DELETE FROM component WHERE comp_id NOT IN (SELECT comp_id FROM set_component)

-- name: drop_orphan_packages
DELETE FROM package WHERE pkg_id NOT IN (SELECT pkg_id FROM component)

-- name: drop_orphan_findings
DELETE FROM finding WHERE pkg_id NOT IN (SELECT pkg_id FROM package)

-- name: drop_orphan_seen
DELETE FROM seen WHERE image_id NOT IN (SELECT image_id FROM image)

-- name: drop_orphan_looks
DELETE FROM attached_look WHERE image_id NOT IN (SELECT image_id FROM image)
