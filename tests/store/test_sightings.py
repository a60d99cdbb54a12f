"""What tags were seen to stand for: at any moment, on each platform, and of whom an engine's copies tell."""

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from envscout.environments.fold import advance
from envscout.model import Event, Hung, Image, Inventory
from envscout.names.reference import parse
from envscout.store import Database, Place, deployments, images, repositories, sqlite
from envscout.store import postgresql as postgresql_engine
from envscout.store.images import Named
from envscout.verbs import index


def put(database: Database, digest: str, created: str = "", platform: str = "linux/amd64", index: str = "") -> int:
    with database.write() as connection:
        image = Image(digest, platform, index_digest=index, created=created)
        return images.put(connection, image, Inventory(), 1)[0]


def see(database: Database, tag: str, image_id: int, at: int) -> None:
    with database.write() as connection:
        repositories.see(connection, "docker.io/library/base", tag, image_id, at)


def stood_for(database: Database, tag: str, platform: str = "linux/amd64", at: int | None = None) -> str:
    with database.read() as connection:
        found = repositories.stood_for(connection, "docker.io/library/base", tag, platform, at)
    return found[0].digest if found else ""


def test_a_tag_stands_for_what_it_was_seen_to_stand_for_last(database: Database) -> None:
    old, new = put(database, "old", "2026-01-01T00:00:00Z"), put(database, "new", "2026-02-01T00:00:00Z")
    see(database, "1", new, 10)
    # Somebody went back to an older build.
    see(database, "1", old, 20)
    assert (stood_for(database, "1"), stood_for(database, "1", at=19)) == ("old", "new")
    assert stood_for(database, "1", at=9) == ""
    with database.read() as connection:
        assert repositories.seen_last(connection, "docker.io/library/base", "1") == old
        assert [each.image_id for each in repositories.sightings(connection, "docker.io/library/base")] == [old, new]


def rows(database: Database) -> int:
    return int(database.connection.execute("SELECT count(*) FROM seen").fetchone()[0])


def test_a_tag_that_goes_back_leaves_what_it_stood_for_in_between(database: Database) -> None:
    one, two = put(database, "1"), put(database, "2")
    for image_id, at in ((one, 10), (two, 20), (one, 30)):
        see(database, "1", image_id, at)
    assert [stood_for(database, "1", at=at) for at in (9, 10, 15, 20, 25, 30, 35)] == ["", "1", "1", "2", "2", "1", "1"]
    with database.read() as connection:
        found = repositories.sightings(connection, "docker.io/library/base")
        assert [(each.image_id, each.at) for each in found] == [(one, 30), (two, 20)], "each image once"
        assert repositories.seen(connection) == [("docker.io/library/base", 30, 2)]


def test_looks_alone_add_nothing(database: Database) -> None:
    amd, arm = put(database, "amd"), put(database, "arm", platform="linux/arm64")
    for at in range(10, 30, 2):
        see(database, "1", amd, at)
        see(database, "1", arm, at + 1)
    assert rows(database) == 2
    # Of no platform, it fits all.
    single = put(database, "single", platform="")
    see(database, "1", single, 40)
    see(database, "1", single, 50)
    assert (rows(database), stood_for(database, "1"), stood_for(database, "1", "linux/arm64")) == (
        3,
        "single",
        "single",
    )
    see(database, "1", amd, 60)
    assert (rows(database), stood_for(database, "1"), stood_for(database, "1", "linux/arm64")) == (4, "amd", "single")


def test_what_was_seen_is_told_later(database: Database) -> None:
    one, two = put(database, "1"), put(database, "2")
    see(database, "1", one, 10)
    see(database, "1", one, 30)
    for _ in range(2):
        # Somebody was told at 20, and looked into it later than the others.
        see(database, "1", two, 20)
        see(database, "1", one, 15)
    assert [stood_for(database, "1", at=at) for at in (15, 19, 20)] == ["1", "1", "2"]
    assert rows(database) == 2


def test_whoever_tells_of_an_image_of_the_instance_tells_it_once(place: Callable[[str], Place]) -> None:
    where = place("store")
    with Database(where) as database:
        number = put(database, "shared")
    with Database(where, "acme") as database:
        for at in (10, 20):
            see(database, "1", number, at)
        assert rows(database) == 1


DAY = "2026-01-0{}T00:00:00Z"
COPIES = (
    # what the registry has, and the engine: made when; is the copy news?
    (DAY.format(2), DAY.format(1), False),
    (DAY.format(1), DAY.format(2), True),
    (DAY.format(1), DAY.format(1), True),
    ("1970-01-01T00:00:00Z", "1970-01-01T00:00:00Z", True),
    ("", "", True),
    (DAY.format(2), "1980-01-01T00:00:00Z", True),
    ("2026-01-01T00:00:00.5Z", "2026-01-01T00:00:00Z", False),
    ("2026-01-01T00:00:00Z", "2026-01-01T00:00:00.5Z", True),
    ("2026-01-01T00:00:00Z", "2026-01-01T01:00:00+02:00", False),
    ("2026-01-01T01:00:00+02:00", "2026-01-01T00:00:00Z", True),
)


@pytest.mark.parametrize(("before", "made", "is_news"), COPIES)
def test_only_a_copy_that_is_known_to_be_older_is_no_news(
    database: Database, before: str, made: str, is_news: bool
) -> None:
    registry, engine = put(database, "registry", before), put(database, "engine", made)
    index.renew(database, registry, Hung(), "docker.io/library/base", "1")
    index.renew(database, engine, Hung(), "docker.io/library/base", "1", copied=True)
    assert stood_for(database, "1") == ("engine" if is_news else "registry")


