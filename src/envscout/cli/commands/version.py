"""`envscout version`."""

import click

from envscout.cli.entry import version_text


@click.command()
def command() -> None:
    """Show the version."""
    click.echo(version_text(), nl=False)
