"""`envscout login`."""

import sys
from typing import TYPE_CHECKING

import click

from envscout.cli.session import Session
from envscout.cli.show.table import inert
from envscout.config import Settings, write
from envscout.errors import UsageError

if TYPE_CHECKING:
    from envscout.client.transport import Way

MAX_TOKEN = 4_096


@click.command()
@click.argument("address", default="", metavar="[URL]")
@click.option("--token-stdin", is_flag=True, help="Read the token from standard input.")
@click.option("--device", is_flag=True, help="Log in with a browser, on this machine or another one.")
def command(address: str, token_stdin: bool, device: bool) -> None:
    """Have a server answer from now on, and keep the token that it is shown.

    \b
    envscout login https://envscout.example
    envscout login https://envscout.example --token-stdin
    envscout login https://envscout.example --device

    With --device an address and a code are shown: whoever opens the one in a browser and types the other is let in by
    the server's issuer, for as long as the issuer says. On a terminal that is how people log in wherever a server
    offers it.

    Otherwise the token is one that `envscout token create` made. It is tried on the server before it is kept: in the
    credential helper that Docker's configuration names, else in a file of the settings folder that nobody else can
    read; `envscout config` says where. Without URL the server of the settings is meant.

    In a pipeline nothing has to be kept: ENVSCOUT_SERVER and ENVSCOUT_TOKEN say the same for one command. What they say
    counts more than the settings, and the setting `token` more than what was kept.
    """
    from envscout.client import keeping
    from envscout.client.remote import Remote
    from envscout.client.transport import Way, checked
    from envscout.store.deployments import Scope
    from envscout.verbs import ask

    settings = Settings()
    known = keeping.way(settings, address or settings.text("server"))
    if not known.address:
        raise UsageError("no server is named", "envscout login https://HOST")
    server = checked(known)
    token = _asked(Way(server, "", known.ca, known.plain), token_stdin, device)
    remote = Remote(Way(server, token, known.ca, known.plain))
    try:
        found = remote.call(ask.environments, [Scope()], {})
    finally:
        remote.close()
    if settings.text("server").rstrip("/") != server:
        write(settings, "server", server)
    where = keeping.keep(settings, server, token)
    Session.say(f"{server} answers from now on; it knows {len(found)} environments")
    Session.say(f"The token is kept in {where}")


def _asked(way: "Way", is_piped: bool, is_device: bool) -> str:
    """Return the token that the server is to be shown. Raise UsageError, EnvscoutError."""
    if is_piped and is_device:
        raise UsageError("the token is piped in, or a browser fetches one", "use --token-stdin or --device")
    is_person = sys.stdin is not None and sys.stdin.isatty()
    if is_piped or not (is_device or is_person):
        return _token(is_piped)
    from envscout.client import device

    offer = device.offered(way)
    if offer is None and not is_device:
        return _token(is_piped)
    if offer is None:
        raise UsageError("the server lets nobody in with a browser", "pass a token, with --token-stdin")
    begun = device.begun(offer)
    click.echo(f"Open {inert(begun.verification_uri_complete or begun.verification_uri)}", err=True)
    click.echo(f"and type in, or compare, the code {inert(begun.user_code)}", err=True)
    return device.token(offer, begun)


def _token(is_piped: bool) -> str:
    """Return the token that is typed, or read from stdin. Raise UsageError."""
    if sys.stdin is None or (not is_piped and not sys.stdin.isatty()):
        raise UsageError("nobody can be asked for the token", "pipe it in with --token-stdin, or log in with --device")
    text = sys.stdin.readline(MAX_TOKEN) if is_piped else click.prompt("Token", hide_input=True, err=True)
    token = str(text).strip()
    if not token or not token.isascii() or not token.isprintable() or " " in token:
        raise UsageError("that is no token", "`envscout token create` makes one: it is the last line that it writes")
    return token
