-- A tag goes back to what it stood for before: each time that it came to stand for another image is a row of its own.
-- at: microseconds, since when.
ALTER TABLE seen DROP CONSTRAINT seen_pkey;
ALTER TABLE seen ADD PRIMARY KEY (repository, tag, at, image_id);

-- Images that were recorded without looking into them have the digest of their index as well.
UPDATE image SET index_digest = CAST(document AS json) ->> 'index_digest'
 WHERE index_digest = '' AND length(CAST(document AS json) ->> 'index_digest') BETWEEN 1 AND 255;
