"""A shop and a month of its life, for the how-tos: what was recorded when, and which advisories were known then.

The clock is set; everything else is the program itself. Images lie in a real registry.
"""

import contextlib
import io
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from unittest import mock

from envscout.cli import entry
from envscout.demo import contents, databases
from envscout.demo.databases import Wheel
from envscout.demo.fleet import ADVISORIES
from envscout.demo.layout import ImagePlan, LayerBlob, layer, write_layout
from tests.inventory.archives import zipped
from tests.inventory.java.jars import manifest, properties
from tests.servers.registry import Registry
from tests.stories.story import CRITICAL, Answer, Desk, advisory, feed

TODAY = "2026-10-12T10:00:00Z"

API_NEXT = (
    *(each for each in contents.API_NEW if each.name != "Jinja2"),
    Wheel("Jinja2", "3.1.6", "BSD-3-Clause", "jinja2"),
)

LOG4SHELL = advisory(
    "GHSA-jfh8-c2jp-5v3q",
    "Maven",
    "org.apache.logging.log4j:log4j-core",
    "2.15.0",
    CRITICAL,
    aliases=["CVE-2021-44228"],
    summary="Text that is logged can have Log4j load and run code from elsewhere",
)


def moment(text: str) -> int:
    """Return nanoseconds since 1970 UTC."""
    return int(datetime.fromisoformat(text).astimezone(UTC).timestamp()) * 1_000_000_000


@contextmanager
def clock(text: str) -> Iterator[None]:
    """Set the clock that the program reads."""
    with mock.patch("envscout.store.database.time.time_ns", return_value=moment(text)):
        yield


class Shop:
    """A desk in the shop, beside its registry."""

    def __init__(self, desk: Desk, registry: Registry, folder: Path) -> None:
        self.desk = desk
        self.registry = registry
        self.folder = folder

    def type(self, line: list[str], when: str = TODAY) -> Answer:
        """Run a command line at a moment; out is all that a terminal would show."""
        shown = io.StringIO()
        with (
            clock(when),
            mock.patch.dict(os.environ, self.desk.env, clear=True),
            contextlib.chdir(self.folder),
            contextlib.redirect_stdout(shown),
            contextlib.redirect_stderr(shown),
        ):
            code = entry.run(line)
        return Answer(code, shown.getvalue(), "")

    def copy(self, folder: Path) -> "Shop":
        """Return the same shop with a store of its own."""
        desk = Desk(folder / "home")
        if desk.server:
            desk.begin_from(self.desk.place)
        else:
            shutil.copytree(self.desk.home, desk.home)
        return Shop(desk, self.registry, folder)

    def did(self, when: str, *words: str | Path) -> None:
        """Run a command that was run then."""
        answer = self.type([str(word) for word in words], when)
        assert answer.code == 0, answer

    def push(self, repository: str, tag: str, created: str, *layers: LayerBlob) -> None:
        """Build an image and push it."""
        image = ImagePlan(
            layers=layers,
            created=created,
            user="app",
            labels=(("org.opencontainers.image.version", tag),),
            empty_history=("USER app",),
        )
        place = self.folder / "built" / f"{repository.replace('/', '-')}-{tag}"
        write_layout(place, {tag: image})
        self.registry.push(place, f"{repository}:{tag}", tag)

    def image(self, name: str) -> str:
        """Return the full name of an image in the registry."""
        return f"{self.registry.host}/{name}"


