"""`envscout enroll`."""

import click

from envscout.cli.session import Session


@click.command()
@click.argument("name", metavar="ORG|ORG/REPO")
def command(name: str) -> None:
    """Enrol an organization, or one repository of it.

    \b
    envscout enroll myorg
    envscout enroll myorg/myapp

    Kept so that scripts written for Docker Scout run; recording needs no enrolment.
    """
    from envscout.verbs.record import enroll

    organization, _, repository = name.strip("/").partition("/")
    with Session() as session:
        fresh = session.call(enroll, organization, repository)
    session.say(f"{'Enrolled' if fresh else 'Already enrolled:'} {name}")
