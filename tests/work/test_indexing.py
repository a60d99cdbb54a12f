"""Looking into images for others: a real registry, on an address that is nobody else's."""

import contextlib
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from envscout import images
from envscout.config import Settings
from envscout.demo.layout import ImagePlan, IndexPlan, layer, write_layout
from envscout.errors import ForbiddenAddress
from envscout.images.transport import Transport
from envscout.network.addresses import allowed
from envscout.network.guarded import Guard
from envscout.store import Database, now, tasks
from envscout.store import images as stored
from envscout.verbs import queue
from envscout.work.indexing import index
from envscout.work.task import Work
from tests.network.server import Handler, Receiver
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
            assert bool(stored.find(connection, done.digest)) is is_known


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


def test_what_a_node_pulled_is_looked_into_by_its_platform(registry: Registry, tmp_path: Path) -> None:
    plans = [ImagePlan((layer({"etc/a": each.encode()}, "COPY"),), each) for each in ("linux/amd64", "linux/arm64")]
    digests = write_layout(tmp_path / "layout", {"both": IndexPlan(tuple(plans)), "one": plans[0]})
    for name in digests:
        registry.push(tmp_path / "layout", f"work/{name}:v1", name)
    with Database(tmp_path / "store.db") as database:
        for name, digest in digests.items():
            for platform in ("linux/arm64", "linux/s390x"):
                queue.ask(database, [f"{registry.host}/work/{name}@{digest}"], platform=platform)
        while index(work(database)):
            pass
        done = {(each.reference.partition("@")[0], each.platform): each for each in queue.requested(database)}
        both, one = (f"{registry.host}/work/{name}" for name in ("both", "one"))
        assert done[both, "linux/s390x"].problem
        with database.read() as connection:
            (found,) = stored.known_as(connection, digests["both"])
        assert (found.image.platform, found.image.digest) == ("linux/arm64", done[both, "linux/arm64"].digest)
        # A digest of an image leaves no choice, whatever platform it says it is of.
        assert {done[one, each].digest for each in ("linux/arm64", "linux/s390x")} == {digests["one"]}


@pytest.fixture
def elsewhere() -> Iterator[Receiver]:
    with Receiver() as trap:
        thread = threading.Thread(target=trap.serve_forever, daemon=True)
        thread.start()
        yield trap
        trap.shutdown()


@pytest.fixture
def leading(elsewhere: Receiver) -> Iterator[Callable[[Callable[[Handler], None]], str]]:
    """Return what starts a registry on an address that may be reached, which answers as a test says."""
    with contextlib.ExitStack() as stack:

        def start(answer: Callable[[Handler], None]) -> str:
            server = stack.enter_context(Receiver(lambda handler, _: answer(handler), host="127.9.9.9"))
            threading.Thread(target=server.serve_forever, daemon=True).start()
            stack.callback(server.shutdown)
            return f"127.9.9.9:{server.port}"

        yield start


@pytest.mark.parametrize("where", ["http://127.0.0.1:{port}/v2/", "https://169.254.169.254/latest/meta-data/"])
@pytest.mark.parametrize("how", ["redirect", "realm"])
def test_a_registry_leads_nowhere_that_may_not_be_reached(
    leading: Callable[[Callable[[Handler], None]], str], elsewhere: Receiver, tmp_path: Path, where: str, how: str
) -> None:
    target = where.format(port=elsewhere.port)

    def answer(handler: Handler) -> None:
        if how == "redirect":
            handler.reply(307, Location=target)
        else:
            handler.reply(401, WWW_Authenticate=f'Bearer realm="{target}",service="x"')

    host = leading(answer)
    with Database(tmp_path / "store.db") as database:
        queue.ask(database, [f"{host}/some/app:v1"])
        assert index(work(database, private="127.9.9.9"))
        (refused,) = queue.requested(database)
    assert refused.state != "indexed"
    assert target.split("/")[2].partition(":")[0] in refused.problem
    assert not elsewhere.received


def test_a_name_that_leads_elsewhere_the_second_time_is_looked_at_again(
    leading: Callable[[Callable[[Handler], None]], str], elsewhere: Receiver
) -> None:
    answers = iter(["127.9.9.9", "127.0.0.1"])
    guard = Guard(allowed("127.9.9.9"), lambda *_: [next(answers)])
    port = leading(lambda handler: handler.reply(200, b"{}", Connection="close")).rpartition(":")[2]
    with images.guarded(guard):
        transport = Transport(f"localhost:{port}")
    assert transport.get(f"{transport.base}/v2/", 100, "*/*")[0] == b"{}"
    with pytest.raises(ForbiddenAddress, match=r"localhost is 127\.0\.0\.1"):
        transport.get(f"http://localhost:{elsewhere.port}/v2/", 100, "*/*")
    assert not elsewhere.received
    transport.close()


def test_what_nobody_guards_is_asked_as_ever(elsewhere: Receiver) -> None:
    transport = Transport(f"127.0.0.1:{elsewhere.port}")
    assert transport.get(f"{transport.base}/v2/", 100, "*/*")[0] == b""
    transport.close()
