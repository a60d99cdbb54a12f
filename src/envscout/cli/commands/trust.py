"""`envscout trust`."""

import click
import msgspec

from envscout.cli import acting, granting, options
from envscout.cli.session import Session


@click.group()
def command() -> None:
    """Say whose signed word lets a pipeline in, so that it needs no stored secret."""


@command.command()
@click.option("--issuer", required=True, metavar="URL", help="Who signs the tokens: their `iss`.")
@click.option("--audience", required=True, metavar="NAME", help="Whom the tokens are made for: their `aud`.")
@click.option("--claim", "claims", multiple=True, metavar="NAME=PATTERN", help="What they must say; may be repeated.")
@granting.role
@granting.org
@granting.env
def add(issuer: str, audience: str, claims: tuple[str, ...], role: str, org: str, environment: str) -> None:
    """Take an issuer's word where every claim fits its pattern; `*` stands for any text.

    \b
    envscout trust add --issuer https://gitlab.com --audience ci --claim 'project_path=a/*' --role recorder --org a
    envscout trust add --issuer https://ci.example --audience ci --claim ref=main --role recorder --env production
    """
    from envscout.access.claims import parse
    from envscout.access.roles import Role
    from envscout.verbs.trust import add as run

    with Session() as session:
        made = session.call(
            run,
            issuer,
            audience,
            dict(map(parse, claims)),
            msgspec.convert(role, Role),
            acting.actor(),
            options.whose(session, org),
            environment,
        )
    session.say(f"Trust policy {made.number}: {role} in {made.organization or 'the whole instance'}")


@command.command("list")
@granting.org
@options.form("text", "json")
def list_(org: str, form: str) -> None:
    """List whose word is taken, and for what.

    \b
    envscout trust list
    """
    from envscout.cli.show.table import table
    from envscout.verbs.trust import listed

    with Session() as session:
        found = session.call(listed, options.whose(session, org))
    rows = [
        (
            str(each.number),
            each.issuer,
            each.audience,
            " ".join(f"{name}={pattern}" for name, pattern in each.claims.items()),
            each.role,
            each.organization or "all",
            each.environment,
        )
        for each in found
    ]
    head = ("TRUST", "ISSUER", "AUDIENCE", "CLAIMS", "ROLE", "ORGANIZATION", "ENVIRONMENT")
    options.tell(form, "trust", [msgspec.to_builtins(each) for each in found], table(head, rows) if rows else [])


@command.command()
@click.argument("number", type=click.IntRange(1), metavar="NUMBER")
@granting.org
def remove(number: int, org: str) -> None:
    """Take an issuer's word no more.

    \b
    envscout trust remove 2
    """
    from envscout.verbs.trust import remove as run

    with Session() as session:
        session.call(run, number, options.whose(session, org))
    session.say(f"Removed trust policy {number}")
