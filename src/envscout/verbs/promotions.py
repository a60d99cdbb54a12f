"""What was promoted, and when what is known changed in between."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator

import msgspec

from envscout.errors import NotFound
from envscout.store import Database, deployments, now, turns
from envscout.store.deployments import Promotion, Scope

_DAY = 86_400_000_000


def promotions(database: Database, scope: Scope, since: int) -> tuple[list[Promotion], int]:
    """Return what came to run in the scope since a moment, the oldest first, and how often it was only said again.

    Raise NotFound for an environment that nobody recorded into: of a mistyped one nothing would be stopped, ever.
    """
    with database.read() as connection:
        known = {row.name for row in deployments.environments(connection, Scope(scope.organization))}
        if scope.environment and scope.environment not in known:
            raise NotFound(
                f"nothing was ever recorded into environment {scope.environment}",
                f"there are: {', '.join(sorted(known)[:20])}" if known else "none was recorded yet",
            )
        return deployments.promotions(connection, scope, since)


def batches(database: Database, promoted: Iterable[Promotion], max_age: int) -> Iterator[tuple[int, list[Promotion]]]:
    """Yield a moment and the promotions that are answered alike at it: nothing that is known changed between them.

    What changes an answer: a feed that was applied or became stale (max_age, in days), an exception or a VEX document
    that came or went, and the day, for ends of support.
    """
    with database.read() as connection:
        changed = turns.moments(connection, max_age * _DAY)
    held: list[Promotion] = []
    place: tuple[int, int] | None = None
    for each in promoted:
        at = each.now.deployment.since
        there = (bisect_left(changed, at + 1), at // _DAY)
        if held and there != place:
            yield held[-1].now.deployment.since, held
            held = []
        place = there
        held.append(each)
    if held:
        yield held[-1].now.deployment.since, held


def standing(database: Database, scope: Scope) -> list[Promotion]:
    """Return what runs in the scope as if it were promoted now, in its own place. Raise NotFound where nothing does."""
    with database.read() as connection:
        found = deployments.running(connection, scope)
        at = now()
    if not found:
        raise NotFound(
            f"nothing runs in environment {scope.environment}", "`envscout environment` lists the environments"
        )
    return [
        Promotion(msgspec.structs.replace(each, deployment=msgspec.structs.replace(each.deployment, since=at)), (each,))
        for each in found
    ]
