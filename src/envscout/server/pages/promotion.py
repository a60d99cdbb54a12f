"""Which version runs where, and what promoting each would bring."""

from itertools import pairwise
from typing import Annotated

import msgspec

from envscout.environments.difference import Difference, Side, difference, summary, together
from envscout.model import Summary
from envscout.server.asking import Asked
from envscout.server.pages.page import Page, Table
from envscout.server.pagination import Cursor, page
from envscout.server.routes import environments as resources
from envscout.server.routes.common import Age, At, Name, Org
from envscout.store.deployments import EnvironmentRow, Scope
from envscout.verbs.whole import Brief, Question

SECTION = "Promotion"
_AT_ONCE, _SIDE_BY_SIDE = 50, 4
_ORDER = ("dev", "test", "int", "qa", "stag", "uat", "pre", "canary", "prod", "live")
"""How names of environments begin, in the order in which images are promoted."""


class Wanted(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which environments, in their order; () for those that there are. q: what services hold in their names."""

    org: Org = ""
    env: tuple[Name, ...] = ()
    q: Name = ""
    only: Annotated[str, msgspec.Meta(pattern="^(differing)?$")] = ""
    cursor: Cursor = ""


class Cell(msgspec.Struct, frozen=True):
    """A service in an environment. side: None where it does not run. step: promoting it from the environment before."""

    side: Side | None
    summary: Summary
    step: "Step | None"


class Step(msgspec.Struct, frozen=True):
    """What promoting would do: moved, whether another image would run; known: both answers are."""

    moved: bool
    introduced: Summary
    fixed: Summary
    known: bool


class Board(msgspec.Struct, frozen=True):
    """chosen: the environments that are shown; every: those that there are. rows: services, and a cell for each."""

    every: tuple[EnvironmentRow, ...]
    chosen: tuple[str, ...]
    organization: str
    rows: tuple[tuple[str, tuple[Cell, ...]], ...]
    total: int
    next: str | None


def board(asked: Asked) -> Board:
    """Lay environments beside one another."""
    query: Wanted = asked.query
    every: list[EnvironmentRow] = asked.perform("ask.environments", scope=Scope(query.org))
    organization = query.org or (every[0].organization if every else "")
    running = [each for each in every if each.organization == organization and each.images]
    chosen = _chosen(query.env, running)
    briefs: list[Brief] = []
    if chosen:
        briefs = asked.perform("whole.briefs", asked=[(Scope(organization, each), Question()) for each in chosen])
    steps = [
        {each.service: each for each in difference(following.services, before.services)}
        for before, following in pairwise(briefs)
    ]
    names = sorted({name for each in briefs for name in each.services if query.q.lower() in name.lower()})
    if query.only:
        names = [name for name in names if any(_differs(step.get(name)) for step in steps)]
    shown, following = page(names, lambda each: (each,), query.cursor, _AT_ONCE)
    rows = tuple((name, tuple(_cell(name, briefs, steps, place) for place in range(len(briefs)))) for name in shown)
    return Board(tuple(every), chosen, organization, rows, len(names), following)


def _chosen(wanted: tuple[str, ...], running: list[EnvironmentRow]) -> tuple[str, ...]:
    names = [each.name for each in running]
    if wanted:
        return tuple(dict.fromkeys(each for each in wanted if each in names))[:_SIDE_BY_SIDE]
    return tuple(sorted(names, key=lambda name: (_place(name), name))[-_SIDE_BY_SIDE:])


def _place(name: str) -> int:
    return next((number for number, begin in enumerate(_ORDER) if begin in name.lower()), -1)


def _differs(step: Difference | None) -> bool:
    return step is not None and step.differs


def _cell(name: str, briefs: list[Brief], steps: list[dict[str, Difference]], place: int) -> Cell:
    side = briefs[place].services.get(name)
    step = steps[place - 1].get(name) if place else None
    told = (
        Step(step.moved, summary(step.introduced), summary(step.fixed), step.known) if step and step.differs else None
    )
    return Cell(side, summary(together([side.found])) if side else Summary(), told)


class Pair(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Two environments; "" where none is chosen yet."""

    from_env: Name = ""
    to_env: Name = ""
    org: Org = ""
    from_at: At = ""
    to_at: At = ""
    max_age: Age = 7


class Comparison(msgspec.Struct, frozen=True):
    """found: None where nothing was chosen."""

    every: tuple[EnvironmentRow, ...]
    found: resources.Compared | None


def compare(asked: Asked) -> Comparison:
    """Tell what would change if one environment became like the other."""
    every = tuple(asked.perform("ask.environments", scope=Scope(asked.query.org)))
    is_chosen = bool(asked.query.from_env and asked.query.to_env)
    return Comparison(every, resources.compare(asked) if is_chosen else None)


def _changes(asked: Asked) -> Table:
    found = resources.compare(asked)
    words = ("critical", "high", "medium", "low", "unspecified")
    head = (
        "service",
        found.from_env,
        found.to_env,
        *(f"introduced_{each}" for each in words),
        *(f"fixed_{each}" for each in words),
        "known",
    )
    rows = (
        (each.service, " ".join(each.present), " ".join(each.following),
         *(getattr(each.introduced, word) for word in words), *(getattr(each.fixed, word) for word in words),
         "yes" if each.known else "unknown")
        for each in found.services
    )  # fmt: skip
    return Table(f"{found.from_env}-to-{found.to_env}", head, rows)


PAGES = (
    Page("/promotion", "promotion", SECTION, board, Wanted),
    Page("/compare", "compare", SECTION, compare, Pair, table=_changes),
)
