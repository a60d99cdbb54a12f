-- What somebody decided not to count. Only appended to: what ends one before its time is an event of its own.
-- '' = whatever. until: microseconds, NULL = never; on_fix, on_kev: it ends when a fix, or an exploit, is known.
CREATE TABLE exception (
    exception_id  INTEGER PRIMARY KEY AUTOINCREMENT,
    vulnerability TEXT NOT NULL,
    kind          TEXT NOT NULL,
    justification TEXT NOT NULL,
    owner         TEXT NOT NULL,
    reason        TEXT NOT NULL,
    organization  TEXT NOT NULL,
    environment   TEXT NOT NULL,
    service       TEXT NOT NULL,
    digest        TEXT NOT NULL,
    package       TEXT NOT NULL,
    until         INTEGER,
    on_fix        INTEGER NOT NULL,
    on_kev        INTEGER NOT NULL
);
-- action: added or removed.
CREATE TABLE exception_event (
    event_id     INTEGER PRIMARY KEY,
    exception_id INTEGER NOT NULL REFERENCES exception,
    action       TEXT NOT NULL,
    at           INTEGER NOT NULL,
    actor        TEXT NOT NULL,
    reason       TEXT NOT NULL,
    UNIQUE (exception_id, action)
);

-- A VEX document found in or at an image, compressed, by the digest of its bytes.
CREATE TABLE vex_document (
    document_id INTEGER PRIMARY KEY,
    digest      TEXT NOT NULL UNIQUE,
    data        BLOB NOT NULL,
    author      TEXT NOT NULL
);
-- Where an image has it, and from when until when that was known. place: image or attached. path: in the image, or what
-- the document is attached to. reading: what its reader, by name and version, read in it: statements and problems.
CREATE TABLE image_vex (
    image_id    INTEGER NOT NULL,
    document_id INTEGER NOT NULL REFERENCES vex_document,
    place       TEXT NOT NULL,
    path        TEXT NOT NULL,
    reader      TEXT NOT NULL,
    reading     BLOB NOT NULL,
    k_from      INTEGER NOT NULL,
    k_to        INTEGER NOT NULL,
    PRIMARY KEY (image_id, place, path, document_id, k_from)
) WITHOUT ROWID;
