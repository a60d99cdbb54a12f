"""What waits is dealt with by several workers: each image once, whatever becomes of it."""

import threading
from collections import Counter
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from envscout.errors import NotFound, SourceError
from envscout.model import Image
from envscout.names.reference import Reference
from envscout.store import Database, Place, watching
from envscout.store import images as stored_images
from envscout.store.watching import Sighting
from envscout.verbs import watch as verb
from envscout.verbs.watch import Plan, Told, watch
from envscout.watch.registries import parse, selection

# Nobody listens there: what is looked for fails, and what waits is all there is.
HOST = "127.0.0.1:1"


class Known(msgspec.Struct, frozen=True):
    image_id: int
    image: Image
    packages: int = 1
    fresh: bool = True


def queue(path: Place, count: int) -> None:
    with Database(path) as database, database.write() as connection:
        watching.enqueue(connection, HOST, [Sighting("a", f"v{n}", f"sha256:{n:064}") for n in range(count)], 1)


def indexed(database: Database, reference: Reference) -> Known:
    image = Image(digest=reference.digest)
    with database.write() as connection:
        return Known(stored_images.put_unindexed(connection, image), image)


def run(path: Place, index: Callable[[Database, Reference], Known], workers: int = 8) -> list[Told]:
    told: list[Told] = []
    plan = Plan(selection(["no/such"], []), workers=workers, once=True)
    watch(path, parse(HOST), plan, index=index, tell=told.append, stop=threading.Event())
    return [each for each in told if each.image.startswith(f"{HOST}/")]


def waiting(path: Place) -> int:
    with Database(path) as database, database.read() as connection:
        return watching.queued(connection, HOST)


def test_workers_do_nothing_twice(
    tmp_path: Place, place: Callable[[str], Place], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = place("store")
    queue(path, 60)
    real = watching.due

    def slow(connection: Any, registry: str, at: int, busy: Any) -> Any:
        """Read a state, and look at it when others have gone on."""
        watching.queued(connection, registry)
        threading.Event().wait(0.01)
        return real(connection, registry, at, busy)

    monkeypatch.setattr(watching, "due", slow)
    told = run(path, indexed)
    assert Counter(each.image for each in told) == {f"{HOST}/a:v{n}@sha256:{n:064}": 1 for n in range(60)}
    assert waiting(path) == 0


@pytest.mark.parametrize(
    ("error", "left"),
    [(SourceError("away"), 1), (NotFound("gone"), 0), (ZeroDivisionError("ours"), 1)],
)
def test_what_fails_is_told_and_does_not_stop_the_rest(
    tmp_path: Place, place: Callable[[str], Place], error: Exception, left: int
) -> None:
    path = place("store")
    queue(path, 5)

    def index(database: Database, reference: Reference) -> Known:
        if reference.tag == "v2":
            raise error
        return indexed(database, reference)

    told = run(path, index, workers=1)
    assert Counter(each.event for each in told) == {"indexed": 4, "failed": 1}
    assert [each.image for each in told if each.event == "failed"] == [f"{HOST}/a:v2@sha256:{2:064}"]
    assert waiting(path) == left


def test_what_fails_again_and_again_is_given_up(tmp_path: Place, place: Callable[[str], Place]) -> None:
    path = place("store")
    queue(path, 1)

    def index(database: Database, reference: Reference) -> Known:
        raise SourceError("away")

    for _ in range(verb.MAX_ATTEMPTS):
        assert waiting(path) == 1
        assert [each.event for each in run(path, index)] == ["failed"]
        with Database(path) as database, database.write() as connection:
            one = watching.due(connection, HOST, 1 << 60, ())
            if one:
                connection.execute("UPDATE watch_queue SET due = 0")
    assert waiting(path) == 0
    with Database(path) as database, database.read() as connection:
        assert watching.known(connection, HOST, 0) == {("a", "v0"): f"sha256:{0:064}"}
