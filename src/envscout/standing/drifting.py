"""What drifted in an environment, as the store has it; and what is told of that, once."""

import contextlib
from collections.abc import Iterable, Iterator, Mapping

import msgspec

from envscout.environments.drift import Drift, drifts
from envscout.environments.fold import fold
from envscout.environments.seen import added
from envscout.errors import InvalidReference
from envscout.model import Event, News, NewsFacts
from envscout.names.reference import Reference, parse
from envscout.store import Connection, deployments, images, observed, repositories
from envscout.store.deployments import Running, Scope

GRACE = 600_000_000
"""Microseconds that a rollout may take before it is told as drift."""
STALE = {"kubernetes": 1_200_000_000, "docker": 86_400_000_000}
"""Microseconds without a look after which nobody can tell what runs: a cluster is looked at every five minutes."""


def look(
    connection: Connection, organization: str, environment: str, *, tags: bool = True
) -> tuple[observed.Look | None, tuple[Drift, ...]]:
    """Return the last look at an environment, None where nobody looks, and what drifted; use inside `read()`.

    tags: whether those are followed, which takes longer.
    """
    seen = observed.look(connection, organization, environment)
    if seen is None and not tags:
        return None, ()
    running = deployments.running(connection, Scope(organization, environment))
    said = fold(observed.declared(connection, organization, environment))
    declared = [each for each in said if each.until is None]
    runs = [each.deployment for each in running]
    moved = dict(_moved(connection, running) if tags else ())
    # A cluster may run what the index has for another platform.
    both = {each.digest for each in (*declared, *runs)} if seen and declared else ()
    indexes = images.indexes(connection, both) if both else {}
    return seen, drifts(declared, runs, moved, seen=seen is not None, indexes=indexes)


def _moved(connection: Connection, running: Iterable[Running]) -> Iterator[tuple[tuple[str, str], str]]:
    """Yield what of what runs was recorded under a tag that stands for another image by now, and for which."""
    tagged = [(each, name) for each in running if (name := _tagged(each.deployment.reference))]
    asked = [repositories.Ran(name.repository, name.tag, each.image_id) for each, name in tagged]
    for (each, _), now in zip(tagged, repositories.stand_for(connection, asked), strict=True):
        if now and now != each.deployment.digest:
            yield (each.deployment.reference, each.deployment.digest), now


def _tagged(text: str) -> Reference | None:
    with contextlib.suppress(InvalidReference):
        reference = parse(text)
        if reference.repository and reference.tag and not reference.digest:
            return reference
    return None


def observe(connection: Connection, said: Event, seen: Iterable[Event], at: int) -> list[News]:
    """Note that somebody looked at an environment; return the news of what drifts since, and of what no longer does.

    seen: what ran, as it was told: what is known of images here must not change what was seen.
    """
    before, found = look(connection, said.organization, said.environment)
    names = added(observed.seen(connection, said.organization, said.environment), seen, at)
    if before is None:
        # From now on somebody looks; what drifts is told from the second look on.
        fresh = observed.Look(said.source, said.actor, at, {})
        observed.put(connection, said.organization, said.environment, fresh, names)
        return []
    settled = [each for each in found if each.since <= at - GRACE]
    drifting = {service: each.kind for service, each in _gravest(settled).items()}
    fresh = observed.Look(said.source, said.actor, at, drifting)
    observed.put(connection, said.organization, said.environment, fresh, names)
    return list(_news(said, at, settled, before.drifting))


def _gravest(found: Iterable[Drift]) -> dict[str, Drift]:
    """Return what happened to each service; that it runs something else comes before a tag that moved."""
    first: dict[str, Drift] = {}
    for each in found:
        first.setdefault(each.service, each)
    return first


def _news(said: Event, at: int, found: list[Drift], before: Mapping[str, str]) -> Iterator[News]:
    now = _gravest(found)
    for service, each in now.items():
        if before.get(service) != each.kind:
            yield _one(said, at, service, "worse", words(each))
    for service in before:
        if service not in now:
            yield _one(said, at, service, "better", "it runs what was said again")


def _one(said: Event, at: int, service: str, direction: str, text: str) -> News:
    return News(
        kind="drift",
        at=at,
        organization=said.organization,
        environment=said.environment,
        service=service,
        direction=direction,  # type: ignore[arg-type]  # both are directions
        cause="deployment",
        facts=NewsFacts(actor=said.actor, text=text),
    )


def words(drift: Drift) -> str:
    """Return what drifted in a sentence."""
    said, runs = (", ".join(f"{each.reference.partition('@')[0]}@{each.digest[:19]}" for each in side)
                  for side in (drift.declared, drift.running))  # fmt: skip
    return {
        "differs": f"{said} was said to run, and {runs} does",
        "missing": f"{said} was said to run, and does not",
        "unmanaged": f"{runs} runs, and nobody said so",
        "moved": f"{runs} runs, and its tag stands for {drift.now[:19]} by now",
    }[drift.kind]


class Environment(msgspec.Struct, frozen=True):
    """What drifted in one environment. looked_at: microseconds, None where nobody looks at what runs there.

    source, actor: who looks, "" for nobody. stale: they have not for so long that nobody can tell what runs.
    """

    organization: str
    environment: str
    looked_at: int | None
    source: str
    actor: str
    stale: bool
    drifts: tuple[Drift, ...]
