"""Releases of Linux distributions: what each is called, and the day its free public security support ends.

Pure data and no clock: whether a day has passed is for the caller to say. A release that is not listed is not known,
and what is not known must never look supported.
"""

import re
from collections.abc import Callable
from datetime import date
from typing import Protocol

import msgspec


class OperatingSystem(Protocol):
    """What os-release(5) says of an image; `model.Distribution` is one."""

    @property
    def id(self) -> str:
        """Return `ID`, such as `debian`."""

    @property
    def version(self) -> str:
        """Return `VERSION_ID`, such as `12`; "" where there is none."""

    @property
    def codename(self) -> str:
        """Return `VERSION_CODENAME`, such as `bookworm`."""

    @property
    def name(self) -> str:
        """Return `PRETTY_NAME` or `NAME`."""


class Line(msgspec.Struct, frozen=True):
    """The releases of one distribution.

    label: names the release an image is of, "" if that cannot be told.
    ends: label -> last day of security support, None where it rolls on or no day is published yet.
    """

    label: Callable[[OperatingSystem], str]
    ends: dict[str, date | None]


_CODENAMES = {
    "squeeze": "6",
    "wheezy": "7",
    "jessie": "8",
    "stretch": "9",
    "buster": "10",
    "bullseye": "11",
    "bookworm": "12",
    "trixie": "13",
    "forky": "14",
    "sid": "sid",
    "unstable": "sid",
}
_ALPINE_BRANCH = re.compile(r"v?([0-9]+\.[0-9]+)(?:\.[0-9]+)?(?:_rc[0-9]+)?", re.ASCII)
_OPENEULER = re.compile(r"([0-9]{2}\.[0-9]{2})[ ]?\((LTS(?:-SP[0-9]+)?)\)", re.ASCII)


def debian_release(word: str) -> str:
    """Return the number of a Debian release given by number or codename, `sid` for unstable, "" if unknown.

    Testing calls itself `trixie/sid` before it is released.
    """
    word = word.strip().lower().partition("/")[0]
    return _CODENAMES.get(word, word.partition(".")[0] if word[:1].isdigit() else "")


def alpine_release(word: str) -> str:
    """Return the branch of an Alpine release, such as `v3.18`; snapshots (`3.14.0_alpha20210212`) are of `edge`."""
    if word == "edge" or "_alpha" in word:
        return "edge"
    branch = _ALPINE_BRANCH.fullmatch(word)
    return f"v{branch[1]}" if branch else ""


def major(word: str) -> str:
    """Return the part of a release before its first dot: minor releases share their advisories."""
    return word.partition(".")[0]


def _debian(system: OperatingSystem) -> str:
    return debian_release(system.version) or debian_release(system.codename)


def _alpine(system: OperatingSystem) -> str:
    return alpine_release(system.version)


def _version(system: OperatingSystem) -> str:
    return system.version


def _major(system: OperatingSystem) -> str:
    return major(system.version)


def _leap(system: OperatingSystem) -> str:
    return f"Leap {system.version}" if system.version else ""


def _tumbleweed(_: OperatingSystem) -> str:
    return "Tumbleweed"


def _openeuler(system: OperatingSystem) -> str:
    # VERSION_ID leaves out the service pack, and each service pack has its own advisories.
    named = _OPENEULER.search(system.name)
    return f"{named[1]}-{named[2]}" if named else ""


def _rolling(_: OperatingSystem) -> str:
    return ""


def _days(table: str) -> dict[str, date | None]:
    """Read lines of `label day`, the day last; `-` stands for none."""
    rows = (line.rsplit(None, 1) for line in table.strip().splitlines())
    return {label.strip(): None if day == "-" else date.fromisoformat(day) for label, day in rows}


# Debian's pages "Releases" and "LTS" (the last day of LTS, which the public feed covers)
_DEBIAN = _days("""
    6    2016-02-29
    7    2018-05-31
    8    2020-06-30
    9    2022-06-30
    10   2024-06-30
    11   2026-08-31
    12   2028-06-30
    13   2030-06-30
    14   -
    sid  -
""")

# https://wiki.ubuntu.com/Releases and https://ubuntu.com/about/release-cycle: standard support, not Ubuntu Pro. Where
# only a month is published, its first day is taken.
_UBUNTU = _days("""
    14.04  2019-04-02
    14.10  2015-07-23
    15.04  2016-02-04
    15.10  2016-07-28
    16.04  2021-04-30
    16.10  2017-07-20
    17.04  2018-01-13
    17.10  2018-07-19
    18.04  2023-05-31
    18.10  2019-07-18
    19.04  2020-01-23
    19.10  2020-07-17
    20.04  2025-05-31
    20.10  2021-07-22
    21.04  2022-01-20
    21.10  2022-07-14
    22.04  2027-04-01
    22.10  2023-07-20
    23.04  2024-01-25
    23.10  2024-07-11
    24.04  2029-05-31
    24.10  2025-07-10
    25.04  2026-01-15
    25.10  2026-07-01
    26.04  2031-04-30
""")

