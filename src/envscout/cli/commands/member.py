"""`envscout member`."""

import click
import msgspec

from envscout.cli import acting, granting, options
from envscout.cli.session import Session


@click.group()
def command() -> None:
    """Say which people may do what, as the issuer through which they log in names them."""


@command.command()
@click.argument("subject", metavar="SUBJECT")
@granting.role
@granting.org
def add(subject: str, role: str, org: str) -> None:
    """Give somebody a role: by e-mail address, by subject, or all of a group.

    \b
    envscout member add alice@example.com --role operator --org acme
    envscout member add group:platform-team --role owner

    It replaces the role that they had there.
    """
    from envscout.access.roles import Role
    from envscout.verbs.members import add as run

    with Session() as session:
        organization = options.whose(session, org)
        session.call(run, subject, msgspec.convert(role, Role), acting.actor(), organization)
    session.say(f"{subject} has the role {role} in {organization or 'the whole instance'}")


@command.command("list")
@granting.org
@options.form("text", "json")
def list_(org: str, form: str) -> None:
    """List members and their roles.

    \b
    envscout member list --org acme
    """
    from envscout.cli.show.table import table
    from envscout.verbs.members import listed

    with Session() as session:
        found = session.call(listed, options.whose(session, org))
    rows = [
        (each.subject, each.role, each.organization or "all", granting.shown(each.added_at, ""), each.added_by)
        for each in found
    ]
    head = ("SUBJECT", "ROLE", "ORGANIZATION", "ADDED", "BY")
    options.tell(form, "members", [msgspec.to_builtins(each) for each in found], table(head, rows) if rows else [])


@command.command()
@click.argument("subject", metavar="SUBJECT")
@granting.org
def remove(subject: str, org: str) -> None:
    """Take somebody's role in an organization.

    \b
    envscout member remove alice@example.com --org acme
    """
    from envscout.verbs.members import remove as run

    with Session() as session:
        organization = options.whose(session, org)
        session.call(run, subject, organization)
    session.say(f"{subject} has no role in {organization or 'the whole instance'} any more")
