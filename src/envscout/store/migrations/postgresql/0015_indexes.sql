-- An image that is dropped, or asked for by what was recorded of it, is found without reading every event.
CREATE INDEX event_i ON event (image_id) WHERE image_id IS NOT NULL;

-- A path in an image may be longer than an index has room for.
ALTER TABLE image_vex DROP CONSTRAINT image_vex_pkey;
CREATE UNIQUE INDEX image_vex_key ON image_vex (image_id, place, md5(path), document_id, k_from);
