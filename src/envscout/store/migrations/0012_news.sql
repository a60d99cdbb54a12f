-- What happened, in the order in which it was written: news_id rises, and is never given twice. at: microseconds.
-- organization '' = it concerns all. severity: its word, '' where there is none. direction: worse, better or ''.
-- document: the rest, as JSON.
CREATE TABLE news (
    news_id       INTEGER PRIMARY KEY AUTOINCREMENT,
    at            INTEGER NOT NULL,
    organization  TEXT NOT NULL,
    environment   TEXT NOT NULL,
    service       TEXT NOT NULL,
    kind          TEXT NOT NULL,
    vulnerability TEXT NOT NULL,
    severity      TEXT NOT NULL,
    digest        TEXT NOT NULL,
    reference     TEXT NOT NULL,
    direction     TEXT NOT NULL,
    cause         TEXT NOT NULL,
    document      TEXT NOT NULL
);

-- How far somebody has read the news.
CREATE TABLE news_cursor (
    reader  TEXT NOT NULL PRIMARY KEY,
    news_id INTEGER NOT NULL
) WITHOUT ROWID;

-- Where messages go. organization '' = of the whole instance. address and secrets (JSON, the newest first) are never
-- shown. terms: when and how much, as JSON. state: active, paused, or gone (it said so). failures: in a row;
-- next_try: not to be tried before.
CREATE TABLE channel (
    channel_id   INTEGER PRIMARY KEY AUTOINCREMENT,
    organization TEXT NOT NULL,
    name         TEXT NOT NULL,
    kind         TEXT NOT NULL,
    address      TEXT NOT NULL,
    secrets      TEXT NOT NULL,
    terms        TEXT NOT NULL,
    state        TEXT NOT NULL,
    problem      TEXT NOT NULL,
    failures     INTEGER NOT NULL,
    next_try     INTEGER NOT NULL,
    created_at   INTEGER NOT NULL,
    UNIQUE (organization, name)
);

-- Which news go to which channel. document: what it asks for, as JSON.
CREATE TABLE channel_rule (
    rule_id      INTEGER PRIMARY KEY AUTOINCREMENT,
    channel_id   INTEGER NOT NULL REFERENCES channel (channel_id),
    organization TEXT NOT NULL,
    name         TEXT NOT NULL,
    document     TEXT NOT NULL,
    after_news   INTEGER NOT NULL,
    UNIQUE (organization, name)
);
CREATE INDEX channel_rule_channel ON channel_rule (channel_id);

-- Messages, one for an event and a channel. identity: what a receiver knows it by. subject: what it is about, by which
-- news join one that was not sent. state: held (to be gathered with others), waiting, sent, dead, or gathered in
-- another. due: not before. lease, leased_until: who sends it now. at, sent_at: microseconds.
CREATE TABLE outbox (
    message_id   INTEGER PRIMARY KEY AUTOINCREMENT,
    channel_id   INTEGER NOT NULL REFERENCES channel (channel_id),
    event        TEXT NOT NULL,
    identity     TEXT NOT NULL,
    subject      TEXT NOT NULL,
    at           INTEGER NOT NULL,
    due          INTEGER NOT NULL,
    state        TEXT NOT NULL,
    attempts     INTEGER NOT NULL,
    lease        TEXT NOT NULL,
    leased_until INTEGER NOT NULL,
    sent_at      INTEGER NOT NULL,
    problem      TEXT NOT NULL,
    gathered_in  INTEGER,
    document     TEXT NOT NULL,
    UNIQUE (channel_id, event)
);
CREATE INDEX outbox_due ON outbox (channel_id, state, due);
CREATE INDEX outbox_subject ON outbox (channel_id, subject);
CREATE INDEX outbox_state ON outbox (state, at);
CREATE INDEX outbox_gathered ON outbox (gathered_in);
