"""`envscout notify`."""

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

import click

from envscout.cli import options
from envscout.cli.notifying import given
from envscout.cli.session import Session
from envscout.errors import UsageError

if TYPE_CHECKING:
    from envscout.notify.declared import Declared

_STATES = ("waiting", "held", "sent", "dead", "gathered")


@click.group()
def command() -> None:
    """Tell people and programs what changed: channels, rules, and what is on its way.

    A rule says which news go to which channel. What happened is kept first and sent then, so that nothing is lost while
    a receiver, or this program, is down.
    """


command.add_command(import_module("envscout.cli.commands.notify_channel").group, "channel")
command.add_command(import_module("envscout.cli.commands.notify_rule").group, "rule")


@command.command()
@click.argument("channel", metavar="CHANNEL")
@options.org
@options.form("text", "json")
def test(channel: str, org: str, form: str) -> int:
    """Send a test to a channel, now.

    \b
    envscout notify test team

    The exit code is 1 where it was not taken.
    """
    from envscout.verbs import deliver

    with Session() as session:
        done = session.call(deliver.test, options.whose(session, org), channel)
        if done.sent:
            session.say(f"{channel} took the test")
        else:
            session.fail(f"{channel} did not take the test: {done.problem}")
    if form == "json":
        options.tell(form, "notify-test", done, ())
    return 0 if done.sent else 1


@command.command()
@click.option("--dead", is_flag=True, help="Only what was given up.")
@click.option("--state", type=click.Choice(_STATES), default=None, help="Only what is in a state.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=100, show_default=True, metavar="N", help="At most.")
@options.org
@options.form("text", "json")
def outbox(dead: bool, state: str | None, limit: int, org: str, form: str) -> None:
    """List messages, the newest first: what was sent, what waits, and what was given up.

    \b
    envscout notify outbox
    envscout notify outbox --dead
    """
    from envscout.cli.show.table import table
    from envscout.names import moment
    from envscout.verbs import deliver

    with Session() as session:
        rows = session.call(deliver.listed, options.whose(session, org), "dead" if dead else state or "", limit)
    head = ("Id", "Channel", "State", "Since", "Tried", "Message", "Problem")
    lines = [
        (
            str(each.message_id),
            each.channel,
            each.state,
            moment.show(each.at),
            str(each.attempts),
            each.title,
            each.problem,
        )
        for each in rows
    ]
    options.tell(form, "outbox", rows, table(head, lines) if lines else ["  No messages"])


@command.command()
@click.argument("message", type=int, required=False, metavar="[ID]")
@click.option("--dead", is_flag=True, help="All that was given up.")
@options.org
def resend(message: int | None, dead: bool, org: str) -> None:
    """Send a message again, or all that were given up.

    \b
    envscout notify resend 42
    envscout notify resend --dead

    It is sent with the identity that it had, so that a receiver can tell that it had it before.
    """
    from envscout.verbs import deliver

    if dead == (message is not None):
        raise UsageError("either an id or --dead says what to send again", "envscout notify outbox lists messages")
    with Session() as session:
        count = session.call(deliver.resend, options.whose(session, org), message or 0)
        session.say(f"{count} message{'' if count == 1 else 's'} to be sent again")


@command.command()
@click.option("-f", "--file", "place", required=True, metavar="FILE", help="The file; `-` is standard input.")
@click.option("--prune", is_flag=True, help="Remove channels and rules that the file does not name.")
@options.org
@options.form("text", "json")
def apply(place: str, prune: bool, org: str, form: str) -> None:
    """Make channels and rules be as a file says.

    \b
    envscout notify apply -f alerts.yaml
    envscout notify apply -f alerts.yaml --prune

    An address may be written as env:NAME, and is taken from that variable; without one, a channel keeps its address.
    All of the file is applied, or nothing.
    """
    from envscout.verbs import channels

    wanted = _read(place)
    with Session() as session:
        steps = session.call(channels.apply, options.whose(session, org), wanted, prune)
    lines = [f"{each.action} {each.what} {each.name}" + (f": {each.secret}" if each.secret else "") for each in steps]
    options.tell(form, "notify-apply", steps, lines or ["nothing to change"])


@command.command()
@options.org
@click.option("--format", "form", type=click.Choice(("yaml", "json")), default="yaml", show_default=True, help="Form.")
@options.output
def export(org: str, form: str, output: str) -> None:
    """Write channels and rules as a file that `apply` takes, without addresses and keys.

    \b
    envscout notify export -o alerts.yaml
    """
    import msgspec

    from envscout.verbs import channels

    with Session() as session, options.to_output(output):
        said = session.call(channels.export, options.whose(session, org))
        encode: Any = msgspec.yaml.encode if form == "yaml" else msgspec.json.encode
        sys.stdout.write(encode(said).decode().rstrip() + "\n")


def _read(place: str) -> "Declared":
    """Read a file of channels and rules."""
    import msgspec
    import yaml

    from envscout.cli import judging
    from envscout.notify import declared

    data = judging.content(place)
    try:
        found = declared.read(yaml.safe_load(data))
    except (yaml.YAMLError, RecursionError) as error:
        raise UsageError("the file is neither YAML nor JSON", "see docs/reference/notifications.md") from error
    named = (msgspec.structs.replace(each, address=given(each.address)) for each in found.channels)
    return msgspec.structs.replace(found, channels=tuple(named))