def open_shop(desk: Desk, registry: Registry, folder: Path) -> Shop:
    """Return the shop as it is today."""
    shop = Shop(desk, registry, folder)
    _build(shop)
    mirror = Path(shutil.copytree(ADVISORIES, folder / "mirror", copy_function=shutil.copyfile))
    feed(mirror / "Maven", LOG4SHELL)
    (mirror / DISCLOSED).unlink()
    for day in ("2026-09-14", "2026-09-21", "2026-09-28", "2026-10-05", "2026-10-12"):
        if day >= DISCLOSED_ON:
            shutil.copyfile(ADVISORIES / DISCLOSED, mirror / DISCLOSED)
        _publish(mirror, f"{day}T05:00:00Z")
        shop.did(f"{day}T06:00:00Z", "db", "update", "--from", mirror)
        for environment, name in RECORDED.get(day, ()):
            words = ("--actor", "deploy-bot", "--run-url", f"https://ci.example.com/runs/{day.replace('-', '')}")
            shop.did(f"{day}T09:30:00Z", "environment", environment, shop.image(name), *words)
        if day == ACCEPTED_ON:
            shop.did(f"{day}T14:00:00Z", "exception", "add", *ACCEPTED)
    return shop


DISCLOSED_ON, DISCLOSED = "2026-10-05", "Debian/DEBIAN-CVE-2025-15467.json"
ACCEPTED_ON = "2026-09-21"
ACCEPTED = (
    "CVE-2024-1135", "--env", "production", "--service", "shop/api", "--kind", "accepted-risk",
    "--owner", "platform team", "--expires", "2026-12-31,on-kev",
    "--reason", "the proxy in front refuses such requests",
)  # fmt: skip
RECORDED = {
    "2026-09-14": (
        ("production", "shop/api:v1.2.2"),
        ("production", "shop/frontend:v3.0.1"),
        ("production", "shop/search:v4.0.0"),
        ("staging", "shop/api:v1.2.3"),
        ("staging", "shop/frontend:v3.0.1"),
        ("staging", "shop/search:v4.0.1"),
    ),
    "2026-10-05": (("production", "shop/api:v1.2.3"),),
}


def _build(shop: Shop) -> None:
    bookworm = _debian(contents.BOOKWORM_12_1, contents.API_LIBRARIES_OLD)
    newer = _debian(contents.BOOKWORM_12_11, contents.API_LIBRARIES_NEW)
    python = "usr/local/lib/python3.11/site-packages"
    for tag, created, base, packages in (
        ("v1.2.2", "2026-09-10T08:00:00Z", bookworm, contents.API_OLD),
        ("v1.2.3", "2026-09-13T08:00:00Z", newer, contents.API_OLD),
        ("v1.2.4", "2026-10-11T08:00:00Z", newer, API_NEXT),
    ):
        shop.push("shop/api", tag, created, base, layer(databases.wheels(packages, python), "RUN pip install", "none"))
    alpine = layer(_alpine(), "ADD alpine-minirootfs-3.22.2-x86_64.tar.gz /", "none")
    modules = layer(databases.node_modules(contents.FRONTEND_NEW, "app"), "RUN npm ci --omit=dev", "none")
    shop.push("shop/frontend", "v3.0.1", "2026-09-01T08:00:00Z", alpine, modules)
    for tag, version in (("v4.0.0", "2.14.1"), ("v4.0.1", "2.17.1")):
        jar = zipped({**manifest(), **properties("org.apache.logging.log4j", "log4j-core", version)})
        jars = layer({f"srv/search/lib/log4j-core-{version}.jar": jar}, "COPY target/lib /srv/search/lib", "none")
        shop.push("shop/search", tag, "2026-09-01T08:00:00Z", newer, jars)


def _debian(base: tuple[databases.Deb, ...], libraries: tuple[databases.Deb, ...]) -> LayerBlob:
    files = {
        **databases.os_release(**contents.DEBIAN),
        **databases.dpkg((*base, *libraries)),
        **contents.OWNED_BY_DEBIAN,
    }
    return layer(files, "ADD rootfs.tar.xz /", "none")


def _alpine() -> databases.Files:
    release = contents.ALPINE_3_22_2
    return {
        **databases.os_release(**contents.ALPINE, version_id=release.release),
        **databases.apk((*release.packages, *contents.NODE)),
    }


def _publish(mirror: Path, when: str) -> None:
    """Let the advisories be those of a moment."""
    seconds = moment(when) // 1_000_000_000
    for path in mirror.rglob("*"):
        os.utime(path, (seconds, seconds))
