"""What was promoted, and when what is known changed in between."""

from bisect import bisect_left
from collections.abc import Sequence
from itertools import groupby

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


def batches(database: Database, moments: Sequence[int], max_age: int) -> list[int]:
    """Return how many moments at a time, which are in order, are answered alike: nothing that is known changed between.

    What changes an answer: a feed that was applied or became stale (max_age, in days), an exception or a VEX document
    that came or went, and the day, for ends of support.
    """
    with database.read() as connection:
        changed = turns.moments(connection, max_age * _DAY)
    places = ((bisect_left(changed, at + 1), at // _DAY) for at in moments)
    return [sum(1 for _ in alike) for _, alike in groupby(places)]


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
