"""`envscout cache`."""

import sys

import click
import msgspec

from envscout.cli import options
from envscout.cli.session import Session
from envscout.cli.show.size import human
from envscout.errors import UsageError


@click.group()
def command() -> None:
    """Show or free what is kept of layers, and of images that run nowhere and never did.

    What an environment names, now or in its history, is no part of it.
    """


@command.command()
@options.form("text", "json")
def df(form: str) -> None:
    """List the inventories of images that no environment names, and the size of layers and of the store.

    \b
    envscout cache df
    """
    from envscout.cli.show.table import table
    from envscout.names import moment
    from envscout.verbs import keep

    with Session() as session:
        usage = session.call(keep.usage)
    rows = [(each.digest, human(each.size), moment.show(each.indexed_at or 0)) for each in usage.unused]
    lines = [*table(("Digest", "Image size", "Indexed"), rows), "", f"  {len(rows)} cached inventories"]
    lines.append(f"  {usage.layers} layers, {human(usage.layer_bytes)}")
    options.tell(
        form, "cache", msgspec.to_builtins(usage), [*lines, f"  store {human(usage.store_bytes)} ({usage.store})"]
    )


@command.command()
@click.option("-f", "--force", is_flag=True, help="Do not ask.")
@click.option(
    "--sboms", is_flag=True, help="Accepted because Docker Scout has it; inventories are all there is to forget."
)
def prune(force: bool, sboms: bool) -> None:  # noqa: ARG001
    """Forget the inventories of images that no environment names, and all layers.

    \b
    envscout cache prune
    envscout cache prune --force

    What an environment names, now or in its history, is never touched. Layers are only kept so that another image with
    the same ones is read faster; the setting `layer_cache_mb` bounds them, and the least recently used go first.
    """
    from envscout.verbs import keep

    with Session() as session:
        if not force:
            if sys.stdin is None:
                raise UsageError("nobody can be asked: standard input is closed", "--force does it without asking")
            if not click.confirm("Forget every inventory of an image that no environment names?", err=True):
                session.warn("Nothing was forgotten")
                return
        done = session.call(keep.prune)
    session.say(f"Forgot {done.images} inventories and {done.layers} layers, freed {human(done.bytes)}")
