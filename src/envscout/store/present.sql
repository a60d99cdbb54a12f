-- name: kinds
-- What bears on how far answers about the images can be trusted that run in an environment now.
SELECT i.image_id, i.indexed_at, i.distribution, i.problems
  FROM (SELECT DISTINCT image_id FROM deployment WHERE env_id = :env_id AND d_to = 9223372036854775807) r
  CROSS JOIN image i
 WHERE i.image_id = r.image_id
