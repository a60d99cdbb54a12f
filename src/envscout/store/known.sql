-- Each query tells the first names of a range in order, and its last one; of a tenant, what is theirs or everybody's.

-- name: environments
WITH found AS (
    SELECT DISTINCT name FROM environment
     WHERE name >= :prefix AND name < :end AND (:organization = '' OR organization = :organization)
       AND (:environment = '' OR name = :environment) AND (:tenant = '' OR organization = :tenant))
SELECT name FROM (SELECT name FROM found ORDER BY name LIMIT :limit - 1) q
 UNION
SELECT name FROM (SELECT name FROM found ORDER BY name DESC LIMIT 1) q
 ORDER BY 1

-- name: organizations
WITH found AS (
    SELECT organization AS name FROM environment
     WHERE organization >= :prefix AND organization < :end AND (:tenant = '' OR organization = :tenant)
     UNION
    SELECT organization FROM enrolled
     WHERE organization >= :prefix AND organization < :end AND (:tenant = '' OR organization = :tenant))
SELECT name FROM (SELECT name FROM found ORDER BY name LIMIT :limit - 1) q
 UNION
SELECT name FROM (SELECT name FROM found ORDER BY name DESC LIMIT 1) q
 ORDER BY 1

-- name: services
-- Services that were ever recorded, in one environment or in any.
WITH found AS (
    SELECT DISTINCT s.name FROM service s
     WHERE s.name >= :prefix AND s.name < :end AND (:organization = '' OR s.organization = :organization)
       AND (:tenant = '' OR s.organization = :tenant)
       AND (:environment = '' OR EXISTS (
             SELECT 1 FROM environment v JOIN event e USING (env_id)
              WHERE v.name = :environment AND v.organization = s.organization AND e.service_id = s.service_id)))
SELECT name FROM (SELECT name FROM found ORDER BY name LIMIT :limit - 1) q
 UNION
SELECT name FROM (SELECT name FROM found ORDER BY name DESC LIMIT 1) q
 ORDER BY 1

-- name: references
-- Images by the names they were recorded under; older ones are passed over, as names have no index.
WITH found AS (
    SELECT DISTINCT q.reference AS name
      FROM (SELECT reference, env_id FROM event ORDER BY event_id DESC LIMIT 2000) q JOIN environment v USING (env_id)
     WHERE q.reference >= :prefix AND q.reference < :end AND (:tenant = '' OR v.organization = :tenant)
       AND (:environment = '' OR v.name = :environment))
SELECT name FROM (SELECT name FROM found ORDER BY name LIMIT :limit - 1) q
 UNION
SELECT name FROM (SELECT name FROM found ORDER BY name DESC LIMIT 1) q
 ORDER BY 1

-- name: exceptions
-- Exceptions that nobody has taken back.
WITH found AS (
    SELECT CAST(exception_id AS TEXT) AS name FROM exception
     WHERE exception_id NOT IN (SELECT exception_id FROM exception_event WHERE action = 'removed')
       AND (:tenant = '' OR organization IN ('', :tenant))
       AND (:environment = '' OR environment IN ('', :environment)))
SELECT name FROM found WHERE name >= :prefix AND name < :end ORDER BY length(name), name LIMIT :limit

-- name: vulnerabilities
SELECT id FROM (SELECT id FROM vulnerability WHERE id >= :prefix AND id < :end ORDER BY id LIMIT :limit - 1) q
 UNION
SELECT id FROM (SELECT id FROM vulnerability WHERE id >= :prefix AND id < :end ORDER BY id DESC LIMIT 1) q
 ORDER BY 1

-- name: packages
-- Names of packages of any image that is the tenant's, or runs for them.
WITH found AS (
    SELECT name FROM component c
     WHERE name >= :prefix AND name < :end
       AND (:tenant = '' OR EXISTS (
             SELECT 1 FROM set_component m JOIN image_set USING (set_id) JOIN image i USING (image_id)
              WHERE m.comp_id = c.comp_id AND (i.tenant = :tenant OR EXISTS (
                    SELECT 1 FROM deployment d JOIN environment v USING (env_id)
                     WHERE d.image_id = i.image_id AND v.organization = :tenant)))))
SELECT name FROM (SELECT DISTINCT name FROM found ORDER BY name LIMIT :limit - 1) q
 UNION
SELECT name FROM (SELECT name FROM found ORDER BY name DESC LIMIT 1) q
 ORDER BY 1
