"""Kinds of facts about CVEs: how each is read, and its rows as the store keeps them."""

import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, Any, NamedTuple

from envscout.advisories import cve, epss, kev, sniff
from envscout.advisories.facts import Facts
from envscout.errors import FeedError
from envscout.model import Problem


class Kind(NamedTuple):
    """How one kind of facts is read and flattened."""

    parse: Callable[[IO[bytes]], Facts[Any]]
    row: Callable[[Any], tuple[Any, ...]]


KINDS: Mapping[str, Kind] = {
    "epss": Kind(epss.parse, lambda e: (e.cve, e.score, e.percentile)),
    "kev": Kind(kev.parse, lambda k: (k.cve, k.added, k.due, k.ransomware)),
    "cve": Kind(cve.parse, lambda c: (c.cve, c.description, c.score, c.vector, c.priority, " ".join(c.cwes))),
}


def read(kind: str, path: Path) -> tuple[list[tuple[Any, ...]], int, tuple[Problem, ...]]:
    """Return the rows of a file, the moment it says it is of, and what of it could not be read. Raises FeedError."""
    parse, row = KINDS[kind]
    try:
        with sniff.open_plain(path) as stream:
            found = parse(stream)
    except (OSError, EOFError, zlib.error) as error:
        raise FeedError(f"{path} cannot be read: {error}", "fetch the file again") from error
    return [row(each) for each in found.rows], found.as_of, tuple(found.problems)
