"""The one door from a request to the verbs: whose request it is, and what of the operations it may have done."""

from typing import Any

import msgspec
from litestar import Request

from envscout.access.principal import Principal
from envscout.operations.performing import perform
from envscout.store import Database


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
    """Return who asks, as the doorkeeper made out. Nothing is served that did not come past them."""
    found = request.scope["user"]
    assert isinstance(found, Principal)
    return found
