"""The objects of a cluster, in memory, and their history: every write has a version, and one too old is Gone.

Knows nothing of what objects mean, nor of HTTP.
"""

import base64
import bisect
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tests.servers.kubernetes_resources import KINDS, Kind, Object, Refused
from tests.servers.kubernetes_selectors import Choice

MOST_SNAPSHOTS = 16
TOO_OLD = "The provided continue parameter is too old to display a consistent list result."


@dataclass(frozen=True)
class Event:
    """One write: ADDED, MODIFIED or DELETED, the object after it (with the write's version) and before it."""

    version: int
    kind: Kind
    what: str
    held: Object
    before: Object | None


@dataclass(frozen=True)
class Page:
    """Some of a list, as of a version; token asks for the rest, remaining is how many there are."""

    items: list[Object]
    version: int
    token: str
    remaining: int


class Objects:
    """All objects. `changed` guards them; whoever does several things at once holds it.

    bound: how many events are remembered.
    """

    def __init__(self, bound: int) -> None:
        self.changed = threading.Condition(threading.RLock())
        self.version = 1000
        self.listeners: list[Callable[[Event], None]] = []
        self._bound = bound
        self._floor = self.version
        self._held: dict[Kind, dict[tuple[str, str], Object]] = {kind: {} for kind in KINDS}
        self._events: list[Event] = []
        self._snapshots: dict[tuple[Kind, int], list[Object]] = {}

    def find(self, kind: Kind, namespace: str, name: str) -> Object | None:
        """Return an object, or None."""
        return self._held[kind].get((namespace, name))

    def all(self, kind: Kind, chosen: Choice) -> list[Object]:
        """Return those that are chosen, by namespace and name."""
        with self.changed:
            return [held for held in self._sorted(kind) if chosen.takes(held)]

    def within(self, namespace: str) -> Iterator[tuple[Kind, Object]]:
        """Yield everything in a namespace."""
        for kind, objects in self._held.items():
            for (place, _), held in list(objects.items()):
                if place == namespace:
                    yield kind, held

    def put(self, kind: Kind, made: Object) -> Object:
        """Keep a document and return it with its version; one that says nothing new is no write."""
        with self.changed:
            meta = made["metadata"]
            key = (meta.get("namespace", ""), meta["name"])
            before = self._held[kind].get(key)
            if before and made == before:
                return before
            kept = self._versioned(made)
            self._held[kind][key] = kept
            self._tell(Event(self.version, kind, "MODIFIED" if before else "ADDED", kept, before))
            return kept

    def remove(self, kind: Kind, held: Object) -> Object:
        """Forget an object; return it with the version of that."""
        with self.changed:
            meta = held["metadata"]
            before = self._held[kind].pop((meta.get("namespace", ""), meta["name"]))
            gone = self._versioned(before)
            self._tell(Event(self.version, kind, "DELETED", gone, before))
            return gone

    def page(self, kind: Kind, chosen: Choice, limit: int, token: str) -> Page:
        """Return at most limit of those that are chosen (0 is no limit), from where the token says; Refused is Gone."""
        with self.changed:
            version, start = self._place(kind, token)
            held = self._snapshots.get((kind, version)) or self._sorted(kind)
            found = [each for each in held if (not start or _key(each) > start) and chosen.takes(each)]
            if not limit or len(found) <= limit:
                return Page(found, version, "", 0)
            self._snapshots[kind, version] = held
            while len(self._snapshots) > MOST_SNAPSHOTS:
                del self._snapshots[next(iter(self._snapshots))]
            return Page(found[:limit], version, _token(version, _key(found[limit - 1])), len(found) - limit)

    def known(self, version: int) -> bool:
        """Say whether all that was written after a version is still remembered for newcomers."""
        return version >= self._floor

    def after(self, version: int) -> list[Event]:
        """Return what was written after a version; Refused says that some of it is forgotten."""
        if self._events and version < self._events[0].version - 1 and version < self._floor:
            raise gone(version, self.version)
        return self._events[bisect.bisect_right(self._events, version, key=lambda event: event.version) :]

    def compact(self) -> None:
        """Make every version so far Gone, as if much had been written since; who watches already misses nothing."""
        with self.changed:
            self.version += 1
            self._floor = self.version
            self._snapshots.clear()

    def _place(self, kind: Kind, token: str) -> tuple[int, tuple[str, str]]:
        """Return the version and the key after which a list goes on."""
        if not token:
            return self.version, ("", "")
        try:
            said = json.loads(base64.urlsafe_b64decode(token))
            version, start = int(said["rv"]), (str(said["start"][0]), str(said["start"][1]))
        except (ValueError, KeyError, TypeError) as error:
            raise Refused(400, "BadRequest", "continue key is not valid") from error
        if version == -1:
            return self.version, start
        if version < self._floor or (kind, version) not in self._snapshots:
            # The other token goes on with what there is now.
            raise Refused(410, "Expired", TOO_OLD, metadata={"continue": _token(-1, start)})
        return version, start

    def _sorted(self, kind: Kind) -> list[Object]:
        return [held for _, held in sorted(self._held[kind].items(), key=lambda item: item[0])]

    def _versioned(self, made: Object) -> Object:
        self.version += 1
        return {**made, "metadata": {**made["metadata"], "resourceVersion": str(self.version)}}

    def _tell(self, event: Event) -> None:
        self._events.append(event)
        if len(self._events) > self._bound * 5 // 4:
            del self._events[: -self._bound]
            self._floor = max(self._floor, self._events[0].version - 1)
        for listener in self.listeners:
            listener(event)
        self.changed.notify_all()


def gone(version: int, current: int) -> Refused:
    """Return the answer to a watch that is too late."""
    return Refused(410, "Expired", f"too old resource version: {version} ({current})")


def _key(held: Object) -> tuple[str, str]:
    return held["metadata"].get("namespace", ""), held["metadata"]["name"]


def _token(version: int, start: tuple[str, str]) -> str:
    said = {"v": "meta.k8s.io/v1", "rv": version, "start": start}
    return base64.urlsafe_b64encode(json.dumps(said).encode()).decode()
