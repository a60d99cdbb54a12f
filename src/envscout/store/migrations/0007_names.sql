-- Which image a name stood for when it was read from where it lives. repository: in full. at: microseconds, since when.
CREATE TABLE seen (
    repository TEXT NOT NULL,
    tag        TEXT NOT NULL,
    image_id   INTEGER NOT NULL,
    at         INTEGER NOT NULL,
    PRIMARY KEY (repository, tag, image_id)
) WITHOUT ROWID;

-- The digest of the index that led to an image, '' if none did: base images are often known by it alone.
ALTER TABLE image ADD COLUMN index_digest TEXT NOT NULL DEFAULT '';
UPDATE image SET index_digest = coalesce(json_extract(document, '$.index_digest'), '');
CREATE INDEX image_index ON image (index_digest) WHERE index_digest <> '';

-- Whether a repository is to be indexed without being asked for; only appended to, the last word counts.
CREATE TABLE repository_switch (
    switch_id  INTEGER PRIMARY KEY,
    repository TEXT NOT NULL,
    enabled    INTEGER NOT NULL,
    at         INTEGER NOT NULL
);
CREATE INDEX repository_switch_r ON repository_switch (repository, switch_id);

-- Registries to be watched. parameters: a JSON object of texts, without secrets.
CREATE TABLE integration (
    organization TEXT NOT NULL,
    type         TEXT NOT NULL,
    name         TEXT NOT NULL,
    parameters   TEXT NOT NULL,
    at           INTEGER NOT NULL,
    PRIMARY KEY (organization, type, name)
);
