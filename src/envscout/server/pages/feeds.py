"""Feeds: how it goes with each, how old it is, what was refused of it."""

import msgspec

from envscout.errors import NotFound
from envscout.names import moment
from envscout.server.asking import Asked
from envscout.server.pages.address import href
from envscout.server.pages.page import Form, Page, Table
from envscout.server.pages.settings import Listed, Named, Part, Sure, Which, done, part
from envscout.store.feeds import Status
from envscout.verbs.refresh import FeedHealth


class Row(msgspec.Struct, frozen=True):
    """A feed. state: healthy, stale, failing, quarantined or released. status: None where it was never applied."""

    feed: FeedHealth
    state: str
    status: Status | None

    @property
    def name(self) -> str:
        """Return its name."""
        return self.feed.health.name

    @property
    def as_of(self) -> int:
        """Return the moment whose knowledge it holds, 0 for none."""
        run = self.status.run if self.status else self.feed.run
        return run.as_of if run else 0

    @property
    def records(self) -> int:
        """Return how many records of it stand."""
        run = self.status.run if self.status else self.feed.run
        return run.records if run else 0

    @property
    def skipped(self) -> int:
        """Return how much of it could not be used."""
        return sum(each.count for each in self.status.problems) if self.status else 0

    @property
    def trouble(self) -> str:
        """Return what is the matter, "" for nothing."""
        if self.feed.quarantine is not None:
            return self.feed.quarantine.reason
        return self.feed.health.problem


class Found(msgspec.Struct, frozen=True):
    """All feeds. states: how many are in which state. mine: whether who looks may change them, as all share them."""

    part: Part
    states: dict[str, int]
    mine: bool


STATES = ("quarantined", "failing", "stale", "released", "healthy")


def _rows(asked: Asked) -> list[Row]:
    health, _ = asked.perform("refresh.status")
    applied, _ = asked.perform("ask.feed_status")
    known = {each.name: each for each in applied}
    there = {each.health.name for each in health}
    found = [Row(each, _state(each), known.get(each.health.name)) for each in health]
    # What was read from a file is refreshed by nobody, and counts all the same.
    return found + [Row(_silent(each), "healthy", each) for each in applied if each.name not in there]


def _silent(status: Status) -> FeedHealth:
    from envscout.names.address import shown
    from envscout.store.refresh import Health

    return FeedHealth(Health(status.name, shown(status.location)))


def _state(each: FeedHealth) -> str:
    if each.quarantine is not None:
        return "released" if each.quarantine.released_at else "quarantined"
    if each.health.problem:
        return "failing"
    return "stale" if each.health.stale else "healthy"


def _key(row: Row) -> tuple[int, str]:
    return STATES.index(row.state), row.name


def listed(asked: Asked) -> Found:
    """List feeds, those in trouble first."""
    rows = _rows(asked)
    states = {word: sum(each.state == word for each in rows) for word in STATES}
    mine = asked.principal.may("operate") and not (asked.principal.organization or asked.principal.environment)
    return Found(part(rows, _key, asked.query), states, mine)


def _table(asked: Asked) -> Table:
    head = (
        "feed", "state", "location", "records", "as_of", "attempted_at", "succeeded_at", "due_at", "failures",
        "skipped", "trouble",
    )  # fmt: skip
    return Table("feeds", head, map(_cells, sorted(_rows(asked), key=_key)))


def _cells(row: Row) -> tuple[str | int, ...]:
    health = row.feed.health
    return (
        row.name, row.state, health.location, row.records, _shown(row.as_of), _shown(health.attempted_at),
        _shown(health.succeeded_at), _shown(health.due), health.failures, row.skipped, row.trouble,
    )  # fmt: skip


def _shown(at: int) -> str:
    return moment.show(at) if at else ""


def hurry(asked: Asked) -> str:
    """Have every feed asked for now."""
    asked.perform("refresh.hurry")
    return done("/feeds", asked.body, "refreshing")


def sure(asked: Asked) -> Sure:
    """Ask before a document is applied that was refused. Raise NotFound."""
    name = asked.query.name
    row = next((each for each in _rows(asked) if each.name == name), None)
    refused = row.feed.quarantine if row else None
    if refused is None:
        raise NotFound(f"nothing of a feed {name[:200]!r} is in quarantine", "the list of feeds shows what is")
    return Sure(
        title=f"Apply what was refused of {name}",
        text=(
            "It differs too much from the document before it. Apply it only if you know why: what it no longer says "
            "is not found any more."
        ),
        facts=(
            ("Refused because", refused.reason),
            ("Refused at", moment.show(refused.at)),
            ("Records", f"{refused.records:,}, where there were {refused.before:,}"),
            ("Lost", f"{refused.lost:,}"),
            ("Comes from", refused.location),
            ("Digest", refused.digest),
        ),
        fields={"name": name, "org": asked.query.org},
        path="/feeds/release",
        button="Apply it",
        back=href("feeds", org=asked.query.org),
    )


def release(asked: Asked) -> str:
    """Have a document applied that was refused."""
    asked.perform("refresh.release", name=asked.body.name)
    return done("/feeds", asked.body, "released")


_LIST = Page("/feeds", "feeds", "Feeds", listed, Listed, table=_table)
_RELEASE = Page("/feeds/release", "sure", "Feeds", sure, Which, "operate")
PAGES = (_LIST, _RELEASE)
FORMS = (
    Form("/feeds/refresh", Named, "operate", hurry, _LIST),
    Form(_RELEASE.path, Named, "operate", release, _RELEASE),
)
