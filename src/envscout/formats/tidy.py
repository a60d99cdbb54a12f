"""Findings made fit to be written, once for all formats: every word on one line, nothing in it that steers or hides."""

from typing import Any, TypeVar

import msgspec

from envscout.formats.words import is_line, is_plain, line, plain
from envscout.model import Finding, Suppression

T = TypeVar("T")

_LONG = frozenset({"description"})
"""Fields that have several lines."""


def tidy(found: Finding) -> Finding:
    """Return a finding whose words are fit for every format; most are as they are."""
    package, kev, text = found.package, found.kev, found.description
    lists = (found.references, found.aliases, found.advisories, found.locations, found.cwes)
    words = (
        f"{found.vulnerability}{package.purl}{package.name}{package.version}{package.type}{package.source}{found.url}"
        f"{found.severity_source}{found.range.text}{found.fixed_version}{found.layer}{found.summary}"
        f"{found.cvss.vector if found.cvss else ''}{''.join([''.join(each) for each in lists])}"
    )
    if is_line(words) and is_plain(text) and _is_fit(found.suppression) and (not kev or is_line(kev.added + kev.due)):
        return found
    return _tidied(found)


def _is_fit(why: Suppression | None) -> bool:
    return why is None or is_line(f"{why.kind}{why.who}{why.why}{why.justification}{why.where}{why.source}")


def _tidied(value: T, name: str = "") -> T:
    """Return the same with every text in it made fit."""
    found: Any = value
    if isinstance(value, str):
        found = plain(value) if name in _LONG else line(value)
    elif isinstance(value, tuple):
        found = tuple(_tidied(each, name) for each in value)
    elif isinstance(value, msgspec.Struct):
        fields = {each: _tidied(getattr(value, each), each) for each in value.__struct_fields__}
        found = msgspec.structs.replace(value, **fields)
    return found  # type: ignore[no-any-return]
