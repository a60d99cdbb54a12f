-- name: places
-- Services in environments: their numbers as far as there are any, when something was said of each last, what runs there.
SELECT CAST(json_extract(q.value, '$.number') AS BIGINT), v.env_id, s.service_id,
       (SELECT max(e.at) FROM event e WHERE e.env_id = v.env_id AND e.service_id = s.service_id),
       d.deployment_id, d.image_id, d.platform, i.digest, o.reference, d.d_from, o.actor, o.source, o.commit_id, o.run_url
  FROM json_each(:rows) q
  LEFT JOIN environment v ON v.organization = json_extract(q.value, '$.organization')
                         AND v.name = json_extract(q.value, '$.environment')
  LEFT JOIN service s ON s.organization = json_extract(q.value, '$.organization')
                     AND s.name = json_extract(q.value, '$.service')
  LEFT JOIN deployment d ON d.env_id = v.env_id AND d.service_id = s.service_id AND d.d_to = 9223372036854775807
  LEFT JOIN image i ON i.image_id = d.image_id
  LEFT JOIN event o ON o.event_id = d.event_id
 ORDER BY d.deployment_id

-- name: put_environments
-- Environments that nothing was said of before, in the order in which they were first named.
INSERT INTO environment (organization, name, created_at)
SELECT json_extract(q.value, '$.organization'), json_extract(q.value, '$.name'), CAST(json_extract(q.value, '$.at') AS BIGINT)
  FROM json_each(:rows) q ORDER BY q.key
RETURNING organization, name, env_id

-- name: put_services
-- The same of services.
INSERT INTO service (organization, name)
SELECT json_extract(q.value, '$.organization'), json_extract(q.value, '$.name') FROM json_each(:rows) q ORDER BY q.key
RETURNING organization, name, service_id

-- name: put_events
INSERT INTO event (env_id, service_id, platform, action, image_id, reference, at, actor, source, commit_id, run_url)
SELECT CAST(json_extract(q.value, '$.env_id') AS BIGINT), CAST(json_extract(q.value, '$.service_id') AS BIGINT),
       json_extract(q.value, '$.platform'), json_extract(q.value, '$.action'),
       CAST(json_extract(q.value, '$.image_id') AS BIGINT), json_extract(q.value, '$.reference'),
       CAST(json_extract(q.value, '$.at') AS BIGINT), json_extract(q.value, '$.actor'), json_extract(q.value, '$.source'),
       json_extract(q.value, '$.commit'), json_extract(q.value, '$.run_url')
  FROM json_each(:rows) q ORDER BY q.key

-- name: end
UPDATE deployment SET d_to = CAST(json_extract(q.value, '$.until') AS BIGINT)
  FROM json_each(:rows) q WHERE deployment_id = CAST(json_extract(q.value, '$.number') AS BIGINT)

-- name: begin
-- What began with events, each told by its service and moment, of which there is one.
INSERT INTO deployment (env_id, service_id, platform, image_id, event_id, d_from, d_to)
SELECT e.env_id, e.service_id, e.platform, e.image_id, e.event_id, e.at, CAST(json_extract(q.value, '$.until') AS BIGINT)
  FROM json_each(:rows) q CROSS JOIN event e
 WHERE e.env_id = CAST(json_extract(q.value, '$.env_id') AS BIGINT)
   AND e.service_id = CAST(json_extract(q.value, '$.service_id') AS BIGINT)
   AND e.at = CAST(json_extract(q.value, '$.since') AS BIGINT)
 ORDER BY q.key
