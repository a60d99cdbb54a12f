"""Which files a distribution package may claim as its own, and what is remembered of them to settle it."""

from hashlib import md5, sha1, sha256

from envscout.inventory.select import selector

MAX_SUMMED = 1 << 20
"""Bytes up to which a file that is evidence is compared by digest; a larger one by its place and layer alone."""

_PLACES = ("usr/", "lib/", "lib64/", "bin/", "sbin/", "etc/", "opt/", "var/lib/")
_NOT = ("usr/local/", "usr/share/doc/", "usr/share/man/", "usr/share/locale/", "usr/src/")
_PROGRAMS = ("bin", "sbin", "libexec")
_ALGORITHMS = {"md5": md5, "sha1": sha1, "sha256": sha256}


def claimable(path: str) -> bool:
    """Tell whether a file could be evidence of a package and have come with a distribution's package.

    What is installed by hand goes to /usr/local, which distributions leave alone (Filesystem Hierarchy Standard 3.0,
    section 4.9). Evidence is what a cataloguer reads, and anything that may be a program or a library.
    """
    if not path.startswith(_PLACES) or path.startswith(_NOT):
        return False
    folder, _, name = path.rpartition("/")
    if "." not in name or ".so" in name or folder.rpartition("/")[2] in _PROGRAMS:
        return True
    return selector(projects=False).row(path) is not None


def sums(path: str, data: bytes) -> dict[str, str]:
    """Return the digests by which this file could be claimed, none where nothing could claim it that way."""
    if len(data) > MAX_SUMMED or not path.startswith(_PLACES) or path.startswith(_NOT):
        return {}
    return {name: algorithm(data, usedforsecurity=False).hexdigest() for name, algorithm in _ALGORITHMS.items()}


def place(path: str) -> str:
    """Return a path as it is compared: /bin, /sbin and /lib are links into /usr where /usr is merged."""
    return path.removeprefix("usr/")
