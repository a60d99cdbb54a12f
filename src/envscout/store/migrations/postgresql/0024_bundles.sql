-- changed_at: when the record was last written; 0 = before this was kept. What changed since a moment is asked by it.
ALTER TABLE advisory ADD COLUMN changed_at BIGINT NOT NULL DEFAULT 0;

-- every: microseconds within which its source promised the next state of the feed; 0 = it promised nothing.
ALTER TABLE feed_run ADD COLUMN every BIGINT NOT NULL DEFAULT 0;
