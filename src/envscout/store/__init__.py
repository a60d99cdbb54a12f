"""The only folder that knows a database."""

from envscout.store.database import FOREVER, Connection, Database, Place, now

__all__ = ["FOREVER", "Connection", "Database", "Place", "now"]
