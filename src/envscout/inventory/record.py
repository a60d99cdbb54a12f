"""What a cataloguer hands over: records of packages, not yet tied to a distribution, a layer or an owner."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TypeVar

import msgspec

from envscout.model import Distribution, Problem
from envscout.names import bounds
from envscout.names.upstream import source_version

MAX_LICENSES = 16
MAX_LICENSE = 256
MAX_ARCHITECTURE = 64
MAX_QUALIFIER = 512
MAX_MESSAGE = 1000

MAX_RECORDS = 200_000
"""Packages, problems and claims of one file; no file of any system comes near."""

MAX_PROBLEMS = 1000
MAX_CLAIMS = 1_000_000

_Item = TypeVar("_Item")


class Record(msgspec.Struct, frozen=True, array_like=True):
    """One package as its database or manifest describes it. source_*: as in model.Package.

    qualifiers: sorted pairs for the package URL beside those that every package of a distribution gets. inside: where
    in the file it was found, `WEB-INF/lib/a.jar`; "" for the file itself.
    """

    type: str
    name: str
    version: str
    source_name: str
    source_version: str
    architecture: str = ""
    licenses: tuple[str, ...] = ()
    qualifiers: tuple[tuple[str, str], ...] = ()
    inside: str = ""


class Claim(msgspec.Struct, frozen=True, array_like=True):
    """A distribution package of `type` says that it installed `path`, with these bytes where it says that, too.

    architecture: "" where it does not say. algorithm: md5, sha1, sha256 or "". digest: hexadecimal, lower case.
    """

    type: str
    package: str
    architecture: str
    path: str
    algorithm: str = ""
    digest: str = ""


class Reading(msgspec.Struct, frozen=True, array_like=True):
    """What one content of one file says, and what of it could not be read.

    sums: hexadecimal digests of the content by algorithm, where a claim could be made to it. document: the content
    itself, where it is one that others read.
    """

    records: tuple[Record, ...] = ()
    problems: tuple[Problem, ...] = ()
    claims: tuple[Claim, ...] = ()
    distribution: Distribution | None = None
    sums: dict[str, str] = {}
    document: bytes = b""


def text(data: bytes) -> str:
    """Decode UTF-8; bytes that are not UTF-8 show as `\\xNN`."""
    return data.decode("utf-8", "backslashreplace")


def damaged(where: str, message: str) -> Problem:
    """Return the problem of a package database or manifest that was read only in part; a long message is cut."""
    # Libraries quote what they do not understand.
    said = message if len(message) <= MAX_MESSAGE else f"{message[:MAX_MESSAGE]}..."
    return Problem("damaged-database", f"{where}: {said}", where)


def record(
    kind: str,
    name: str,
    version: str,
    where: str,
    *,
    source: tuple[str, str] = ("", ""),
    architecture: str = "",
    licenses: Sequence[str] = (),
    qualifiers: tuple[tuple[str, str], ...] = (),
    inside: str = "",
) -> Reading:
    """Return the record of one package of a purl type, or the problem that replaces or accompanies it.

    A package without usable name is not listed (`damaged-database`). One whose version is missing, too long or
    unprintable is listed without version, so that no order can place it, with `unusable-version`.
    """
    if not bounds.is_name(name):
        return Reading(problems=(damaged(where, f"a {kind} package has the unusable name {bounds.shown(name)!r}"),))
    usable, problems = _version(kind, name, version, where)
    number, more = _version(kind, name, source[1], where) if source[1] else (source_version(kind, usable), ())
    found = Record(
        type=kind,
        name=name,
        version=usable,
        source_name=source[0] if bounds.is_name(source[0]) else name,
        source_version=number,
        architecture=bounds.escaped(architecture[:MAX_ARCHITECTURE]),
        licenses=tuple(word for word in licenses[:MAX_LICENSES] if 0 < len(word) <= MAX_LICENSE and word.isprintable()),
        qualifiers=tuple((key, bounds.escaped(value[:MAX_QUALIFIER])) for key, value in qualifiers),
        inside=bounds.escaped(inside),
    )
    return Reading((found,), problems + more)


def merged(readings: Iterable[Reading]) -> Reading:
    """Return several readings as one, each problem once, within MAX_RECORDS, MAX_PROBLEMS and MAX_CLAIMS.

    What is left out is counted. Given as they are made, readings beyond the bounds take no memory.
    """
    records: list[Record] = []
    claims: list[Claim] = []
    problems: dict[Problem, None] = {}
    lost = Counter[str]()
    for reading in readings:
        lost["packages"] += _added(records, reading.records, MAX_RECORDS)
        lost["names of files"] += _added(claims, reading.claims, MAX_CLAIMS)
        for problem in reading.problems:
            if len(problems) < MAX_PROBLEMS:
                problems[problem] = None
            else:
                lost["problems"] += problem not in problems
    more = [Problem("too-much-in-file", f"{count:,} more {what} are not kept") for what, count in lost.items() if count]
    return Reading(tuple(records), (*problems, *more), tuple(claims))


def _added(kept: list[_Item], items: Sequence[_Item], most: int) -> int:
    """Append items as long as there are not too many; return how many are left out."""
    room = most - len(kept)
    kept += items[:room]
    return max(len(items) - room, 0)


def _version(kind: str, name: str, version: str, where: str) -> tuple[str, tuple[Problem, ...]]:
    """Return a version, or "" and a problem."""
    if bounds.is_version(version):
        return version, ()
    said = f"the unusable version {bounds.shown(version)!r} ({len(version)} characters)" if version else "no version"
    problem = Problem("unusable-version", f"{kind} package {name} has {said}: it cannot be compared", where)
    return "", (problem,)
