-- name: generations
-- How far everything has come that answers about an environment ('' for all) of an organization ('' for any) rest on.
SELECT kind, env_id, number FROM generation WHERE env_id = 0
UNION ALL
SELECT g.kind, g.env_id, g.number FROM environment v CROSS JOIN generation g
 WHERE v.name = :environment AND (:organization = '' OR v.organization = :organization)
   AND g.kind = 'environment' AND g.env_id = v.env_id
 ORDER BY 1, 2

-- name: reached
-- How far what is known has come, what is in images, and each environment of an organization and of a name, '' for all.
SELECT kind, '', '', 0, number FROM generation WHERE env_id = 0
UNION ALL
SELECT 'environment', v.organization, v.name, v.env_id, coalesce(g.number, 0)
  FROM environment v LEFT JOIN generation g ON g.kind = 'environment' AND g.env_id = v.env_id
 WHERE (:organization = '' OR v.organization = :organization) AND (:environment = '' OR v.name = :environment)
 ORDER BY 2, 3

-- name: count_known
-- What is known is not what it was.
UPDATE generation SET number = CASE WHEN number < :now THEN :now ELSE number + 1 END WHERE kind = 'known'

-- name: next_turn
-- The first moment to come at which answers change by themselves: feeds go stale, exceptions end.
SELECT min(at) FROM (
    SELECT as_of + :age + 1 AS at FROM feed_run WHERE as_of + :age + 1 > :now
    UNION ALL SELECT as_of + every + 1 FROM feed_run WHERE every > 0 AND as_of + every + 1 > :now
    UNION ALL SELECT until FROM exception WHERE until > :now) turns
