"""Findings made fit to be written, once for all formats: every word on one line, nothing in it that steers or hides."""

from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

import msgspec

from envscout.formats.words import is_line, is_plain, line, plain
from envscout.model import Finding

T = TypeVar("T")

_LONG = frozenset({"description"})
"""Fields that have several lines."""


_TOGETHER = 256
"""Findings that are looked at at once: one text of many words is looked through in a third of the time."""


def tidy(found: Sequence[Finding]) -> tuple[Finding, ...]:
    """Return findings whose words are fit for every format; most are as they are."""
    batches = (found[number : number + _TOGETHER] for number in range(0, len(found), _TOGETHER))
    return tuple(each for batch in batches for each in (batch if _are_fit(batch) else map(_one, batch)))


def _one(found: Finding) -> Finding:
    return found if _are_fit((found,)) else _tidied(found)


def _are_fit(batch: Iterable[Finding]) -> bool:
    words = [word for each in batch for word in _words(each)]
    return is_line("".join(words)) and is_plain("".join([each.description for each in batch]))


def _words(found: Finding) -> tuple[str, ...]:
    """Return every text of a finding but its description."""
    package, why, kev = found.package, found.suppression, found.kev
    more = () if why is None else (why.kind, why.who, why.why, why.justification, why.where, why.source)
    return (
        found.vulnerability, package.purl, package.name, package.version, package.type, package.source, found.url,
        found.severity_source, found.range.text, found.fixed_version or "", found.layer, found.summary,
        found.cvss.vector if found.cvss else "", f"{kev.added}{kev.due}" if kev else "", *found.references,
        *found.aliases, *found.advisories, *found.locations, *found.cwes, *more,
    )  # fmt: skip


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
