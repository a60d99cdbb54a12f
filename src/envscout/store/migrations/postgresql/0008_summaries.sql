-- Derived: what the full join says of each package set, by severity, so that whole environments are answered for at once.
-- All of it goes whenever what is known of vulnerabilities changes, and is made again where it is asked for.
CREATE TABLE set_summary (set_id BIGINT PRIMARY KEY, content BYTEA NOT NULL);

-- Whether an image holds packages of one URL that are matched as different ones; its findings are told by URL.
ALTER TABLE image ADD COLUMN twofold BOOLEAN NOT NULL DEFAULT false;
UPDATE image SET twofold = true WHERE image_id IN (
    SELECT s.image_id FROM image_set s CROSS JOIN set_component m CROSS JOIN component c
     WHERE m.set_id = s.set_id AND c.comp_id = m.comp_id AND c.owner = ''
     GROUP BY s.image_id, c.purl HAVING count(DISTINCT c.pkg_id) > 1);
