"""Bring advisories up to date: have the bytes of each feed, stage what changed, apply all of it in one transaction."""

import tempfile
from collections.abc import Sequence
from pathlib import Path

from envscout.advisories.schedule import Bounds
from envscout.store import Database, now
from envscout.store.advisories import Stage
from envscout.verbs.update.applying import apply, note
from envscout.verbs.update.believing import believed
from envscout.verbs.update.bringing import Brought, carried
from envscout.verbs.update.fetching import Defaults, prepare
from envscout.verbs.update.ready import FeedResult, Progress
from envscout.verbs.update.staging import read

_BOUNDS = Bounds()


def update(
    database: Database,
    places: Sequence[str],
    defaults: Defaults,
    on_progress: Progress,
    workers: int = 0,
    bounds: Bounds = _BOUNDS,
    attempts: int = 4,
    brought: Brought | None = None,
) -> list[FeedResult]:
    """Apply the feeds at some places (paths or URLs), or the default ones; return what happened to each.

    bounds: what differs more from what was there is not applied, but kept in quarantine. attempts: to fetch a feed.
    brought: a bundle that is applied instead; it is read to its end, or nothing of it is applied (FeedError).

    A feed that cannot be fetched or read is left as it was and says so in its result; the others are applied. A process
    killed at any moment leaves everything as it was. workers: processes that read beside this one.
    """
    with database.alone("update"), tempfile.TemporaryDirectory(prefix="envscout-") as folder:
        failed: list[FeedResult] = []
        began = now()
        if brought:
            ready = carried(database, brought, failed)
        else:
            ready = prepare(database, places, defaults, Path(folder), failed, on_progress, attempts)
        stage = Stage(database)
        try:
            ready = read(database, stage, ready, failed, on_progress, workers, brought)
            ready = believed(database, stage, ready, failed, bounds)
            on_progress("Applying", 0, 0)
            done = apply(database, stage, ready) if ready else []
        finally:
            stage.close()
        note(database, [*done, *failed], began)
        database.learn()
    return [*done, *failed]
