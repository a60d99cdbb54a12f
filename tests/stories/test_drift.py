"""What a cluster runs against what pipelines said: told by the command, the API, the page, and to whoever listens."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from envscout.store import Database, news, observed
from tests.servers.kubernetes import Cluster, cluster
from tests.stories.story import Desk, Laptop

A, B, C = (f"sha256:{digit * 64}" for digit in "abc")
HOUR = 3_600_000_000


@pytest.fixture
def api() -> Iterator[Cluster]:
    with cluster() as running:
        running.digests.update({"shop/api:1": A, "shop/api:2": B, "shop/worker:1": C})
        yield running


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Laptop(tmp_path / "home")


class Shop:
    """A cluster, and the desk at which it is followed."""

    def __init__(self, api: Cluster, desk: Desk, folder: Path) -> None:
        self.api, self.desk = api, desk
        config = str(api.kubeconfig(folder))
        self._words = ("watch", "kubernetes", "--once", "--kubeconfig", config, "--environment", "production")

    def runs(self, *images: str) -> None:
        """Have the cluster run these images alone, and be looked at."""
        for each in self.api.all("pods", "default"):
            self.api.delete("pods", "default", each["metadata"]["name"])
        for number, image in enumerate(images):
            spec = {"containers": [{"name": "c", "image": image}]}
            self.api.apply({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": f"p{number}"}, "spec": spec})
        self.desk.ok(*self._words, "--org", "shop")

    def says(self, image: str) -> None:
        """Have a pipeline record an image."""
        self.desk.ok("environment", "production", image, "--no-index", "--org", "shop", CI="true")

    @property
    def drift(self) -> Any:
        """Return what the command says of production."""
        (found,) = self.desk.ok("environment", "drift", "production", "--format", "json").json["drift"]
        return found

    @property
    def kinds(self) -> dict[str, str]:
        """Return how services drifted."""
        return {each["service"]: each["kind"] for each in self.drift["drifts"]}

    def told(self) -> list[tuple[str, str]]:
        """Return service and direction of the news of drift."""
        with Database(self.desk.place) as database, database.read() as connection:
            found = (each.news for each in news.after(connection, 0))
            return [(each.service, each.direction) for each in found if each.kind == "drift"]

    def pass_time(self) -> None:
        """Have all that was said and seen so far have happened an hour ago."""
        with Database(self.desk.place) as database, database.write() as connection:
            connection.execute("UPDATE event SET at = at - ?", (HOUR,))
            connection.execute("UPDATE deployment SET d_from = d_from - ?", (HOUR,))
            connection.execute("UPDATE environment SET created_at = created_at - ?", (HOUR,))
            connection.execute("UPDATE observed SET at = at - ?", (HOUR,))


@pytest.fixture
def shop(api: Cluster, desk: Desk, tmp_path: Path) -> Shop:
    return Shop(api, desk, tmp_path)


def test_what_drifts_is_told_until_it_does_not(shop: Shop) -> None:
    shop.says(f"shop/api:1@{A}")
    answer = shop.desk.ok("environment", "drift", "production")
    assert "nobody looks at what runs in production" in answer.err
    assert "nothing drifted, as far as anybody looks" in answer.out
    shop.runs("shop/api:1")
    assert shop.kinds == {}
    # A rollout that does not come, and something that nobody said.
    shop.says(f"shop/api:2@{B}")
    assert shop.kinds == {}, "it is believed until somebody looks"
    shop.runs("shop/api:1", "shop/worker:1")
    assert shop.kinds == {"shop/api": "differs", "shop/worker": "unmanaged"}
    text = shop.desk.ok("environment", "drift", "production").out
    assert f"shop/api:2@{B[:19]} was said to run, and shop/api:1@{A[:19]} does" in text
    assert shop.told() == [], "a rollout has its time, and so has who records it afterwards"
    shop.pass_time()
    shop.runs("shop/api:1", "shop/worker:1")
    assert shop.told() == [("shop/api", "worse"), ("shop/worker", "worse")]
    shop.runs()
    assert shop.kinds == {"shop/api": "missing"}
    shop.runs("shop/api:2")
    assert shop.kinds == {}
    assert shop.told()[-1] == ("shop/api", "better")
    before = shop.told()
    shop.runs("shop/api:2")
    assert shop.told() == before


def test_a_tag_that_moved_is_told_whether_anybody_looks_or_not(shop: Shop, old: str, new: str) -> None:
    from envscout.store import repositories

    desk = shop.desk
    for image in (old, new):
        desk.ok("environment", "elsewhere", image, "--service", "x", "--org", "shop")
    events = desk.ok("environment", "history", "elsewhere", "--format", "json").json["events"]
    latest, first = (each["digest"] for each in events)
    with Database(desk.place) as database, database.write() as connection:
        for number, digest in enumerate((first, latest)):
            (image_id,) = connection.execute("SELECT image_id FROM image WHERE digest = ?", (digest,)).fetchone()
            repositories.see(connection, "docker.io/shop/app", "stable", image_id, number + 1)
    desk.ok("environment", "production", f"shop/app:stable@{first}", "--no-index", "--org", "shop")
    assert shop.kinds == {}, "a digest was said"
    with Database(desk.place) as database, database.write() as connection:
        connection.execute("UPDATE event SET reference = 'shop/app:stable' WHERE reference LIKE 'shop/app:stable@%'")
    (found,) = shop.drift["drifts"]
    assert (found["kind"], found["now"]) == ("moved", latest)


def test_who_looks_no_more_is_told(shop: Shop) -> None:
    shop.runs("shop/api:1")
    assert shop.drift["stale"] is False
    with Database(shop.desk.place) as database, database.write() as connection:
        seen = observed.look(connection, "shop", "production")
        assert seen
        observed.put(connection, "shop", "production", msgspec.structs.replace(seen, at=seen.at - HOUR), {})
    assert shop.drift["stale"] is True
    assert "kubernetes:test looked last on" in shop.desk.ok("environment", "drift").err


def test_an_environment_that_nobody_knows_is_an_error(desk: Desk) -> None:
    assert desk.call("environment", "drift", "nowhere").code == 1
    assert desk.ok("environment", "drift", "--format", "json").json["drift"] == []
