"""The one door from a request to the verbs: whose request it is, and what of the operations it may have done."""

from typing import Any

import msgspec
from litestar import Request

from envscout.access.principal import Principal
from envscout.operations.performing import perform
from envscout.store import Database

ANYBODY = Principal("local", "owner")
"""Who asks where nobody is asked to say who they are."""


class Asked(msgspec.Struct, frozen=True):
    """One request, its parts read. query, body: as the route's types say. path: its parameters."""

    principal: Principal
    database: Database
    path: dict[str, str]
    query: Any
    body: Any
    headers: dict[str, str]
    request_id: str = ""

    def perform(self, operation: str, **arguments: Any) -> Any:
        """Have an operation done for whoever asks. Raise what its verb raises."""
        return perform(self.database, self.principal, operation, arguments, self.request_id)


def principal(request: Request[Any, Any, Any]) -> Principal:
    """Return who asks, as what stands before the routes made out."""
    return request.scope.get("user") or ANYBODY
