"""Files become an inventory: every content of a file is read once, then folded into packages with layer and owner."""

from collections.abc import Iterable

import msgspec

from envscout.errors import InvalidReference
from envscout.inventory import distribution
from envscout.inventory.cataloguers import CATALOGUERS, RELEASE_FILES, UNREAD, Cataloguer, matcher
from envscout.inventory.ownership import owners
from envscout.inventory.record import Record, damaged
from envscout.model import Distribution, File, Inventory, Package, Problem
from envscout.names import purl, upstream

MAX_PACKAGES = 1_000_000
"""Packages kept of one image; what lies beyond is said, not kept."""

MAX_PROBLEMS = 1000
"""Problems of one code that are kept; the rest is counted."""

_DISTRIBUTED = frozenset({"deb", "apk", "rpm"})
TOOLS = tuple(f"{row.name}@{row.version}" for row in CATALOGUERS)
"""Who looks into an image; an inventory that other tools made is worth making again."""

"""What an inventory of today was made with; one made with anything else is worth making again."""

_ROWS = tuple((row, matcher(row.patterns)) for row in CATALOGUERS)
_UNREAD = tuple((row, matcher(row.patterns)) for row in UNREAD)


class _Find(msgspec.Struct, frozen=True):
    """A record with the file and the layer it was found in."""

    record: Record
    path: str
    layer: str


def build(files: Iterable[File], problems: Iterable[Problem] = ()) -> Inventory:
    """Return what is installed in an image, given the files that `wanted` names.

    files: of the final image, each with its contents per layer. problems: what the reading of the image already met;
    they are passed on. Damage never raises: it yields what can be read and a Problem.
    """
    kept = sorted(files, key=lambda file: file.path)
    found = distribution.read({file.path: file.data for file in kept if file.path in RELEASE_FILES})
    met = list(problems)
    finds: list[_Find] = []
    databases = 0
    for file in kept:
        row = next((row for row, fits in _ROWS if fits(file.path)), None)
        if row:
            here = _finds(row, file, met)
            databases += row.database and bool(here)
            finds += here
    if len(finds) > MAX_PACKAGES:
        met.append(Problem("too-many-packages", f"only the first {MAX_PACKAGES} of {len(finds)} packages are kept"))
    packages = _packages(finds[:MAX_PACKAGES], kept, found, met)
    met += _lacking(kept, found, databases)
    return Inventory(packages, found, _bounded(met), TOOLS)


def _finds(row: Cataloguer, file: File, met: list[Problem]) -> list[_Find]:
    """Return the packages of a file as a container sees it, each with the layer in which its record came into being.

    A database is rewritten whole by every layer that installs something; a record that was there before and stayed
    belongs to the earlier layer. Only the problems of the visible content count.
    """
    since: dict[Record, str] = {}
    previous: bytes | None = None
    for content in file.contents:
        if content.data == previous:
            continue
        previous = content.data
        reading = row.read(file.path, content.data)
        since = {record: since.get(record, content.layer) for record in reading.records}
    if file.contents:
        met += reading.problems
    return [_Find(record, file.path, layer) for record, layer in since.items()]


def _packages(
    finds: list[_Find], files: list[File], found: Distribution | None, met: list[Problem]
) -> tuple[Package, ...]:
    """Return the packages, equal ones merged, sorted by type, name, version and URL."""
    urls = {find.record: _purl(find.record, found) for find in finds}
    paths = {find.path for find in finds if find.record.type not in _DISTRIBUTED}
    evidence = {file.path: file.data for file in files if file.path in paths}
    names = {(record.type, record.name, record.architecture): url for record, url in urls.items()}
    names |= {(record.type, record.name, ""): url for record, url in urls.items()}
    owned = owners(files, evidence, names)
    merged: dict[tuple[str, str], list[_Find]] = {}
    for find in finds:
        url = urls[find.record]
        if not url:
            met.append(damaged(find.path, f"no package URL can be made of {find.record.name!r}; package not listed"))
            continue
        merged.setdefault((url, owned.get(find.path, "")), []).append(find)
    packages = (_package(url, owner, same) for (url, owner), same in merged.items())
    return tuple(sorted(packages, key=lambda each: (each.type, each.name, each.version, each.purl, each.owner)))


def _package(url: str, owner: str, same: list[_Find]) -> Package:
    """Return one package found in one or more places; the first place says its layer."""
    record = same[0].record
    return Package(
        type=record.type,
        name=record.name,
        version=record.version,
        purl=url,
        source_name=record.source_name,
        source_version=record.source_version,
        architecture=record.architecture,
        licenses=record.licenses,
        locations=tuple(dict.fromkeys("/" + find.path for find in same)),
        layer=same[0].layer,
        owner=owner,
    )


def _purl(record: Record, found: Distribution | None) -> str:
    """Return a record's package URL, with the qualifiers of its distribution; "" if none can be made."""
    namespace, name = "", record.name
    qualifiers: tuple[tuple[str, str], ...] = ()
    if record.type in _DISTRIBUTED:
        source = upstream.write(name, record.version, record.source_name, record.source_version)
        namespace = found.id if found else ""
        release = "-".join(filter(None, (found.id, found.version or found.codename))) if found else ""
        qualifiers = (("arch", record.architecture), ("distro", release), ("upstream", source))
    elif "/" in name:
        namespace, _, name = name.rpartition("/")
    try:
        return purl.build(record.type, name, record.version, namespace, qualifiers)
    except InvalidReference:
        return ""


def _bounded(met: list[Problem]) -> tuple[Problem, ...]:
    """Return the problems sorted and without repetition, at most MAX_PROBLEMS of a code and their number."""
    codes: dict[str, list[Problem]] = {}
    for problem in sorted(set(met)):
        codes.setdefault(problem.code, []).append(problem)
    for code, same in codes.items():
        if len(same) > MAX_PROBLEMS:
            same[MAX_PROBLEMS:] = [Problem(code, f"{len(same) - MAX_PROBLEMS} more problems of this kind")]
    return tuple(problem for same in codes.values() for problem in same)


def _lacking(files: list[File], found: Distribution | None, databases: int) -> list[Problem]:
    """Return why the inventory may be incomplete: databases we cannot read, no database, no known distribution."""
    unread = [(row.name, file.path) for file in files for row, fits in _UNREAD if fits(file.path)]
    problems = [
        Problem("unread-package-database", f"unknown: {name} packages are not read yet ({path})", path)
        for name, path in unread
    ]
    if not unread and not databases:
        problems.append(Problem("no-package-database", "unknown: no package database with packages was found"))
    if not found:
        problems.append(Problem("unknown-distribution", "unknown: no release file names the distribution"))
    return problems
