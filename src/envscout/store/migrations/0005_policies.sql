-- Files of policies as they were put in force, and for what: only appended to.
CREATE TABLE policy_file (digest TEXT PRIMARY KEY, text TEXT NOT NULL) WITHOUT ROWID;

-- environment: '' for the default of an organization. document: the section of the file for it, as JSON.
CREATE TABLE policy_applied (
    applied_id   INTEGER PRIMARY KEY,
    organization TEXT NOT NULL,
    environment  TEXT NOT NULL,
    at           INTEGER NOT NULL,
    digest       TEXT NOT NULL REFERENCES policy_file,
    document     TEXT NOT NULL,
    file         TEXT NOT NULL,
    actor        TEXT NOT NULL,
    source       TEXT NOT NULL,
    commit_id    TEXT NOT NULL,
    run_url      TEXT NOT NULL
);
CREATE INDEX policy_applied_oe ON policy_applied (organization, environment, at);

-- What was found attached to an image when somebody looked: kinds and predicate types, as a JSON list.
CREATE TABLE attached_look (
    image_id INTEGER NOT NULL,
    at       INTEGER NOT NULL,
    types    TEXT NOT NULL,
    PRIMARY KEY (image_id, at)
) WITHOUT ROWID;
