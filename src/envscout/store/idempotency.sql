-- name: answer
-- What was answered to a request of somebody's under a key.
SELECT request, status, response FROM idempotency WHERE subject = :subject AND key = :key

-- name: keep
INSERT INTO idempotency (subject, key, request, at, status, response)
VALUES (:subject, :key, :request, :at, :status, :response)

-- name: forget
DELETE FROM idempotency WHERE at < :before
