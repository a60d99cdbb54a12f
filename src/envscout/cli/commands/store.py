"""`envscout store`."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from envscout.cli.session import Session
from envscout.errors import StoreError

if TYPE_CHECKING:
    from envscout.verbs.stores import Checked


@click.group()
def command() -> None:
    """Copy, back up, restore and check the store itself.

    Where a server answers, these are for the machine that the store is on.
    """


def _progress(session: Session) -> Callable[[str, int, int], None]:
    show = session.status()
    return lambda what, done, total: show(f"{what} {done}/{total}")


def _told(session: Session, place: str, found: "Checked") -> None:
    session.say(f"{place}: all is there ({found.findings} findings)")


@command.command()
@click.argument("source", metavar="FROM")
@click.argument("target", metavar="TO")
def copy(source: str, target: str) -> None:
    """Copy everything from one store into an empty one, between a file and PostgreSQL either way.

    \b
    envscout store copy ~/.local/share/envscout/envscout.db postgresql://envscout@db/envscout
    envscout store copy postgresql://envscout@db/envscout sqlite:////srv/copy.db

    One state of FROM is copied while others go on using it. A copy that was broken off goes on where it was; if FROM
    has changed since, it begins anew. In the end every table is compared. Until then nobody else can open TO.
    """
    from envscout.config import place_of, without_password
    from envscout.verbs.stores import copy as run

    with Session() as session:
        done = run(place_of(source), place_of(target), _progress(session))
        if done.anew:
            session.warn("the source had changed since the run that was broken off: everything was copied anew")
        elif done.resumed:
            session.say(f"{done.resumed} tables had been copied before")
        session.say(f"{done.rows} rows in {done.tables} tables are the same in {without_password(target)}")


@command.command()
@click.argument("file", type=click.Path(path_type=Path))
def backup(file: Path) -> None:
    """Write the whole store into a file, as it is at this moment, and check the file.

    \b
    envscout store backup /srv/backup/envscout-2026-11-27.db

    Others go on reading and writing meanwhile. The file is itself a store: ENVSCOUT_STORE=FILE answers from it.
    """
    from envscout.verbs.stores import back_up

    with Session() as session:
        _told(session, str(file), back_up(session.settings.store_place, file.absolute(), _progress(session)))


@command.command()
@click.argument("file", type=click.Path(path_type=Path))
def restore(file: Path) -> None:
    """Make the store of a backup, where there is none, and check it.

    \b
    envscout store restore /srv/backup/envscout-2026-11-27.db

    Where the store is to be is said as for every command, such as with ENVSCOUT_STORE=postgresql://envscout@db/empty.
    """
    from envscout.verbs.stores import restore as run

    with Session() as session:
        place = session.settings.store_place
        _told(session, str(session.settings.shown("store") or place), run(file.absolute(), place, _progress(session)))


@command.command()
def verify() -> None:
    """Check the store: its file, what its rows refer to, and that its findings are those of a full match.

    \b
    envscout store verify
    """
    from envscout.verbs.stores import check

    with Session() as session:
        place = session.settings.store_place
        found = check(place)
        for each in found.damage[:20]:
            session.fail(each)
        if found.damage:
            raise StoreError("the store is damaged", "restore a backup, or tell us what happened before")
        _told(session, str(session.settings.shown("store") or place), found)
