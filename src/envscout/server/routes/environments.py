"""Environments: what there are, what runs in each, what that is vulnerable to, what was said of it."""

from collections.abc import Iterable, Mapping
from functools import reduce
from operator import or_
from typing import Annotated

import msgspec
from pyroaring import BitMap

from envscout.environments.difference import Difference, Levels, Side, count, difference, summary, together
from envscout.model import Coverage, Deployment, Event, Summary
from envscout.model.finding import WORDS
from envscout.server.asking import Asked
from envscout.server.etag import Subject
from envscout.server.pagination import page
from envscout.server.routes.common import Age, At, Filters, Moment, Org, Paged, about, chosen, moment_of, scope
from envscout.server.routes.route import Route
from envscout.store.deployments import EnvironmentRow, Scope
from envscout.verbs.whole import Brief, Question

TAG = "environments"


class Environments(msgspec.Struct, frozen=True):
    """Environments by organization and name. images: how many different ones run. next: cursor of the next page."""

    items: tuple[EnvironmentRow, ...]
    next: str | None = None


class Deployments(msgspec.Struct, frozen=True):
    """What runs, by organization, service and platform."""

    items: tuple[Deployment, ...]
    next: str | None = None


class Events(msgspec.Struct, frozen=True):
    """What was said, the newest first."""

    items: tuple[Event, ...]
    next: str | None = None


class Outline(msgspec.Struct, frozen=True):
    """An environment in short. summary: its vulnerabilities, each once by its worst severity.

    unknown_services: those whose vulnerabilities are not known in full; none of them is to be taken for safe.
    """

    environment: str
    services: int
    images: int
    summary: Summary
    unknown_services: int
    coverage: Coverage


class InEnvironment(msgspec.Struct, frozen=True):
    """A vulnerability of an environment, by its worst severity there, and the services that have it."""

    vulnerability: str
    severity: str
    services: tuple[str, ...]


class Vulnerabilities(msgspec.Struct, frozen=True):
    """Vulnerabilities of an environment, the worst first."""

    items: tuple[InEnvironment, ...]
    total: int
    coverage: Coverage
    next: str | None = None


