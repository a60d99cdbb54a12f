"""Where something runs: a vulnerability or a package, over all environments."""

from typing import Annotated

import msgspec

from envscout.model import Coverage, Problem
from envscout.server import pagination
from envscout.server.asking import Asked
from envscout.server.etag import Subject
from envscout.server.routes.common import Age, Paged, about, moment_of
from envscout.server.routes.route import Route
from envscout.standing.spots import After, Spot, key
from envscout.store.deployments import Scope
from envscout.verbs.locate import Places as Found

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
    after = pagination.read(query.cursor, After) if query.cursor else None
    found: Found = asked.perform(
        "locate.places",
        query=text,
        scope=Scope(query.org, query.env, at=moment_of(query.at)),
        max_age=query.max_age,
        after=after,
        most=query.limit,
    )
    located = found.located
    return Places(
        query=located.query,
        names=located.names,
        environments=found.environments,
        items=located.spots,
        total=found.total,
        coverage=located.coverage,
        problems=located.problems,
        similar=located.similar,
        next=pagination.written(key(located.spots[-1])) if found.more else None,
    )


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
