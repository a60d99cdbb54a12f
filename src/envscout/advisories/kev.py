"""CISA's catalog of known exploited vulnerabilities (https://www.cisa.gov/known-exploited-vulnerabilities-catalog)."""

import zlib
from typing import IO

import msgspec

from envscout.advisories.facts import MAX_ROWS, Facts, Faults, Kev, day, moment
from envscout.errors import FeedError
from envscout.names.vulnerability import is_cve

_MAX_BYTES = 256 << 20


class _Entry(msgspec.Struct):
    cve: str = msgspec.field(name="cveID")
    added: str = msgspec.field(name="dateAdded", default="")
    due: str | None = msgspec.field(name="dueDate", default=None)
    ransomware: str | None = msgspec.field(name="knownRansomwareCampaignUse", default=None)


class _Catalog(msgspec.Struct):
    vulnerabilities: list[msgspec.Raw]
    released: str = msgspec.field(name="dateReleased", default="")


_catalog = msgspec.json.Decoder(_Catalog)
_entry = msgspec.json.Decoder(_Entry)


def parse(stream: IO[bytes]) -> Facts[Kev]:
    """Read the catalog from an unpacked stream; an entry that makes no sense is a Problem. Raises FeedError."""
    catalog = _decode(stream)
    rows: dict[str, Kev] = {}
    faults = Faults()
    for number, raw in enumerate(catalog.vulnerabilities[:MAX_ROWS], 1):
        try:
            entry = _entry.decode(raw)
        except (ValueError, RecursionError) as error:
            faults.add(str(error), f"entry {number}")
            continue
        if is_cve(entry.cve):
            rows[entry.cve] = _row(entry)
        else:
            faults.add(f"{entry.cve[:80]!r} is no CVE id", f"entry {number}")
    if not rows:
        raise FeedError("the KEV catalog holds no vulnerability", "fetch the catalog again")
    return Facts(tuple(rows.values()), faults.close(), moment(catalog.released))


def _decode(stream: IO[bytes]) -> _Catalog:
    try:
        data = stream.read(_MAX_BYTES + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise FeedError(f"the KEV catalog is cut off or damaged: {error}", "fetch the catalog again") from error
    if len(data) > _MAX_BYTES:
        raise FeedError(f"the KEV catalog is larger than {_MAX_BYTES >> 20} MiB", "fetch the catalog again")
    try:
        return _catalog.decode(data)
    except (ValueError, RecursionError) as error:
        raise FeedError(f"not a KEV catalog: {error}", "pass the JSON file that CISA publishes") from error


def _row(entry: _Entry) -> Kev:
    return Kev(
        cve=entry.cve,
        added=day(entry.added),
        due=day(entry.due or ""),
        ransomware=(entry.ransomware or "").strip().lower() == "known",
    )
