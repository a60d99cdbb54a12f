"""Readings become an inventory: every content of a file is folded into packages with layer and owner."""

from collections.abc import Iterable, Sequence

import msgspec

from envscout.errors import InvalidReference
from envscout.inventory.keeping import DISTRIBUTED, unpack
from envscout.inventory.ownership import Evidence, Owner, by_key, owned
from envscout.inventory.record import Reading, Record, damaged
from envscout.inventory.select import selector
from envscout.inventory.table import RELEASE, TOOLS
from envscout.model import Distribution, File, Inventory, Package, Problem
from envscout.names import purl, upstream

MAX_PACKAGES = 1_000_000
"""Packages kept of one image; what lies beyond is said, not kept."""

MAX_PROBLEMS = 1000
"""Problems of one code that are kept; the rest is counted."""


_ANSWERED_FOR = frozenset({"unusable-version", "unknown-group", "unknown-modules"})


class _Find(msgspec.Struct, frozen=True):
    """A record with the file and the layer it was found in."""

    record: Record
    path: str
    layer: str


class _Read(msgspec.Struct, frozen=True):
    """A file with the readings of its contents, oldest first, and the layers these came from."""

    path: str
    readings: tuple[Reading, ...]
    layers: tuple[str, ...]

    @property
    def last(self) -> Reading:
        return self.readings[-1]


def build(files: Iterable[File], problems: Iterable[Problem] = ()) -> Inventory:
    """Return what is installed in an image, given what `reduce` kept of its files.

    files: of the final image, each with its contents per layer. problems: what the reading of the image already met;
    they are passed on. Damage never raises: it yields what can be read and a Problem.
    """
    read = [_read(file) for file in sorted(files, key=lambda file: file.path) if file.contents]
    found = _distribution(read)
    met = list(problems)
    databases = frozenset(file.path for file in read if _is_database(file))
    finds = [find for file in read for find in _finds(file) if _is_heard(find, databases)]
    if len(finds) > MAX_PACKAGES:
        met.append(Problem("too-many-packages", f"only the first {MAX_PACKAGES} of {len(finds)} packages are kept"))
        finds = finds[:MAX_PACKAGES]
    urls = {find.record: _purl(find.record, found) for find in finds}
    owners = _owners(finds, urls, read)
    for file in read:
        # What its distribution answers for need not be comparable by itself; damage is told all the same.
        met += [each for each in file.last.problems if file.path not in owners or each.code not in _ANSWERED_FOR]
    packages = _packages(finds, urls, owners, met)
    met += _lacking(read, found, has_database=bool(databases))
    return Inventory(packages, found, _bounded(met), TOOLS)


def _read(file: File) -> _Read:
    """Decode a file's contents, one that a layer only repeated once."""
    contents = [
        content
        for number, content in enumerate(file.contents)
        if not number or content.data != file.contents[number - 1].data
    ]
    return _Read(file.path, tuple(unpack(each.data) for each in contents), tuple(each.layer for each in contents))


def _is_database(file: _Read) -> bool:
    """Return whether a file is a package database that holds packages."""
    row = selector(projects=True).row(file.path) if file.last.records else None
    return bool(row and row.database)


def _is_heard(find: _Find, databases: frozenset[str]) -> bool:
    """Return whether a record counts: what a program says of its package does where no database tells it better."""
    if not databases or find.record.type not in DISTRIBUTED:
        return True
    return find.path in databases or selector(projects=True).row(find.path) is not None


def _distribution(read: Sequence[_Read]) -> Distribution | None:
    """Return what the first release file that names a distribution says."""
    known = {file.path: file.last.distribution for file in read if file.last.distribution}
    return next((known[path] for path in RELEASE.patterns if path in known), None)


def _finds(file: _Read) -> list[_Find]:
    """Return the packages of a file as a container sees it, each with the layer in which its record came into being.

    A database is rewritten whole by every layer that installs something; a record that was there before and stayed
    belongs to the earlier layer.
    """
    since: dict[Record, str] = {}
    for reading, layer in zip(file.readings, file.layers, strict=True):
        since = {record: since.get(record, layer) for record in reading.records}
    return [_Find(record, file.path, layer) for record, layer in since.items()]


def _packages(
    finds: list[_Find], urls: dict[Record, str], owners: dict[str, str], met: list[Problem]
) -> tuple[Package, ...]:
    """Return the packages, equal ones merged, sorted by type, name, version and URL."""
    merged: dict[tuple[str, str], list[_Find]] = {}
    for find in finds:
        url = urls[find.record]
        if not url:
            met.append(damaged(find.path, f"no package URL can be made of {find.record.name!r}; package not listed"))
            continue
        merged.setdefault((url, owners.get(find.path, "")), []).append(find)
    packages = (_package(url, owner, same) for (url, owner), same in merged.items())
    return tuple(sorted(packages, key=lambda each: (each.type, each.name, each.version, each.purl, each.owner)))


def _owners(finds: Iterable[_Find], urls: dict[Record, str], read: Sequence[_Read]) -> dict[str, str]:
    """Return the owner's package URL of every path that holds packages of languages and came with a distribution's."""
    installed = [find for find in finds if find.record.type in DISTRIBUTED]
    databases = {find.path for find in installed}
    evidence = [
        Evidence(file.path, file.last.sums, file.layers[-1])
        for file in read
        if file.path not in databases and (file.last.records or file.last.problems)
    ]
    if not installed or not evidence:
        return {}
    claims = [claim for file in read for claim in file.last.claims]
    owners = (
        (find.record.type, find.record.name, find.record.architecture, Owner(urls[find.record], find.layer))
        for find in installed
        if urls[find.record]
    )
    return owned(evidence, claims, by_key(owners))


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
        locations=tuple(dict.fromkeys(_location(find) for find in same)),
        layer=same[0].layer,
        owner=owner,
    )


def _location(find: _Find) -> str:
    return f"/{find.path}!/{find.record.inside}" if find.record.inside else f"/{find.path}"


def _purl(record: Record, found: Distribution | None) -> str:
    """Return a record's package URL, with the qualifiers of its distribution; "" if none can be made."""
    qualifiers = record.qualifiers
    namespace, name = purl.split_name(record.type, record.name)
    version = record.version
    if record.type in DISTRIBUTED:
        source = upstream.write(record.name, version, record.source_name, record.source_version)
        namespace = namespace or (found.id if found else "")
        release = "-".join(filter(None, (found.id, found.version or found.codename))) if found else ""
        qualifiers = (("arch", record.architecture), ("distro", release), ("upstream", source), *qualifiers)
    if record.type == "rpm":
        # The package URL of an rpm has its epoch apart from its version.
        epoch, _, version = version.rpartition(":")
        qualifiers = (("epoch", epoch), *qualifiers)
    try:
        return purl.build(record.type, name, version, namespace, qualifiers)
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


def _lacking(read: Sequence[_Read], found: Distribution | None, *, has_database: bool) -> list[Problem]:
    """Return why the inventory may be incomplete: no database with packages, no known distribution."""
    rows = (selector(projects=True).row(file.path) for file in read if file.last.records)
    if not found and not has_database and any(row and row.project for row in rows):
        return [Problem("source-tree", "a source tree: what its lock files and manifests ask for, nothing installed")]
    problems = []
    if not has_database:
        problems.append(Problem("no-package-database", "unknown: no package database with packages was found"))
    if not found:
        problems.append(Problem("unknown-distribution", "unknown: no release file names the distribution"))
    return problems
