"""What a watch tells: the writes since a version, and now and then a bookmark, until it ends.

https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes.
"""

import math
import time
from collections.abc import Callable, Iterator

from tests.servers.kubernetes_objects import Event, Objects
from tests.servers.kubernetes_resources import Kind, Object, Refused
from tests.servers.kubernetes_selectors import Choice


def told(
    objects: Objects,
    kind: Kind,
    chosen: Choice,
    version: int,
    seconds: float,
    every: float,
    ended: Callable[[], bool],
) -> Iterator[Object]:
    """Yield what happens to those that are chosen; a version of 0 begins with all that there are.

    seconds: for how long. every: seconds between bookmarks, none if infinite. ended: says when to stop before.
    """
    if not version:
        with objects.changed:
            version, there = objects.version, objects.all(kind, chosen)
        yield from ({"type": "ADDED", "object": held} for held in there)
    deadline = time.monotonic() + seconds
    mark = time.monotonic() + every
    while not ended():
        wake = min(deadline, mark)
        try:
            events, version = _next(objects, version, wake, ended)
        except Refused as late:
            yield {"type": "ERROR", "object": late.document}
            return
        for event in events:
            if event.kind is kind and (what := _seen(event, chosen)):
                yield what
        if time.monotonic() >= wake:
            if every < math.inf:
                yield _bookmark(kind, version)
            if wake == deadline:
                return
            mark = time.monotonic() + every


def _next(objects: Objects, version: int, wake: float, ended: Callable[[], bool]) -> tuple[list[Event], int]:
    """Wait for writes; return them and the version that they lead to."""
    with objects.changed:
        objects.changed.wait_for(lambda: ended() or objects.version > version, max(0.0, wake - time.monotonic()))
        return objects.after(version), objects.version


def _seen(event: Event, chosen: Choice) -> Object | None:
    """Return a write as who chose sees it: what is no longer chosen is deleted, as it last was."""
    before = bool(event.before and chosen.takes(event.before))
    now = event.what != "DELETED" and chosen.takes(event.held)
    if now:
        return {"type": "MODIFIED" if before else "ADDED", "object": event.held}
    if not before or event.before is None:
        return None
    version = {"resourceVersion": str(event.version)}
    return {"type": "DELETED", "object": {**event.before, "metadata": {**event.before["metadata"], **version}}}


def _bookmark(kind: Kind, version: int) -> Object:
    meta = {"resourceVersion": str(version), "creationTimestamp": None}
    return {"type": "BOOKMARK", "object": {"kind": kind.name, "apiVersion": kind.api_version, "metadata": meta}}
