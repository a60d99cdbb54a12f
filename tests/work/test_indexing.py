"""Looking into images for others: a real registry, on an address that is nobody else's."""

import threading
from pathlib import Path

import pytest

from envscout.config import Settings
from envscout.demo.layout import ImagePlan, layer, write_layout
from envscout.store import Database, images, now, tasks
from envscout.verbs import queue
from envscout.work.indexing import index
from envscout.work.task import Work
from tests.servers.registry import Registry

pytestmark = pytest.mark.server


def work(database: Database, private: str = "127.0.0.0/8") -> Work:
    settings = Settings({"ENVSCOUT_ALLOW_PRIVATE_ADDRESSES": private} if private else {})
    return Work(database, settings, "one", threading.Event())


@pytest.fixture
def pushed(registry: Registry, tmp_path: Path) -> str:
    plan = ImagePlan((layer({"lib/apk/db/installed": b"P:musl\nV:1.2.4-r2\nA:x86_64\n\n"}, "COPY . /"),))
    write_layout(tmp_path / "layout", {"one": plan})
    registry.push(tmp_path / "layout", "work/one:v1", "one")
    return f"{registry.host}/work/one:v1"


def test_an_image_is_looked_into_for_the_tenant_who_asked(pushed: str, tmp_path: Path) -> None:
    with Database(tmp_path / "store.db", "acme") as database:
        queue.ask(database, [pushed], organization="acme")
    with Database(tmp_path / "store.db") as database:
        assert index(work(database))
        assert not index(work(database))
        (done,) = queue.requested(database)
        assert (done.state, done.problem) == ("indexed", "")
    for tenant, is_known in (("acme", True), ("evil", False)):
        with Database(tmp_path / "store.db", tenant) as database, database.read() as connection:
            assert bool(images.find(connection, done.digest)) is is_known


def test_a_server_does_not_look_at_its_own_network_for_others(pushed: str, tmp_path: Path) -> None:
    with Database(tmp_path / "store.db") as database:
        queue.ask(database, [pushed])
        assert index(work(database, private=""))
        (refused,) = queue.requested(database)
        assert refused.state == "failed"
        assert "127.0.0.1" in refused.problem


def test_one_digest_asked_for_twice_at_once_is_read_once(pushed: str, tmp_path: Path) -> None:
    file = tmp_path / "store.db"
    with Database(file) as database:
        queue.ask(database, [pushed])
        queue.ask(database, [pushed], organization="other")
        with database.write() as connection:
            tasks.arrive(connection, "one", now())

    def run() -> None:
        with Database(file) as database:
            index(work(database))

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with Database(file) as database:
        assert [each.state for each in queue.requested(database)] == ["indexed", "indexed"]
