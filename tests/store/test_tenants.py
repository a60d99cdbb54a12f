"""Whose images are whose: what one organization brings is neither seen nor believed by another."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from envscout.environments.fold import advance
from envscout.errors import StoreError
from envscout.model import Event, Image, Inventory, Layer, Package
from envscout.names.reference import parse
from envscout.store import Database, Place, deployments, images, repositories, sqlite

DIGEST = "sha256:" + "a" * 64
INDEX = "sha256:" + "b" * 64
LOWER, UPPER = (Layer("sha256:" + each * 64, "sha256:" + each * 64, "", 1) for each in "cd")
IMAGE = Image(digest=DIGEST, index_digest=INDEX, layers=(LOWER,))
ABOVE = Image(digest="sha256:" + "e" * 64, layers=(LOWER, UPPER))


def inventory(name: str) -> Inventory:
    return Inventory((Package(type="npm", name=name, version="1", purl=f"pkg:npm/{name}@1"),))


@pytest.fixture
def two(place: Callable[[str], Place]) -> Callable[[str], Database]:
    """Return a function that opens one store for a tenant."""
    where = place("store")
    return lambda tenant: Database(where, tenant)


def test_each_tenant_has_its_own_inventory_of_a_digest(two: Callable[[str], Database]) -> None:
    for tenant in ("acme", "evil"):
        with two(tenant) as database, database.write() as connection:
            images.put(connection, IMAGE, inventory(tenant), 1)
    for tenant in ("acme", "evil"):
        with two(tenant) as database, database.read() as connection:
            stored = images.find(connection, DIGEST)
            assert stored
            (package,) = images.inventory_of(connection, stored).packages
            assert package.name == tenant
            assert [each.image_id for each in images.known_as(connection, INDEX)] == [stored.image_id]
            assert len(images.bases(connection, ABOVE)) == 2


def test_nothing_of_another_tenant_is_found(two: Callable[[str], Database]) -> None:
    with two("acme") as database, database.write() as connection:
        image_id, _ = images.put(connection, IMAGE, inventory("x"), 1)
        repositories.see(connection, "docker.io/acme/app", "1", image_id, 1)
        repositories.switch(connection, "docker.io/acme/app", False, 1)
    for other in ("evil", ""):
        with two(other) as database, database.read() as connection:
            assert images.find(connection, DIGEST) is None
            assert images.known_as(connection, INDEX) == images.known_as(connection, DIGEST) == []
            assert images.bases(connection, ABOVE) == []
            assert repositories.seen(connection) == []
            assert repositories.sightings(connection, "docker.io/acme/app") == []
            assert repositories.seen_last(connection, "docker.io/acme/app", "1") is None
            assert repositories.stood_for(connection, "docker.io/acme/app", "1", "") is None
            assert repositories.is_enabled(connection, "docker.io/acme/app")
            assert bool(images.unused(connection)) == (other == "")


def test_what_the_instance_runs_for_a_tenant_the_tenant_sees(two: Callable[[str], Database]) -> None:
    with two("") as database, database.write() as connection:
        image_id, _ = images.put(connection, IMAGE, inventory("x"), 1)
        event = Event("acme", "production", "app", "record", 1, reference="acme/app:1")
        deployments.append(connection, event, image_id, advance)
    with two("acme") as database, database.read() as connection:
        assert images.find(connection, DIGEST)
        assert images.known_as(connection, INDEX)
        assert deployments.named_last(connection, parse("acme/app:1"))
    with two("evil") as database, database.read() as connection:
        assert images.find(connection, DIGEST) is None
        assert images.known_as(connection, INDEX) == []
        assert deployments.named_last(connection, parse("acme/app:1")) == ()


def test_a_store_of_the_schema_before_keeps_all_it_had(tmp_path: Path) -> None:
    path = tmp_path / "old.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as old:
        for script in [each for each in sqlite.SCHEMA if each.name < "0009"]:
            old.executescript(script.read_text(encoding="utf-8"))
        old.execute("PRAGMA user_version = 8")
        for number in (1, 2, 3):
            old.execute(
                "INSERT INTO image (digest, document, problems, tools, index_digest, twofold)"
                " VALUES (?, ?, '[]', '[]', ?, 1)",
                (f"sha256:{number}", f'{{"digest":"sha256:{number}"}}', f"sha256:i{number}"),
            )
        old.execute("INSERT INTO environment VALUES (1, 'acme', 'production', 1)")
        old.execute("INSERT INTO service VALUES (1, 'acme', 'app')")
        old.execute("INSERT INTO event VALUES (1, 1, 1, '', 'record', 2, 'app:1', 1, '', '', '', '')")
        old.execute("DELETE FROM image WHERE image_id = 3")
        before = old.execute("SELECT * FROM image ORDER BY 1").fetchall()
    with Database(path) as database:
        connection = database.connection
        assert [row[:-1] for row in connection.execute("SELECT * FROM image ORDER BY 1")] == before
        assert connection.execute("PRAGMA foreign_keys").fetchone() == (1,)
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        with database.write():
            assert images.put_unindexed(connection, IMAGE) == 4, "a number is never used again"
        with pytest.raises(StoreError), database.write():
            connection.execute("DELETE FROM image WHERE image_id = 2")
