-- name: last
-- The number and the hash of the row that was appended last.
SELECT audit_id, hash FROM audit ORDER BY audit_id DESC LIMIT 1

-- name: append
INSERT INTO audit (audit_id, at, actor, role, organization, operation, target, request_id, outcome, previous, hash)
VALUES (:number, :at, :actor, :role, :organization, :operation, :target, :request_id, :outcome, :previous, :hash)

-- name: rows
-- Rows after one of a number, in their order.
SELECT audit_id, at, actor, role, organization, operation, target, request_id, outcome, previous, hash FROM audit
 WHERE audit_id > :after AND (:organization = '' OR organization = :organization) ORDER BY audit_id LIMIT :most
