-- Whose word an image is: an inventory that one organization brought is neither believed nor seen by another. '' = of the
-- whole instance.
ALTER TABLE image ADD COLUMN tenant TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE image DROP CONSTRAINT image_digest_key;
ALTER TABLE image ADD UNIQUE (tenant, digest);

-- Who decided whether a repository is indexed unasked.
ALTER TABLE repository_switch ADD COLUMN tenant TEXT COLLATE "C" NOT NULL DEFAULT '';
