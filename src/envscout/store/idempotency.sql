-- name: answers
-- What was answered to requests under their keys.
SELECT i.subject, i.key, i.request, i.status, i.response FROM json_each(:rows) q CROSS JOIN idempotency i
 WHERE i.subject = json_extract(q.value, '$.subject') AND i.key = json_extract(q.value, '$.key')

-- name: keep
INSERT INTO idempotency (subject, key, request, at, status, response)
VALUES (:subject, :key, :request, :at, :status, :response)

-- name: forget
DELETE FROM idempotency WHERE at < :before
