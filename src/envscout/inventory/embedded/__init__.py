"""Secrets in files and texts: a table of forms, and a search of bytes for them. Pure; no secret leaves it."""

from envscout.inventory.embedded.seeker import Place, Seeker, Text, masked

__all__ = ["Place", "Seeker", "Text", "masked"]
