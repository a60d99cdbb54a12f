"""A store with a channel, news to tell, and a receiver: what tests of delivery share."""

from collections.abc import Iterable

from envscout.model import News, NewsFacts
from envscout.notify.declared import Channel
from envscout.notify.rules import Rule
from envscout.notify.terms import Terms
from envscout.store import Database, channels, news
from envscout.verbs import channels as channels_verb

HOUR = 3600 * 1_000_000
NOON = 1_780_315_200 * 1_000_000
"""2026-06-01T12:00:00Z, the moment at which most tests begin."""


def appeared(number: int, service: str = "api", at: int = NOON, *, severity: str = "high", kev: bool = False) -> News:
    """Return that a vulnerability of a number appeared."""
    facts = NewsFacts(kev=kev)
    return News(
        "appeared", at, "acme", "prod", service, f"CVE-2026-{number}", severity, direction="worse", cause="advisory",
        facts=facts,
    )  # fmt: skip


def listen(database: Database, address: str, name: str = "hook", terms: Terms | None = None, kind: str = "") -> str:
    """Add a channel that is told everything; return the key that signs."""
    made = channels_verb.add(database, "acme", Channel(name, address, kind, terms))
    channels_verb.add_rule(database, "acme", Rule(f"all {name}", name))
    return made.secret


def happen(database: Database, entries: Iterable[News]) -> None:
    """Append news."""
    with database.write() as connection:
        news.append(connection, entries)


def channel(database: Database, name: str = "hook") -> channels.ChannelRow:
    """Return a channel as it is kept."""
    with database.read() as connection:
        found = channels.find(connection, "acme", name)
    assert found is not None
    return found
