"""`envscout policy list`."""

import click

from envscout.cli import options
from envscout.cli.session import Session


@click.command()
@options.org
@click.option("--env", "environment", default=None, metavar="ENV", help="Only what was applied for this environment.")
@click.option("--history", is_flag=True, help="Everything that was ever applied, the newest first.")
@options.at
@options.form("text", "json")
@options.output
def command(org: str, environment: str | None, history: bool, at: str, form: str, output: str) -> None:
    """List for which organizations and environments policies were applied, when and by whom.

    \b
    envscout policy list
    envscout policy list --env production --history
    envscout policy list --at 2026-10-01
    """
    from envscout.cli.show import policies as show
    from envscout.verbs import govern

    with Session() as session, options.to_output(output):
        named = options.whose(session, org)
        found = session.call(govern.applied, named, environment, options.when(at))
        listed = found if history else govern.standing(found)
        options.tell(form, "policy-list", [show.applied(each) for each in listed], show.listed(listed))
        if not listed:
            session.warn("nothing was applied: the standard policies are in force (`envscout policy show`)")
