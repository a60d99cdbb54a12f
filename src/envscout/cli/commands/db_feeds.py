"""`envscout db feeds`, `db release`, `db refresh` and `db verify`."""

from typing import TYPE_CHECKING

import click
import msgspec

from envscout.cli import options
from envscout.cli.session import Session
from envscout.model import AsOf
from envscout.names import moment
from envscout.names.address import shown

if TYPE_CHECKING:
    from envscout.verbs.refresh import FeedHealth


@click.command()
@options.form("text", "json")
def feeds(form: str) -> None:
    """Show how it goes with each feed: its age, when it is asked for again, trouble, what was refused.

    \b
    envscout db feeds
    envscout db feeds --format json
    """
    from envscout.cli.show.table import table
    from envscout.verbs import refresh

    with Session() as session:
        found, at = session.call(refresh.status)
        longest = int(session.settings.get("max_feed_age_days")) * 86_400_000_000
    states = [_state(each, at, longest) for each in found]
    head = ("Feed", "State", "State of", "Asked", "Again", "Trouble")
    lines = table(head, [_row(each, state, at) for each, state in zip(found, states, strict=True)])
    if not found:
        session.warn("no feed was ever asked for; `envscout db update` fetches those of the ecosystems in use")
        lines = []
    answer = [_document(each, state) for each, state in zip(found, states, strict=True)]
    options.tell(form, "health", answer, lines)


def _state(each: "FeedHealth", at: int, longest: int) -> str:
    """Return how it goes. Where no server looks after the store, only who asks notices that it is stale."""
    if each.quarantine is not None:
        return "released" if each.quarantine.released_at else "quarantined"
    if each.health.problem:
        return "failing"
    run = each.run
    is_old = run is not None and at - run.as_of > AsOf(run.as_of, run.every).lasts(longest)
    return "stale" if each.health.stale or is_old else "healthy"


def _row(each: "FeedHealth", state: str, at: int) -> tuple[str, ...]:
    health = each.health
    refused = each.quarantine
    trouble = f"{health.problem} ({health.failures} x)" if health.problem else ""
    return (
        each.health.name,
        state,
        _when(each.run.as_of if each.run else 0),
        _when(health.attempted_at),
        "now" if 0 < health.due <= at else _when(health.due),
        refused.reason if refused is not None else trouble,
    )


def _when(at: int) -> str:
    return moment.show(at)[:16] if at else ""


def _document(each: "FeedHealth", state: str) -> dict[str, object]:
    health, refused = each.health, each.quarantine
    return {
        "name": health.name,
        "state": state,
        "location": shown(health.location),
        "as_of": _moment(each.run.as_of if each.run else 0),
        "records": each.run.records if each.run else 0,
        "attempted_at": _moment(health.attempted_at),
        "succeeded_at": _moment(health.succeeded_at),
        "due_at": _moment(health.due),
        "problem": health.problem,
        "failures": health.failures,
        "stale": health.stale,
        "bytes": health.bytes,
        "took_seconds": health.took / 1_000_000,
        "quarantine": None
        if refused is None
        else {
            "since": _moment(refused.at),
            "reason": refused.reason,
            "digest": refused.digest,
            "records": refused.records,
            "before": refused.before,
            "lost": refused.lost,
            "released_at": _moment(refused.released_at),
        },
    }


def _moment(at: int) -> str | None:
    return moment.show(at) if at else None


@click.command()
@click.argument("feed")
def release(feed: str) -> None:
    """Apply a document that was refused because it differs too much from the one before.

    \b
    envscout db release osv:npm

    A server applies it at once, `envscout db update` the next time, and what a bundle brings the next time that this
    bundle is applied. Another document than the one refused is judged anew.
    """
    from envscout.verbs import refresh

    with Session() as session:
        found = session.call(refresh.release, feed)
    session.say(f"{found.name}: {found.records} records, where there were {found.before}, will be applied")


@click.command(name="refresh")
def refresh_now() -> None:
    """Have a server ask for every feed at its next opportunity, within a minute.

    \b
    envscout db refresh
    """
    from envscout.verbs import refresh

    with Session() as session:
        count = session.call(refresh.hurry)
    session.say(f"{count} {'feed is' if count == 1 else 'feeds are'} due now")


@click.command()
@click.option("--repair", is_flag=True, help="Mend what is wrong.")
@options.form("text", "json")
def verify(repair: bool, form: str) -> None:
    """Make what is kept at hand from nothing, and compare: findings, summaries, what the world was told.

    \b
    envscout db verify
    envscout db verify --repair

    Exits with 1 where something differs, unless it was mended.
    """
    from envscout.verbs import verify as verifying

    with Session() as session:
        found = session.call(verifying.verify, repair=repair)
    lines = [f"  {each.kind}: {each.what}: kept {each.kept!r}, should be {each.made!r}" for each in found.shown]
    what = "difference" if found.differences == 1 else "differences"
    lines.append(f"{found.differences} {what}{', mended' if found.repaired else ''}; {found.pending} marked to be told")
    options.tell(form, "verified", msgspec.to_builtins(found), lines)
    if found.differences and not found.repaired:
        raise click.exceptions.Exit(1)


COMMANDS = (feeds, release, refresh_now, verify)
