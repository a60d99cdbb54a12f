-- name: put_token
INSERT INTO access_token (hash, name, role, organization, environment, created_at, created_by, expires)
VALUES (:hash, :name, :role, :organization, :environment, :created_at, :created_by, :expires) RETURNING token_id

-- name: token_by_hash
SELECT token_id, name, role, organization, environment, created_at, created_by, expires, used_at, revoked_at, revoked_by, hash
  FROM access_token WHERE hash = :hash

-- name: tokens
-- The tokens of an organization, "" for all, by their numbers; of one of them where a number is given.
SELECT token_id, name, role, organization, environment, created_at, created_by, expires, used_at, revoked_at, revoked_by
  FROM access_token
 WHERE (:organization = '' OR organization = :organization) AND (:number = 0 OR token_id = :number) ORDER BY token_id

-- name: revoke
UPDATE access_token SET revoked_at = :at, revoked_by = :actor WHERE token_id = :number AND revoked_at IS NULL

-- name: used
UPDATE access_token SET used_at = :at WHERE token_id = :number

-- name: anybody
-- Whether anybody was ever let in: from then on nobody is without saying who they are.
SELECT EXISTS (SELECT 1 FROM access_token) OR EXISTS (SELECT 1 FROM trust) OR EXISTS (SELECT 1 FROM member)

-- name: put_member
INSERT INTO member (subject, role, organization, added_at, added_by)
VALUES (:subject, :role, :organization, :added_at, :added_by)
ON CONFLICT (subject, organization) DO UPDATE
    SET role = excluded.role, added_at = excluded.added_at, added_by = excluded.added_by

-- name: members
SELECT member_id, subject, role, organization, added_at, added_by FROM member
 WHERE (:organization = '' OR organization = :organization) ORDER BY organization, subject

-- name: drop_member
DELETE FROM member WHERE subject = :subject AND organization = :organization

-- name: memberships
-- What somebody is: the whole instance's first.
SELECT member_id, subject, role, organization, added_at, added_by FROM member
 WHERE subject IN (SELECT value FROM json_each(:subjects)) ORDER BY organization, member_id

-- name: memberships (postgresql)
SELECT member_id, subject, role, organization, added_at, added_by FROM member
 WHERE subject IN (SELECT value FROM json_array_elements_text(CAST(:subjects AS json))) ORDER BY organization, member_id

-- name: put_trust
INSERT INTO trust (issuer, audience, claims, role, organization, environment, added_at, added_by)
VALUES (:issuer, :audience, :claims, :role, :organization, :environment, :added_at, :added_by) RETURNING trust_id

-- name: trusts
SELECT trust_id, issuer, audience, claims, role, organization, environment, added_at, added_by FROM trust
 WHERE (:organization = '' OR organization = :organization) AND (:issuer = '' OR issuer = :issuer) ORDER BY trust_id

-- name: drop_trust
DELETE FROM trust WHERE trust_id = :number AND (:organization = '' OR organization = :organization)

-- name: put_login
INSERT INTO login (hash, binding, nonce, verifier, target, expires)
VALUES (:hash, :binding, :nonce, :verifier, :target, :expires)

-- name: drop_old_logins
DELETE FROM login WHERE expires < :at

-- name: take_login
-- A state serves once.
DELETE FROM login WHERE hash = :hash AND binding = :binding AND expires >= :at RETURNING nonce, verifier, target

-- name: put_session
INSERT INTO web_session (hash, subject, email, groups, expires) VALUES (:hash, :subject, :email, :groups, :expires)

-- name: drop_old_sessions
DELETE FROM web_session WHERE expires < :at

-- name: session
SELECT subject, email, groups, expires FROM web_session WHERE hash = :hash AND expires >= :at

-- name: drop_session
DELETE FROM web_session WHERE hash = :hash