class OfService(Filters, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which vulnerabilities, and of which service."""

    service: Annotated[str, msgspec.Meta(max_length=200)] = ""


class Pair(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Two environments that are laid beside one another."""

    from_env: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    to_env: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    org: Org = ""
    from_at: At = ""
    to_at: At = ""
    max_age: Age = 7


class Change(msgspec.Struct, frozen=True):
    """One service. present: what it runs in the first environment, following: in the second; () where it does not run.

    introduced, fixed, kept: what its vulnerabilities become where the first environment becomes like the second.
    """

    service: str
    present: tuple[str, ...]
    following: tuple[str, ...]
    introduced: Summary
    fixed: Summary
    kept: int
    known: bool


class Compared(msgspec.Struct, frozen=True):
    """What would change if the first environment became like the second. same: services that would stay as they are.

    introduced, fixed: over the whole environment, each vulnerability once.
    """

    from_env: str
    to_env: str
    services: tuple[Change, ...]
    same: int
    introduced: Summary
    fixed: Summary
    coverage: Coverage


def environments(asked: Asked) -> Environments:
    """List the environments."""
    rows = asked.perform("ask.environments", scope=scope(asked))
    query = asked.query
    return Environments(*page(rows, lambda row: (row.organization, row.name), query.cursor, query.limit))


def deployments(asked: Asked) -> Deployments:
    """List what runs in an environment."""
    found = [each.deployment for each in asked.perform("ask.running", scope=scope(asked))]
    found.sort(key=_slot)
    return Deployments(*page(found, _slot, asked.query.cursor, asked.query.limit))


def _slot(each: Deployment) -> tuple[str | int, ...]:
    return each.organization, each.service, each.platform, each.since, each.digest


def history(asked: Asked) -> Events:
    """List what was ever said of an environment."""
    found = sorted(asked.perform("ask.history", scope=scope(asked)), key=_said)
    return Events(*page(found, _said, asked.query.cursor, asked.query.limit))


def _said(each: Event) -> tuple[str | int, ...]:
    return -each.at, each.organization, each.service, each.platform, each.digest


def outline(asked: Asked) -> Outline:
    """Sum up an environment: how much is vulnerable, and how far that can be trusted."""
    (whole,) = _briefs(asked, (scope(asked), Question()))
    sides = whole.services.values()
    return Outline(
        environment=whole.environment,
        services=len(sides),
        images=len({digest for side in sides for digest in side.digests}),
        summary=summary(together(side.found for side in sides)),
        unknown_services=sum(not side.known for side in sides),
        coverage=whole.coverage,
    )


def vulnerabilities(asked: Asked) -> Vulnerabilities:
    """List the vulnerabilities of an environment, and which services have them."""
    query: OfService = asked.query
    question = Question(selection=chosen(query), known_at=moment_of(query.known_at), max_age=query.max_age)
    (whole,) = _briefs(asked, (scope(asked), question))
    sides = {name: side for name, side in whole.services.items() if query.service in ("", name)}
    levels = together(side.found for side in sides.values())
    ordered = [(-level, number) for level in sorted(WORDS, reverse=True) for number in levels[level]]
    found, following = page(ordered, lambda each: each, query.cursor, query.limit)
    names = asked.perform("whole.names", numbers=[number for _, number in found])
    having = {name: reduce(or_, side.found) for name, side in sides.items()}
    items = tuple(
        InEnvironment(names[number], WORDS[-level], tuple(name for name, held in having.items() if number in held))
        for level, number in found
    )
    return Vulnerabilities(items, len(ordered), whole.coverage, following)


def compare(asked: Asked) -> Compared:
    """Lay two environments beside one another: what would change if the first became like the second."""
    query: Pair = asked.query
    sides = [
        (Scope(query.org, name, at=moment), Question(known_at=moment, max_age=query.max_age))
        for name, moment in (
            (query.from_env, moment_of(query.from_at)),
            (query.to_env, moment_of(query.to_at)),
        )
    ]
    present, following = _briefs(asked, *sides)
    changes = difference(present.services, following.services)
    ours, theirs = (reduce(or_, _of(side.services), BitMap()) for side in (following, present))
    return Compared(
        from_env=query.from_env,
        to_env=query.to_env,
        services=tuple(_change(each) for each in changes if each.differs),
        same=sum(not each.differs for each in changes),
        introduced=summary(_of_worst(following.services, ours - theirs)),
        fixed=summary(_of_worst(present.services, theirs - ours)),
        coverage=_weaker(present.coverage, following.coverage),
    )


def _briefs(asked: Asked, *sides: tuple[Scope, Question]) -> list[Brief]:
    found: list[Brief] = asked.perform("whole.briefs", asked=list(sides))
    return found


def _weaker(first: Coverage, second: Coverage) -> Coverage:
    from envscout.findings.coverage import combine

    return combine([first, second])


def _of(services: Mapping[str, Side]) -> Iterable[BitMap]:
    return (level for side in services.values() for level in side.found)


def _of_worst(services: Mapping[str, Side], only: BitMap) -> Levels:
    return tuple(level & only for level in together(side.found for side in services.values()))


def _change(each: Difference) -> Change:
    return Change(
        service=each.service,
        present=each.present.references,
        following=each.next.references,
        introduced=summary(each.introduced),
        fixed=summary(each.fixed),
        kept=count(each.kept),
        known=each.known,
    )


def _here(asked: Asked) -> Subject | None:
    return about(asked, "environment", asked.path["environment"])


def _anywhere(asked: Asked) -> Subject | None:
    return about(asked, "ran")


def _both(asked: Asked) -> Subject | None:
    return about(asked, "environment", asked.query.from_env, asked.query.to_env)


_ALL = "/api/v1/environments"
_ONE = "/api/v1/environments/{environment}"

ROUTES = (
    Route("GET", _ALL, "environments", "read", environments, Environments, TAG, Paged, about=_anywhere),
    Route("GET", _ONE, "environment", "read", outline, Outline, TAG, Moment, about=_here),
    Route("GET", f"{_ONE}/deployments", "deployments", "read", deployments, Deployments, TAG, Paged, about=_here),
    Route("GET", f"{_ONE}/history", "history", "read", history, Events, TAG, Paged, about=_here),
    Route(
        "GET", f"{_ONE}/vulnerabilities", "environment-vulnerabilities", "read", vulnerabilities, Vulnerabilities, TAG,
        OfService, about=_here,
    ),
    Route("GET", "/api/v1/compare", "compare", "read", compare, Compared, TAG, Pair, about=_both),
)  # fmt: skip
