"""`envscout version`."""

import click

from envscout.cli.entry import version_text


@click.command()
def command() -> None:
    """Show the version of this program and of what it runs on.

    \b
    envscout version
    """
    click.echo(version_text(), nl=False)
