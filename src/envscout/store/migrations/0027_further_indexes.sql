-- An index that is made anew may lead to an image that is known already. The first is the image's own; further ones are
-- rows here.
CREATE TABLE further_index (
    index_digest TEXT NOT NULL,
    image_id     INTEGER NOT NULL,
    PRIMARY KEY (index_digest, image_id)
) WITHOUT ROWID;
CREATE INDEX further_index_of ON further_index (image_id);
