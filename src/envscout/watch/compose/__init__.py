"""Compose files: which images their services run. https://github.com/compose-spec/compose-spec/blob/main/spec.md

Files are read as `docker compose` does; nothing is built, pulled or started.
"""

from envscout.watch.compose.project import declaration

__all__ = ["declaration"]
