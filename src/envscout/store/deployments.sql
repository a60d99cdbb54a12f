-- name: enrol
INSERT INTO enrolled (organization, repository, at) VALUES (:organization, :repository, :at) ON CONFLICT DO NOTHING

-- name: environments
-- Environments with the number of images that run in them at a moment.
SELECT v.organization, v.name,
       (SELECT count(DISTINCT d.image_id) FROM deployment d WHERE d.env_id = v.env_id AND d.d_from <= :at AND d.d_to > :at)
  FROM environment v
 WHERE (:organization = '' OR v.organization = :organization) AND v.created_at <= :at
 ORDER BY v.organization, v.name

-- name: running
-- What runs in an environment at a moment; service: its name, or '' for all.
SELECT v.organization, v.name, s.name, d.platform, d.image_id, i.digest, e.reference, d.d_from, d.d_to,
       e.actor, e.source, e.commit_id, e.run_url
  FROM environment v CROSS JOIN deployment d CROSS JOIN service s CROSS JOIN image i CROSS JOIN event e
 WHERE v.name = :environment AND (:organization = '' OR v.organization = :organization)
   AND d.env_id = v.env_id AND d.d_from <= :at AND d.d_to > :at
   AND s.service_id = d.service_id AND (:service = '' OR s.name = :service OR s.name = :other)
   AND i.image_id = d.image_id AND e.event_id = d.event_id
 ORDER BY v.organization, s.name, d.platform, d.d_from, d.deployment_id

-- name: newest
-- What was recorded last of a service, wherever.
SELECT v.organization, v.name, s.name, d.platform, d.image_id, i.digest, e.reference, d.d_from, d.d_to,
       e.actor, e.source, e.commit_id, e.run_url
  FROM service s JOIN deployment d USING (service_id) JOIN environment v USING (env_id)
  JOIN image i USING (image_id) JOIN event e USING (event_id)
 WHERE (:organization = '' OR s.organization = :organization) AND (s.name = :service OR s.name = :other)
   AND d.d_from <= :at
 ORDER BY d.d_from DESC, d.deployment_id DESC LIMIT 1

-- name: named_last
-- The image that a name stood for when it was recorded last.
SELECT i.digest, i.index_digest FROM event e JOIN image i USING (image_id) JOIN environment v USING (env_id)
 WHERE (e.reference = :name OR e.reference = :full) AND (:tenant = '' OR v.organization = :tenant) ORDER BY e.at DESC, e.event_id DESC LIMIT 1

-- name: service_last
-- The image that a name stood for when it was recorded last as a service that is called like its repository.
SELECT i.digest, i.index_digest FROM service s CROSS JOIN environment v CROSS JOIN event e CROSS JOIN image i
 WHERE s.name = :service AND (:tenant = '' OR s.organization = :tenant)
   AND (:organization = '' OR s.organization = :organization) AND v.organization = s.organization
   AND e.env_id = v.env_id AND e.service_id = s.service_id AND (e.reference = :name OR e.reference = :full)
   AND e.at <= :at AND i.image_id = e.image_id
 ORDER BY e.at DESC, e.event_id DESC LIMIT 1

-- name: events
-- What was ever said of an environment, newest first.
SELECT v.organization, v.name, s.name, e.platform, e.action, i.digest, e.reference, e.at, e.actor, e.source, e.commit_id, e.run_url
  FROM environment v JOIN event e USING (env_id) JOIN service s USING (service_id) LEFT JOIN image i USING (image_id)
 WHERE v.name = :environment AND (:organization = '' OR v.organization = :organization)
   AND (:service = '' OR s.name = :service OR s.name = :other) AND e.at <= :at
 ORDER BY e.at DESC, e.event_id DESC

-- name: running_of
-- Where some images run at a moment.
SELECT v.organization, v.name, s.name, d.platform, d.image_id, i.digest, e.reference, d.d_from, d.d_to,
       e.actor, e.source, e.commit_id, e.run_url
  FROM json_each(:numbers) q CROSS JOIN deployment d CROSS JOIN environment v CROSS JOIN service s CROSS JOIN image i CROSS JOIN event e
 WHERE d.image_id = q.value AND d.d_from <= :at AND d.d_to > :at AND v.env_id = d.env_id
   AND (:organization = '' OR v.organization = :organization) AND (:environment = '' OR v.name = :environment)
   AND s.service_id = d.service_id AND i.image_id = d.image_id AND e.event_id = d.event_id
 ORDER BY v.organization, v.name, s.name, d.platform, d.d_from, d.deployment_id

