"""The only folder that knows a database."""

from envscout.store.database import FOREVER, Database, now

__all__ = ["FOREVER", "Database", "now"]
