"""Names that somebody is about to type: what a server tells a shell that completes them."""

from typing import Literal

from envscout.store import Database
from envscout.store.known import Wanted, told

Kind = Literal["environments", "exceptions", "organizations", "packages", "references", "services", "vulnerabilities"]


def names(database: Database, kind: Kind, prefix: str = "", environment: str = "", organization: str = "") -> list[str]:
    """Return the first names that begin with a prefix, and the last one; environment, organization: "" for all."""
    with database.read() as connection:
        return told(connection, kind, Wanted(prefix, environment, organization))
