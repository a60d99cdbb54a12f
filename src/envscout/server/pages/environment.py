"""One environment: what runs in it, what that carries, how it came to that, now or at any moment."""

from typing import Any, Literal

import msgspec

from envscout.environments.difference import Side, summary, together
from envscout.errors import NotFound
from envscout.model import Counted, Coverage, Deployment, Numbers, Summary
from envscout.server.asking import Asked
from envscout.server.pages.page import Page, Table
from envscout.server.pagination import Cursor, page
from envscout.server.routes import environments as resources
from envscout.server.routes.common import Moment, Name, moment_of
from envscout.server.routes.environments import OfService
from envscout.standing.drifting import Environment as Watched
from envscout.standing.drifting import words
from envscout.store.deployments import Running, Scope
from envscout.store.judged import Images as Judged
from envscout.verbs.whole import Brief, Question

SECTION = "Overview"
_AT_ONCE = 100


class Here(Moment, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which moment; known: `then` for what could be known at it, "" for what is known now. sort, q: of services."""

    known: Literal["", "then"] = ""
    sort: Literal["", "service"] = ""
    q: Name = ""
    cursor: Cursor = ""


class Row(msgspec.Struct, frozen=True):
    """A service, what it runs, and its vulnerabilities. failing: policies that it does not meet, None: not judged.

    drift: how what runs is not what was said, in words; "" where it is, or where nobody looks.
    """

    service: str
    running: tuple[Deployment, ...]
    summary: Summary
    known: bool
    failing: tuple[str, ...] | None
    drift: str = ""


class Environment(msgspec.Struct, frozen=True):
    """at: the moment that is looked at, None for now. total: services; rows: those of this page. judged: since when.

    watched: who looks at what runs and what drifted, None where nobody does, or at a past moment.
    """

    name: str
    organization: str
    at: int | None
    summary: Summary
    services: int
    images: int
    unknown: int
    coverage: Coverage
    rows: tuple[Row, ...]
    total: int
    next: str | None
    numbers: Numbers | None
    judged: int | None = None
    watched: Watched | None = None


def environment(asked: Asked) -> Environment:
    """Tell of an environment at a moment."""
    query: Here = asked.query
    name, at = asked.path["environment"], moment_of(query.at)
    scope = Scope(query.org, name, at=at)
    question = Question(known_at=at if query.known else None)
    try:
        (brief,) = asked.perform("whole.briefs", asked=[(scope, question)])
    except NotFound:
        return _empty(asked, name, at)
    sides: dict[str, Side] = {
        service: side for service, side in brief.services.items() if query.q.lower() in service.lower()
    }
    order = sorted(sides, key=lambda each: _rank(each, sides[each], query.sort))
    keys = {each: place for place, each in enumerate(order)}
    shown, following = page(order, lambda each: (keys[each],), query.cursor, _AT_ONCE)
    running = _running(asked, scope)
    drifted: dict[str, str] = {}
    judged: Judged | None = None
    watched: Watched | None = None
    if at is None:
        seen = asked.perform("drift.drift", scope=scope, tags=False)
        watched = next((each for each in seen if each.looked_at is not None), None)
        drifted = {each.service: words(each) for each in watched.drifts} if watched else {}
        judged = asked.perform("count.judged_of", environment=name, organization=query.org)
    return Environment(
        name=name,
        organization=query.org,
        at=at,
        summary=summary(together(side.found for side in brief.services.values())),
        services=len(brief.services),
        images=len({digest for side in brief.services.values() for digest in side.digests}),
        unknown=sum(not side.known for side in brief.services.values()),
        coverage=brief.coverage,
        rows=tuple(_row(each, sides[each], running.get(each, ()), judged, drifted.get(each, "")) for each in shown),
        total=len(sides),
        next=following,
        numbers=None if at is not None else numbers(asked, name, query.org),
        judged=judged.at if judged else None,
        watched=watched,
    )


def _empty(asked: Asked, name: str, at: int | None) -> Environment:
    """Tell of an environment in which nothing runs at the moment. Raise NotFound for one that never was."""
    if not asked.perform("ask.history", scope=Scope(asked.query.org, name)):
        raise NotFound(f"nothing was ever recorded into environment {name}", "look at the overview for those there are")
    return Environment(name, asked.query.org, at, Summary(), 0, 0, 0, Coverage(), (), 0, None, None)


def _rank(service: str, side: Side, sort: str) -> tuple[Any, ...]:
    """Return where a service comes: the worst first, those that nobody knows of before all."""
    return (service,) if sort else (side.known, *(-len(each) for each in reversed(side.found)), service)


def _running(asked: Asked, scope: Scope) -> dict[str, tuple[Running, ...]]:
    found: dict[str, tuple[Running, ...]] = {}
    for each in asked.perform("ask.running", scope=scope):
        found[each.deployment.service] = (*found.get(each.deployment.service, ()), each)
    return found


def _row(service: str, side: Side, running: tuple[Running, ...], judged: Judged | None, drift: str) -> Row:
    ran = tuple(each.deployment for each in running)
    return Row(service, ran, summary(together([side.found])), side.known, _failing(running, judged), drift)


def _failing(running: tuple[Running, ...], judged: Judged | None) -> tuple[str, ...] | None:
    """Return the policies that what runs does not meet, None where something of it was not judged yet."""
    if judged is None or not running or any(each.image_id not in judged.failing for each in running):
        return None
    return tuple(dict.fromkeys(name for each in running for name in judged.failing[each.image_id]))


def numbers(asked: Asked, name: str, organization: str) -> Numbers | None:
    """Return what was counted last of an environment, None where that is not known."""
    counted: list[Counted] = asked.perform("count.listed", organization=organization)
    found = [each.numbers for each in counted if each.environment == name]
    return found[0] if len(found) == 1 else None


def _services(asked: Asked) -> Table:
    query: Here = asked.query
    name, at = asked.path["environment"], moment_of(query.at)
    scope = Scope(query.org, name, at=at)
    brief: Brief
    (brief,) = asked.perform("whole.briefs", asked=[(scope, Question(known_at=at if query.known else None))])
    running = _running(asked, scope)
    judged = asked.perform("count.judged_of", environment=name, organization=query.org) if at is None else None
    rows = (
        (service, " ".join(side.references), " ".join(side.digests), *_counts(side), "yes" if side.known else "unknown",
         _policies(_failing(running.get(service, ()), judged)),
         min((each.deployment.since for each in running.get(service, ())), default=None))
        for service, side in sorted(brief.services.items())
    )  # fmt: skip
    head = ("service", "images", "digests", *_WORDS, "known", "policies_not_met", "since_microseconds")
    return Table(f"{name}-services", head, rows)


_WORDS = ("critical", "high", "medium", "low", "unspecified")


def _policies(failing: tuple[str, ...] | None) -> str:
    return "unknown" if failing is None else " ".join(failing)


def _counts(side: Side) -> tuple[int, ...]:
    found = summary(together([side.found]))
    return tuple(getattr(found, word) for word in _WORDS)


class Vulnerabilities(msgspec.Struct, frozen=True):
    """The vulnerabilities of an environment, page by page."""

    name: str
    found: resources.Vulnerabilities


def vulnerabilities(asked: Asked) -> Vulnerabilities:
    """Tell what an environment is vulnerable to."""
    return Vulnerabilities(asked.path["environment"], resources.vulnerabilities(asked))


def _every(asked: Asked) -> Table:
    query = msgspec.structs.replace(asked.query, cursor="", limit=1_000_000)
    found = resources.vulnerabilities(msgspec.structs.replace(asked, query=query))
    rows = ((each.vulnerability, each.severity, len(each.services), " ".join(each.services)) for each in found.items)
    return Table(
        f"{asked.path['environment']}-vulnerabilities", ("vulnerability", "severity", "services", "names"), rows
    )


_ONE = "/environments/{environment}"
PAGES = (
    Page(_ONE, "environment", SECTION, environment, Here, table=_services),
    Page(f"{_ONE}/vulnerabilities", "environment_vulnerabilities", SECTION, vulnerabilities, OfService, table=_every),
)
