"""What the stories share: the sample fleet, stores with advisories, and desks that start from a copy of them."""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from envscout.demo.fleet import ADVISORIES, Fleet, Release, write_fleet
from envscout.store import Place
from tests.stories.story import HOLE, OPENSSL_3_0_9, OPENSSL_3_0_11, Desk, debian, feed, layout

ROOTS = ("3.9.0", "3.9.6", "3.10.3", "20210212")


@pytest.fixture(scope="session", autouse=True)
def engine(request: pytest.FixtureRequest) -> None:
    """Tell every story on a real PostgreSQL, and through real servers, as the environment asks for.

    ENVSCOUT_TEST_STORE=postgresql: on PostgreSQL. ENVSCOUT_TEST_SERVER=sqlite, postgresql, cluster: asked of one server
    on either, or of three in turn on PostgreSQL, while three workers do the standing work on the store.
    """
    asked = os.environ.get("ENVSCOUT_TEST_SERVER", "")
    if os.environ.get("ENVSCOUT_TEST_STORE") == "postgresql" or asked in ("postgresql", "cluster"):
        Desk.server = request.getfixturevalue("postgresql")
    if asked:
        Desk.remote = request.getfixturevalue("many")
    if asked == "cluster":
        Desk.workers = request.getfixturevalue("workers")


@pytest.fixture(autouse=True)
def _workers_end() -> Iterator[None]:
    """End the workers of a story with it."""
    yield
    if Desk.workers:
        Desk.workers.end()


@pytest.fixture(scope="session")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Fleet:
    return write_fleet(tmp_path_factory.mktemp("fleet"))


@pytest.fixture(scope="session")
def release(fleet: Fleet) -> Callable[[str], Release]:
    """Find a release of the fleet by `api:2.3.0`."""
    found = {one.reference.removeprefix("shop/"): one for one in (*fleet.production, *fleet.staging)}
    return found.__getitem__


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the sample advisories as if they had been written today: how old a checkout is must not matter."""
    folder = tmp_path_factory.mktemp("sample") / "advisories"
    return Path(shutil.copytree(ADVISORIES, folder, copy_function=shutil.copyfile))


@pytest.fixture(scope="session")
def sample_store(sample: Path, tmp_path_factory: pytest.TempPathFactory) -> Place:
    """Return a store that holds the sample advisories."""
    desk = Desk(tmp_path_factory.mktemp("sample-store"))
    desk.ok("db", "update", "--from", sample)
    return desk.place


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """Return a desk that nobody has used."""
    made = Desk(tmp_path / "home")
    yield made
    made.forget()


@pytest.fixture
def advised(desk: Desk, sample_store: Place) -> Desk:
    """Return a desk with the sample advisories."""
    desk.begin_from(sample_store)
    return desk


@pytest.fixture(scope="session")
def roots(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with real root filesystems, unpacked: alpine-minirootfs-3.9.0-x86_64, ..."""
    folder = tmp_path_factory.mktemp("roots")
    for archive in (data / "rootfs").glob("*.tar.*"):
        target = folder / archive.name.partition(".tar")[0]
        target.mkdir()
        skip = ["--exclude=./dev/*", "--exclude=dev/*", "--no-same-owner"]
        subprocess.run(["tar", "-xf", archive, "-C", target, *skip], check=True)
    return folder


@pytest.fixture(scope="session")
def alpine_store(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Place:
    """Return a store that holds all real advisories for Alpine."""
    desk = Desk(tmp_path_factory.mktemp("alpine-store"))
    desk.ok("db", "update", "--from", data / "advisories" / "Alpine")
    return desk.place


@pytest.fixture
def watching_alpine(desk: Desk, alpine_store: Place) -> Desk:
    """Return a desk with all real advisories for Alpine."""
    desk.begin_from(alpine_store)
    return desk


@pytest.fixture
def watched(desk: Desk, tmp_path: Path) -> Desk:
    """Return a desk that knows one hole in Debian's openssl."""
    desk.ok("db", "update", "--from", feed(tmp_path / "feed", HOLE))
    return desk


@pytest.fixture
def old(tmp_path: Path) -> str:
    """Return an image with that hole."""
    return f"oci-dir://{layout(tmp_path / 'old', debian(OPENSSL_3_0_9))}"


@pytest.fixture
def new(tmp_path: Path) -> str:
    """Return an image without it."""
    return f"oci-dir://{layout(tmp_path / 'new', debian(OPENSSL_3_0_11))}"
