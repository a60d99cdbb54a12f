-- name: put_file
INSERT INTO policy_file (digest, text) VALUES (:digest, :text) ON CONFLICT DO NOTHING

-- name: last_moment
SELECT coalesce(max(at), 0) FROM policy_applied

-- name: put_applied
INSERT INTO policy_applied (organization, environment, at, digest, document, file, actor, source, commit_id, run_url)
VALUES (:organization, :environment, :at, :digest, :document, :file, :actor, :source, :commit, :run_url)

-- name: applied
-- Everything that was put in force up to a moment, the newest first; '' for every organization, NULL for every environment.
SELECT organization, environment, at, digest, document, file, actor, source, commit_id, run_url
  FROM policy_applied
 WHERE (:organization = '' OR organization = :organization) AND (CAST(:environment AS TEXT) IS NULL OR environment = :environment)
   AND at <= :at
 ORDER BY at DESC, applied_id DESC

-- name: standing
-- What stood at a moment for an organization and for one of its environments: at most a row each.
SELECT organization, environment, at, digest, document, file, actor, source, commit_id, run_url
  FROM policy_applied a
 WHERE organization = :organization AND environment IN ('', :environment) AND at <= :at
   AND applied_id = (SELECT b.applied_id FROM policy_applied b
                      WHERE b.organization = a.organization AND b.environment = a.environment AND b.at <= :at
                      ORDER BY b.at DESC, b.applied_id DESC LIMIT 1)

-- name: text
-- The files whose digest begins with some digits.
SELECT f.digest, f.text FROM policy_file f
 WHERE substr(f.digest, 1, length(:start)) = :start
   AND EXISTS (SELECT 1 FROM policy_applied a WHERE a.digest = f.digest
                  AND (:organization = '' OR a.organization = :organization))
 LIMIT 2

-- name: put_look
INSERT INTO attached_look (image_id, at, types) VALUES (:image_id, :at, :types) ON CONFLICT DO NOTHING

-- name: last_look
SELECT types FROM attached_look WHERE image_id = :image_id AND at <= :at ORDER BY at DESC LIMIT 1

-- name: moments
-- When the policies of an organization, or of one of its environments, changed up to a moment.
SELECT at FROM policy_applied
 WHERE organization = :organization AND environment IN ('', :environment) AND at <= :at ORDER BY at
