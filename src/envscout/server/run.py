"""The process that serves: sockets, workers, and how it ends."""

import msgspec
import uvicorn

from envscout.errors import UsageError
from envscout.server.app import make
from envscout.server.auth import Door
from envscout.server.auth_browser import is_loopback
from envscout.store import Database, Place, access


def run(place: Place, host: str, port: int, door: Door = Door()) -> None:  # noqa: B008
    """Serve until told to stop. Raise StoreError, UsageError."""
    # The store is made and migrated before anybody is let in.
    with Database(place) as database, database.read() as connection:
        is_anybody = access.is_anybody(connection)
    is_open = is_loopback(host)
    if not is_open and not is_anybody and not door.issuer:
        raise UsageError(
            f"nobody has a token, and {host} can be reached from elsewhere",
            "make the first one: envscout token create --role owner; or listen on 127.0.0.1",
        )
    door = msgspec.structs.replace(door, is_open=is_open)
    uvicorn.run(
        make(place, door), host=host, port=port, log_config=None, server_header=False, timeout_graceful_shutdown=30
    )
