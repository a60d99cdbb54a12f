"""Names that a server knows, for a shell that completes them: asked once, and nothing where it is not quick."""

from collections.abc import Callable, Iterable, Mapping

from envscout.client.keeping import way
from envscout.client.remote import Remote
from envscout.config import Settings
from envscout.errors import EnvscoutError
from envscout.store.deployments import Scope
from envscout.store.known import LIMIT, Ask, Wanted
from envscout.verbs import ask as asking

SECONDS = 0.5
"""To wait for a connection, and for each part of an answer."""


def known_there(settings: Settings) -> Ask:
    """Return a function that asks the server. It raises nothing, and knows environments, services and references."""

    def ask(query: str, wanted: Wanted) -> list[str]:
        names = _NAMES.get(query)
        if names is None:
            return []
        try:
            remote = Remote(way(settings, settings.text("server")))
            try:
                found = sorted(set(names(remote, wanted)))
            finally:
                remote.close()
        except EnvscoutError:
            return []
        return [name for name in found if name.startswith(wanted.prefix)][:LIMIT]

    return ask


def _environments(remote: Remote, wanted: Wanted) -> Iterable[str]:
    rows = remote.briefly(asking.environments, [Scope(wanted.organization)], SECONDS)
    return (each.name for each in rows)


def _organizations(remote: Remote, _wanted: Wanted) -> Iterable[str]:
    rows = remote.briefly(asking.environments, [Scope()], SECONDS)
    return (each.organization for each in rows)


def _services(remote: Remote, wanted: Wanted) -> Iterable[str]:
    if not wanted.environment:
        return ()
    rows = remote.briefly(asking.running, [Scope(wanted.organization, wanted.environment)], SECONDS)
    return (each.deployment.service for each in rows)


_NAMES: Mapping[str, Callable[[Remote, Wanted], Iterable[str]]] = {
    "environments": _environments,
    "organizations": _organizations,
    "services": _services,
}
