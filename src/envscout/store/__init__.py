"""The only folder that knows a database."""

from envscout.store.database import FOREVER, Connection, Database, now

__all__ = ["FOREVER", "Connection", "Database", "now"]
