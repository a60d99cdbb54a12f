"""The package database of rpm in each of its formats: SQLite, NDB and Berkeley DB. The bytes say which it is.

`gpg-pubkey` stands for a key that rpm trusts. It is listed, as `rpm -qa` lists it; no advisory names it.
"""

import re
from collections.abc import Iterable, Iterator

import msgspec

from envscout.inventory.distributions import rpm_bdb, rpm_ndb, sqlite
from envscout.inventory.distributions import rpm_header as tags
from envscout.inventory.distributions.damage import Damage, DamagedError
from envscout.inventory.distributions.rpm_files import Budget, files
from envscout.inventory.distributions.rpm_header import Header
from envscout.inventory.record import Claim, Reading, merged, record

MAX_PACKAGES = 100_000
"""Packages that are read of one database."""

_SOURCE = re.compile(r"([^/]+)-([^-/]+-[^-/]+)\.(?:no)?src\.rpm")


class Facts(msgspec.Struct, frozen=True):
    """What a header says of its package. number: version and release, "" unless it says both. source: a file's name."""

    name: str
    number: str
    epoch: int = 0
    architecture: str = ""
    license: str = ""
    source: str = ""
    module: str = ""


def read(path: str, data: bytes) -> Reading:
    """Return the packages of a database and the files they claim."""
    damage, budget = Damage(path), Budget()
    found: list[Facts] = []
    claims: list[Claim] = []
    for header in _headers(data, damage):
        facts = _facts(header, damage)
        found.append(facts)
        claims += _claims(header, facts, budget, damage)
    reading = packages(path, found)
    return Reading(reading.records, (*damage.problems, *reading.problems), tuple(claims))


def packages(path: str, found: Iterable[Facts]) -> Reading:
    """Return the packages of one system.

    A source package's file name has no epoch. Whatever was built from it with the same version and release has its
    epoch; where nothing was, as with a Perl module that is numbered for itself, that of the package.
    """
    found = list(found)
    sources = [_source(facts.source) for facts in found]
    epochs = {source: facts.epoch for facts, source in zip(found, sources, strict=True) if source[1] == facts.number}
    return merged(
        [
            _package(path, facts, source[0], _numbered(epochs.get(source, facts.epoch), source[1]))
            for facts, source in zip(found, sources, strict=True)
        ]
    )


def _package(path: str, facts: Facts, source: str, source_number: str) -> Reading:
    return record(
        "rpm",
        facts.name,
        _numbered(facts.epoch, facts.number),
        path,
        source=(source, source_number),
        architecture=facts.architecture,
        licenses=(facts.license,),
        qualifiers=(("rpmmod", facts.module),) if facts.module else (),
    )


def _numbered(epoch: int, number: str) -> str:
    return f"{epoch}:{number}" if epoch and number else number


def _source(file: str) -> tuple[str, str]:
    """Split `bash-5.1.8-5.el9.src.rpm` into name and number; "" for what is not said."""
    found = _SOURCE.fullmatch(file)
    return (found[1], found[2]) if found else ("", "")


def _headers(data: bytes, damage: Damage) -> Iterator[Header]:
    """Yield the headers of a database."""
    try:
        for number, blob in enumerate(_blobs(data, damage)):
            if number == MAX_PACKAGES:
                raise DamagedError(f"only its first {MAX_PACKAGES} packages are read")
            try:
                header = Header(blob)
            except DamagedError as error:
                damage.add(error)
                continue
            yield header
    except DamagedError as error:
        damage.add(error)


def _blobs(data: bytes, damage: Damage) -> Iterator[bytes]:
    """Yield the headers' bytes. Raises DamagedError where the bytes are no database that we know."""
    if data.startswith(sqlite.MAGIC):
        return _rows(data, damage)
    if data.startswith(rpm_ndb.MAGIC):
        return rpm_ndb.blobs(data, damage)
    if rpm_bdb.order(data):
        return rpm_bdb.blobs(data, damage)
    raise DamagedError("it is no database of rpm's, or of a format that is not known")


def _rows(data: bytes, damage: Damage) -> Iterator[bytes]:
    """Yield the blobs of rpm's one table that is no index."""
    for row in sqlite.Database(data, damage).rows("Packages"):
        blob = row[1] if len(row) > 1 else None
        if isinstance(blob, bytes):
            yield blob
        else:
            damage.add("a row of its packages has no header")


def _facts(header: Header, damage: Damage) -> Facts:
    words = {tag: _word(header, tag, damage) for tag in (tags.NAME, tags.VERSION, tags.RELEASE)}
    version, release = words[tags.VERSION], words[tags.RELEASE]
    return Facts(
        name=words[tags.NAME],
        number=f"{version}-{release}" if version and release else "",
        epoch=_epoch(header, damage),
        architecture=_word(header, tags.ARCH, damage),
        license=_word(header, tags.LICENSE, damage),
        source=_word(header, tags.SOURCERPM, damage),
        module=_word(header, tags.MODULARITYLABEL, damage),
    )


def _word(header: Header, tag: int, damage: Damage) -> str:
    try:
        return header.word(tag)
    except DamagedError as error:
        damage.add(error)
        return ""


def _epoch(header: Header, damage: Damage) -> int:
    try:
        return next(iter(header.numbers(tags.EPOCH)), 0)
    except DamagedError as error:
        damage.add(error)
        return 0


def _claims(header: Header, facts: Facts, budget: Budget, damage: Damage) -> Iterator[Claim]:
    """Yield the claims of a package, as far as its lists of files can be read."""
    try:
        for path, algorithm, digest in files(header, budget):
            yield Claim("rpm", facts.name, facts.architecture, path, algorithm, digest)
    except DamagedError as error:
        damage.add(error)
