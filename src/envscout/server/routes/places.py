"""Where something runs: a vulnerability or a package, over all environments."""

from typing import Annotated

import msgspec

from envscout.model import Coverage, Problem
from envscout.server.asking import Asked
from envscout.server.etag import Subject
from envscout.server.pagination import page
from envscout.server.routes.common import Age, Paged, about, moment_of
from envscout.server.routes.route import Route
from envscout.store.deployments import Scope
from envscout.verbs.locate import Located, Spot

TAG = "where"


class Where(Paged, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """In which environment ("" for all), of whom, when."""

    env: Annotated[str, msgspec.Meta(max_length=200, description="The environment; empty: all.")] = ""
    max_age: Age = 7


class Places(msgspec.Struct, frozen=True):
    """Where it runs, package by package. names: the vulnerabilities that are meant. total: how many there are.

    environments: (organization, name) of those it runs in. coverage: how far "nowhere" can be trusted. similar: names
    of packages that hold the one that was asked for, where nothing has it.
    """

    query: str
    names: tuple[str, ...]
    environments: tuple[tuple[str, str], ...]
    items: tuple[Spot, ...]
    total: int
    coverage: Coverage
    problems: tuple[Problem, ...] = ()
    similar: tuple[str, ...] = ()
    next: str | None = None


def vulnerability(asked: Asked) -> Places:
    """Tell which environments a vulnerability runs in."""
    return _places(asked, asked.path["vulnerability"])


def package(asked: Asked) -> Places:
    """Tell which environments a package runs in."""
    return _places(asked, asked.path["package"])


def _places(asked: Asked, text: str) -> Places:
    query: Where = asked.query
    scope = Scope(query.org, query.env, at=moment_of(query.at))
    found: Located = asked.perform("locate.where", query=text, scope=scope, max_age=query.max_age)
    spots = sorted(found.spots, key=_key)
    items, following = page(spots, _key, query.cursor, query.limit)
    return Places(
        query=found.query,
        names=found.names,
        environments=tuple(dict.fromkeys((spot.organization, spot.environment) for spot in spots)),
        items=items,
        total=len(spots),
        coverage=found.coverage,
        problems=found.problems,
        similar=found.similar,
        next=following,
    )


def _key(spot: Spot) -> tuple[str | int, ...]:
    slot = (spot.organization, spot.environment, spot.service, spot.platform, spot.since, spot.digest)
    return (*slot, spot.purl, spot.vulnerability, spot.range)


def _anywhere(asked: Asked) -> Subject | None:
    # Names of packages that run nowhere are told, too.
    return about(asked, "images" if "package" in asked.path else "ran")


ROUTES = (
    Route(
        "GET", "/api/v1/vulnerabilities/{vulnerability}/environments", "vulnerability-environments", "read",
        vulnerability, Places, TAG, Where, about=_anywhere,
    ),
    Route(
        "GET", "/api/v1/packages/{package}/environments", "package-environments", "read", package, Places, TAG, Where,
        about=_anywhere,
    ),
)  # fmt: skip
