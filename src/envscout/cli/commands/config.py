"""`envscout config`."""

import click

from envscout.cli import options
from envscout.cli.session import Session
from envscout.config import SETTINGS, Settings, write


@click.command()
@click.argument("key", required=False)
@click.argument("value", required=False)
@options.form("text", "json")
def command(key: str | None, value: str | None, form: str) -> None:
    """Show all settings, show one, or set one.

    \b
    envscout config                        # every setting
    envscout config organization           # one of them
    envscout config organization myorg     # set it
    """
    settings = Settings()
    if key and value is not None:
        write(settings, key, value)
        Session.say(f"Successfully set {key} to {Settings().shown(key)}")
    elif key:
        shown = settings.shown(key)
        click.echo(_json({key: shown}) if form == "json" else shown)
    elif form == "json":
        click.echo(_json({name: settings.shown(name) for name in SETTINGS}))
    else:
        for name in SETTINGS:
            click.echo(f"{name}={settings.shown(name)}")
        _tell_of_token(settings)


def _tell_of_token(settings: Settings) -> None:
    """Say where `login` keeps the token of the server in use, where the settings hold none."""
    server = settings.text("server")
    if not server or settings.text("token"):
        return
    from envscout.client import keeping

    where = keeping.where(settings, server)
    Session.say(f"The token of {server} is kept in {where}" if where else f"No token is kept for {server}")


def _json(value: object) -> str:
    import json

    return json.dumps(value)
