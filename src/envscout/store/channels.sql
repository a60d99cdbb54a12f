-- name: add
INSERT INTO channel (organization, name, kind, address, secrets, terms, state, problem, failures, next_try, created_at)
VALUES (:organization, :name, :kind, :address, :secrets, :terms, 'active', '', 0, 0, :at)
ON CONFLICT (organization, name) DO NOTHING RETURNING channel_id

-- name: channels
-- Channels of an organization, or of all ('' with :all), by name.
SELECT channel_id, organization, name, kind, address, secrets, terms, state, problem, failures, next_try, created_at
  FROM channel WHERE (:every OR organization = :organization) AND (:name = '' OR name = :name)
 ORDER BY organization, name

-- name: channel
SELECT channel_id, organization, name, kind, address, secrets, terms, state, problem, failures, next_try, created_at
  FROM channel WHERE channel_id = :channel_id

-- name: change
-- Change where a channel leads and when it is told.
UPDATE channel SET kind = :kind, address = :address, secrets = :secrets, terms = :terms WHERE channel_id = :channel_id

-- name: set_state
UPDATE channel SET state = :state, problem = :problem, failures = 0, next_try = 0 WHERE channel_id = :channel_id

-- name: set_health
-- Note how a channel does, unless somebody stopped it meanwhile.
UPDATE channel SET failures = :failures, next_try = :next_try, problem = :problem
 WHERE channel_id = :channel_id AND state = 'active'

-- name: remove_messages
DELETE FROM outbox WHERE channel_id = :channel_id

-- name: remove_rules
DELETE FROM channel_rule WHERE channel_id = :channel_id

-- name: remove
DELETE FROM channel WHERE channel_id = :channel_id

-- name: add_rule
INSERT INTO channel_rule (channel_id, organization, name, document, after_news)
VALUES (:channel_id, :organization, :name, :document, :after_news) ON CONFLICT (organization, name) DO NOTHING RETURNING rule_id

-- name: change_rule
UPDATE channel_rule SET channel_id = :channel_id, document = :document WHERE rule_id = :rule_id

-- name: rules
SELECT rule_id, channel_id, organization, name, document, after_news FROM channel_rule
 WHERE :every OR organization = :organization ORDER BY organization, name

-- name: remove_rule
DELETE FROM channel_rule WHERE organization = :organization AND name = :name
