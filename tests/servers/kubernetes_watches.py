"""What a watch tells: the writes since a version, and now and then a bookmark, until it ends.

https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes.
"""

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tests.servers.kubernetes_objects import Event, Objects
from tests.servers.kubernetes_resources import Kind, Object, Refused
from tests.servers.kubernetes_selectors import Choice

INITIAL = "k8s.io/initial-events-end"


@dataclass(frozen=True)
class Wanted:
    """What a watch is about, for how many seconds, and how many are between bookmarks (none if infinite).

    synced: whether to begin with all that there are, and to mark the end of that.
    """

    kind: Kind
    chosen: Choice
    seconds: float
    every: float
    synced: bool


def told(objects: Objects, wanted: Wanted, version: int, ended: Callable[[], bool]) -> Iterator[Object]:
    """Yield what happens after a version; 0 begins with all that there are. ended: says when to stop before time."""
    if wanted.synced or not version:
        with objects.changed:
            version, there = objects.version, objects.all(wanted.kind, wanted.chosen)
        yield from ({"type": "ADDED", "object": held} for held in there)
        if wanted.synced:
            yield _bookmark(wanted.kind, version, annotations={INITIAL: "true"})
    deadline = time.monotonic() + wanted.seconds
    mark = time.monotonic() + wanted.every
    while not ended():
        wake = min(deadline, mark)
        try:
            events, version = _next(objects, version, wake, ended)
        except Refused as late:
            yield {"type": "ERROR", "object": late.document}
            return
        seen = (_seen(event, wanted.chosen) for event in events if event.kind is wanted.kind)
        yield from filter(None, seen)
        if time.monotonic() >= wake:
            if wanted.every < math.inf:
                yield _bookmark(wanted.kind, version)
            if wake == deadline:
                return
            mark = time.monotonic() + wanted.every


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


def _bookmark(kind: Kind, version: int, **more: Object) -> Object:
    meta = {"resourceVersion": str(version), "creationTimestamp": None, **more}
    return {"type": "BOOKMARK", "object": {"kind": kind.name, "apiVersion": kind.api_version, "metadata": meta}}
