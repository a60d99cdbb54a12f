-- name: requests
-- Images that were asked for, and how that ended.
DELETE FROM index_request WHERE request_id IN (
    SELECT request_id FROM index_request WHERE state <> 'waiting' AND ended < :before ORDER BY ended LIMIT :most)

-- name: count_requests
SELECT count(*) FROM index_request WHERE state <> 'waiting' AND ended < :before

-- name: feed_runs
-- When a feed was applied: all but the last of each feed.
DELETE FROM feed_run WHERE at < :before
   AND at < (SELECT max(latest.at) FROM feed_run latest WHERE latest.feed_id = feed_run.feed_id)

-- name: count_feed_runs
SELECT count(*) FROM feed_run WHERE at < :before
   AND at < (SELECT max(latest.at) FROM feed_run latest WHERE latest.feed_id = feed_run.feed_id)
