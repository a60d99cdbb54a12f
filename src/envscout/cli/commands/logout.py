"""`envscout logout`."""

import click

from envscout.cli.session import Session
from envscout.config import Settings, write
from envscout.errors import NotFound


@click.command()
@click.argument("address", default="", metavar="[URL]")
def command(address: str) -> None:
    """Forget the token of a server; from then on one's own store answers.

    \b
    envscout logout
    envscout logout https://envscout.example

    The token is forgotten here, and still holds: `envscout token revoke` ends it.
    """
    from envscout.client import keeping

    settings = Settings()
    server = (address or settings.text("server")).rstrip("/")
    was_kept = bool(server) and keeping.forget(settings, server)
    is_in_use = bool(server) and settings.text("server").rstrip("/") == server
    if not was_kept and not is_in_use:
        raise NotFound(f"nobody is logged in to {server or 'a server'} here", "`envscout login URL` does that")
    if is_in_use:
        write(settings, "server", "")
    Session.say(
        f"The token of {server} is forgotten" if was_kept else f"{server} is no longer asked; no token was kept"
    )
