-- name: held
-- The packages of a name: their own, that of their source, or the one they are matched by; set by set.
SELECT DISTINCT m.set_id, c.purl, c.type, c.name, c.version, c.owner
  FROM (SELECT comp_id FROM component WHERE name = :name
        UNION SELECT comp_id FROM component WHERE source_name = :name
        UNION SELECT c.comp_id FROM name n CROSS JOIN package p CROSS JOIN component c
               WHERE n.ecosystem = :ecosystem AND n.name = :normal AND p.name_id = n.name_id AND c.pkg_id = p.pkg_id) f
  CROSS JOIN component c CROSS JOIN set_component m
 WHERE c.comp_id = f.comp_id AND (:type = '' OR c.type = :type) AND (:version = '' OR c.version = :version)
   AND m.comp_id = c.comp_id

-- name: images
-- The images that hold these sets.
SELECT DISTINCT x.set_id, x.image_id
  FROM json_each(:sets) q CROSS JOIN image_set x
 WHERE x.set_id = CAST(q.value AS BIGINT)
