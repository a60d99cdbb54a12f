"""`envscout notify rule`."""

from typing import TYPE_CHECKING, Any

import click

from envscout.cli import options
from envscout.cli.session import Session
from envscout.model import LEVELS, NEWS_CAUSES, NEWS_KINDS

if TYPE_CHECKING:
    from envscout.notify.rules import Rule


@click.group()
def group() -> None:
    """Add, list and remove rules: which news go to which channel."""


@group.command()
@click.argument("name", metavar="NAME")
@click.argument("channel", metavar="CHANNEL")
@options.many("--env", "Only these environments; patterns such as prod* are understood.")
@options.many("--service", "Only these services, likewise.")
@options.many("--kind", f"Only these kinds of news: {', '.join(NEWS_KINDS)}.")
@options.many("--cause", f"Only what was caused so: {', '.join(NEWS_CAUSES)}.")
@click.option(
    "--severity", type=click.Choice(tuple(LEVELS)), default=None, help="Only vulnerabilities at least as grave."
)
@click.option("--fixable", is_flag=True, help="Only vulnerabilities for which a fix is known.")
@click.option("--kev", is_flag=True, help="Only vulnerabilities that are known to be exploited.")
@click.option(
    "--epss", type=click.FloatRange(0, 1), default=0.0, metavar="SCORE", help="Only with at least this EPSS score."
)
@click.option("--new-packages", is_flag=True, help="Only what new packages brought: short for --cause deployment.")
@options.org
def add(name: str, channel: str, **flags: Any) -> None:
    """Add a rule: everything it asks for must hold.

    \b
    envscout notify rule add urgent team --env production --severity critical
    envscout notify rule add exploited pager --kev --kind appeared,escalated
    envscout notify rule add ours team --env "prod*" --service "shop/*" --severity high --fixable
    envscout notify rule add feeds team --kind feed-trouble,feed-recovered

    Without --kind, all kinds but deployed, undeployed and deescalated are meant. Severity, fix, KEV and EPSS are asked
    of vulnerabilities alone. A rule hears of what happens after it was added.
    """
    from envscout.notify.rules import Rule
    from envscout.verbs import channels

    causes = (*flags["cause"], *(("deployment",) if flags["new_packages"] else ()))
    rule = Rule(
        name, channel, flags["env"], flags["service"], flags["kind"], causes, flags["severity"] or "", flags["fixable"],
        flags["kev"], flags["epss"],
    )  # fmt: skip
    with Session() as session:
        session.call(channels.add_rule, options.whose(session, flags["org"]), rule)
        session.say(f"rule {name} tells {channel}")


@group.command("list")
@options.org
@options.form("text", "json")
def list_(org: str, form: str) -> None:
    """List rules.

    \b
    envscout notify rule list
    """
    from envscout.cli.show.table import table
    from envscout.verbs import channels

    with Session() as session:
        rows = session.call(channels.listed_rules, options.whose(session, org))
    head = ("Organization", "Rule", "Channel", "Environments", "Services", "Kinds", "Causes", "Severity", "Only")
    lines = table(head, [(organization, *_row(rule)) for organization, rule in rows]) if rows else ["  No rules"]
    options.tell(form, "rules", [{"organization": each, "rule": rule} for each, rule in rows], lines)


def _row(rule: "Rule") -> tuple[str, ...]:
    epss = f"EPSS {rule.epss:g}" if rule.epss else ""
    asked = ("fixable" if rule.fixable else "", "KEV" if rule.kev else "", epss)
    lists = (rule.environments, rule.services, rule.kinds, rule.causes)
    return (rule.name, rule.channel, *map(", ".join, lists), rule.severity, ", ".join(filter(None, asked)))


@group.command()
@click.argument("name", metavar="NAME")
@options.org
def remove(name: str, org: str) -> None:
    """Remove a rule; what it put on its way is still sent.

    \b
    envscout notify rule remove urgent
    """
    from envscout.verbs import channels

    with Session() as session:
        session.call(channels.remove_rule, options.whose(session, org), name)
        session.say(f"rule {name} was removed")
