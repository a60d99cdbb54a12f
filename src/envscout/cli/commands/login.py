"""`envscout login`."""

import sys

import click

from envscout.cli.session import Session
from envscout.config import Settings, write
from envscout.errors import UsageError

MAX_TOKEN = 4_096


@click.command()
@click.argument("address", default="", metavar="[URL]")
@click.option("--token-stdin", is_flag=True, help="Read the token from standard input.")
def command(address: str, token_stdin: bool) -> None:
    """Have a server answer from now on, and keep the token that it is shown.

    \b
    envscout login https://envscout.example
    envscout login https://envscout.example --token-stdin

    The token is one that `envscout token create` made. It is tried on the server before it is kept: in the credential
    helper that Docker's configuration names, else in a file of the settings folder that nobody else can read. Without
    URL the server of the settings is meant.

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
    token = _token(token_stdin)
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


def _token(is_piped: bool) -> str:
    """Return the token that is typed, or read from stdin. Raise UsageError."""
    if sys.stdin is None or (not is_piped and not sys.stdin.isatty()):
        raise UsageError("nobody can be asked for the token", "pipe it in, with --token-stdin")
    text = sys.stdin.readline(MAX_TOKEN) if is_piped else click.prompt("Token", hide_input=True, err=True)
    token = str(text).strip()
    if not token or not token.isascii() or not token.isprintable() or " " in token:
        raise UsageError("that is no token", "`envscout token create` makes one: it is the last line that it writes")
    return token
