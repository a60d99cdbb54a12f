"""What differs too much from what was there is not applied, but kept in quarantine until somebody looked at it."""

from envscout.advisories.schedule import Bounds, Counts, doubt
from envscout.config import Settings
from envscout.errors import FeedError
from envscout.store import Connection, Database, feeds, now, refresh
from envscout.store.advisories import Stage
from envscout.verbs.update.ready import FeedResult, Ready, failure


def bounds_of(settings: Settings) -> Bounds:
    """Return what settings say a document may differ by."""
    return Bounds(int(settings.get("quarantine_lost_percent")), int(settings.get("quarantine_growth")))


def believed(
    database: Database, stage: Stage, ready: list[Ready], failed: list[FeedResult], bounds: Bounds
) -> list[Ready]:
    """Return the feeds whose documents differ no more than they may; the others go into quarantine."""
    stage.flush()
    with database.write() as connection:
        refused = refresh.quarantined(connection)
        doubtful: dict[str, str] = {}
        for each in ready:
            counts = _counts(connection, stage, each)
            why = "" if each.same else doubt(counts, bounds)
            known = refused.get(each.feed.name)
            if not why or (known and known.released_at and known.digest == each.digest):
                continue
            stage.drop_in(connection, each.feed_id)
            doubtful[each.feed.name] = why
            place = (each.feed.name, each.feed.location, each.digest, each.etag, each.last_modified, now())
            refresh.put_quarantine(
                connection, refresh.Quarantine(*place, counts.after, counts.before, counts.lost, why)
            )
    failed += [
        failure(each.feed, FeedError(f"it was not applied: {doubtful[each.feed.name]}", _step(each)))
        for each in ready
        if each.feed.name in doubtful
    ]
    return [each for each in ready if each.feed.name not in doubtful]


def _step(each: Ready) -> str:
    return release(each.feed.name) + (", then apply the bundle again" if each.entry else "")


def release(name: str) -> str:
    """Return what to do about a feed that was refused."""
    return f"look at it, and apply it all the same: envscout db release {name}"


def _counts(connection: Connection, stage: Stage, each: Ready) -> Counts:
    if each.feed.kind == "osv":
        return Counts(*stage.counts(each.feed_id))
    before, _ = feeds.last_totals(connection, each.feed_id)
    return Counts(before, max(0, before - len(each.rows)), len(each.rows))
