"""`envscout audit`."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click
import msgspec

from envscout.cli import granting, options
from envscout.cli.session import Session
from envscout.errors import StoreError

if TYPE_CHECKING:
    from envscout.model.entry import Entry


@click.group()
def command() -> None:
    """Show who changed what, prove that nobody changed that record, and write it out.

    Every change that is asked for over a server, and every token, member and trust policy, has an entry. Each holds the
    hash of the one before: none can be changed, removed or moved unnoticed. To notice that entries are missing at the
    end, keep the hash that `audit verify` tells elsewhere, and name it the next time.
    """


@command.command("list")
@granting.org
@click.option("--last", default=50, show_default=True, type=click.IntRange(1), metavar="N", help="How many, at most.")
@options.form("text", "json")
def list_(org: str, last: int, form: str) -> None:
    """List what was done last, the newest at the end.

    \b
    envscout audit list --org acme --last 20
    """
    from collections import deque

    from envscout.cli.show.table import table

    with Session() as session:
        found = deque(_entries(session, options.whose(session, org)), maxlen=last)
    rows = [
        (
            str(each.number),
            granting.shown(each.at, ""),
            each.actor,
            each.role,
            each.organization,
            each.operation,
            each.target,
            each.outcome,
        )
        for each in found
    ]
    head = ("ENTRY", "WHEN", "WHO", "ROLE", "ORGANIZATION", "WHAT", "TARGET", "OUTCOME")
    options.tell(form, "audit", [msgspec.to_builtins(each) for each in found], table(head, rows) if rows else [])


@command.command()
@click.option("--anchor", default="", metavar="HASH", help="Hash of an entry, kept elsewhere, that must be there.")
def verify(anchor: str) -> None:
    """Look through the whole record: nothing was changed, removed or moved.

    \b
    envscout audit verify
    envscout audit verify --anchor 5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef

    Writes the hash of the last entry.
    """
    from envscout.verbs.audit import verify as run

    with Session() as session:
        found = session.call(run, anchor)
    for each in found.faults:
        session.fail(each)
    if found.faults:
        raise StoreError("the audit log is not as it was written", "compare it with an export, or with a backup")
    session.say(f"{found.entries} entries, all as they were written; the hash of the last one:")
    click.echo(found.head)


@command.command()
@granting.org
@options.output
def export(org: str, output: str) -> None:
    """Write the record as lines of JSON, the oldest first.

    \b
    envscout audit export --output audit.jsonl
    """
    with Session() as session, options.to_output(output):
        for each in _entries(session, options.whose(session, org)):
            click.echo(msgspec.json.encode(each, order="sorted").decode())


def _entries(session: Session, organization: str) -> "Iterator[Entry]":
    from envscout.verbs.audit import MOST, listed

    after = 0
    while page := session.call(listed, organization, after, MOST):
        yield from page
        after = page[-1].number
