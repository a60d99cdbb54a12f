"""What was noticed in a registry waits until it is dealt with, and is known afterwards."""

import pytest

from envscout.store import Database, watching
from envscout.store.watching import Sighting

HOST = "a.example"
ONE, MOVED, OTHER = (
    Sighting("team/app", "v1", "sha256:1"),
    Sighting("team/app", "v1", "sha256:2"),
    Sighting("b", "v1", "sha256:1"),
)


def enqueue(database: Database, *found: Sighting, at: int = 10, all_images: bool = False, anew: bool = False) -> int:
    with database.write() as connection:
        return watching.enqueue(connection, HOST, found, at, all_images=all_images, anew=anew)


def settle(database: Database, state: str = "indexed", at: int = 100) -> Sighting:
    """Deal with the next one that waits."""
    with database.write() as connection:
        one = watching.due(connection, HOST, at, ())
        assert one
        watching.settle(connection, one, one.digest, state)
    return Sighting(one.repository, one.tag, one.digest)


def test_what_waits_is_there_once_and_then_known(database: Database) -> None:
    assert enqueue(database, ONE, ONE, OTHER) == 2
    assert enqueue(database, ONE) == 0
    assert [settle(database), settle(database)] == [ONE, OTHER]
    assert enqueue(database, ONE, MOVED) == 1
    assert settle(database) == MOVED
    with database.read() as connection:
        assert watching.known(connection, HOST, 0) == {("team/app", "v1"): "sha256:2", ("b", "v1"): "sha256:1"}
        assert watching.known(connection, "b.example", 0) == {}
        assert watching.due(connection, HOST, 1000, ()) is None


def test_what_was_there_before_is_no_news_unless_all_are_wanted(database: Database) -> None:
    with database.write() as connection:
        assert not watching.has_begun(connection, HOST)
        watching.begin(connection, HOST, [ONE], 5)
        assert watching.has_begun(connection, HOST)
        assert watching.known(connection, HOST, 0, all_images=True) == {}
    assert enqueue(database, ONE) == 0
    assert enqueue(database, ONE, all_images=True) == 1
    settle(database)
    assert enqueue(database, ONE, all_images=True) == 0


def test_what_failed_is_tried_again_if_it_is_pushed_again_or_a_day_later(database: Database) -> None:
    enqueue(database, ONE)
    settle(database, "failed")
    assert enqueue(database, ONE) == 0
    assert enqueue(database, ONE, at=10 + watching.RETRY + 1) == 1
    later = watching.RETRY * 2
    settle(database, "failed", later)
    assert enqueue(database, ONE, at=later) == 0
    assert enqueue(database, ONE, at=later, anew=True) == 1
    settle(database, at=later)
    assert enqueue(database, ONE, at=later, anew=True) == 0


def test_the_older_of_two_does_not_take_the_place_of_the_newer(database: Database) -> None:
    enqueue(database, ONE, at=10)
    enqueue(database, MOVED, at=20)
    with database.write() as connection:
        first = watching.due(connection, HOST, 100, ())
        assert first
        second = watching.due(connection, HOST, 100, {first.watch_id})
        assert second
        watching.settle(connection, second, second.digest, "indexed")
        watching.settle(connection, first, first.digest, "indexed")
        assert watching.known(connection, HOST, 0) == {("team/app", "v1"): "sha256:2"}


def test_what_is_put_off_waits_until_its_time(database: Database) -> None:
    enqueue(database, ONE)
    with database.write() as connection:
        one = watching.due(connection, HOST, 10, ())
        assert one
        watching.postpone(connection, one, 500)
        assert watching.due(connection, HOST, 499, ()) is None
        again = watching.due(connection, HOST, 500, ())
        assert again
        assert again.attempts == 1


def test_the_queue_is_bounded(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "MAX_QUEUED", 2)
    assert enqueue(database, *(Sighting("a", f"v{n}", "sha256:1") for n in range(5))) == 2
