-- A tag goes back to what it stood for before: each time that it came to stand for another image is a row of its own.
-- at: microseconds, since when.
ALTER TABLE seen RENAME TO seen_once;
CREATE TABLE seen (
    repository TEXT NOT NULL,
    tag        TEXT NOT NULL,
    at         INTEGER NOT NULL,
    image_id   INTEGER NOT NULL,
    PRIMARY KEY (repository, tag, at, image_id)
) WITHOUT ROWID;
INSERT INTO seen (repository, tag, at, image_id) SELECT repository, tag, at, image_id FROM seen_once;
DROP TABLE seen_once;

-- Images that were recorded without looking into them have the digest of their index as well.
UPDATE image SET index_digest = json_extract(document, '$.index_digest')
 WHERE index_digest = '' AND length(json_extract(document, '$.index_digest')) BETWEEN 1 AND 255;
