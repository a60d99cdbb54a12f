"""`envscout policy show`."""

import re
from typing import TYPE_CHECKING

import click
import msgspec

from envscout.cli import options
from envscout.cli.commands.policy_scope import owner
from envscout.cli.session import Session
from envscout.errors import UsageError

if TYPE_CHECKING:
    from envscout.policies.force import Effective

_DIGEST = re.compile(r"(sha256:)?[0-9a-f]{6,64}")


@click.command()
@click.argument("name", default="", metavar="[ID|DIGEST]")
@options.org
@click.option("--env", "environment", default="", metavar="ENV", help="What is in force in this environment.")
@options.at
@options.form("yaml", "json")
@options.output
def command(name: str, org: str, environment: str, at: str, form: str, output: str) -> None:
    """Show the policies that are in force, with all parameters, as a file that `apply` takes.

    \b
    envscout policy show
    envscout policy show --env production --output production.yaml
    envscout policy show fixable-vulnerabilities --env production
    envscout policy show 3f2a9c41d07b

    With a digest, as `envscout policy list` shows it, the file is shown as it was applied, with its comments.
    """
    from envscout.policies.writing import as_yaml, document
    from envscout.verbs import govern

    with Session() as session, options.to_output(output):
        whose = owner(session, org)
        found = session.call(govern.in_force, whose, environment, options.when(at))
        ids = [each.id for each in found.policies]
        if name and name not in ids:
            if not _DIGEST.fullmatch(name):
                raise UsageError(f"no policy in force is called {name}", f"there are {', '.join(ids) or 'none'}")
            click.echo(session.call(govern.text, name, org), nl=False)
            return
        shown = tuple(each for each in found.policies if name in ("", each.id))
        if form == "json":
            options.document(document(shown))
            return
        for line in _head(msgspec.structs.replace(found, policies=shown), whose, environment):
            click.echo(line)
        click.echo(as_yaml(shown), nl=False)


def _head(found: "Effective", organization: str, environment: str) -> list[str]:
    """Return comments that say where the policies come from."""
    from envscout.cli.show.policies import origin
    from envscout.cli.show.table import inert

    scope = f"environment {environment} of {organization}" if environment else f"organization {organization}"
    return [inert(f"# In force in {scope}: {origin(found)}.")]
