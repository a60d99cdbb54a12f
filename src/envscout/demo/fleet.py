"""The sample fleet: three services and a helper, each in the version of production and the newer one of staging."""

import hashlib
from pathlib import Path

import msgspec

from envscout.demo import contents, databases
from envscout.demo.contents import Alpine
from envscout.demo.databases import Deb, Files, Npm, Wheel
from envscout.demo.layout import ImagePlan, LayerBlob, layer, write_layout
from envscout.demo.tar import Entry, Symlink

ADVISORIES = Path(__file__).parent / "sample_advisories"
DATED = "2026-11-20"
HIGHLIGHT = "CVE-2023-4863"
ORGANIZATION = "shop"


class Release(msgspec.Struct, frozen=True):
    """One version of one service. reference: `shop/api:2.3.0`; layout: an OCI layout that holds it under its tag."""

    service: str
    reference: str
    layout: Path
    digest: str


class Fleet(msgspec.Struct, frozen=True):
    """What runs where, and what to ask about it.

    advisories: a folder that `db update --from` reads, as of the day dated; highlight: a CVE that reaches services of
    three ecosystems. The service `probe` has no package database on purpose: the answer for it is unknown.
    """

    organization: str
    production: tuple[Release, ...]
    staging: tuple[Release, ...]
    advisories: Path
    dated: str
    highlight: str


class _Plan(msgspec.Struct, frozen=True):
    service: str
    tag: str
    created: str
    layers: tuple[LayerBlob, ...]


class Told(msgspec.Struct, frozen=True):
    """Of the past that the sample fleet is shown with: which release came to run where, how many days ago."""

    days: float
    environment: str
    release: Release


def past(fleet: Fleet) -> tuple[Told, ...]:
    """Return what happened before today, the oldest first: releases go from test over staging to production."""
    old = {each.service: each for each in fleet.production}
    new = {each.service: each for each in fleet.staging}
    said = [
        Told(days, environment, {"old": old, "new": new}[age][service]) for days, environment, service, age in _PAST
    ]
    return tuple(sorted(said, key=lambda each: -each.days))


_PAST = (
    *((days, environment, service, "old")
      for environment, days in (("test", 126.0), ("staging", 122.0), ("production", 118.0))
      for service in ("frontend", "api", "worker", "probe")),
    (41.2, "test", "frontend", "new"), (33.4, "staging", "frontend", "new"),
    (24.3, "test", "worker", "new"), (12.6, "staging", "worker", "new"), (5.1, "production", "worker", "new"),
    (9.5, "test", "api", "new"), (2.2, "staging", "api", "new"),
)  # fmt: skip


def write_fleet(into: Path) -> Fleet:
    """Write one layout directory per release below into and return the fleet; the same bytes every time."""
    production = (
        _frontend("1.4.2", "2025-06-12T09:30:00Z", contents.ALPINE_3_22_0, contents.FRONTEND_OLD),
        _api("2.3.0", "2023-11-08T11:20:00Z", (contents.BOOKWORM_12_1, contents.API_LIBRARIES_OLD), contents.API_OLD),
        _worker("0.9.1", "2025-06-20T08:00:00Z", contents.ALPINE_3_22_0, contents.WORKER_OLD),
        _probe(),
    )
    staging = (
        _frontend("1.5.0", "2025-11-18T14:05:00Z", contents.ALPINE_3_22_2, contents.FRONTEND_NEW),
        _api("2.4.0", "2025-06-04T16:45:00Z", (contents.BOOKWORM_12_11, contents.API_LIBRARIES_NEW), contents.API_NEW),
        _worker("1.0.0", "2025-11-19T10:10:00Z", contents.ALPINE_3_22_2, contents.WORKER_NEW),
        _probe(),
    )
    return Fleet(
        organization=ORGANIZATION,
        production=tuple(_write(into, plan) for plan in production),
        staging=tuple(_write(into, plan) for plan in staging),
        advisories=ADVISORIES,
        dated=DATED,
        highlight=HIGHLIGHT,
    )


def _write(into: Path, plan: _Plan) -> Release:
    reference = f"{ORGANIZATION}/{plan.service}:{plan.tag}"
    image = ImagePlan(
        layers=plan.layers,
        created=plan.created,
        user="app",
        labels=(
            ("org.opencontainers.image.created", plan.created),
            ("org.opencontainers.image.revision", hashlib.sha1(reference.encode(), usedforsecurity=False).hexdigest()),
            ("org.opencontainers.image.title", plan.service),
            ("org.opencontainers.image.version", plan.tag),
        ),
        empty_history=("USER app", f'CMD ["/app/{plan.service}"]'),
    )
    folder = into / f"{plan.service}-{plan.tag}"
    digest = write_layout(folder, {plan.tag: image})[plan.tag]
    return Release(plan.service, reference, folder, digest)


def _frontend(tag: str, created: str, base: Alpine, modules: tuple[Npm, ...]) -> _Plan:
    application = f'{{"name": "shop-frontend", "version": "{tag}", "private": true}}\n'.encode()
    layers = (
        _alpine(base),
        layer(databases.apk((*base.packages, *contents.NODE)), "RUN apk add --no-cache nodejs"),
        layer({"app/package.json": application, **databases.node_modules(modules, "app")}, "RUN npm ci --omit=dev"),
    )
    return _Plan("frontend", tag, created, layers)


def _worker(tag: str, created: str, base: Alpine, packages: tuple[Wheel, ...]) -> _Plan:
    layers = (
        _alpine(base),
        layer(databases.apk((*base.packages, *contents.PYTHON)), "RUN apk add --no-cache sqlite-libs"),
        layer(databases.wheels(packages, "usr/local/lib/python3.12/site-packages"), "RUN pip install aiohttp pillow"),
    )
    return _Plan("worker", tag, created, layers)


def _api(tag: str, created: str, system: tuple[tuple[Deb, ...], tuple[Deb, ...]], packages: tuple[Wheel, ...]) -> _Plan:
    base, libraries = system
    ground: dict[str, Entry] = {
        "usr/lib/os-release": databases.os_release(**contents.DEBIAN)["etc/os-release"],
        "etc/os-release": Symlink("../usr/lib/os-release"),
        **databases.dpkg(base),
    }
    layers = (
        layer(ground, "ADD rootfs.tar.xz / # debian bookworm"),
        layer(
            {**databases.dpkg((*base, *libraries)), **contents.OWNED_BY_DEBIAN},
            "RUN apt-get install -y --no-install-recommends curl libwebp7 python3-certifi",
        ),
        layer(databases.wheels(packages, "usr/local/lib/python3.11/site-packages"), "RUN pip install -r requirements"),
    )
    return _Plan("api", tag, created, layers)


def _probe() -> _Plan:
    files: Files = {"bin/busybox": b"a program that no package database speaks of\n"}
    return _Plan("probe", "1.36.1", "2024-02-01T00:00:00Z", (layer(files, "ADD busybox.tar /"),))


def _alpine(base: Alpine) -> LayerBlob:
    files = {
        **databases.os_release(**contents.ALPINE, version_id=base.release),
        "etc/alpine-release": f"{base.release}\n".encode(),
        **databases.apk(base.packages),
    }
    return layer(files, f"ADD alpine-minirootfs-{base.release}-x86_64.tar.gz /")
