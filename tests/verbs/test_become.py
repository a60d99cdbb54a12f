"""An environment becomes what a source says: who may say what, and which images are meant by what a node tells."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from envscout.environments.becoming import UNSEEN
from envscout.errors import LimitExceeded, NotFound, UsageError
from envscout.model import Event, Hung, Image, Inventory
from envscout.standing.appending import MOST_AT_ONCE
from envscout.store import Database, images, now, observed
from envscout.store.deployments import Scope
from envscout.verbs import ask, drift, record
from envscout.verbs import index as keeping
from envscout.verbs.become import Goal, become, observe

INDEX, AMD, ARM = (f"sha256:{digit * 64}" for digit in "123")
SAW = Event("acme", "production", "", "", 0, actor="kubernetes:c", source="kubernetes")
SAID = msgspec.structs.replace(SAW, actor="alice", source="compose")


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with Database(tmp_path / "store.db") as database:
        yield database


def look(database: Database, *, platforms: tuple[str, ...] = ("amd64", "arm64"), index: str = INDEX) -> None:
    with database.write() as connection:
        for platform in platforms:
            image = Image({"amd64": AMD, "arm64": ARM}[platform], f"linux/{platform}", index_digest=index)
            images.put(connection, image, Inventory(), now())


def ran(service: str, digest: str, platform: str = "", said: Event = SAW) -> Event:
    return msgspec.structs.replace(said, service=service, digest=digest, platform=platform, reference=f"{service}:1")


def running(database: Database) -> set[tuple[str, str]]:
    found = ask.running(database, Scope("acme", "production"))
    return {(each.deployment.service, each.deployment.digest) for each in found}


def saw(database: Database, *wanted: Event) -> tuple[Event, ...]:
    return observe(database, Goal(SAW, wanted), unindexed=True).unknown


def test_an_index_is_what_it_has_for_the_platform(database: Database) -> None:
    look(database, platforms=("amd64",))
    both = ran("a/web", INDEX, "linux/amd64"), ran("a/web", INDEX, "linux/arm64")
    # What nobody looked into is told back as it was told, for somebody to look into it.
    assert saw(database, *both) == (both[1],)
    assert running(database) == {("a/web", AMD), ("a/web", INDEX)}
    look(database)
    assert saw(database, *both) == ()
    assert running(database) == {("a/web", AMD), ("a/web", ARM)}
    # Where nobody knows the platform any more, all that ran goes on; what did not run yet is unknown.
    for platform in ("", UNSEEN):
        assert saw(database, ran("a/web", INDEX, platform)) == ()
        assert running(database) == {("a/web", AMD), ("a/web", ARM)}
    assert saw(database, ran("a/new", INDEX, UNSEEN)) == (ran("a/new", INDEX, UNSEEN),)
    assert running(database) == {("a/new", INDEX)}
    assert saw(database, ran("a/web", INDEX)) == ()
    with database.read() as connection:
        seen = observed.seen(connection, "acme", "production")
        assert {name: set(some) for name, some in seen.items()} == {
            "docker.io/a/web:1": {INDEX}, "docker.io/a/new:1": {INDEX},
        }  # fmt: skip


@pytest.mark.parametrize(
    "seen",
    [
        (ran("a/web", INDEX, "linux/amd64"), ran("a/web", INDEX, "linux/arm64"), ran("a/job", INDEX, "linux/amd64")),
        (ran("a/web", INDEX, "linux/arm64"), ran("a/job", INDEX, "linux/amd64")),
        (ran("a/web", ARM), ran("a/job", AMD)),
    ],
)
def test_what_one_index_has_for_several_platforms_is_no_drift(database: Database, seen: tuple[Event, ...]) -> None:
    look(database)
    become(database, Goal(SAID, (ran("a/web", AMD, said=SAID), ran("a/job", AMD, said=SAID))))
    for _ in range(2):
        saw(database, *seen)
        (found,) = drift.drift(database, Scope("acme", "production"))
        assert found.drifts == ()


def test_an_index_that_was_made_anew_is_what_it_led_to(database: Database) -> None:
    look(database, platforms=("amd64",))
    anew = ran("a/web", f"sha256:{'4' * 64}", "linux/amd64")
    assert saw(database, anew) == (anew,)
    with database.read() as connection:
        (known,) = images.known_as(connection, AMD)
    keeping.renew(database, known.image_id, Hung(), index_digest=anew.digest)
    assert saw(database, anew) == ()
    assert running(database) == {("a/web", AMD)}


def test_only_who_looks_says_so(database: Database) -> None:
    look(database)
    with pytest.raises(UsageError, match="those who look"):
        become(database, Goal(SAW, ()))
    with pytest.raises(UsageError, match="does not look"):
        observe(database, Goal(SAID, ()))
    with pytest.raises(UsageError, match="another source"):
        become(database, Goal(SAID, (ran("a/web", AMD),)))
    with pytest.raises(UsageError, match="another environment"):
        observe(database, Goal(SAW, (msgspec.structs.replace(ran("a/web", AMD), environment="staging"),)))
    event = msgspec.structs.replace(ran("a/web", AMD), action="record")
    (outcome,) = record.many(database, [event])
    assert outcome.state == "refused"
    with pytest.raises(UsageError, match="those who look"):
        record.record(database, event)
    with pytest.raises(NotFound, match="No image recorded"):
        running(database)


def test_platforms_and_names_do_not_count_against_the_most(database: Database) -> None:
    digests = [f"sha256:{number:064x}" for number in range(MOST_AT_ONCE + 1)]
    wanted = [ran("a/web", digest, f"linux/{each}") for digest in digests[:-1] for each in ("amd64", "arm64")]
    saw(database, *wanted)
    assert len(running(database)) == MOST_AT_ONCE
    with pytest.raises(LimitExceeded):
        saw(database, *wanted, ran("a/web", digests[-1]))
