-- The whole model of the embedded store. BLOB keys compare as memcmp; see docs/adr/0001.

CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);

-- What is matched: a name in an ecosystem (distribution packages by source name, release inside the ecosystem).
CREATE TABLE name (
    name_id   INTEGER PRIMARY KEY,
    ecosystem TEXT NOT NULL,
    name      TEXT NOT NULL,
    scheme    TEXT NOT NULL,
    UNIQUE (ecosystem, name)
);

-- key: order-preserving byte key of version under the name's scheme; NULL = cannot be assessed.
CREATE TABLE package (
    pkg_id  INTEGER PRIMARY KEY,
    name_id INTEGER NOT NULL REFERENCES name,
    version TEXT NOT NULL,
    key     BLOB,
    UNIQUE (name_id, version)
);
CREATE INDEX package_nk ON package (name_id, key);
CREATE INDEX package_unkeyable ON package (name_id) WHERE key IS NULL;

-- What is listed: one installed package as its purl says it; many components may be matched as one package.
CREATE TABLE component (
    comp_id        INTEGER PRIMARY KEY,
    hash           BLOB NOT NULL UNIQUE,
    pkg_id         INTEGER NOT NULL REFERENCES package,
    purl           TEXT NOT NULL,
    type           TEXT NOT NULL,
    name           TEXT NOT NULL,
    version        TEXT NOT NULL,
    source_name    TEXT NOT NULL,
    source_version TEXT NOT NULL,
    architecture   TEXT NOT NULL,
    licenses       TEXT NOT NULL,
    owner          TEXT NOT NULL
);
CREATE INDEX component_p ON component (pkg_id);
CREATE INDEX component_n ON component (name);
CREATE INDEX component_s ON component (source_name);

-- image_id: never used again after a prune. document: the image as JSON. indexed_at: NULL = known by digest only, content unknown.
CREATE TABLE image (
    image_id     INTEGER PRIMARY KEY AUTOINCREMENT,
    digest       TEXT NOT NULL UNIQUE,
    document     TEXT NOT NULL,
    indexed_at   INTEGER,
    distribution TEXT,
    problems     TEXT NOT NULL,
    tools        TEXT NOT NULL
);

-- A set holds what the final view of an image attributes to one layer; content-addressed, shared between images.
CREATE TABLE package_set (set_id INTEGER PRIMARY KEY, hash BLOB NOT NULL UNIQUE);
-- What is to be matched in the set; a package owned by a distribution package is listed only.
CREATE TABLE set_pkg (
    set_id INTEGER NOT NULL,
    pkg_id INTEGER NOT NULL,
    PRIMARY KEY (set_id, pkg_id)
) WITHOUT ROWID;
CREATE INDEX set_pkg_p ON set_pkg (pkg_id, set_id);
CREATE TABLE set_component (
    set_id    INTEGER NOT NULL,
    comp_id   INTEGER NOT NULL,
    locations TEXT NOT NULL,
    PRIMARY KEY (set_id, comp_id, locations)
) WITHOUT ROWID;
CREATE INDEX set_component_c ON set_component (comp_id, set_id);
CREATE TABLE image_set (
    image_id INTEGER NOT NULL,
    set_id   INTEGER NOT NULL,
    layer    TEXT NOT NULL,
    PRIMARY KEY (image_id, set_id, layer)
) WITHOUT ROWID;
CREATE INDEX image_set_s ON image_set (set_id, image_id);

-- One row per feed, and one per time it was applied. as_of: what the feed itself says it is the state of.
CREATE TABLE feed (
    feed_id       INTEGER PRIMARY KEY,
    name          TEXT NOT NULL UNIQUE,
    kind          TEXT NOT NULL,
    location      TEXT NOT NULL,
    etag          TEXT NOT NULL DEFAULT '',
    last_modified TEXT NOT NULL DEFAULT '',
    digest        TEXT NOT NULL DEFAULT ''
);
CREATE TABLE feed_run (
    feed_id   INTEGER NOT NULL REFERENCES feed,
    at        INTEGER NOT NULL,
    as_of     INTEGER NOT NULL,
    records   INTEGER NOT NULL,
    newest    INTEGER NOT NULL,
    added     INTEGER NOT NULL,
    changed   INTEGER NOT NULL,
    withdrawn INTEGER NOT NULL,
    PRIMARY KEY (feed_id, at)
);
-- Which ecosystems a feed speaks of, and from when until when it did; the coverage of an answer rests on it.
CREATE TABLE feed_ecosystem (
    feed_id   INTEGER NOT NULL REFERENCES feed,
    ecosystem TEXT NOT NULL,
    known_at  INTEGER NOT NULL,
    gone_at   INTEGER NOT NULL,
    PRIMARY KEY (feed_id, ecosystem, known_at)
);
-- What of a feed could not be used, and why.
CREATE TABLE feed_problem (
    feed_id INTEGER NOT NULL REFERENCES feed,
    record  TEXT NOT NULL,
    code    TEXT NOT NULL,
    message TEXT NOT NULL
);
CREATE INDEX feed_problem_f ON feed_problem (feed_id, record);

