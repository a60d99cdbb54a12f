-- name: layer
-- What was kept of a layer by these tools.
SELECT kept FROM layer WHERE digest = ? AND tools = ?

-- name: put_layer
INSERT INTO layer (digest, tools, used_at, bytes, kept) VALUES (:digest, :tools, :at, :bytes, :kept)
ON CONFLICT (digest, tools) DO UPDATE SET used_at = excluded.used_at, bytes = excluded.bytes, kept = excluded.kept

-- name: touch_layer
UPDATE layer SET used_at = ? WHERE digest = ? AND tools = ?

-- name: layer_usage
-- How many layers are kept, and their bytes.
SELECT count(*), coalesce(sum(bytes), 0) FROM layer

-- name: drop_large_layers
-- Drop what would leave no room for anything else.
DELETE FROM layer WHERE bytes > :bound

-- name: evict_layers
-- Drop the least recently used, as many as leave no more than :bound bytes.
DELETE FROM layer WHERE rowid IN (
    SELECT rowid FROM (
        SELECT rowid, sum(bytes) OVER (ORDER BY used_at DESC, rowid DESC) AS total FROM layer
    ) WHERE total > :bound
)

-- name: evict_layers (postgresql)
DELETE FROM layer WHERE (digest, tools) IN (
    SELECT digest, tools FROM (
        SELECT digest, tools, sum(bytes) OVER (ORDER BY used_at DESC, digest, tools) AS total FROM layer
    ) l WHERE total > :bound
)
