"""`envscout db`."""

import os
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

import click
import msgspec

from envscout.cli import options
from envscout.cli.commands import db_bundle, db_feeds, db_remote
from envscout.cli.session import Session
from envscout.model import AsOf
from envscout.names import moment
from envscout.names.address import shown

if TYPE_CHECKING:
    from envscout.advisories.sources import Feed
    from envscout.store.feeds import Status
    from envscout.verbs.update.ready import FeedResult


@click.group()
def command() -> None:
    """Fetch advisories, and show how old and how complete they are.

    An update is enough for every environment: what was recorded is not looked into again.
    """


for each in (*db_feeds.COMMANDS, db_bundle.bundle):
    command.add_command(each)


@command.command()
@click.option(
    "--from",
    "places",
    multiple=True,
    metavar="PATH|URL",
    help="A directory, zip or file of OSV records, EPSS scores, the KEV catalog or CVE metadata; may be repeated.",
)
@click.option("--all", "every", is_flag=True, help="Fetch all ecosystems, not only those in use.")
@options.form("text", "json")
def update(places: tuple[str, ...], every: bool, form: str) -> None:
    """Bring the advisories up to date.

    \b
    envscout db update
    envscout db update --all
    envscout db update --from /srv/mirror/osv --from /srv/mirror/kev.json

    Without --from: OSV.dev's zip of each ecosystem in use, EPSS and CISA's known exploited vulnerabilities. What did
    not change is not fetched again. An update that fails or is killed leaves the old state. A feed that lost a fifth
    of its records, or grew tenfold, is not applied: `db feeds` shows it, `db release` applies it.

    Where a server is asked, it refreshes its own feeds now, and what became of each is told. What --from and --all
    name is for where the store is.
    """
    from envscout.cli.show.update import told
    from envscout.errors import FeedError

    with Session() as session:
        if session.is_remote:
            results = db_remote.update(session, plain=not places and not every)
        else:
            results = _here(session, places, every)
    options.tell(
        form,
        "update",
        [msgspec.to_builtins(each) for each in results],
        [told(each) for each in results if not each.error],
    )
    failed = [each for each in results if each.error]
    for each in failed[:-1]:
        session.warn(f"{each.name}: {each.error}")
    if failed:
        raise FeedError(failed[-1].error, failed[-1].next_step or "the feeds not named were applied")


def _here(session: Session, places: tuple[str, ...], every: bool) -> "list[FeedResult]":
    from envscout.verbs.update.believing import bounds_of
    from envscout.verbs.update.run import update as run

    # This process stores while the others read.
    workers = max(0, (os.cpu_count() or 1) - 1)
    bounds = bounds_of(session.settings)
    return run(session.database, places, _defaults(session, every), _progress(session), workers, bounds)


def _defaults(session: Session, every: bool) -> "Callable[[Iterable[str]], Iterable[Feed]]":
    from envscout.advisories.sources import default_feeds
    from envscout.names.ecosystem import bases

    def chosen(used: Iterable[str]) -> "Iterable[Feed]":
        names = [*used, *(bases() if every else ())]
        if not names:
            session.warn("no image was indexed yet, so no ecosystem is in use; `--all` fetches every one")
        addresses = (session.settings.text(f"{name}_url") for name in ("osv", "epss", "kev"))
        return default_feeds(names, *addresses)

    return chosen


def _progress(session: Session) -> Callable[[str, int, int], None]:
    show = session.status()
    return lambda what, done, total: show(f"{what} {done}/{total}" if total else what)


@command.command()
@click.option("--check", "--dry-run", "check", is_flag=True, help="Change nothing; exit 2 if there is something to do.")
def migrate(check: bool) -> None:
    """Bring the store to the form that this version keeps it in.

    \b
    envscout db migrate
    envscout db migrate --check

    Every command does so by itself; this one is for whoever wants to choose the moment: before other machines get the
    new version. Two at once are fine. What a newer version wrote is refused.
    """
    from envscout.store import Database

    with Session() as session:
        place = session.settings.store_place
        if check:
            before, after = Database.schema_at(place)
        else:
            with Database(place) as database:
                before, after = database.migrated_from, database.schema
    if before == after:
        click.echo(f"schema {after}: nothing to do")
    else:
        click.echo(f"schema {before} -> {after}" + (": to be done" if check else ""))
    if check and before != after:
        click.get_current_context().exit(2)


@command.command()
@click.option("--problems", is_flag=True, help="List what could not be used, and why.")
@options.form("text", "json")
def status(problems: bool, form: str) -> None:
    """Show each feed: its records, its newest change, its age, and how much could not be used.

    \b
    envscout db status
    envscout db status --problems
    """
    from envscout.cli.show.table import table
    from envscout.verbs.ask import feed_status

    with Session() as session:
        found, now = session.call(feed_status)
        longest = int(session.settings.get("max_feed_age_days")) * _DAY
    head = ("Feed", "Records", "Newest", "State of", "Age", "Skipped", "Location")
    lines = table(head, [_row(each, now) for each in found])
    if problems:
        lines += ["", *(line for each in found for line in _problems(each))]
    stale = [each.name for each in found if _is_stale(each, now, longest)]
    if stale:
        session.warn(f"older than they may be, so that answers are partial: {', '.join(stale)}")
    if not found:
        session.warn("no feed was ever applied; `envscout db update` fetches those of the ecosystems in use")
        lines = []
    options.tell(form, "feeds", [{**_document(each, now), "stale": each.name in stale} for each in found], lines)


_DAY = 86_400_000_000


def _is_stale(each: "Status", now: int, longest: int) -> bool:
    return now - each.run.as_of > AsOf(each.run.as_of, each.run.every).lasts(longest)


def _age(since: int, now: int) -> str:
    hours = max(0, now - since) // 3_600_000_000
    return f"{hours // 24} d" if hours >= 48 else f"{hours} h"


def _row(each: "Status", now: int) -> tuple[str, ...]:
    skipped = sum(trouble.count for trouble in each.problems)
    newest = moment.show(each.run.newest)[:10] if each.run.newest else ""
    when = moment.show(each.run.as_of)
    return (
        each.name,
        str(each.run.records),
        newest,
        when,
        _age(each.run.as_of, now),
        str(skipped or ""),
        shown(each.location),
    )


def _problems(each: "Status") -> list[str]:
    return [f"  {each.name}: {t.count} x {t.code}, e.g. {t.record}: {t.message}" for t in each.problems]


def _document(each: "Status", now: int) -> dict[str, object]:
    return {
        "name": each.name,
        "kind": each.kind,
        "location": shown(each.location),
        "records": each.run.records,
        "newest": moment.show(each.run.newest) if each.run.newest else None,
        "as_of": moment.show(each.run.as_of),
        "age_seconds": max(0, now - each.run.as_of) // 1_000_000,
        "every_seconds": each.run.every // 1_000_000 or None,
        "updated_at": moment.show(each.run.at),
        "skipped": [msgspec.structs.asdict(trouble) for trouble in each.problems],
    }
