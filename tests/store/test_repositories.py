"""What is switched off, what is registered; and a store that was made before all that."""

import sqlite3
from pathlib import Path

import msgspec

from envscout.model import Image
from envscout.store import Database, images, repositories
from envscout.store.repositories import Integration

MIGRATIONS = Path(repositories.__file__).parent / "migrations"


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
