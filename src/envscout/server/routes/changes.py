"""What happened, for whoever keeps up with it."""

from typing import Annotated

import msgspec

from envscout.server.asking import Asked
from envscout.server.pagination import Limit
from envscout.server.routes.common import Org
from envscout.server.routes.route import Route
from envscout.verbs.changes import Changes

TAG = "changes"
MAX_WAIT = 60


class Asking(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What of it, after which cursor, and how long to wait for it."""

    after: Annotated[int, msgspec.Meta(ge=0, lt=1 << 62, description="The `next` of the answer before.")] | None = None
    org: Org = ""
    env: Annotated[str, msgspec.Meta(max_length=200, description="The environment; empty: all.")] = ""
    limit: Limit = 100
    wait: Annotated[int, msgspec.Meta(ge=0, le=MAX_WAIT, description="Seconds to wait where there is nothing yet.")] = 0


def changes(asked: Asked) -> Changes:
    """Tell what happened after a cursor; without one, where the end is.

    With `Accept: text/event-stream` each change is an event, whose id is the cursor that Last-Event-ID resumes after.
    """
    query: Asking = asked.query
    after = asked.path.get("after")
    found: Changes = asked.perform(
        "changes.after",
        organization=query.org,
        environment=query.env,
        after=int(after) if after else None,
        most=query.limit,
    )
    return found


ROUTES = (Route("GET", "/api/v1/changes", "changes", "read", changes, Changes, TAG, Asking),)
