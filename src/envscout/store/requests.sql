-- name: ask
-- Queue an image. One that waits already is tried sooner, never later.
INSERT INTO index_request
       (tenant, organization, reference, platform, priority, state, worker, attempts, asked, due, ended, digest, problem)
VALUES (:tenant, :organization, :reference, :platform, :priority, 'waiting', '', 0, :at, :at, 0, '', '')
ON CONFLICT (tenant, organization, reference, platform) WHERE state = 'waiting' DO UPDATE
   SET priority = CASE WHEN excluded.priority > index_request.priority THEN excluded.priority
                       ELSE index_request.priority END,
       due = CASE WHEN excluded.due < index_request.due THEN excluded.due ELSE index_request.due END
RETURNING request_id

-- name: waiting
SELECT count(*) FROM index_request WHERE state = 'waiting'

-- name: counts
-- How many requests there are in each state, and when the oldest of them was made.
SELECT state, count(*), min(asked) FROM index_request GROUP BY state

-- name: next
-- What is to be looked into now: the most urgent first, then who has waited longest. Whoever began it is gone.
SELECT request_id, tenant, organization, reference, platform, attempts FROM index_request
 WHERE state = 'waiting' AND due <= :at
   AND (worker = '' OR worker NOT IN (SELECT name FROM worker WHERE seen >= :since))
 ORDER BY priority DESC, due, request_id LIMIT 1

-- name: claim
UPDATE index_request SET worker = :worker WHERE request_id = :request_id

-- name: postpone
-- Try again later.
UPDATE index_request SET worker = '', attempts = attempts + 1, due = :due, problem = :problem
 WHERE request_id = :request_id AND state = 'waiting'

-- name: settle
-- Note what became of a request.
UPDATE index_request SET state = :state, worker = '', ended = :at, digest = :digest, problem = :problem
 WHERE request_id = :request_id AND state = 'waiting'

-- name: give_back
-- Let somebody else do it.
UPDATE index_request SET worker = '' WHERE state = 'waiting' AND request_id = :request_id

-- name: requests
-- What was asked for, the newest first. organization, state: '' for any.
SELECT request_id, organization, reference, platform, priority, state, worker, attempts, asked, due, ended, digest,
       problem
  FROM index_request
 WHERE (:organization = '' OR organization = :organization) AND (:state = '' OR state = :state)
   AND (:before = 0 OR request_id < :before)
 ORDER BY request_id DESC LIMIT :most
