-- name: last
-- The number and the hash of the row that was appended last.
SELECT audit_id, hash FROM audit ORDER BY audit_id DESC LIMIT 1

-- name: append
INSERT INTO audit (audit_id, at, actor, role, organization, operation, target, request_id, outcome, previous, hash)
SELECT CAST(json_extract(q.value, '$.number') AS BIGINT), CAST(json_extract(q.value, '$.at') AS BIGINT),
       json_extract(q.value, '$.actor'), json_extract(q.value, '$.role'), json_extract(q.value, '$.organization'),
       json_extract(q.value, '$.operation'), json_extract(q.value, '$.target'), json_extract(q.value, '$.request_id'),
       json_extract(q.value, '$.outcome'), json_extract(q.value, '$.previous'), json_extract(q.value, '$.hash')
  FROM json_each(:rows) q ORDER BY q.key

-- name: rows
-- Rows after one of a number, in their order.
SELECT audit_id, at, actor, role, organization, operation, target, request_id, outcome, previous, hash FROM audit
 WHERE audit_id > :after AND (:organization = '' OR organization = :organization) ORDER BY audit_id LIMIT :most

-- name: newest
-- Rows before one of a number (0: all), the newest first.
SELECT audit_id, at, actor, role, organization, operation, target, request_id, outcome, previous, hash FROM audit
 WHERE (:before = 0 OR audit_id < :before) AND (:organization = '' OR organization = :organization)
 ORDER BY audit_id DESC LIMIT :most
