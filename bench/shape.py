"""The shape of the synthetic fleet: how large it is, which ecosystems it has, how its names and versions are spelt."""

from typing import NamedTuple

from envscout.model import Distribution

POSITIONS = 10_000
"""Versions of one name lie at positions below this; see `version`."""


class Pool(NamedTuple):
    """The names of one ecosystem, most popular first. first: number of the first name. size: how many there are."""

    ecosystem: str
    scheme: str
    type: str
    feed: int
    size: int
    first: int
    distribution: Distribution | None = None


class Sizes(NamedTuple):
    """How large the fleet is. distribution: names of one release. changes: per service of an environment."""

    distribution: int = 2_500
    npm: int = 16_000
    pypi: int = 8_000
    maven: int = 5_000
    go: int = 3_000
    malware: int = 68_000
    packages: int = 187_392
    bases: int = 60
    middles: int = 500
    images: int = 20_000
    cves: int = 120_000
    linux: int = 3_000
    language: int = 85_000
    environments: int = 50
    services: int = 400
    changes: int = 10

    def scaled(self, scale: float) -> "Sizes":
        """Return a smaller fleet of the same shape."""
        small = {name: max(2, round(value * scale)) for name, value in self._asdict().items() if name != "changes"}
        return self._replace(**(small | {"distribution": max(400, small["distribution"]), "go": max(80, small["go"])}))


_RELEASES = (
    ("Debian:11", "deb", 1, Distribution("debian", "11")),
    ("Debian:12", "deb", 1, Distribution("debian", "12")),
    ("Debian:13", "deb", 1, Distribution("debian", "13")),
    ("Ubuntu:20.04", "deb", 2, Distribution("ubuntu", "20.04")),
    ("Ubuntu:22.04", "deb", 2, Distribution("ubuntu", "22.04")),
    ("Ubuntu:24.04", "deb", 2, Distribution("ubuntu", "24.04")),
    ("Alpine:v3.18", "apk", 3, Distribution("alpine", "3.18.4")),
    ("Alpine:v3.19", "apk", 3, Distribution("alpine", "3.19.1")),
    ("Alpine:v3.20", "apk", 3, Distribution("alpine", "3.20.3")),
    ("Alpine:v3.21", "apk", 3, Distribution("alpine", "3.21.2")),
)
FEEDS = ("Debian", "Ubuntu", "Alpine", "npm", "PyPI", "Maven", "Go")
_SUFFIXES = {"deb": "-1", "apk": "-r0"}
RELEASE_COUNT = len(_RELEASES)


def version(scheme: str, position: int) -> str:
    """Return the version at a position; a higher position is a newer version."""
    return f"{position // 1000}.{position // 10 % 100}.{position % 10}{_SUFFIXES.get(scheme, '')}"


def pools(sizes: Sizes) -> list[Pool]:
    """Return every ecosystem: releases of distributions first, then languages."""
    rows = [(name, scheme, scheme, feed, sizes.distribution, os) for name, scheme, feed, os in _RELEASES]
    languages = (
        ("npm", "semver", "npm", 4, sizes.npm, None),
        ("PyPI", "pep440", "pypi", 5, sizes.pypi, None),
        ("Maven", "maven", "maven", 6, sizes.maven, None),
        ("Go", "semver", "golang", 7, sizes.go, None),
    )
    found, first = [], 1
    for ecosystem, scheme, type_, feed, count, os in (*rows, *languages):
        found.append(Pool(ecosystem, scheme, type_, feed, count, first, os))
        first += count
    return found


def name_of(pool: Pool, rank: int) -> str:
    """Return a name by its popularity, 0 = the most popular."""
    if pool.distribution is None:
        return f"{pool.type}-{rank}"
    return f"lib{rank}" if rank else "linux"
