-- How often something was marked since it was looked at: who looked meanwhile does not take away a mark that was made again.
ALTER TABLE mark ADD COLUMN times INTEGER NOT NULL DEFAULT 0;
