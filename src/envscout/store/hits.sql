-- name: sets
-- The packages of the temporary table `hit`, set by set.
SELECT sc.set_id, c.pkg_id, c.purl, c.type, c.name, c.version, c.source_name
  FROM (SELECT DISTINCT pkg_id FROM hit) h CROSS JOIN component c CROSS JOIN set_component sc
 WHERE c.pkg_id = h.pkg_id AND c.owner = '' AND sc.comp_id = c.comp_id
 ORDER BY sc.set_id, c.type, c.name, c.version, c.purl

-- name: images
-- The images that hold these sets.
SELECT x.set_id, x.image_id
  FROM (SELECT DISTINCT m.set_id FROM (SELECT DISTINCT pkg_id FROM hit) h CROSS JOIN set_pkg m WHERE m.pkg_id = h.pkg_id) s
  CROSS JOIN image_set x
 WHERE x.set_id = s.set_id
