-- name: put
-- Keep a message unless there is one for its event and channel.
INSERT INTO outbox (channel_id, event, identity, subject, at, due, state, attempts, lease, leased_until, sent_at, problem, document)
VALUES (:channel_id, :event, :identity, :subject, :at, :due, :state, 0, '', 0, 0, '', :document)
ON CONFLICT (channel_id, event) DO NOTHING RETURNING message_id

-- name: joinable
-- Messages of subjects that nobody sent, nor tried to: whoever has or had a lease may have sent them, and whom they are
-- for may know them already.
SELECT o.subject, o.message_id, o.document FROM json_each(:subjects) s CROSS JOIN outbox o
 WHERE o.channel_id = :channel_id AND o.subject = s.value AND o.state IN ('waiting', 'held') AND o.attempts = 0
   AND o.lease = ''
 ORDER BY o.message_id

-- name: joinable (postgresql)
SELECT o.subject, o.message_id, o.document FROM outbox o
 WHERE o.channel_id = :channel_id AND o.subject IN (SELECT value FROM json_array_elements_text(CAST(:subjects AS json)))
   AND o.state IN ('waiting', 'held') AND o.attempts = 0 AND o.lease = ''
 ORDER BY o.message_id

-- name: put_all
INSERT INTO outbox (channel_id, event, identity, subject, at, due, state, attempts, lease, leased_until, sent_at, problem, document)
VALUES (?, ?, ?, ?, ?, ?, ?, 0, '', 0, 0, '', ?)
ON CONFLICT (channel_id, event) DO NOTHING

-- name: join
UPDATE outbox SET document = :document WHERE message_id = :message_id

-- name: used
-- How many messages a channel was given in some time, and when the first of them was.
SELECT count(*), coalesce(min(at), 0) FROM outbox
 WHERE channel_id = :channel_id AND state IN ('waiting', 'sent', 'dead') AND at > :since

-- name: held
-- What is to be gathered now.
SELECT message_id, document FROM outbox
 WHERE channel_id = :channel_id AND state = 'held' AND due <= :at ORDER BY message_id LIMIT :most

-- name: held_since
SELECT coalesce(min(due), 0) FROM outbox WHERE channel_id = :channel_id AND state = 'held'

-- name: release
-- Let one that was held be sent as it is.
UPDATE outbox SET state = 'waiting', due = :at, at = :at WHERE message_id = :message_id

-- name: gather
-- Note which message stands for others.
UPDATE outbox SET state = 'gathered', gathered_in = :gathered_in
 WHERE channel_id = :channel_id AND state = 'held' AND due <= :at AND message_id <= :last

-- name: hold_on
UPDATE outbox SET due = :due WHERE channel_id = :channel_id AND state = 'held' AND due <= :at

-- name: hold
-- Have what waits gathered.
UPDATE outbox SET state = 'held', due = :at WHERE channel_id = :channel_id AND state = 'waiting' AND leased_until <= :at

-- name: oversleeping
-- Whether something waits for a moment that nobody can have meant: it was written when the clock was ahead.
SELECT EXISTS (SELECT 1 FROM outbox WHERE state IN ('waiting', 'held') AND at > :ahead)
    OR EXISTS (SELECT 1 FROM outbox WHERE state = 'waiting' AND due > :farthest)
    OR EXISTS (SELECT 1 FROM channel WHERE next_try > :farthest)

-- name: wake
-- Have it sent now.
UPDATE outbox SET due = :at, at = CASE WHEN at > :at THEN :at ELSE at END
 WHERE state IN ('waiting', 'held') AND at > :ahead OR state = 'waiting' AND due > :farthest

-- name: wake_channels
UPDATE channel SET next_try = 0 WHERE next_try > :farthest

-- name: ready
-- Channels that may be told now, and have something to be told.
SELECT c.channel_id FROM channel c
 WHERE c.state = 'active' AND c.next_try <= :at
   AND (EXISTS (SELECT 1 FROM outbox o WHERE o.channel_id = c.channel_id AND o.state = 'waiting' AND o.due <= :at)
     OR EXISTS (SELECT 1 FROM outbox o WHERE o.channel_id = c.channel_id AND o.state = 'held' AND o.due <= :at))
 ORDER BY c.channel_id

-- name: due
-- What a channel is to be told now, and nobody tells it. No lease lasts until :far: the clock was set back since.
SELECT message_id, channel_id, event, identity, at, due, state, attempts, sent_at, problem, document FROM outbox
 WHERE channel_id = :channel_id AND state = 'waiting' AND due <= :at AND (leased_until <= :at OR leased_until > :far)
 ORDER BY due, message_id LIMIT :most

-- name: lease
UPDATE outbox SET lease = :lease, leased_until = :until WHERE message_id = :message_id

-- name: settle
-- Note what became of a message, unless somebody else has it by now.
UPDATE outbox SET state = :state, attempts = :attempts, due = :due, sent_at = :sent_at, problem = :problem,
       lease = '', leased_until = 0
 WHERE message_id = :message_id AND lease = :lease AND state = 'waiting'

-- name: give_back
-- Give back what was not tried.
UPDATE outbox SET lease = '', leased_until = 0 WHERE message_id = :message_id AND lease = :lease

-- name: next_due
-- When there is something to do next, 0 if there is nothing.
SELECT coalesce(min(CASE WHEN o.due > c.next_try THEN o.due ELSE c.next_try END), 0)
  FROM outbox o JOIN channel c USING (channel_id) WHERE o.state IN ('waiting', 'held') AND c.state = 'active'

-- name: messages
-- Messages of an organization's channels, or of all (:every), the newest first. state: '' for any.
SELECT o.message_id, o.channel_id, o.event, o.identity, o.at, o.due, o.state, o.attempts, o.sent_at, o.problem, o.document,
       c.organization, c.name
  FROM outbox o JOIN channel c USING (channel_id)
 WHERE (:every OR c.organization = :organization) AND (:state = '' OR o.state = :state)
   AND (:message_id = 0 OR o.message_id = :message_id) AND (:before = 0 OR o.message_id < :before)
 ORDER BY o.message_id DESC LIMIT :most

-- name: resend
-- Send again: dead messages of an organization's channels, or of all (:every), or one of them, dead or sent.
UPDATE outbox SET state = 'waiting', attempts = 0, due = :at, at = :at, problem = '', lease = '', leased_until = 0
 WHERE channel_id IN (SELECT channel_id FROM channel WHERE :every OR organization = :organization)
   AND (message_id = :message_id AND state IN ('dead', 'sent') OR :message_id = 0 AND state = 'dead')

-- name: counts
SELECT c.organization, c.name, o.state, count(*) FROM outbox o JOIN channel c USING (channel_id)
 GROUP BY c.organization, c.name, o.state ORDER BY c.organization, c.name, o.state

-- name: give_up
-- Give up what could not be told for long, as of a channel that is paused.
UPDATE outbox SET state = 'dead', at = :at, problem = 'nobody could be told for too long', lease = '', leased_until = 0
 WHERE message_id IN (
    SELECT message_id FROM outbox WHERE state IN ('waiting', 'held') AND at < :before AND due < :before LIMIT :most)

-- name: forget
-- Forget what is done with: gathered before what it was gathered in.
DELETE FROM outbox WHERE message_id IN (
    SELECT message_id FROM outbox WHERE state = :state AND at < :before ORDER BY at LIMIT :most)
