"""What is known of images that somebody wants to run: for a gate that has no time to ask a registry."""

from collections.abc import Sequence
from functools import partial

import msgspec

from envscout.environments.seen import runs
from envscout.errors import InvalidReference
from envscout.model import Seen
from envscout.names.reference import Reference, parse
from envscout.store import (
    Connection,
    Database,
    deployments,
    generations,
    images,
    now,
    observed,
    policies,
    repositories,
)
from envscout.store.deployments import Scope

MOST = 200
MAX_AGE = 7
_PAIR = 300
"""Bytes that an image which was seen takes in memory."""
_PLATFORMS = ("linux/amd64", "linux/arm64")
"""Of nodes, the likelier one first: who wants a pod does not say where it will run."""


class Candidate(msgspec.Struct, frozen=True):
    """An image by the name it is wanted under. service: what it runs as. digest: "" where nobody knows it.

    runs: whether it was seen to run there. problem: why nothing can be said of it, "" for nothing.
    attached: what somebody saw attached to it last, None where nobody looked.
    """

    reference: str
    service: str = ""
    digest: str = ""
    runs: bool = False
    problem: str = ""
    attached: tuple[str, ...] | None = None


class Candidates(msgspec.Struct, frozen=True):
    """found: in the order of what was asked. rests: what stays the same for as long as verdicts do.

    organizations: those that have such an environment.
    """

    found: tuple[Candidate, ...]
    rests: tuple[int, ...]
    organizations: tuple[str, ...]


def candidates(database: Database, scope: Scope, references: Sequence[str]) -> Candidates:
    """Return what is known of images that are to run in the scope's environment; of the first few, if there are many.

    A tag stands for the image that it was seen to stand for last.
    """
    with database.read() as connection:
        reached = generations.reached(connection, scope.organization, scope.environment)
        age = generations.age(connection, database.memory, reached.known, MAX_AGE)
        numbers = reached.environments
        owners = tuple(sorted({each.organization for each in numbers}))
        whose = scope.organization or (owners[0] if len(owners) == 1 else "")
        seen = [_seen(database, connection, each) for each in numbers]
        found = tuple(_candidate(connection, each, whose, seen) for each in references[:MOST])
    rests = (reached.known, reached.images, age.turn, age.day, *(each.number for each in numbers))
    return Candidates(found, rests, owners)


def _seen(database: Database, connection: Connection, environment: generations.Number) -> Seen:
    """Return what was seen to run in an environment, as it was told.

    What was only said to run does not count: whoever may record would have a way around the gate.
    """
    place = (connection, environment.organization, environment.name)
    look = observed.look(*place)
    if look is None:
        return {}
    key = ("seen", environment.env_id, look.at)
    return database.memory.get(key, partial(observed.seen, *place), lambda seen: _PAIR * sum(map(len, seen.values())))


def _candidate(connection: Connection, text: str, whose: str, seen: Sequence[Seen]) -> Candidate:
    try:
        reference = parse(text)
    except InvalidReference as error:
        return Candidate(text[:500], problem=error.cause)
    if not reference.repository:
        return Candidate(text, problem="it names no image of a registry")
    known = [one for each in _digests(connection, reference, whose) for one in images.known_as(connection, each)]
    also = images.also_led(connection, (each.image_id for each in known)) if known else {}
    stands = frozenset[str]().union(*(each.image.digests for each in known), *also.values())
    ran = any(runs(each, reference, stands, now()) for each in seen)
    best = next((each for each in known if each.indexed_at is not None), None)
    if ran:
        return Candidate(reference.familiar, reference.service, best.image.digest if best else "", ran)
    if best is None:
        why = "nobody looked into it yet" if known else "nobody ever recorded or pushed it where envscout looks"
        digest = known[0].image.digest if known else ""
        return Candidate(reference.familiar, reference.service, digest, problem=why)
    attached = policies.last_look(connection, best.image_id)
    return Candidate(reference.familiar, reference.service, best.image.digest, attached=attached)


def _digests(connection: Connection, reference: Reference, whose: str) -> tuple[str, ...]:
    """Return the digests that a name stands for, the likeliest first."""
    if reference.digest:
        return (reference.digest,)
    seen = (repositories.stood_for(connection, reference.repository, reference.tag, each) for each in _PLATFORMS)
    if digests := tuple(dict.fromkeys(each[0].digest for each in seen if each)):
        return digests
    return deployments.service_last(connection, reference, whose)[:1]
