-- Whose word an image is: an inventory that one organization brought is neither believed nor seen by another. '' = of the
-- whole instance. A unique column stays unique in SQLite, so that the table is made anew; a number is never used again.
CREATE TABLE image_new (
    image_id     INTEGER PRIMARY KEY AUTOINCREMENT,
    digest       TEXT NOT NULL,
    document     TEXT NOT NULL,
    indexed_at   INTEGER,
    distribution TEXT,
    problems     TEXT NOT NULL,
    tools        TEXT NOT NULL,
    chain        TEXT,
    index_digest TEXT NOT NULL DEFAULT '',
    twofold      INTEGER NOT NULL DEFAULT 0,
    tenant       TEXT NOT NULL DEFAULT '',
    UNIQUE (tenant, digest)
);
INSERT INTO image_new (image_id, digest, document, indexed_at, distribution, problems, tools, chain, index_digest, twofold)
SELECT image_id, digest, document, indexed_at, distribution, problems, tools, chain, index_digest, twofold FROM image;
DELETE FROM sqlite_sequence WHERE name = 'image_new';
INSERT INTO sqlite_sequence (name, seq) SELECT 'image_new', seq FROM sqlite_sequence WHERE name = 'image';
DROP TABLE image;
ALTER TABLE image_new RENAME TO image;
CREATE INDEX image_chain ON image (chain) WHERE chain IS NOT NULL;
CREATE INDEX image_index ON image (index_digest) WHERE index_digest <> '';

-- Who decided whether a repository is indexed unasked.
ALTER TABLE repository_switch ADD COLUMN tenant TEXT NOT NULL DEFAULT '';
