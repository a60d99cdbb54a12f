"""The tables: which files matter, and which function reads them. A new ecosystem is a row here and a module beside.

Patterns are paths without leading slash: `*` stands for anything within one part, a leading `**/` for any folders.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping

import msgspec

from envscout.inventory import apk, distribution, dpkg, npm, python
from envscout.inventory.record import Reading


class Cataloguer(msgspec.Struct, frozen=True):
    """One kind of file that lists packages. version: raised whenever the same bytes would read differently.

    database: whether the file is the register of a distribution's package manager.
    """

    name: str
    version: str
    patterns: tuple[str, ...]
    read: Callable[[str, bytes], Reading]
    database: bool = False


class Ownership(msgspec.Struct, frozen=True):
    """One kind of file that says which distribution package of `type` installed which paths.

    read: takes these files (path, bytes) and the paths in question (path to bytes); yields package, architecture, path.
    """

    type: str
    patterns: tuple[str, ...]
    read: Callable[[Iterable[tuple[str, bytes]], Mapping[str, bytes]], Iterator[tuple[str, str, str]]]


class Unread(msgspec.Struct, frozen=True):
    """One kind of package database that we recognise and cannot read yet. Its bytes are never looked at."""

    name: str
    patterns: tuple[str, ...]


_APK = ("lib/apk/db/installed", "usr/lib/apk/db/installed")

CATALOGUERS = (
    Cataloguer("dpkg", "1", ("var/lib/dpkg/status", "var/lib/dpkg/status.d/*"), dpkg.read, database=True),
    Cataloguer("apk", "1", _APK, apk.read, database=True),
    Cataloguer(
        "python",
        "1",
        ("**/*.dist-info/METADATA", "**/*.egg-info/PKG-INFO", "**/EGG-INFO/PKG-INFO", "**/*.egg-info"),
        python.read,
    ),
    Cataloguer("npm", "1", ("**/node_modules/*/package.json", "**/node_modules/@*/*/package.json"), npm.read),
)
OWNERSHIP = (
    Ownership(
        "deb",
        ("var/lib/dpkg/info/*.md5sums", "var/lib/dpkg/info/*.list", "var/lib/dpkg/status.d/*.md5sums"),
        dpkg.owned,
    ),
    Ownership("apk", _APK, apk.owned),
)
UNREAD = (
    Unread(
        "rpm",
        tuple(
            f"{folder}/{file}"
            for folder in ("var/lib/rpm", "usr/lib/sysimage/rpm", "usr/share/rpm")
            for file in ("rpmdb.sqlite", "Packages", "Packages.db")
        ),
    ),
)
RELEASE_FILES = frozenset(path for path, _ in distribution.FILES)


def wanted(path: str) -> bool:
    """Tell whether a file of an image is worth reading; path as in model.File."""
    return path in _EXACT or (
        (path.endswith(_TAILS) or path.startswith(_HEADS)) and _GLOBBED.fullmatch(path) is not None
    )


def matcher(patterns: tuple[str, ...]) -> Callable[[str], bool]:
    """Return a function that tells whether a path fits one of the patterns."""
    compiled = re.compile("|".join(map(_regex, patterns)), re.S)
    return lambda path: compiled.fullmatch(path) is not None


def _regex(pattern: str) -> str:
    """Translate one pattern into a regular expression for `fullmatch`."""
    anywhere = "(?:.*/)?" if pattern.startswith("**/") else ""
    return anywhere + "[^/]*".join(map(re.escape, pattern.removeprefix("**/").split("*")))


_PATTERNS = tuple(pattern for row in (*CATALOGUERS, *OWNERSHIP, *UNREAD) for pattern in row.patterns)
_GLOBS = tuple(pattern for pattern in _PATTERNS if "*" in pattern)
_EXACT = RELEASE_FILES.union(pattern for pattern in _PATTERNS if "*" not in pattern)
_TAILS = tuple({tail for glob in _GLOBS if (tail := glob.rpartition("*")[2])})
_HEADS = tuple({glob.partition("*")[0] for glob in _GLOBS if glob.endswith("*")})
_GLOBBED = re.compile("|".join(map(_regex, _GLOBS)), re.S)
"""Most paths of an image are refused by two string comparisons; only the rest meets the expression."""
