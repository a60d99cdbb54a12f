-- An image that is dropped, or asked for by what was recorded of it, is found without reading every event.
CREATE INDEX event_i ON event (image_id) WHERE image_id IS NOT NULL;
