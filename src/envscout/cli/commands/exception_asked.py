"""`envscout exception asked`, `approve`, `refuse`: exceptions that somebody asks for, and somebody decides on."""

import os

import click

from envscout.cli import options
from envscout.cli.session import Session
from envscout.environments.origin import detect


@click.command()
@click.option("--all", "every", is_flag=True, help="Also those that somebody decided on.")
@options.org
@options.form("text", "json")
def asked(every: bool, org: str, form: str) -> None:
    """List the exceptions that somebody asks for (`exception add --ask`) and that wait for a decision.

    \b
    envscout exception asked
    envscout exception asked --all --format json
    """
    import msgspec

    from envscout.cli.show import exceptions as show
    from envscout.cli.show.table import table
    from envscout.verbs import exceptions

    with Session() as session:
        scope = options.scope(session, org)
        found = session.call(exceptions.proposed, every=every)
        chosen = [each for each in found if scope.organization in ("", each.wish.organization)]
    lines = table(show.ASKED, map(show.asked, chosen)) if chosen else ["  Nothing waits for a decision"]
    options.tell(form, "proposals", [msgspec.to_builtins(each) for each in chosen], lines)


@click.command()
@click.argument("number", type=int, metavar="ID")
@options.form("text", "json")
def approve(number: int, form: str) -> None:
    """Make the exceptions that somebody asked for.

    \b
    envscout exception approve 3
    """
    from envscout.cli.show import exceptions as show
    from envscout.cli.show.table import inert
    from envscout.verbs import exceptions

    with Session() as session:
        made = session.call(exceptions.approve, number, detect(os.environ).actor)
    lines = [f"    {click.style('✓', fg='green')} {inert(line)}" for each in made for line in show.added(each)]
    options.tell(form, "exceptions", [show.document(each, "active") for each in made], lines)


@click.command()
@click.argument("number", type=int, metavar="ID")
@click.option("--reason", default="", metavar="TEXT", help="Why not, for whoever asked; must be given.")
@options.form("text", "json")
def refuse(number: int, reason: str, form: str) -> None:
    """Refuse the exceptions that somebody asked for; the record keeps that they were.

    \b
    envscout exception refuse 3 --reason "it is reachable: /render takes images"
    """
    import msgspec

    from envscout.verbs import exceptions

    with Session() as session:
        done = session.call(exceptions.refuse, number, detect(os.environ).actor, reason)
    line = f"    {click.style('✓', fg='green')} what was asked for as {number} was refused"
    options.tell(form, "proposals", [msgspec.to_builtins(done)], [line])
