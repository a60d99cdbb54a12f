"""The answer of `compare` for whole environments: a line for each service that differs."""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

import click
import msgspec

from envscout.cli.session import CHECK, NOTE
from envscout.cli.show.markdown import escaped, grid
from envscout.cli.show.size import many
from envscout.cli.show.table import inert, table
from envscout.environments.difference import Difference
from envscout.model import Coverage

_NAMED = 10
"""Vulnerabilities of a service that are named; the rest is counted."""
_WORDS = (("critical", "C"), ("high", "H"), ("medium", "M"), ("low", "L"), ("unspecified", "?"))


class Promotion(msgspec.Struct, frozen=True):
    """What each service of the analyzed environment is beside the other one's.

    coverage: of both answers. ignore_unchanged: leave out services that do not differ.
    """

    analyzed: str
    comparison: str
    services: tuple[Difference, ...]
    coverage: Coverage = Coverage()
    ignore_unchanged: bool = False

    @property
    def differing(self) -> tuple[Difference, ...]:
        """Return the services whose images or vulnerabilities differ."""
        return tuple(each for each in self.services if each.differs)


def json(shown: Promotion) -> Iterator[str]:
    """Yield the document of `compare --format json` for environments."""
    yield msgspec.json.encode(document(shown)).decode()


def document(shown: Promotion) -> dict[str, Any]:
    """Return the document of `compare --format json` for environments."""
    return {
        "schema": "envscout/compare-environments/1",
        "analyzed": shown.analyzed,
        "comparison": shown.comparison,
        "services": [_service(each) for each in shown.services],
        "coverage": {
            "state": shown.coverage.state,
            "reasons": list(map(msgspec.structs.asdict, shown.coverage.reasons)),
        },
    }


def _service(each: Difference) -> dict[str, Any]:
    return {
        "service": each.service,
        "analyzed": each.next,
        "comparison": each.present,
        "introduced": _named(each, each.introduced),
        "fixed": _named(each, each.fixed),
        "kept": _named(each, each.kept),
        "known": each.known,
    }


def _named(each: Difference, names: Iterable[str]) -> list[dict[str, str]]:
    return [{"vulnerability": name, "severity": each.severity[name]} for name in names]


def text(shown: Promotion) -> Iterator[str]:
    """Return the lines of the answer for a terminal."""
    services = shown.differing if shown.ignore_unchanged else shown.services
    yield from ("", f"## {inert(shown.analyzed)} beside {inert(shown.comparison)}", "")
    rows = [
        (each.service, _images(each), _strip(each, each.introduced, "+"), _strip(each, each.fixed, "-"), _kept(each))
        for each in services
    ]
    yield from table(("Service", "Images", "Introduced", "Fixed", "Kept"), rows)
    for each in shown.differing:
        if each.introduced or each.fixed:
            yield from ("", inert(f"  {each.service}"))
            yield from _lines("+", "red", each, each.introduced)
            yield from _lines("-", "green", each, each.fixed)
    for reason in shown.coverage.reasons:
        yield click.style(f"  {NOTE} {reason.code}: {inert(reason.message)}", fg="yellow")
    yield from ("", _verdict(shown))


def _images(each: Difference) -> str:
    before, after = ", ".join(each.present) or "(not there)", ", ".join(each.next) or "(not there)"
    return before if before == after else f"{before} → {after}"


def _strip(each: Difference, names: Iterable[str], sign: str) -> str:
    counts = Counter(each.severity[name] for name in names)
    return " ".join(f"{sign}{counts[word]}{letter}" for word, letter in _WORDS if counts[word])


def _kept(each: Difference) -> str:
    return str(len(each.kept)) if each.known else f"{len(each.kept)}, and more may be unknown"


def _lines(sign: str, colour: str, each: Difference, names: tuple[str, ...]) -> Iterator[str]:
    for name in names[:_NAMED]:
        yield click.style(inert(f"    {sign} {each.severity[name].upper():<11} {name}"), fg=colour)
    if len(names) > _NAMED:
        yield f"    {sign} and {len(names) - _NAMED} more"


def _totals(shown: Promotion) -> tuple[int, int]:
    return tuple(sum(len(getattr(each, name)) for each in shown.services) for name in ("introduced", "fixed"))  # type: ignore[return-value]


def _count(shown: Promotion) -> str:
    return f"{len(shown.differing)} of {many(len(shown.services), 'service', 'services')} changed"


def _verdict(shown: Promotion) -> str:
    more, less = _totals(shown)
    count = _count(shown)
    if not more and not less:
        return f"    {CHECK} {count}; no vulnerability does"
    return f"    {count}: going on brings {more} and fixes {less}; going back would bring back {less}"


def markdown(shown: Promotion) -> Iterator[str]:
    """Return the lines of a comment for a review."""
    more, less = _totals(shown)
    services = shown.differing if shown.ignore_unchanged else shown.services
    yield from (f"## {escaped(shown.analyzed)} beside {escaped(shown.comparison)}", "")
    count = _count(shown)
    yield from (f"**{count}: {more} vulnerabilities introduced, {less} fixed**", "")
    yield from grid(
        ("Service", "Images", "Introduced", "Fixed", "Kept"),
        [
            (
                each.service,
                _images(each),
                ", ".join(each.introduced[:_NAMED]),
                ", ".join(each.fixed[:_NAMED]),
                _kept(each),
            )
            for each in services
        ],
    )
    for reason in shown.coverage.reasons:
        yield from ("", f"> {escaped(reason.code)}: {escaped(reason.message)}")
