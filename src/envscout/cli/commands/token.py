"""`envscout token`."""

import click
import msgspec

from envscout.cli import acting, granting, options
from envscout.cli.session import Session


@click.group()
def command() -> None:
    """Make the tokens that pipelines and people show a server, list them, and revoke them.

    A token is shown once; of it only a digest is kept. The first one is made on the machine that has the store.
    """


@command.command()
@granting.role
@granting.org
@granting.env
@click.option("--expires", default="", metavar="TIME", help="When it ends: 90d, 2027-01-01; by default never.")
@click.option("--name", default="", metavar="NAME", help="What it is for; the audit log names it.")
@options.form("text", "json")
def create(role: str, org: str, environment: str, expires: str, name: str, form: str) -> None:
    """Make a token; it is the last line of what is written, and is never shown again.

    \b
    envscout token create --role owner
    envscout token create --role recorder --org acme --env production --expires 90d --name deploy

    viewer: ask. recorder: say what runs where, too. watcher: say what was seen to run, too. operator: policies,
    exceptions and feeds, too. owner: tokens, members, trust and the audit log, too.
    """
    from envscout.access.roles import Role
    from envscout.verbs.tokens import create as run

    with Session() as session:
        made = session.call(
            run,
            msgspec.convert(role, Role),
            acting.actor(),
            options.whose(session, org),
            environment,
            name,
            granting.later(expires),
        )
    where = made.token.organization or "the whole instance"
    session.say(
        f"Token {made.token.number} for {where}, role {role}, {_ends(made.token.expires)}; it is shown this once"
    )
    options.tell(form, "token", {**msgspec.to_builtins(made.token), "secret": made.secret}, [made.secret])


def _ends(moment: int | None) -> str:
    return f"until {granting.shown(moment, '')}" if moment else "without end"


@command.command("list")
@granting.org
@options.form("text", "json")
def list_(org: str, form: str) -> None:
    """List tokens: for whom they are, until when, and when each was used last.

    \b
    envscout token list
    envscout token list --org acme
    """
    from envscout.cli.show.table import table
    from envscout.verbs.tokens import listed

    with Session() as session:
        found = session.call(listed, options.whose(session, org))
    head = ("TOKEN", "NAME", "ROLE", "ORGANIZATION", "ENVIRONMENT", "MADE BY", "EXPIRES", "LAST USED", "REVOKED")
    rows = [
        (
            str(each.number),
            each.name,
            each.role,
            each.organization or "all",
            each.environment,
            each.created_by,
            granting.shown(each.expires, "never"),
            granting.shown(each.used_at, "never"),
            granting.shown(each.revoked_at, ""),
        )
        for each in found
    ]
    options.tell(form, "tokens", [msgspec.to_builtins(each) for each in found], table(head, rows) if rows else [])


@command.command()
@click.argument("number", type=click.IntRange(1), metavar="NUMBER")
@granting.org
def revoke(number: int, org: str) -> None:
    """Let a token serve no more.

    \b
    envscout token revoke 3

    A running server hears of it within two seconds.
    """
    from envscout.verbs.tokens import revoke as run

    with Session() as session:
        session.call(run, number, acting.actor(), options.whose(session, org))
    session.say(f"Revoked token {number}")