-- hash: of the bytes the record was read from, empty once it has left its feed. gone_at: NULL while the feed holds the
-- record and has not withdrawn it. named: it names CVE ids itself; if not, its neighbours may name it.
CREATE TABLE advisory (
    adv_id     INTEGER PRIMARY KEY,
    feed_id    INTEGER NOT NULL REFERENCES feed,
    id         TEXT NOT NULL,
    hash       BLOB NOT NULL,
    published  INTEGER NOT NULL,
    modified   INTEGER NOT NULL,
    severity   TEXT NOT NULL,
    vectors    TEXT NOT NULL,
    score      REAL,
    summary    TEXT NOT NULL,
    details    TEXT NOT NULL,
    cwes       TEXT NOT NULL,
    refs       TEXT NOT NULL,
    named      INTEGER NOT NULL,
    known_at   INTEGER NOT NULL,
    gone_at    INTEGER,
    UNIQUE (id, feed_id)
);
CREATE INDEX advisory_f ON advisory (feed_id);
-- Other names of an advisory; of one that is not named also its own, and what it covers (covers = 1).
CREATE TABLE alias (
    adv_id INTEGER NOT NULL,
    id     TEXT NOT NULL,
    covers INTEGER NOT NULL,
    PRIMARY KEY (adv_id, id)
) WITHOUT ROWID;
CREATE INDEX alias_i ON alias (id, adv_id);

-- A vulnerability is what advisories joined by alias speak of.
CREATE TABLE vulnerability (vuln_id INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE);
CREATE TABLE advisory_vulnerability (
    adv_id  INTEGER NOT NULL,
    vuln_id INTEGER NOT NULL,
    PRIMARY KEY (adv_id, vuln_id)
) WITHOUT ROWID;
CREATE INDEX advisory_vulnerability_v ON advisory_vulnerability (vuln_id, adv_id);

-- lo <= key < hi. k_from, k_to: when the range was known (microseconds); k_to is the largest integer while it stands.
CREATE TABLE vrange (
    name_id  INTEGER NOT NULL,
    hi       BLOB NOT NULL,
    lo       BLOB NOT NULL,
    adv_id   INTEGER NOT NULL,
    k_from   INTEGER NOT NULL,
    k_to     INTEGER NOT NULL,
    low      TEXT NOT NULL,
    high     TEXT NOT NULL,
    fixed    TEXT NOT NULL,
    severity TEXT NOT NULL,
    PRIMARY KEY (name_id, hi, lo, adv_id, k_from)
) WITHOUT ROWID;
CREATE INDEX vrange_adv ON vrange (adv_id);

-- Packages that a standing record names without a range that could be compared: they may be vulnerable.
CREATE TABLE unassessed (
    name_id INTEGER NOT NULL,
    adv_id  INTEGER NOT NULL,
    PRIMARY KEY (name_id, adv_id)
) WITHOUT ROWID;
CREATE INDEX unassessed_a ON unassessed (adv_id);

-- Derived: the full join of packages and standing ranges, kept current by every write.
CREATE TABLE finding (
    adv_id     INTEGER NOT NULL,
    pkg_id     INTEGER NOT NULL,
    first_seen INTEGER NOT NULL,
    PRIMARY KEY (adv_id, pkg_id)
) WITHOUT ROWID;
CREATE INDEX finding_p ON finding (pkg_id, adv_id);

-- Facts about CVEs from feeds of their own.
CREATE TABLE epss (cve TEXT PRIMARY KEY, score REAL NOT NULL, percentile REAL NOT NULL) WITHOUT ROWID;
CREATE TABLE kev (
    cve        TEXT PRIMARY KEY,
    added      TEXT NOT NULL,
    due        TEXT NOT NULL,
    ransomware INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE cve (
    cve         TEXT PRIMARY KEY,
    description TEXT NOT NULL,
    score       REAL,
    vector      TEXT NOT NULL,
    priority    TEXT NOT NULL,
    cwes        TEXT NOT NULL
);

CREATE TABLE enrolled (organization TEXT NOT NULL, repository TEXT NOT NULL, at INTEGER NOT NULL, PRIMARY KEY (organization, repository));
CREATE TABLE environment (
    env_id       INTEGER PRIMARY KEY,
    organization TEXT NOT NULL,
    name         TEXT NOT NULL,
    created_at   INTEGER NOT NULL,
    UNIQUE (organization, name)
);
CREATE TABLE service (
    service_id   INTEGER PRIMARY KEY,
    organization TEXT NOT NULL,
    name         TEXT NOT NULL,
    UNIQUE (organization, name)
);

-- What happened: only appended to. action: record (supersedes), add (beside), remove. platform: as asked for, '' = any.
CREATE TABLE event (
    event_id   INTEGER PRIMARY KEY,
    env_id     INTEGER NOT NULL REFERENCES environment,
    service_id INTEGER NOT NULL REFERENCES service,
    platform   TEXT NOT NULL,
    action     TEXT NOT NULL,
    image_id   INTEGER REFERENCES image,
    reference  TEXT NOT NULL,
    at         INTEGER NOT NULL,
    actor      TEXT NOT NULL,
    source     TEXT NOT NULL,
    commit_id  TEXT NOT NULL,
    run_url    TEXT NOT NULL
);
CREATE INDEX event_es ON event (env_id, service_id, at);

-- The fold of the events as intervals [d_from, d_to); d_to is the largest integer while the image runs.
CREATE TABLE deployment (
    deployment_id INTEGER PRIMARY KEY,
    env_id        INTEGER NOT NULL,
    service_id    INTEGER NOT NULL,
    platform      TEXT NOT NULL,
    image_id      INTEGER NOT NULL,
    event_id      INTEGER NOT NULL,
    d_from        INTEGER NOT NULL,
    d_to          INTEGER NOT NULL
);
CREATE INDEX deployment_es ON deployment (env_id, service_id, d_from);
CREATE INDEX deployment_i ON deployment (image_id, d_to);