# https://alpinelinux.org/releases/
_ALPINE = _days("""
    v3.0   2016-05-01
    v3.1   2016-11-01
    v3.2   2017-05-01
    v3.3   2017-11-01
    v3.4   2018-05-01
    v3.5   2018-11-01
    v3.6   2019-05-01
    v3.7   2019-11-01
    v3.8   2020-05-01
    v3.9   2020-11-01
    v3.10  2021-05-01
    v3.11  2021-11-01
    v3.12  2022-05-01
    v3.13  2022-11-01
    v3.14  2023-05-01
    v3.15  2023-11-01
    v3.16  2024-05-23
    v3.17  2024-11-22
    v3.18  2025-05-09
    v3.19  2025-11-01
    v3.20  2026-04-01
    v3.21  2026-11-01
    v3.22  2027-05-01
    v3.23  2027-11-01
    v3.24  -
    edge   -
""")

# https://wiki.almalinux.org/release-notes/
_ALMALINUX = _days("""
    8   2029-03-01
    9   2032-05-31
    10  2035-05-31
""")

# https://wiki.rockylinux.org/rocky/version/
_ROCKY = _days("""
    8   2029-05-31
    9   2032-05-31
    10  2035-05-31
""")

# https://en.opensuse.org/Lifetime
_LEAP = _days("""
    Leap 15.0  2019-12-03
    Leap 15.1  2021-02-02
    Leap 15.2  2022-01-04
    Leap 15.3  2022-12-31
    Leap 15.4  2023-12-07
    Leap 15.5  2024-12-31
    Leap 15.6  2026-04-30
    Leap 16.0  2027-10-31
""")

# https://www.mageia.org/en/support/ (9 is kept until three months after 10, for which no day is published)
_MAGEIA = _days("""
    5  2017-12-31
    6  2019-09-30
    7  2021-06-30
    8  2023-11-30
    9  -
""")

# https://www.openeuler.org/en/download/archive/ (planned end, last day of the month)
_OPENEULER_LTS = _days("""
    20.03-LTS      2021-03-31
    20.03-LTS-SP1  2022-12-31
    20.03-LTS-SP2  2022-04-30
    20.03-LTS-SP3  2023-12-31
    20.03-LTS-SP4  2025-11-30
    22.03-LTS      2024-03-31
    22.03-LTS-SP1  2024-12-31
    22.03-LTS-SP2  2024-03-31
    22.03-LTS-SP3  2025-12-31
    22.03-LTS-SP4  2026-06-30
    24.03-LTS      2026-05-31
    24.03-LTS-SP1  2026-12-31
    24.03-LTS-SP2  2026-03-31
    24.03-LTS-SP3  2027-12-31
    24.03-LTS-SP4  2027-03-31
""")

# https://learn.microsoft.com/azure/azure-linux/release-cadence-lifecycle
_AZURE = _days("""
    2  2025-07-31
    3  2027-08-31
""")

_ONE_ROLLING: dict[str, date | None] = {"": None}

LINES = {
    "debian": Line(_debian, _DEBIAN),
    "ubuntu": Line(_version, _UBUNTU),
    "alpine": Line(_alpine, _ALPINE),
    "almalinux": Line(_major, _ALMALINUX),
    "rocky": Line(_major, _ROCKY),
    "opensuse-leap": Line(_leap, _LEAP),
    "opensuse-tumbleweed": Line(_tumbleweed, {"Tumbleweed": None}),
    "mageia": Line(_version, _MAGEIA),
    "openEuler": Line(_openeuler, _OPENEULER_LTS),
    "azurelinux": Line(_major, _AZURE),
    "mariner": Line(_major, _AZURE),
    "wolfi": Line(_rolling, _ONE_ROLLING),
    "chainguard": Line(_rolling, _ONE_ROLLING),
    "minimos": Line(_rolling, _ONE_ROLLING),
}


def release(distribution: OperatingSystem) -> str | None:
    """Return the label of the release, "" for distributions without releases, None if it cannot be told."""
    line = LINES.get(distribution.id)
    if line is None:
        return None
    label = line.label(distribution)
    return label if label or "" in line.ends else None


def is_known(distribution: OperatingSystem) -> bool:
    """Say whether the release is one we know the support of; rolling releases are."""
    label = release(distribution)
    return label is not None and label in LINES[distribution.id].ends


def support_end(distribution: OperatingSystem) -> date | None:
    """Return the last day of security support; None for rolling releases, unpublished days and unknown releases.

    Ask `is_known` first: an unknown release is not a supported one.
    """
    label = release(distribution)
    return None if label is None else LINES[distribution.id].ends.get(label)
