-- The chain id of all layers of an image (OCI image specification, config.md, "Layer ChainID"), so that an image whose
-- layers are the lowest ones of another is found as its base. NULL for what has no layers, or was kept before.
ALTER TABLE image ADD COLUMN chain TEXT COLLATE "C";
CREATE INDEX image_chain ON image (chain) WHERE chain IS NOT NULL;
