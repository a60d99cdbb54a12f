"""`envscout environment`: one command, four forms."""

from typing import Any

import click

from envscout.cli import options
from envscout.cli.session import Session
from envscout.errors import UsageError


@click.command(options_metavar="[OPTIONS]")
@click.argument("words", nargs=-1, metavar="[ENVIRONMENT [IMAGE]]")
@options.org
@options.platform
@options.ref
@options.sbom_source
@options.at
@click.option("--service", default="", help="Name of the service; by default the repository of the image.")
@click.option("--add", is_flag=True, help="Keep what runs already beside the new image (canary).")
@click.option("--no-index", is_flag=True, help="Record the digest without looking into the image: it stays unknown.")
@click.option("--commit", default="", help="Commit that was deployed; by default what CI variables say.")
@click.option("--run-url", default="", help="Address of the deploying run; by default what CI variables say.")
@click.option("--actor", default="", help="Who deployed; by default what CI variables say, else the user.")
@options.form("text", "json")
@options.output
def command(words: tuple[str, ...], output: str, **flags: Any) -> None:
    """Record which image runs in an environment, and list what does.

    \b
    envscout environment                              list environments
    envscout environment staging                      list what runs in staging
    envscout environment staging myorg/myapp:v1.2.3   record it (replaces the service's image)
    envscout environment history staging [REPO]       what was ever recorded
    envscout environment remove staging REPO          end what runs

    IMAGE may be fs://DIR, archive://FILE or sbom://FILE together with --service.
    """
    from envscout.cli.commands.environment_change import record, remove
    from envscout.cli.commands.environment_flags import Flags
    from envscout.cli.commands.environment_list import list_environments, list_events, list_running

    asked = Flags(**flags)
    with Session() as session, options.to_output(output):
        match words:
            case ("history", environment, *repository) if len(repository) <= 1:
                list_events(session, asked, environment, *repository)
            case ("remove", environment, repository):
                remove(session, asked, environment, repository)
            case ("history" | "remove", *_):
                raise UsageError(f"`environment {words[0]}` takes an environment and a repository", _HELP)
            case ():
                list_environments(session, asked)
            case (environment,):
                list_running(session, asked, environment)
            case (environment, image):
                record(session, asked, environment, image)
            case _:
                raise UsageError(f"{len(words)} names were given where two are understood", _HELP)


_HELP = "`envscout environment --help` shows the forms"
