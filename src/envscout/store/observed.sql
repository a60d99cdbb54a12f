-- name: declared
-- What was last said to run in an environment, by those who do not look at what runs: the newest record of each slot,
-- and what came after it.
SELECT v.organization, v.name, s.name, e.platform, e.action, i.digest, e.reference, e.at, e.actor, e.source, e.commit_id, e.run_url
  FROM environment v CROSS JOIN event e JOIN service s ON s.service_id = e.service_id LEFT JOIN image i ON i.image_id = e.image_id
 WHERE v.organization = :organization AND v.name = :environment AND e.env_id = v.env_id
   AND e.source NOT IN ('kubernetes', 'docker')
   AND e.at >= coalesce((SELECT max(l.at) FROM event l
                          WHERE l.env_id = e.env_id AND l.service_id = e.service_id AND l.platform = e.platform
                            AND l.action = 'record' AND l.source NOT IN ('kubernetes', 'docker')), 0)
 ORDER BY e.at, e.event_id

-- name: look
SELECT o.source, o.actor, o.at, o.drifting FROM environment v JOIN observed o ON o.env_id = v.env_id
 WHERE v.organization = :organization AND v.name = :environment

-- name: seen
-- Apart from the look: it is long, and few ask for it.
SELECT o.seen FROM environment v JOIN observed o ON o.env_id = v.env_id
 WHERE v.organization = :organization AND v.name = :environment

-- name: put
INSERT INTO observed (env_id, source, actor, at, drifting, seen)
SELECT v.env_id, :source, :actor, :at, :drifting, :seen FROM environment v
 WHERE v.organization = :organization AND v.name = :environment
ON CONFLICT (env_id) DO UPDATE SET source = excluded.source, actor = excluded.actor, at = excluded.at, drifting = excluded.drifting, seen = excluded.seen
