"""What tags stood for, what is switched off, what is registered; and a store that was made before all that."""

import sqlite3
from pathlib import Path

import msgspec

from envscout.model import Hung, Image, Inventory
from envscout.store import Database, images, repositories
from envscout.store.repositories import Integration
from envscout.verbs import index

MIGRATIONS = Path(repositories.__file__).parent / "migrations"


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


def test_an_old_copy_in_a_local_engine_is_no_news(database: Database) -> None:
    old, new = put(database, "old", "2026-01-01T00:00:00Z"), put(database, "new", "2026-02-01T00:00:00Z")
    for number, copied, expected in (
        (old, True, "old"),
        (new, True, "new"),
        (old, True, "new"),
        (old, False, "old"),
        (new, False, "new"),
    ):
        index.renew(database, number, Hung(), "docker.io/library/base", "1", copied=copied)
        assert stood_for(database, "1") == expected


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


def test_the_last_word_on_a_repository_counts(database: Database) -> None:
    with database.write() as connection:
        for at, enabled in enumerate((False, True, False)):
            repositories.switch(connection, "a/b", enabled, at)
        assert not repositories.is_enabled(connection, "a/b")
        assert repositories.is_enabled(connection, "a/c")
        assert repositories.switches(connection) == {"a/b": False}
        # What was said stays.
        assert connection.execute("SELECT count(*) FROM repository_switch").fetchone() == (3,)


def test_an_integration_is_replaced_by_its_name(database: Database) -> None:
    with database.write() as connection:
        for at, host in enumerate(("a.example", "b.example")):
            repositories.put_integration(connection, Integration("org", "oci", "one", {"registry": host}, at))
        repositories.put_integration(connection, Integration("other", "oci", "one", {"registry": "c.example"}, 3))
        assert [each.parameters["registry"] for each in repositories.integrations(connection, "org")] == ["b.example"]
        assert repositories.drop_integration(connection, "org", "oci") == 1
        assert [each.organization for each in repositories.integrations(connection)] == ["other"]


def test_images_of_an_older_store_are_found_by_the_digest_of_their_index(tmp_path: Path) -> None:
    path = tmp_path / "older.db"
    with sqlite3.connect(path) as older:
        for migration in sorted(MIGRATIONS.glob("*.sql"))[:3]:
            older.executescript(migration.read_text(encoding="utf-8"))
        for digest, index in (("a", "both"), ("b", "both"), ("c", "")):
            document = msgspec.json.encode(Image(digest, index_digest=index)).decode()
            row = (digest, document, 1, "[]", "[]")
            older.execute(
                "INSERT INTO image (digest, document, indexed_at, problems, tools) VALUES (?, ?, ?, ?, ?)", row
            )
        older.execute("PRAGMA user_version = 3")
    older.close()
    with Database(path) as database, database.read() as connection:
        assert {each.image.digest for each in images.known_as(connection, "both")} == {"a", "b"}
        assert repositories.seen(connection) == []
