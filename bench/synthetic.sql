-- name: name
INSERT INTO name (name_id, ecosystem, name, scheme) VALUES (?, ?, ?, ?)

-- name: package
INSERT INTO package (pkg_id, name_id, version, key) VALUES (?, ?, ?, ?)

-- name: component
INSERT INTO component (comp_id, hash, pkg_id, purl, type, name, version, source_name, source_version, architecture, licenses, owner)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 'amd64', 'MIT', '')

-- name: set
INSERT INTO package_set (set_id, hash) VALUES (?, ?)

-- name: set_component
INSERT INTO set_component (set_id, comp_id, locations) VALUES (?, ?, ?)

-- name: set_packages
-- In this fleet every component is a package of its own and none is owned.
INSERT INTO set_pkg (set_id, pkg_id) SELECT set_id, comp_id FROM set_component

-- name: image
INSERT INTO image (image_id, digest, document, indexed_at, distribution, problems, tools) VALUES (?, ?, ?, ?, ?, '[]', '["dpkg-1"]')

-- name: image_set
INSERT INTO image_set (image_id, set_id, layer) VALUES (?, ?, ?)

-- name: feed
INSERT INTO feed (feed_id, name, kind, location) VALUES (?, ?, 'osv', ?)

-- name: feed_run
INSERT INTO feed_run (feed_id, at, as_of, records, newest, added, changed, withdrawn) VALUES (?, ?, ?, ?, ?, ?, 0, 0)

-- name: feed_ecosystem
INSERT INTO feed_ecosystem (feed_id, ecosystem, known_at, gone_at) VALUES (?, ?, ?, ?)

-- name: advisory
INSERT INTO advisory (adv_id, feed_id, id, hash, published, modified, severity, vectors, score, summary, details, cwes, refs, named, known_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'CWE-787', 'https://example.org/advisory', ?, ?)

-- name: alias
INSERT INTO alias (adv_id, id, covers) VALUES (?, ?, 0)

-- name: vulnerability
INSERT INTO vulnerability (vuln_id, id) VALUES (?, ?)

-- name: advisory_vulnerability
INSERT INTO advisory_vulnerability (adv_id, vuln_id) VALUES (?, ?)

-- name: vrange
INSERT INTO vrange (name_id, hi, lo, adv_id, k_from, k_to, low, high, fixed, severity) VALUES (?, ?, ?, ?, ?, ?, ?, '', ?, '')
ON CONFLICT DO NOTHING

-- name: finding
INSERT INTO finding (adv_id, pkg_id, first_seen)
SELECT DISTINCT r.adv_id, p.pkg_id, :at FROM package p CROSS JOIN vrange r
 WHERE r.name_id = p.name_id AND r.hi > p.key AND +r.lo <= p.key
 ORDER BY r.adv_id, p.pkg_id

-- name: environment
INSERT INTO environment (env_id, organization, name, created_at) VALUES (?, 'acme', ?, ?)

-- name: service
INSERT INTO service (service_id, organization, name) VALUES (?, 'acme', ?)

-- name: event
INSERT INTO event (event_id, env_id, service_id, platform, action, image_id, reference, at, actor, source, commit_id, run_url)
VALUES (?, ?, ?, '', 'record', ?, ?, ?, 'ci', 'ci', '', '')

-- name: deployment
INSERT INTO deployment (deployment_id, env_id, service_id, platform, image_id, event_id, d_from, d_to) VALUES (?, ?, ?, '', ?, ?, ?, ?)
