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
@click.option(
    "--service",
    default="",
    metavar="NAME",
    help="The service; by default the repository of the image. fs://, archive:// and sbom:// need it.",
)
@click.option("--add", is_flag=True, help="Keep what runs beside the new image (canary).")
@click.option(
    "--no-index",
    is_flag=True,
    help="Record the digest without looking inside; the image stays unknown until it is indexed.",
)
@click.option(
    "--commit",
    default="",
    metavar="ID",
    help="The commit that was deployed; by default what the variables of the CI system say.",
)
@click.option(
    "--run-url",
    default="",
    metavar="URL",
    help="The run that deployed; by default what the variables of the CI system say.",
)
@click.option(
    "--actor",
    default="",
    metavar="NAME",
    help="Who deployed; by default what the variables of the CI system say, else the user.",
)
@click.option(
    "--compose", multiple=True, metavar="FILE|DIR", help="sync: Compose files; later ones change earlier ones."
)
@click.option("--kubernetes", multiple=True, metavar="FILE|DIR", help="sync: manifests; - reads standard input.")
@click.option("--docker", is_flag=True, help="sync: the containers that run in the local Docker engine.")
@click.option(
    "--file", multiple=True, metavar="FILE", help="sync: a list of images, one a line; - reads standard input."
)
@click.option("--env-file", multiple=True, metavar="FILE", help="sync: variables of Compose files, instead of .env.")
@click.option(
    "--profile", multiple=True, metavar="NAME", help="sync: profile of Compose files that is active; * for all."
)
@click.option("--partial", is_flag=True, help="sync: the source names a part; nothing is removed.")
@click.option("--dry-run", is_flag=True, help="sync: tell what would change, and change nothing.")
@options.form("text", "json")
@options.output
def command(words: tuple[str, ...], output: str, **flags: Any) -> None:
    """Record which image runs in an environment, and list what does.

    \b
    envscout environment                                # the environments, one a line
    envscout environment staging                        # what runs in one, as repository:tag@digest
    envscout environment staging myorg/myapp:v1.2.3     # record it: it takes the place of the service's image
    envscout environment history staging myorg/myapp    # what was ever recorded, newest first
    envscout environment remove staging myorg/myapp     # end what runs; the history stays
    envscout environment drift staging                  # what does not run what was said, as a cluster tells
    envscout environment sync staging --compose compose.yaml    # make it equal to what a source says

    Recording resolves the tag to a digest and looks inside of the image, so that every question about the environment
    is about what runs there. IMAGE may be fs://DIR, archive://FILE or sbom://FILE together with --service. An
    environment begins with the first image recorded into it.
    """
    from envscout.cli.commands.environment_change import record, remove
    from envscout.cli.commands.environment_flags import Flags, Sources
    from envscout.cli.commands.environment_list import list_drift, list_environments, list_events, list_running

    sources = Sources(**{field: flags.pop(field) for field in Sources.__struct_fields__})
    asked = Flags(**flags)
    with Session() as session, options.to_output(output):
        match words:
            case ("history", environment, *repository) if len(repository) <= 1:
                list_events(session, asked, environment, *repository)
            case ("remove", environment, repository):
                remove(session, asked, environment, repository)
            case ("drift", *environment) if len(environment) <= 1:
                list_drift(session, asked, *environment)
            case ("sync", environment, *more):
                from envscout.cli.commands.environment_sync import sync

                sync(session, asked, sources, environment, more)
            case ("sync",):
                raise UsageError("`environment sync` takes an environment", _HELP)
            case ("history" | "remove" | "drift", *_):
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
