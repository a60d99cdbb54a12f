"""What was said to run against what was seen to run."""

import msgspec

from envscout.server.asking import Asked
from envscout.server.routes.common import Org
from envscout.server.routes.route import Route
from envscout.standing.drifting import Environment
from envscout.store.deployments import Scope

TAG = "environments"


class Whose(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Of whom."""

    org: Org = ""


class Drifted(msgspec.Struct, frozen=True):
    """What drifted, in the environment of each organization that has one of that name."""

    items: tuple[Environment, ...]


def drift(asked: Asked) -> Drifted:
    """List what does not run what was said, and whose tags moved."""
    found = asked.perform("drift.drift", scope=Scope(asked.query.org, asked.path["environment"]))
    return Drifted(tuple(found))


ROUTES = (Route("GET", "/api/v1/environments/{environment}/drift", "drift", "read", drift, Drifted, TAG, Whose),)
