"""The least that any reader of OSV zips in Python must do: inflate every member, decode the fields that are used.

Knows nothing of envscout, on purpose.
"""

import sys
import zipfile
from datetime import datetime
from pathlib import Path

import msgspec


class Event(msgspec.Struct, gc=False):
    """One bound."""

    introduced: str | None = None
    fixed: str | None = None
    last_affected: str | None = None
    limit: str | None = None


class Range(msgspec.Struct, gc=False):
    """One range."""

    type: str = ""
    events: list[Event] | None = None


class Package(msgspec.Struct, gc=False):
    """One package."""

    ecosystem: str
    name: str


class Severity(msgspec.Struct, gc=False):
    """One CVSS vector."""

    type: str | None = None
    score: str | float | None = None


class Affected(msgspec.Struct, gc=False):
    """One block."""

    package: Package | None = None
    ranges: list[Range] | None = None
    versions: list[str] | None = None


class Reference(msgspec.Struct, gc=False):
    """One address."""

    url: str = ""


class Record(msgspec.Struct, gc=False):
    """One advisory."""

    id: str
    modified: datetime | None = None
    published: datetime | None = None
    withdrawn: str | None = None
    aliases: list[str] | None = None
    upstream: list[str] | None = None
    related: list[str] | None = None
    summary: str | None = None
    details: str | None = None
    severity: list[Severity] | None = None
    affected: list[Affected] | None = None
    references: list[Reference] | None = None


def main() -> None:
    """Read every zip under a folder; print how many records there were."""
    decoder = msgspec.json.Decoder(Record)
    count = 0
    for path in sorted(Path(sys.argv[1]).rglob("*.zip")):
        with zipfile.ZipFile(path) as archive:
            for member in archive.infolist():
                decoder.decode(archive.read(member))
                count += 1
    print(count)


if __name__ == "__main__":
    main()
