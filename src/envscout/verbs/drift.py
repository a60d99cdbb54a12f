"""Does what was said to run, run?"""

from envscout.errors import NotFound
from envscout.standing import drifting
from envscout.standing.drifting import Environment
from envscout.store import Database, generations, now
from envscout.store.deployments import Scope


def drift(database: Database, scope: Scope, *, tags: bool = True) -> list[Environment]:
    """Return what drifted in an environment, or in all of the scope. Raise NotFound for one that nobody recorded to.

    tags: whether it is told, too, which of them stand for another image by now.
    """
    with database.read() as connection:
        rows = generations.reached(connection, scope.organization).environments
        wanted = [each for each in rows if scope.environment in ("", each.name)]
        if scope.environment and not wanted:
            raise NotFound(
                f"nothing was ever recorded into environment {scope.environment}",
                f"there are: {', '.join(sorted(each.name for each in rows)[:20])}" if rows else "none was recorded yet",
            )
        at = now()
        found = []
        for row in wanted:
            seen, drifts = drifting.look(connection, row.organization, row.name, tags=tags)
            found.append(
                Environment(
                    organization=row.organization,
                    environment=row.name,
                    looked_at=seen.at if seen else None,
                    source=seen.source if seen else "",
                    actor=seen.actor if seen else "",
                    stale=seen is not None and at - seen.at > drifting.STALE.get(seen.source, 0),
                    drifts=drifts,
                )
            )
        return found
