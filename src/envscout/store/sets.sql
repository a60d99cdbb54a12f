-- name: known_sets
-- Sets by their addresses: :hashes holds all of those, 16 bytes each.
SELECT CAST(q.value AS BIGINT), s.set_id FROM json_each(:numbers) q CROSS JOIN package_set s
 WHERE s.hash = substr(CAST(:hashes AS BLOB), CAST(q.value AS INTEGER) * 16 + 1, 16)

-- name: put_sets
INSERT INTO package_set (hash)
SELECT substr(CAST(:hashes AS BLOB), CAST(q.value AS INTEGER) * 16 + 1, 16) FROM json_each(:numbers) q ORDER BY q.key

-- name: known_components
-- Components in the same way.
SELECT CAST(q.value AS BIGINT), c.comp_id FROM json_each(:numbers) q CROSS JOIN component c
 WHERE c.hash = substr(CAST(:hashes AS BLOB), CAST(q.value AS INTEGER) * 16 + 1, 16)

-- name: put_components
INSERT INTO component (hash, pkg_id, purl, type, name, version, source_name, source_version, architecture, licenses, owner)
SELECT substr(CAST(:hashes AS BLOB), CAST(json_extract(q.value, '$.number') AS INTEGER) * 16 + 1, 16),
       CAST(json_extract(q.value, '$.pkg_id') AS BIGINT), json_extract(q.value, '$.purl'), json_extract(q.value, '$.type'),
       json_extract(q.value, '$.name'), json_extract(q.value, '$.version'), json_extract(q.value, '$.source_name'),
       json_extract(q.value, '$.source_version'), json_extract(q.value, '$.architecture'),
       json_extract(q.value, '$.licenses'), json_extract(q.value, '$.owner')
  FROM json_each(:rows) q ORDER BY q.key

-- name: known_packages
SELECT CAST(json_extract(q.value, '$.number') AS BIGINT), p.pkg_id
  FROM json_each(:rows) q CROSS JOIN name n CROSS JOIN package p
 WHERE n.ecosystem = json_extract(q.value, '$.ecosystem') AND n.name = json_extract(q.value, '$.name')
   AND p.name_id = n.name_id AND p.version = json_extract(q.value, '$.version')

-- name: put_names
INSERT INTO name (ecosystem, name, scheme)
SELECT json_extract(q.value, '$.ecosystem'), json_extract(q.value, '$.name'), json_extract(q.value, '$.scheme')
  FROM json_each(:rows) q WHERE true ORDER BY q.key
ON CONFLICT (ecosystem, name) DO NOTHING

-- name: put_packages
-- Packages of names that are there; :keys holds the keys of their versions, one after the other.
INSERT INTO package (name_id, version, key)
SELECT n.name_id, json_extract(q.value, '$.version'),
       substr(CAST(:keys AS BLOB), CAST(json_extract(q.value, '$.start') AS INTEGER), CAST(json_extract(q.value, '$.length') AS INTEGER))
  FROM json_each(:rows) q CROSS JOIN name n
 WHERE n.ecosystem = json_extract(q.value, '$.ecosystem') AND n.name = json_extract(q.value, '$.name')
 ORDER BY q.key

-- name: put_set_components
INSERT INTO set_component (set_id, comp_id, locations)
SELECT CAST(json_extract(q.value, '$.set_id') AS BIGINT), CAST(json_extract(q.value, '$.comp_id') AS BIGINT),
       json_extract(q.value, '$.locations')
  FROM json_each(:rows) q WHERE true ORDER BY q.key
ON CONFLICT DO NOTHING

-- name: put_set_packages
-- What is matched in sets: everything in them that no distribution package owns.
INSERT INTO set_pkg (set_id, pkg_id)
SELECT DISTINCT m.set_id, c.pkg_id FROM json_each(:numbers) q CROSS JOIN set_component m CROSS JOIN component c
 WHERE m.set_id = CAST(q.value AS BIGINT) AND c.comp_id = m.comp_id AND c.owner = ''
