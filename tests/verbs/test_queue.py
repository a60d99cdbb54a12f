"""Images that the server is asked to look into, on each of the engines."""

import pytest

from envscout.errors import InvalidReference, NotFound, SourceError, UsageError
from envscout.store import Database, now, tasks
from envscout.verbs import queue


def test_a_person_comes_before_a_wave(database: Database) -> None:
    queue.ask(database, ["myorg/a:1"], urgency="wave")
    queue.ask(database, ["myorg/b:1"], urgency="pipeline")
    queue.ask(database, ["myorg/c:1"], urgency="person")
    names = [_taken(database).removeprefix("docker.io/myorg/") for _ in range(4)]
    assert names == ["c:1", "b:1", "a:1", ""]


def test_what_waits_already_keeps_its_number_and_moves_forward(database: Database) -> None:
    (first,) = queue.ask(database, ["myorg/a:1"], urgency="wave")
    queue.ask(database, ["myorg/b:1"], urgency="pipeline")
    (again,) = queue.ask(database, ["docker.io/myorg/a:1", "myorg/a:1"], urgency="person")
    assert again == first
    assert _taken(database) == "docker.io/myorg/a:1"


def test_what_a_living_worker_began_is_nobody_elses(database: Database) -> None:
    queue.ask(database, ["myorg/a:1"])
    with database.write() as connection:
        tasks.arrive(connection, "one", now())
    assert _taken(database, "one")
    assert not _taken(database, "two")
    with database.write() as connection:
        tasks.leave(connection, "one")
    assert _taken(database, "two")


def test_what_is_gone_has_failed_and_what_may_come_back_waits(database: Database) -> None:
    queue.ask(database, ["myorg/a:1", "myorg/b:1"])
    for error in (NotFound("there is no such image"), SourceError("the registry does not answer", "wait")):
        claim = queue.take(database, "")
        assert claim
        queue.failed(database, claim, error)
    waits, failed = queue.requested(database)
    assert (failed.state, failed.problem) == ("failed", "there is no such image")
    assert (waits.state, waits.problem, waits.attempts) == ("waiting", "the registry does not answer wait", 1)
    assert waits.due > now()
    assert queue.take(database, "") is None


def test_an_image_that_fails_again_and_again_has_failed(database: Database) -> None:
    queue.ask(database, ["myorg/a:1"])
    for _ in range(queue.MAX_ATTEMPTS):
        queue.ask(database, ["myorg/a:1"], urgency="person")
        claim = queue.take(database, "")
        assert claim
        queue.failed(database, claim, SourceError("no"))
    assert [each.state for each in queue.requested(database)] == ["failed"]


@pytest.mark.parametrize("text", ["archive:///etc/passwd", "oci-dir:///srv", "fs:///", "sbom://-", "local://nginx", ""])
def test_a_server_looks_at_nothing_but_registries(database: Database, text: str) -> None:
    with pytest.raises(InvalidReference):
        queue.ask(database, [text])


def test_a_state_that_there_is_not(database: Database) -> None:
    with pytest.raises(UsageError):
        queue.requested(database, state="lost")


def _taken(database: Database, worker: str = "") -> str:
    """Take the next image, and be done with it unless a worker is named."""
    claim = queue.take(database, worker)
    if claim and not worker:
        queue.done(database, claim, "sha256:1")
    return claim.reference if claim else ""