-- name: running_of (postgresql)
SELECT v.organization, v.name, s.name, d.platform, d.image_id, i.digest, e.reference, d.d_from, d.d_to,
       e.actor, e.source, e.commit_id, e.run_url
  FROM json_array_elements_text(CAST(:numbers AS json)) q CROSS JOIN deployment d CROSS JOIN environment v CROSS JOIN service s CROSS JOIN image i CROSS JOIN event e
 WHERE d.image_id = CAST(q.value AS bigint) AND d.d_from <= :at AND d.d_to > :at AND v.env_id = d.env_id
   AND (:organization = '' OR v.organization = :organization) AND (:environment = '' OR v.name = :environment)
   AND s.service_id = d.service_id AND i.image_id = d.image_id AND e.event_id = d.event_id
 ORDER BY v.organization, v.name, s.name, d.platform, d.d_from, d.deployment_id

-- name: similar
-- Names of packages that hold a text, the shortest first.
SELECT name FROM component c WHERE instr(lower(name), lower(:name)) > 0
   AND (:tenant = '' OR EXISTS (
        SELECT 1 FROM set_component m JOIN image_set x USING (set_id) JOIN image i USING (image_id)
         WHERE m.comp_id = c.comp_id AND (i.tenant = :tenant OR EXISTS (
               SELECT 1 FROM deployment d JOIN environment v USING (env_id)
                WHERE d.image_id = i.image_id AND v.organization = :tenant))))
 GROUP BY name ORDER BY length(name), name LIMIT :most

-- name: kinds
-- What runs somewhere at a moment, by what bears on how far an answer about it can be trusted.
SELECT i.indexed_at IS NOT NULL, i.distribution, i.problems, min(i.image_id), count(*)
  FROM (SELECT DISTINCT d.image_id FROM deployment d JOIN environment v USING (env_id)
         WHERE d.d_from <= :at AND d.d_to > :at AND (:organization = '' OR v.organization = :organization)
           AND (:environment = '' OR v.name = :environment)) r
  CROSS JOIN image i
 WHERE i.image_id = r.image_id
 GROUP BY 1, 2, 3 ORDER BY 4

-- name: promotions
-- What was said to run from a moment on, and began to, between two moments; what was only said again is left out.
SELECT e.event_id, d.image_id, v.organization, v.name, s.name, d.platform, i.digest, e.reference, d.d_from, d.d_to,
       e.actor, e.source, e.commit_id, e.run_url
  FROM event e JOIN deployment d ON d.event_id = e.event_id JOIN environment v ON v.env_id = e.env_id
  JOIN service s ON s.service_id = e.service_id JOIN image i ON i.image_id = d.image_id
 WHERE e.at >= :since AND e.at <= :until AND (:organization = '' OR v.organization = :organization)
   AND (:environment = '' OR v.name = :environment) AND (:service = '' OR s.name = :service OR s.name = :other)
 ORDER BY e.at, e.event_id

-- name: before_promotions
-- What ran in the same place just before each of those.
SELECT e.event_id, d.image_id, v.organization, v.name, s.name, d.platform, i.digest, o.reference, d.d_from, d.d_to,
       o.actor, o.source, o.commit_id, o.run_url
  FROM event e CROSS JOIN deployment d CROSS JOIN event o CROSS JOIN environment v CROSS JOIN service s CROSS JOIN image i
 WHERE e.at >= :since AND e.at <= :until AND e.action <> 'remove'
   AND d.env_id = e.env_id AND d.service_id = e.service_id AND (e.platform = '' OR d.platform = e.platform)
   AND d.d_from < e.at AND d.d_to >= e.at AND o.event_id = d.event_id
   AND v.env_id = e.env_id AND s.service_id = e.service_id AND i.image_id = d.image_id
   AND (:organization = '' OR v.organization = :organization) AND (:environment = '' OR v.name = :environment)
   AND (:service = '' OR s.name = :service OR s.name = :other)
 ORDER BY e.event_id, d.d_from, d.deployment_id

-- name: repeated
-- How often something was only said again between two moments.
SELECT count(*) FROM event e JOIN environment v USING (env_id) JOIN service s USING (service_id)
 WHERE e.at >= :since AND e.at <= :until AND e.action <> 'remove'
   AND NOT EXISTS (SELECT 1 FROM deployment d WHERE d.event_id = e.event_id)
   AND (:organization = '' OR v.organization = :organization) AND (:environment = '' OR v.name = :environment)
   AND (:service = '' OR s.name = :service OR s.name = :other)
