"""`envscout serve`: answer others over HTTP."""

import os

import click

from envscout.config import Settings
from envscout.errors import UsageError


@click.command()
@click.option(
    "--host", "listen_host", default=None, metavar="HOST", help="Address to listen on; 127.0.0.1 unless configured."
)
@click.option(
    "--port",
    "listen_port",
    default=None,
    type=click.IntRange(0, 65535),
    metavar="PORT",
    help="Port to listen on; 8080 by default.",
)
@click.option(
    "--processes", default=None, type=click.IntRange(1, 64), metavar="N", help="Processes that answer; 1 by default."
)
@click.option("--tls-cert", default=None, metavar="FILE", help="Certificate chain, to speak TLS without a proxy.")
@click.option("--tls-key", default=None, metavar="FILE", help="Key of the certificate.")
@click.option(
    "--trusted-proxies", default=None, metavar="LIST", help="Networks of proxies that are believed whom they ask for."
)
@click.option("--worker/--no-worker", default=True, help="Do the standing work as well, or leave it to workers.")
@click.option("--log-format", default=None, type=click.Choice(["json", "text"]), help="Form of the log on stderr.")
def command(worker: bool, **said: str | int | None) -> None:
    """Answer others over HTTP from this store, so that pipelines, clusters and people share one truth.

    \b
    envscout serve
    envscout serve --host 0.0.0.0 --port 8443 --tls-cert chain.pem --tls-key key.pem
    envscout serve --processes 4 --no-worker

    On a loopback address whoever is on this machine may do everything, until the first token is made. On any other
    address everybody has to say who they are: `envscout token create` makes the first token. Each flag is a setting,
    too.
    """
    try:
        from envscout.server.run import run
    except ImportError as error:
        raise UsageError(
            f"serving needs a library that is not here: {error.name}", "pip install 'envscout[server]'"
        ) from error
    # The processes that answer read them there.
    os.environ |= {f"ENVSCOUT_{name.upper()}": str(value) for name, value in said.items() if value is not None}
    run(Settings(), working=worker)
