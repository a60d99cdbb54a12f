"""The answer of `compare` for whole environments: a line for each service, and the worst of what differs in it."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import click
import msgspec

from envscout.cli.session import CHECK, NOTE
from envscout.cli.show.documents import encoded
from envscout.cli.show.markdown import escaped, grid
from envscout.cli.show.size import many
from envscout.cli.show.table import inert, table
from envscout.environments.difference import Difference, Levels, Side, count, worst
from envscout.model import Coverage, word

NAMED = 10
"""Vulnerabilities of a service that are named; the rest is counted."""
_LETTERS = ((4, "C"), (3, "H"), (2, "M"), (1, "L"), (0, "?"))


class Promotion(msgspec.Struct, frozen=True):
    """What each service of the analyzed environment is beside the other one's.

    coverage: of both answers. names: of the vulnerabilities that are shown, by number. ignore_unchanged: leave out
    services that do not differ. moments: that were asked about, "" for now.
    """

    analyzed: str
    comparison: str
    services: tuple[Difference, ...]
    coverage: Coverage = Coverage()
    names: Mapping[int, str] = {}
    ignore_unchanged: bool = False
    moments: tuple[str, str] = ("", "")

    @property
    def title(self) -> str:
        """Return what is compared, in words."""
        names = (self.analyzed, self.comparison)
        said = [f"{name} at {at}" if at else name for name, at in zip(names, self.moments, strict=True)]
        return " beside ".join(said)

    @property
    def differing(self) -> tuple[Difference, ...]:
        """Return the services whose images or vulnerabilities differ."""
        return tuple(each for each in self.services if each.differs)


def worth_naming(services: Iterable[Difference]) -> set[int]:
    """Return the vulnerabilities that text and Markdown name."""
    return {
        number for each in services for levels in (each.introduced, each.fixed) for number, _ in worst(levels, NAMED)
    }


def all_names(services: Iterable[Difference]) -> set[int]:
    """Return the vulnerabilities that JSON lists."""
    return {number for each in services for numbers in (*each.introduced, *each.fixed, each.both) for number in numbers}


def document(shown: Promotion) -> dict[str, Any]:
    """Return the document of `compare --format json` for environments."""
    listed = _Listed(shown.names)
    return {
        "schema": "envscout/compare-environments/1",
        "analyzed": shown.analyzed,
        "comparison": shown.comparison,
        "services": [_service(each, listed) for each in shown.services],
        "coverage": {
            "state": shown.coverage.state,
            "reasons": list(map(msgspec.structs.asdict, shown.coverage.reasons)),
        },
    }


def _service(each: Difference, listed: "_Listed") -> dict[str, Any]:
    introduced, fixed, kept = each.introduced, each.fixed, each.kept
    return {
        "service": each.service,
        "analyzed": each.next.references,
        "comparison": each.present.references,
        "analyzed_digests": each.next.digests,
        "comparison_digests": each.present.digests,
        "introduced": listed.of(introduced),
        "fixed": listed.of(fixed),
        "kept": listed.of(kept),
        "counts": {"introduced": _counts(introduced), "fixed": _counts(fixed), "kept": _counts(kept)},
        "known": each.known,
    }


def _counts(levels: Levels) -> dict[str, int]:
    return {word(level): len(levels[level]) for level, _ in _LETTERS} | {"total": count(levels)}


class _Listed:
    """Lists of vulnerabilities as JSON; each is written once, as an environment of a large company names a million."""

    def __init__(self, names: Mapping[int, str]) -> None:
        self._place = {number: place for place, number in enumerate(sorted(names, key=names.__getitem__))}
        self._written = [
            {
                number: msgspec.json.encode({"vulnerability": name, "severity": word(level)})
                for number, name in names.items()
            }
            for level in range(5)
        ]

    def of(self, levels: Levels) -> msgspec.Raw:
        """Return the list, the worst first, then by name."""
        items = [
            self._written[level][number]
            for level, _ in _LETTERS
            for number in sorted(levels[level], key=self._place.__getitem__)
        ]
        return msgspec.Raw(b"[" + b",".join(items) + b"]")


def json(shown: Promotion) -> Iterator[str]:
    """Yield the document of `compare --format json` for environments."""
    yield encoded(document(shown))


def text(shown: Promotion) -> Iterator[str]:
    """Yield the answer for a terminal; in one piece, as that of a large company has thousands of lines."""
    yield "\n".join(_text(shown))


def _text(shown: Promotion) -> Iterator[str]:
    differing = shown.differing
    services = differing if shown.ignore_unchanged else shown.services
    yield from ("", f"## {inert(shown.title)}", "")
    rows = [
        (each.service, _images(each), _strip(each.introduced, "+"), _strip(each.fixed, "-"), _kept(each))
        for each in services
    ]
    yield from table(("Service", "Images", "Introduced", "Fixed", "Kept"), rows)
    for each in differing:
        if any(each.introduced) or any(each.fixed):
            yield from ("", inert(f"  {each.service}"))
            yield from _lines("+", "red", each.introduced, shown.names)
            yield from _lines("-", "green", each.fixed, shown.names)
    for reason in shown.coverage.reasons:
        yield click.style(f"  {NOTE} {reason.code}: {inert(reason.message)}", fg="yellow")
    yield from ("", _verdict(shown))


def _images(each: Difference) -> str:
    before, after = _called(each.present), _called(each.next)
    if before != after:
        return f"{before} → {after}"
    return f"{before} (from {_short(each.present)} to {_short(each.next)})" if each.moved else before


def _called(side: Side) -> str:
    return ", ".join(side.references) or "(not there)"


def _short(side: Side) -> str:
    return ", ".join(digest.partition(":")[2][:12] for digest in side.digests)


def _strip(levels: Levels, sign: str) -> str:
    return " ".join(f"{sign}{len(levels[level])}{letter}" for level, letter in _LETTERS if levels[level])


def _kept(each: Difference) -> str:
    return str(len(each.both)) if each.known else f"{len(each.both)}, and more may be unknown"


def named(levels: Levels, names: Mapping[int, str], most: int = NAMED) -> list[tuple[str, int]]:
    """Return the worst few with their severities, by name within each."""
    return [(name, -rank) for rank, name in sorted((-level, names[number]) for number, level in worst(levels, most))]


_WORDS = {level: f"{word(level).upper():<11} " for level, _ in _LETTERS}


def _lines(sign: str, colour: str, levels: Levels, names: Mapping[int, str]) -> Iterator[str]:
    found = [f"    {sign} {_WORDS[level]}{inert(name)}" for name, level in named(levels, names)]
    more = count(levels) - len(found)
    if found:
        yield click.style("\n".join(found), fg=colour)
    if more:
        yield f"    {sign} and {more} more"


def _totals(shown: Promotion) -> tuple[int, int]:
    return sum(count(each.introduced) for each in shown.services), sum(count(each.fixed) for each in shown.services)


def _count(shown: Promotion) -> str:
    return f"{len(shown.differing)} of {many(len(shown.services), 'service', 'services')} changed"


def _verdict(shown: Promotion) -> str:
    more, less = _totals(shown)
    said = _count(shown)
    if not _is_known(shown):
        return f"    {NOTE} {said}; what some of them hold is unknown: more may differ than is shown"
    if not more and not less:
        return f"    {CHECK} {said}; no vulnerability does"
    return f"    {said}: going on brings {more} and fixes {less}; going back would bring back {less}"


def _is_known(shown: Promotion) -> bool:
    return all(each.known for each in shown.services)


def markdown(shown: Promotion) -> Iterator[str]:
    """Return the lines of a comment for a review."""
    more, less = _totals(shown)
    services = shown.differing if shown.ignore_unchanged else shown.services
    yield from (f"## {escaped(shown.title)}", "")
    unsure = "" if _is_known(shown) else ", and not all is known"
    yield from (f"**{_count(shown)}: {more} vulnerabilities introduced, {less} fixed**{unsure}", "")
    yield from grid(
        ("Service", "Images", "Introduced", "Fixed", "Kept"),
        [
            (
                each.service,
                _images(each),
                _some(each.introduced, shown.names),
                _some(each.fixed, shown.names),
                _kept(each),
            )
            for each in services
        ],
    )
    for reason in shown.coverage.reasons:
        yield from ("", f"> {escaped(reason.code)}: {escaped(reason.message)}")


def _some(levels: Levels, names: Mapping[int, str]) -> str:
    listed = ", ".join(name for name, _ in named(levels, names))
    more = count(levels) - NAMED
    return f"{listed} and {more} more" if more > 0 else listed
