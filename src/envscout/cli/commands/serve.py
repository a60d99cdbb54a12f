"""`envscout serve`: answer others over HTTP."""

import click

from envscout.cli.session import Session
from envscout.errors import UsageError


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, metavar="HOST", help="Address to listen on.")
@click.option(
    "--port", default=8080, show_default=True, type=click.IntRange(0, 65535), metavar="PORT", help="Port to listen on."
)
def command(host: str, port: int) -> None:
    """Answer others over HTTP from this store, so that pipelines, clusters and people share one truth.

    \b
    envscout serve
    envscout serve --host 0.0.0.0 --port 8443
    """
    try:
        from envscout.server.run import run
    except ImportError as error:
        raise UsageError(
            f"serving needs a library that is not here: {error.name}", "pip install 'envscout[server]'"
        ) from error
    with Session() as session:
        run(session.settings.store_place, host, port)
