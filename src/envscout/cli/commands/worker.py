"""`envscout worker`: do the standing work on a store."""

import signal
import threading

import click

from envscout.cli.session import Session
from envscout.errors import EnvscoutError

GRACE = 30.0


@click.command()
@click.option(
    "--concurrency",
    default=2,
    show_default=True,
    type=click.IntRange(1, 64),
    metavar="N",
    help="Long tasks side by side in this process; short ones never wait for them.",
)
def command(concurrency: int) -> None:
    """Do the standing work on a store: look into images, refresh advisories, send news, forget what is old.

    \b
    envscout worker
    envscout worker --concurrency 4

    `envscout serve` works by itself. On PostgreSQL any number of workers on any machines share the work, and what one
    had begun that was killed is taken over. On a file one process works, and others stand by for it.
    """
    from envscout.store import Database
    from envscout.work import tracing
    from envscout.work.engine import engine
    from envscout.work.table import check

    ended = threading.Event()
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, lambda *_: ended.set())
    with Session() as session:
        # Whoever types it learns at once of settings and a store that cannot be used.
        check(session.settings)
        Database(session.settings.store_place).close()
        tracing.begin()
        working = engine(session.settings.store_place, session.settings, concurrency=concurrency)
        working.start()
        session.say(f"working as {working.worker}")
        ended.wait()
        session.say("stopping; what is running ends first")
        is_ended = working.stop(GRACE)
        tracing.end()
        if not is_ended:
            raise EnvscoutError("a task did not end in time", "what it had begun is taken over")
