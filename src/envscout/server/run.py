"""The process that serves: sockets, workers, and how it ends."""

import uvicorn

from envscout.server.app import make
from envscout.store import Database, Place


def run(place: Place, host: str, port: int) -> None:
    """Serve until told to stop. Raise StoreError."""
    # The store is made and migrated before anybody is let in.
    Database(place).close()
    uvicorn.run(make(place), host=host, port=port, log_config=None, server_header=False, timeout_graceful_shutdown=30)
