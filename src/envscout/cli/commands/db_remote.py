"""`envscout db update` where a server is asked: it has the server refresh its feeds, and tells how that went."""

import time
from typing import TYPE_CHECKING

from envscout.cli.session import Session
from envscout.errors import EnvscoutError, UsageError

if TYPE_CHECKING:
    from envscout.verbs.refresh import FeedHealth
    from envscout.verbs.update.ready import FeedResult

BEGINS, ENDS, PAUSE = 90.0, 3_600.0, 1.0
"""Seconds within which a server begins, within which it is done, and between two questions."""


def update(session: Session, *, plain: bool) -> "list[FeedResult]":
    """Have the server ask for its feeds now; return what became of each. plain: no flag of `db update` is given.

    Raise UsageError where a flag is: what it names is read where the store is. Raise EnvscoutError where no refresh
    begins, or ends, in time.
    """
    from envscout.verbs import refresh

    if not plain:
        raise UsageError(
            "--from and --all work on a store itself, and the setting `server` names a server",
            "run it where the store is, without ENVSCOUT_SERVER; without them the server refreshes its feeds",
        )
    _, before = session.call(refresh.status)
    session.call(refresh.hurry)
    show = session.status()
    began = time.monotonic()
    while True:
        found, at = session.call(refresh.status)
        asked = [each for each in found if each.health.attempted_at > before]
        busy = [each.health.name for each in asked if each.health.held_until > at]
        if asked and not busy:
            return [_result(each) for each in asked]
        show(f"The server refreshes {', '.join(busy)}" if busy else "The server is asked to refresh its feeds")
        _check(time.monotonic() - began, is_busy=bool(busy))
        time.sleep(PAUSE)


def _check(waited: float, *, is_busy: bool) -> None:
    if is_busy and waited > ENDS:
        raise EnvscoutError("the server still refreshes its feeds", "`envscout db feeds` shows how that goes")
    if not is_busy and waited > BEGINS:
        raise EnvscoutError(
            "the server has asked for no feed",
            "check that images are recorded there, that refresh_minutes is not 0, and that a worker runs",
        )


def _result(each: "FeedHealth") -> "FeedResult":
    """Return what became of a feed, as an update on the store itself tells it."""
    from envscout.store.advisories import Change
    from envscout.verbs.update.ready import FeedResult

    health, run, refused = each.health, each.run, each.quarantine
    problem, step = health.problem, ""
    if refused is not None and not refused.released_at:
        problem, step = f"it was not applied: {refused.reason}", f"envscout db release {health.name}"
    change = Change(run.added, run.changed, run.withdrawn) if run and not problem else Change()
    # Of scores and of what is exploited, nobody counts what changed.
    is_counted = run is not None and health.name.startswith("osv:")
    return FeedResult(
        health.name,
        health.location,
        records=run.records if run else 0,
        change=change,
        unchanged=is_counted and not problem and change == Change(),
        error=problem,
        next_step=step or "`envscout db feeds` shows when it is asked for again",
        size=health.bytes,
    )
