-- seen: JSON, names of images -> the digests that ran under them -> when last. Until the next look, nothing was seen.
UPDATE observed SET seen = '{}';