def test_a_copy_of_what_the_tag_stood_for_before_is_no_news(database: Database) -> None:
    old, new = put(database, "old", DAY.format(1)), put(database, "new", DAY.format(2))
    undated = put(database, "undated")
    for number, copied, expected in (
        (old, True, "old"),
        (new, True, "new"),
        (old, True, "new"),
        (undated, True, "undated"),
        (old, False, "old"),
        # The registry went back, and this engine did not hear of it.
        (new, True, "old"),
        (undated, True, "old"),
        (new, False, "new"),
    ):
        index.renew(database, number, Hung(), "docker.io/library/base", "1", copied=copied)
        assert stood_for(database, "1") == expected


def test_a_copy_is_compared_with_what_its_platform_was_seen_as(database: Database) -> None:
    amd = put(database, "amd", DAY.format(1))
    arm = put(database, "arm", "2026-01-03T00:00:09Z", "linux/arm64")
    local = put(database, "local", "2026-01-03T00:00:01Z")
    for number, copied in ((amd, False), (arm, False), (local, True)):
        index.renew(database, number, Hung(), "docker.io/library/base", "1", copied=copied)
    assert (stood_for(database, "1"), stood_for(database, "1", "linux/arm64")) == ("local", "arm")


def test_an_engine_calls_the_same_build_by_another_digest(database: Database) -> None:
    with database.write() as connection:
        registry = Image("manifest", "linux/amd64", "index", "config")
        number = images.put(connection, registry, Inventory(), 1)[0]
        copies = [
            images.put(connection, Image(digest, "linux/amd64", config_digest="config"), Inventory(), 1)[0]
            for digest in ("config", "index")
        ]
    index.renew(database, number, Hung(), "docker.io/library/base", "1")
    for copy in copies:
        index.renew(database, copy, Hung(), "docker.io/library/base", "1", copied=True)
    assert stood_for(database, "1") == "manifest"


def test_what_was_only_recorded_is_known_by_its_index(database: Database) -> None:
    reference = parse("acme/app:1")
    with database.write() as connection:
        one = images.put_unindexed(connection, Image("sha256:1", index_digest="sha256:i1"))
        event = Event("acme", "production", "acme/app", "record", 1, digest="sha256:1", reference="acme/app:1")
        deployments.append(connection, event, one, advance)
        assert deployments.named_last(connection, reference) == ("sha256:1", "sha256:i1")
        assert deployments.service_last(connection, reference) == ("sha256:1", "sha256:i1")
        many = {
            Named("", digest): Image(digest, index_digest=above)
            for digest, above in (("sha256:2", "sha256:i2"), ("sha256:3", "x" * 256))
        }
        images.put_all_unindexed(connection, many)
        assert [each.image.digest for each in images.known_as(connection, "sha256:i2")] == ["sha256:2"]
        assert images.known_as(connection, "x" * 256) == [], "no digest is as long"


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
def test_what_an_older_store_saw_is_kept(
    engine: str, tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    where = tmp_path / "older.db" if engine == "sqlite" else request.getfixturevalue("postgresql").make()
    with monkeypatch.context() as earlier:
        for module in (sqlite, postgresql_engine):
            earlier.setattr(module, "SCHEMA", [each for each in module.SCHEMA if each.name < "0025"])
        with Database(where) as older, older.write() as connection:
            for number, above in enumerate(("sha256:i", "", "x" * 256), 1):
                document = msgspec.json.encode(Image(f"sha256:{number}", "linux/amd64", above)).decode()
                connection.execute(
                    "INSERT INTO image (digest, document, problems, tools, tenant)"
                    f" VALUES ('sha256:{number}', '{document}', '[]', '[]', '')"
                )
                connection.execute(f"INSERT INTO seen VALUES ('docker.io/library/base', '1', {number}, {number * 10})")
    with Database(where) as database:
        assert [stood_for(database, "1", at=at) for at in (10, 20, 30)] == ["sha256:1", "sha256:2", "sha256:3"]
        see(database, "1", 1, 40)
        assert (stood_for(database, "1"), rows(database)) == ("sha256:1", 4)
        found = database.connection.execute("SELECT index_digest FROM image ORDER BY image_id").fetchall()
        assert [each for (each,) in found] == ["sha256:i", "", ""]


def test_each_platform_has_its_own(database: Database) -> None:
    see(database, "1", put(database, "amd", "2026-01-01T00:00:00Z", index="both"), 10)
    see(database, "1", put(database, "arm", "2026-01-02T00:00:00Z", "linux/arm64", index="both"), 11)
    assert (stood_for(database, "1"), stood_for(database, "1", "linux/arm64")) == ("amd", "arm")
    with database.read() as connection:
        assert {each.image.digest for each in images.known_as(connection, "both")} == {"amd", "arm"}
        assert [each.image.digest for each in images.known_as(connection, "amd")] == ["amd"]
        assert images.known_as(connection, "") == images.known_as(connection, "nothing") == []


def test_what_is_forgotten_was_never_seen(database: Database) -> None:
    number = put(database, "gone")
    see(database, "1", number, 10)
    with database.write() as connection:
        images.drop(connection, [number])
    assert stood_for(database, "1") == ""
