"""Refresh feeds when they are due, each by one process at a time; say how it goes with them; release a refused one."""

import random
import secrets
from collections.abc import Callable, Sequence
from urllib.parse import urlsplit

import msgspec

from envscout.advisories.schedule import next_due
from envscout.advisories.sources import EPSS_URL, KEV_URL, OSV_BASE, Feed, default_feeds
from envscout.config import Settings
from envscout.errors import NotFound
from envscout.names.address import shown
from envscout.network.addresses import Allowed, allowed
from envscout.store import Database, feeds, images, now, refresh
from envscout.store.feeds import Run
from envscout.store.refresh import Health, Quarantine

_HELD = 2 * 3_600_000_000
"""Microseconds for which a feed is held; a transfer ends before."""

_DAY = 86_400_000_000

Apply = Callable[[Sequence[Feed]], object]
"""Fetch and apply some feeds, and write down how it went (verbs.update.run.update)."""


class Plan(msgspec.Struct, frozen=True):
    """Which feeds are refreshed how often. minutes: between two times. max_age: days after which one is stale."""

    minutes: int = 15
    max_age: int = 7
    osv: str = OSV_BASE
    epss: str = EPSS_URL
    kev: str = KEV_URL


class FeedHealth(msgspec.Struct, frozen=True):
    """How it goes with one feed. run: when it was applied last, None if never. quarantine: what was refused of it."""

    health: Health
    run: Run | None = None
    quarantine: Quarantine | None = None


def plan(settings: Settings) -> Plan:
    """Return what settings say."""
    return Plan(
        int(settings.get("refresh_minutes")),
        int(settings.get("max_feed_age_days")),
        settings.text("osv_url"),
        settings.text("epss_url"),
        settings.text("kev_url"),
    )


def reachable(settings: Settings) -> Allowed:
    """Return what beside public addresses a server may fetch feeds from: this machine only where a setting names it."""
    permitted = allowed(settings.text("allow_private_addresses"))
    named = {urlsplit(settings.text(each)).hostname or "" for each in ("osv_url", "epss_url", "kev_url")}
    if not any(each == "localhost" or each == "::1" or each.startswith("127.") for each in named):
        return permitted
    here = allowed("127.0.0.0/8, ::1/128")
    return Allowed((*permitted.networks, *here.networks), permitted.hosts)


def due(database: Database, wanted: Plan, apply: Apply, worker: str = "") -> int:
    """Refresh the feeds of the ecosystems in use that are due and that nobody else refreshes; return how many.

    Nothing is fetched where no image was indexed, or where minutes is 0. worker: who does; it holds them for as long as
    it lives.
    """
    holder, at = worker or secrets.token_hex(8), now()
    with database.read() as connection:
        used = images.ecosystems_in_use(connection)
    known = default_feeds(used, wanted.osv, wanted.epss, wanted.kev) if used and wanted.minutes else ()
    with database.write() as connection:
        names = refresh.take(connection, [(each.name, each.location) for each in known], holder, at, at + _HELD)
        refresh.grow_stale(connection, at, wanted.max_age * _DAY)
    try:
        if names:
            # What fails as a whole, as where the store goes away, is due still.
            apply([each for each in known if each.name in names])
            with database.write():
                _postpone(database, names, wanted)
    finally:
        with database.write() as connection:
            refresh.let_go(connection, holder)
    return len(names)


def _postpone(database: Database, names: Sequence[str], wanted: Plan) -> None:
    at = now()
    for each in refresh.health(database.connection):
        if each.name in names:
            asked = max(0, each.due - at) / 1_000_000
            when = next_due(at, wanted.minutes, each.failures, asked, random.random())  # noqa: S311  # no secret
            refresh.postpone(database.connection, each.name, when)


def status(database: Database) -> tuple[list[FeedHealth], int]:
    """Return how it goes with each feed, and the moment of the answer."""
    with database.read() as connection:
        refused = refresh.quarantined(connection)
        runs = {each.name: each.run for each in feeds.status(connection)}
        known = {each.name: _shown(each) for each in refresh.health(connection)}
    refused = {name: msgspec.structs.replace(each, location=shown(each.location)) for name, each in refused.items()}
    for name, each in refused.items():
        known.setdefault(name, Health(name, each.location))
    return [FeedHealth(known[name], runs.get(name), refused.get(name)) for name in sorted(known)], now()


def _shown(health: Health) -> Health:
    """Return it without what an address may hold of secrets."""
    return msgspec.structs.replace(health, location=shown(health.location))


def release(database: Database, name: str) -> Quarantine:
    """Have the document that was refused of a feed applied at the next refresh, which is at once. Raise NotFound."""
    with database.write() as connection:
        at = now()
        if not refresh.release(connection, name, at):
            raise NotFound(f"nothing of a feed {name!r} is in quarantine", "`envscout db feeds` lists what is")
        refresh.postpone(connection, name, 0)
        return refresh.quarantined(connection)[name]


def hurry(database: Database) -> int:
    """Have every feed that is refreshed by itself asked for at the next opportunity; return how many there are."""
    with database.write() as connection:
        refresh.hurry(connection)
        return len(refresh.health(connection))
