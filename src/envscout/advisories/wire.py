"""OSV JSON as it arrives: only the fields that are used, decoded straight into typed structs.

The format: https://ossf.github.io/osv-schema/. Lists may be null and fields may be missing in real feeds.
"""

from datetime import datetime
from typing import Annotated, Any

import msgspec

Moment = Annotated[datetime, msgspec.Meta(tz=True)]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=1000)]
Id = Annotated[str, msgspec.Meta(min_length=1, max_length=250)]


class Event(msgspec.Struct, gc=False):
    """One bound of a range."""

    introduced: str | None = None
    fixed: str | None = None
    last_affected: str | None = None
    limit: str | None = None


class Span(msgspec.Struct, gc=False):
    """One `affected[].ranges[]`."""

    type: str = ""
    events: list[Event] | None = None


class Subject(msgspec.Struct, gc=False):
    """One `affected[].package`."""

    ecosystem: Name
    name: Name


class Severity(msgspec.Struct, gc=False):
    """One `severity[]`: a CVSS vector, or a vendor's word."""

    type: str | None = None
    score: str | float | None = None


class Specific(msgspec.Struct, gc=False):
    """What is used of the free-form `database_specific` and `ecosystem_specific`."""

    severity: Any = None
    urgency: Any = None
    ubuntu_priority: Any = None
    cvss: Any = None
    cvss_v3_score: Any = None
    cwe_ids: Any = None


class Affected(msgspec.Struct, gc=False):
    """One `affected[]`."""

    package: Subject | None = None
    ranges: list[Span] | None = None
    versions: list[str] | None = None
    severity: list[Severity] | None = None
    ecosystem_specific: Specific | None = None
    database_specific: Specific | None = None


class Reference(msgspec.Struct, gc=False):
    """One `references[]`."""

    url: str = ""


class Record(msgspec.Struct, gc=False):
    """One OSV record."""

    id: Id
    modified: Moment | None = None
    published: Moment | None = None
    withdrawn: str | None = None
    aliases: list[str] | None = None
    upstream: list[str] | None = None
    related: list[str] | None = None
    summary: str | None = None
    details: str | None = None
    severity: list[Severity] | None = None
    affected: list[Affected] | None = None
    references: list[Reference] | None = None
    database_specific: Specific | None = None


class CoreAffected(msgspec.Struct, gc=False):
    """`Affected` without its decorations."""

    package: Subject | None = None
    ranges: list[Span] | None = None
    versions: list[str] | None = None


class Core(msgspec.Struct):
    """What must be right for a record to be of use; read where a decoration of it has an unexpected shape."""

    id: Id
    withdrawn: str | None = None
    aliases: list[str] | None = None
    upstream: list[str] | None = None
    related: list[str] | None = None
    affected: list[CoreAffected] | None = None


_record = msgspec.json.Decoder(Record)
_core = msgspec.json.Decoder(Core)


def decode(data: bytes) -> tuple[Record, str]:
    """Return a record and what was wrong with it ("" if nothing): then only its ids and ranges were read.

    Raises ValueError (or a subclass) where not even those can be read, and RecursionError where it nests too deeply.
    """
    try:
        return _record.decode(data), ""
    except msgspec.ValidationError as error:
        core = _core.decode(data)
        return _complete(core), str(error)


def _complete(core: Core) -> Record:
    affected = [
        Affected(package=block.package, ranges=block.ranges, versions=block.versions) for block in core.affected or ()
    ]
    return Record(
        id=core.id,
        withdrawn=core.withdrawn,
        aliases=core.aliases,
        upstream=core.upstream,
        related=core.related,
        affected=affected,
    )
