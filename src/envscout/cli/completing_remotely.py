"""Names that a server knows, for a shell that completes them: asked once, and nothing where it is not quick."""

from envscout.client.keeping import way
from envscout.client.remote import Remote
from envscout.config import Settings
from envscout.errors import EnvscoutError
from envscout.store.known import Ask, Wanted
from envscout.verbs import known

SECONDS = 0.5
"""To wait for a connection, and for each part of an answer."""


def known_there(settings: Settings) -> Ask:
    """Return a function that asks the server. It raises nothing where that does not answer."""

    def ask(query: str, wanted: Wanted) -> list[str]:
        try:
            remote = Remote(way(settings, settings.text("server")))
            try:
                found: list[str] = remote.briefly(known.names, [query, *wanted], SECONDS)
            finally:
                remote.close()
        except EnvscoutError:
            return []
        return found

    return ask
