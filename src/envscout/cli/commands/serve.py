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

    On a loopback address whoever is on this machine may do everything, until the first token is made. On any other
    address everybody has to say who they are: `envscout token create` makes the first token.
    """
    try:
        from envscout.server.run import run
    except ImportError as error:
        raise UsageError(
            f"serving needs a library that is not here: {error.name}", "pip install 'envscout[server]'"
        ) from error
    from envscout.network.addresses import allowed
    from envscout.server.auth import Door

    with Session() as session:
        text = session.settings.text
        door = Door(
            permitted=allowed(text("allow_private_addresses")),
            issuer=text("oidc_issuer").rstrip("/"),
            client_id=text("oidc_client_id"),
            client_secret=text("oidc_client_secret"),
            public_url=text("public_url").rstrip("/"),
        )
        run(session.settings.store_place, host, port, door)
