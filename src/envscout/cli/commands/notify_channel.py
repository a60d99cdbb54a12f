"""`envscout notify channel`."""

from typing import TYPE_CHECKING, Any

import click

from envscout.cli import options
from envscout.cli.notifying import given, tell_secret
from envscout.cli.session import Session

if TYPE_CHECKING:
    from envscout.notify.terms import Terms
    from envscout.verbs.channels import Shown

KINDS = ("webhook", "slack", "teams", "discord", "mattermost", "apprise")
DELIVERIES = ("immediate", "hourly", "daily", "weekly")
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


@click.group()
def group() -> None:
    """Add, list and change channels: where messages go, and when."""


@group.command()
@click.argument("name", metavar="NAME")
@click.argument("address", metavar="ADDRESS")
@click.option(
    "--kind", type=click.Choice(KINDS), default=None, help="The form of messages; by default, as the address."
)
@click.option("--delivery", type=click.Choice(DELIVERIES), default="immediate", show_default=True, help="When to tell.")
@click.option(
    "--at", "hour", default="09:00", show_default=True, metavar="HH:MM", help="When daily and weekly digests go out."
)
@click.option("--weekday", type=click.Choice(DAYS), default="monday", show_default=True, help="Day of weekly digests.")
@click.option("--quiet", default="", metavar="HH:MM-HH:MM", help="Hours in which nothing is sent, such as 22:00-07:00.")
@click.option("--quiet-for-all", is_flag=True, help="In these hours not even what is critical and exploited is sent.")
@click.option("--zone", default="UTC", show_default=True, metavar="ZONE", help="Of these times, such as Europe/Berlin.")
@click.option(
    "--budget",
    type=click.IntRange(0),
    default=None,
    metavar="N",
    help="Messages an hour; what is beyond comes as one. 0: no limit, as is usual for web hooks.",
)
@options.org
@options.form("text", "json")
def add(name: str, address: str, form: str, **flags: Any) -> None:
    """Add a channel: a web hook, a chat, or any address of apprise.

    \b
    envscout notify channel add team https://hooks.slack.com/services/T0/B0/X --quiet 22:00-07:00 --zone Europe/Berlin
    envscout notify channel add siem https://siem.example.com/envscout
    envscout notify channel add mail env:ALERT_MAIL --delivery daily --at 08:30
    envscout notify channel add pager -

    ADDRESS may be written as env:NAME, and is taken from that variable, or as - for standard input. It is kept in the
    store and never shown whole again. A web hook is signed by a key that is told once, as the last line.
    """
    from envscout.notify.declared import Channel
    from envscout.verbs import channels

    with Session() as session:
        wanted = Channel(name, given(address), flags["kind"] or "", _terms(flags))
        made = session.call(channels.add, options.whose(session, flags["org"]), wanted)
        session.say(f"channel {name} leads to {made.channel.place}")
    if form == "json":
        options.tell(form, "channel", made, ())
    else:
        tell_secret(made)


def _terms(flags: dict[str, Any]) -> "Terms":
    from envscout.notify.terms import Terms

    when = (flags["delivery"], flags["hour"], flags["weekday"])
    return Terms(*when, flags["quiet"], not flags["quiet_for_all"], flags["zone"], flags["budget"])


@group.command("list")
@options.org
@options.form("text", "json")
def list_(org: str, form: str) -> None:
    """List channels: where they lead, in part, and how they do.

    \b
    envscout notify channel list
    """
    from envscout.cli.show.table import table
    from envscout.verbs import channels

    with Session() as session:
        rows = session.call(channels.listed, options.whose(session, org))
    head = ("Organization", "Channel", "Kind", "Leads to", "State", "Told", "Quiet", "Per hour", "Problem")
    options.tell(form, "channels", rows, table(head, map(_row, rows)) if rows else ["  No channels"])


def _row(each: "Shown") -> tuple[str, ...]:
    terms = each.terms
    when = {"immediate": "", "hourly": "", "daily": f" {terms.at}", "weekly": f" {terms.weekday} {terms.at}"}
    quiet = f"{terms.quiet} {terms.zone}" if terms.quiet else ""
    state = "failing" if each.state == "active" and each.failures else each.state
    told = terms.delivery + when[terms.delivery]
    return (
        each.organization,
        each.name,
        each.kind,
        each.place,
        state,
        told,
        quiet,
        str(terms.budget or ""),
        each.problem,
    )


@group.command()
@click.argument("name", metavar="NAME")
@options.org
def remove(name: str, org: str) -> None:
    """Remove a channel, with its rules and its messages.

    \b
    envscout notify channel remove team
    """
    from envscout.verbs import channels

    with Session() as session:
        count = session.call(channels.remove, options.whose(session, org), name)
        session.say(f"channel {name} was removed, with {count} message{'' if count == 1 else 's'}")


@group.command()
@click.argument("name", metavar="NAME")
@options.org
def pause(name: str, org: str) -> None:
    """Send nothing to a channel until it is resumed; what there is to tell is kept.

    \b
    envscout notify channel pause team
    """
    from envscout.verbs import channels

    with Session() as session:
        session.call(channels.pause, options.whose(session, org), name)
        session.say(f"channel {name} is paused")


@group.command()
@click.argument("name", metavar="NAME")
@options.org
def resume(name: str, org: str) -> None:
    """Send to a channel again that was paused, or said that it is gone.

    \b
    envscout notify channel resume team

    Where the channel has a budget, what there was to tell meanwhile comes as one message.
    """
    from envscout.verbs import channels

    with Session() as session:
        session.call(channels.resume, options.whose(session, org), name)
        session.say(f"channel {name} is told of news again")


@group.command()
@click.argument("name", metavar="NAME")
@click.option("--finish", is_flag=True, help="Sign by the newest key alone from now on.")
@options.org
def rotate(name: str, finish: bool, org: str) -> None:
    """Give a web hook another key; the one before signs, too, until --finish.

    \b
    envscout notify channel rotate siem
    envscout notify channel rotate siem --finish
    """
    from envscout.verbs import channels

    with Session() as session:
        made = session.call(channels.rotate, options.whose(session, org), name, finish)
        session.say(f"{made.channel.keys} key{'' if made.channel.keys == 1 else 's'} sign what {name} is sent")
    tell_secret(made)
