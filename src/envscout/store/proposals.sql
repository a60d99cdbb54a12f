-- name: put
INSERT INTO proposal (organization, environment, document, asked_at, asked_by)
VALUES (:organization, :environment, :document, :at, :actor) RETURNING proposal_id

-- name: listed
-- What was asked for: all of it, or what nobody decided on yet; one alone, where its number is not 0.
SELECT proposal_id, organization, environment, document, asked_at, asked_by, decided_at, decided_by, approved, why
  FROM proposal
 WHERE (:number = 0 OR proposal_id = :number) AND (:every = 1 OR decided_at IS NULL)
   AND (:tenant = '' OR organization = :tenant)
 ORDER BY proposal_id

-- name: waiting
SELECT count(*) FROM proposal WHERE decided_at IS NULL

-- name: decide
UPDATE proposal SET decided_at = :at, decided_by = :actor, approved = :approved, why = :why
 WHERE proposal_id = :number AND decided_at IS NULL
