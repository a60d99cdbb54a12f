-- name: put_document
INSERT INTO vex_document (digest, data, author) VALUES (?, ?, ?) ON CONFLICT (digest) DO NOTHING

-- name: kept
-- What is known to be in a place of an image now.
SELECT v.path, d.digest, v.reader FROM image_vex v JOIN vex_document d USING (document_id)
 WHERE v.image_id = :image_id AND v.k_to = :forever AND v.place = :place

-- name: end
UPDATE image_vex SET k_to = :at
 WHERE image_id = :image_id AND place = :place AND path = :path AND k_to = :forever
   AND document_id = (SELECT document_id FROM vex_document WHERE digest = :digest)

-- name: begin
INSERT INTO image_vex (image_id, document_id, place, path, reader, reading, k_from, k_to)
SELECT :image_id, document_id, :place, :path, :reader, :reading, :at, :forever FROM vex_document WHERE digest = :digest
ON CONFLICT (image_id, place, path, document_id, k_from) DO UPDATE SET k_to = excluded.k_to, reading = excluded.reading,
    reader = excluded.reader

-- name: begin (postgresql)
INSERT INTO image_vex (image_id, document_id, place, path, reader, reading, k_from, k_to)
SELECT :image_id, document_id, :place, :path, :reader, :reading, :at, :forever FROM vex_document WHERE digest = :digest
ON CONFLICT (image_id, place, md5(path), document_id, k_from) DO UPDATE SET k_to = excluded.k_to,
    reading = excluded.reading, reader = excluded.reader

-- name: renew
UPDATE image_vex SET reader = :reader, reading = :reading
 WHERE image_id = :image_id AND place = :place AND path = :path AND k_to = :forever
   AND document_id = (SELECT document_id FROM vex_document WHERE digest = :digest)

-- name: any
-- Whether there is any document at all: most stores hold none.
SELECT EXISTS (SELECT 1 FROM image_vex)

-- name: of_image
-- What was known to be in or at an image at a moment.
SELECT reading FROM image_vex WHERE image_id = :image_id AND k_from <= :at AND k_to > :at
 ORDER BY place DESC, path, document_id

-- name: documents
SELECT v.place, v.path, d.author, d.data FROM image_vex v JOIN vex_document d USING (document_id)
 WHERE v.image_id = :image_id AND v.k_to = :forever
 ORDER BY v.place DESC, v.path, v.document_id

-- name: drop_orphan_places
DELETE FROM image_vex WHERE image_id NOT IN (SELECT image_id FROM image)

-- name: drop_orphan_documents
DELETE FROM vex_document WHERE document_id NOT IN (SELECT document_id FROM image_vex)
