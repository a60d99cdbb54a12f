"""Which distribution an image is: os-release(5), and the files distributions wrote before it existed.

FILES gives each path its reader. Versions are given as os-release
gives them (Debian `12`, not `12.5`), so that old and new images of one release read alike.
"""

import re
from collections.abc import Callable

from envscout.inventory.record import Reading, text
from envscout.model import Distribution
from envscout.names import bounds

MAX_FILE = 64 << 10
"""Bytes of a release file that are read; real ones stay under 1 kB."""

MAX_VALUE = 512
"""Characters of one value, or of a line that says it all."""

_ASSIGNMENT = re.compile(r"^[ \t]*([A-Za-z_][A-Za-z0-9_]*)=(.*)$", re.M)
_ESCAPED = re.compile(r'\\([\\"$`])')
_MAJOR = re.compile(r"[0-9]{1,4}")
_CODENAME = re.compile(r"\(([^()]+)\)\s*\Z|,\s*(\w+)[^,]*\Z")
_RELEASE = re.compile(r"(.+?)\s+(?:release\s+)?(\d[\w.]*)[^(]*(?:\(([^()]*)\))?")
_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")

DEBIAN_CODENAMES = {
    "buzz": "1.1", "rex": "1.2", "bo": "1.3", "hamm": "2.0", "slink": "2.1", "potato": "2.2", "woody": "3.0",
    "sarge": "3.1", "etch": "4.0", "lenny": "5.0", "squeeze": "6.0", "wheezy": "7", "jessie": "8", "stretch": "9",
    "buster": "10", "bullseye": "11", "bookworm": "12", "trixie": "13", "forky": "14",
}  # fmt: skip
RELEASE_NAMES = (
    ("red hat", "rhel"),
    ("centos", "centos"),
    ("rocky", "rocky"),
    ("almalinux", "almalinux"),
    ("oracle", "ol"),
    ("fedora", "fedora"),
    ("amazon", "amzn"),
    ("scientific", "scientific"),
    ("opensuse", "opensuse"),
    ("suse linux enterprise", "sles"),
    ("photon", "photon"),
)
"""How the first words of a `*-release` line become the id that os-release would say."""


def read(path: str, data: bytes) -> Reading:
    """Return the distribution that a release file names, if it does."""
    reader = FILES.get(path)
    found = reader(text(data[:MAX_FILE])) if reader else None
    return Reading(distribution=found if found and _ID.fullmatch(found.id) else None)


def assignments(words: str) -> dict[str, str]:
    """Return the variables of a file in os-release's shell-like format, unquoted; later ones win."""
    return {name: _shown(_unquoted(value.rstrip())) for name, value in _ASSIGNMENT.findall(words)}


def _shown(value: str) -> str:
    return bounds.escaped(value[:MAX_VALUE])


def _unquoted(value: str) -> str:
    """Undo the quoting os-release(5) allows: double quotes with four escapes, single quotes without any."""
    if len(value) > 1 and value[0] == value[-1] == '"':
        return _ESCAPED.sub(r"\1", value[1:-1])
    if len(value) > 1 and value[0] == value[-1] == "'":
        return value[1:-1]
    return _ESCAPED.sub(r"\1", value)


def _os_release(words: str) -> Distribution | None:
    """Read os-release(5)."""
    values = assignments(words)
    codename = values.get("VERSION_CODENAME") or values.get("UBUNTU_CODENAME") or _codename(values.get("VERSION", ""))
    return Distribution(
        id=values.get("ID", ""),
        version=values.get("VERSION_ID", ""),
        codename=codename.lower(),
        name=values.get("PRETTY_NAME", "") or values.get("NAME", ""),
        id_like=tuple(values.get("ID_LIKE", "").lower().split()),
    )


def _codename(version: str) -> str:
    """Return `stretch` of `9 (stretch)` and `Trusty` of `14.04.5 LTS, Trusty Tahr`, "" if there is none."""
    found = _CODENAME.search(version)
    return (found[1] or found[2]).split()[0] if found else ""


def _lsb_release(words: str) -> Distribution | None:
    """Read Ubuntu's lsb-release."""
    values = assignments(words)
    return Distribution(
        id=values.get("DISTRIB_ID", "").lower(),
        version=values.get("DISTRIB_RELEASE", ""),
        codename=values.get("DISTRIB_CODENAME", ""),
        name=values.get("DISTRIB_DESCRIPTION", ""),
    )


def _alpine(words: str) -> Distribution | None:
    """Read alpine-release: the version alone."""
    version = _shown(words.strip())
    return Distribution("alpine", version, name=f"Alpine Linux {version}") if version[:1].isdigit() else None


def _debian(words: str) -> Distribution | None:
    """Read debian_version: `7.11`, or `wheezy/sid` while the release was in the making."""
    line = _shown(words.strip())
    codename = line.partition("/")[0]
    major = line.partition(".")[0]
    if _MAJOR.fullmatch(major):
        version = line if int(major) < 7 else major
        return Distribution("debian", version, name=f"Debian GNU/Linux {line}")
    if codename in DEBIAN_CODENAMES:
        return Distribution("debian", DEBIAN_CODENAMES[codename], codename, f"Debian GNU/Linux {line}")
    return None


def _release(words: str) -> Distribution | None:
    """Read the line of redhat-release and its kin: `CentOS Linux release 7.9.2009 (Core)`."""
    line = _shown(words.strip().partition("\n")[0].strip())
    found = _RELEASE.match(line[:200])
    distribution = next((each for name, each in RELEASE_NAMES if line.lower().startswith(name)), "")
    if not found or not distribution:
        return None
    version = found[2].partition(".")[0] if distribution == "centos" else found[2]
    codename = found[3] if found[3] and "release" in line else ""
    return Distribution(distribution, version, codename.lower(), line)


FILES: dict[str, Callable[[str], Distribution | None]] = {
    "etc/os-release": _os_release,
    "usr/lib/os-release": _os_release,
    "etc/alpine-release": _alpine,
    "etc/lsb-release": _lsb_release,
    "etc/debian_version": _debian,
    "etc/rocky-release": _release,
    "etc/almalinux-release": _release,
    "etc/oracle-release": _release,
    "etc/fedora-release": _release,
    "etc/centos-release": _release,
    "etc/redhat-release": _release,
    "etc/SuSE-release": _release,
    "etc/photon-release": _release,
    "etc/system-release": _release,
}
