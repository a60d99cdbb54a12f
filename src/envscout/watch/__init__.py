"""Noticing what happens in registries: by looking through them, and by their events. Nothing is indexed here."""
