-- JSON: of each image that was judged, the ids of the policies that it does not meet, or is not known to.
ALTER TABLE judged ADD COLUMN images TEXT COLLATE "C" NOT NULL DEFAULT '{}';
-- What was judged before is judged anew, and stands until then.
UPDATE judged SET known = -1;
