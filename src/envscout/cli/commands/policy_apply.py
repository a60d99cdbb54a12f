"""`envscout policy apply`."""

import os

import click

from envscout.cli import judging, options
from envscout.cli.commands.policy_scope import owner
from envscout.cli.session import Session


@click.command()
@click.option("-f", "--file", "place", required=True, metavar="FILE", help="The file; `-` is standard input.")
@options.org
@click.option("--env", "environment", default="", metavar="ENV", help="Apply all of the file to this environment.")
@click.option("--dry-run", is_flag=True, help="Show what would change, and change nothing.")
@click.option(
    "--actor", default="", metavar="NAME", help="Who applies; by default what CI variables say, else the user."
)
@options.form("text", "json")
def command(place: str, org: str, environment: str, dry_run: bool, actor: str, form: str) -> None:
    """Put the policies of a file in force.

    \b
    envscout policy apply -f policies.yaml --dry-run
    envscout policy apply -f policies.yaml
    envscout policy apply -f strict.yaml --env production

    What the file says of the organization and of each environment is put in force at once: all of it, or nothing.
    Scopes that it does not name are left alone. What was in force before stays in the history, and is what a question
    about the past is answered by.
    """
    import msgspec

    from envscout.cli.show import policies as show
    from envscout.environments import origin
    from envscout.store.deployments import Scope
    from envscout.verbs import ask, govern

    with Session() as session:
        said = origin.detect(os.environ)
        said = msgspec.structs.replace(said, actor=actor or said.actor)
        name = "standard input" if place == "-" else os.path.basename(place)  # noqa: PTH119
        given = govern.Given(judging.content(place), name, owner(session, org), environment)
        steps = session.call(govern.apply, given, said, dry_run=dry_run)
        known = {(each.organization, each.name) for each in session.call(ask.environments, Scope())}
        for each in steps:
            if each.environment and (each.organization, each.environment) not in known:
                session.warn(f"nothing was recorded to environment {each.environment} of {each.organization} yet")
    options.tell(form, "policy-apply", show.steps(steps, dry_run), show.told(steps, dry_run))
