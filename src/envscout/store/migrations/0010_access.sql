-- Who may what. organization: '' = the whole instance; environment: '' = any. Times are microseconds.

-- hash: SHA-256 of the token, which nobody keeps. expires, used_at, revoked_at: NULL = never, or not yet.
CREATE TABLE access_token (
    token_id     INTEGER PRIMARY KEY AUTOINCREMENT,
    hash         BLOB NOT NULL UNIQUE,
    name         TEXT NOT NULL,
    role         TEXT NOT NULL,
    organization TEXT NOT NULL,
    environment  TEXT NOT NULL,
    created_at   INTEGER NOT NULL,
    created_by   TEXT NOT NULL,
    expires      INTEGER,
    used_at      INTEGER,
    revoked_at   INTEGER,
    revoked_by   TEXT NOT NULL DEFAULT ''
);

-- People, as their issuer names them. subject: an e-mail address, a subject, or `group:NAME`.
CREATE TABLE member (
    member_id    INTEGER PRIMARY KEY AUTOINCREMENT,
    subject      TEXT NOT NULL,
    role         TEXT NOT NULL,
    organization TEXT NOT NULL,
    added_at     INTEGER NOT NULL,
    added_by     TEXT NOT NULL,
    UNIQUE (subject, organization)
);

-- Whose signed word lets a machine in without a secret. claims: a JSON object, name -> pattern, all of which must fit.
CREATE TABLE trust (
    trust_id     INTEGER PRIMARY KEY AUTOINCREMENT,
    issuer       TEXT NOT NULL,
    audience     TEXT NOT NULL,
    claims       TEXT NOT NULL,
    role         TEXT NOT NULL,
    organization TEXT NOT NULL,
    environment  TEXT NOT NULL,
    added_at     INTEGER NOT NULL,
    added_by     TEXT NOT NULL
);
CREATE INDEX trust_i ON trust (issuer);

-- Somebody on the way through their issuer's login. hash: SHA-256 of the state; binding: of the browser's cookie.
CREATE TABLE login (
    hash     BLOB PRIMARY KEY,
    binding  BLOB NOT NULL,
    nonce    TEXT NOT NULL,
    verifier TEXT NOT NULL,
    target   TEXT NOT NULL,
    expires  INTEGER NOT NULL
) WITHOUT ROWID;

-- Somebody who is logged in. hash: SHA-256 of what the browser shows. groups: a JSON list.
CREATE TABLE web_session (
    hash    BLOB PRIMARY KEY,
    subject TEXT NOT NULL,
    email   TEXT NOT NULL,
    groups  TEXT NOT NULL,
    expires INTEGER NOT NULL
) WITHOUT ROWID;

-- What was done, by whom: only appended to. hash: SHA-256 over the row and the hash of the row before (access.chain).
CREATE TABLE audit (
    audit_id     INTEGER PRIMARY KEY,
    at           INTEGER NOT NULL,
    actor        TEXT NOT NULL,
    role         TEXT NOT NULL,
    organization TEXT NOT NULL,
    operation    TEXT NOT NULL,
    target       TEXT NOT NULL,
    request_id   TEXT NOT NULL,
    outcome      TEXT NOT NULL,
    previous     TEXT NOT NULL,
    hash         TEXT NOT NULL
);
CREATE INDEX audit_o ON audit (organization, audit_id);
CREATE TRIGGER audit_kept BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'the audit log is only appended to'); END;
CREATE TRIGGER audit_fixed BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'the audit log is only appended to'); END;
