"""Facts about CVEs from feeds of their own: EPSS scores, the KEV catalog, CVE metadata."""

import zlib
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import IO, Generic, TypeVar

import msgspec

from envscout.errors import FeedError
from envscout.model import Problem

MAX_ROWS = 5_000_000
MAX_LINE = 1 << 20
_PROBLEMS = 1_000
Row = TypeVar("Row")


class Epss(msgspec.Struct, frozen=True, gc=False):
    """How likely a CVE is exploited within 30 days. score, percentile: 0 to 1."""

    cve: str
    score: float
    percentile: float


class Kev(msgspec.Struct, frozen=True, gc=False):
    """A CVE that is known to be exploited. added, due: YYYY-MM-DD. ransomware: campaigns are known to use it."""

    cve: str
    added: str
    due: str = ""
    ransomware: bool = False


class CveMeta(msgspec.Struct, frozen=True, gc=False):
    """What is said of a CVE itself, whatever package it is in.

    published: YYYY-MM-DD. vector, score: of the newest CVSS version given ("" and None if there is none).
    priority: Ubuntu's word.
    """

    cve: str
    published: str = ""
    description: str = ""
    vector: str = ""
    score: float | None = None
    priority: str = ""
    cwes: tuple[str, ...] = ()


class Facts(msgspec.Struct, Generic[Row], frozen=True):
    """What a feed says. as_of: microseconds since 1970 UTC of the state it describes, 0 if it does not say."""

    rows: tuple[Row, ...]
    problems: tuple[Problem, ...] = ()
    as_of: int = 0


class Faults:
    """Problems while they are collected: the first thousand, and then how many more."""

    def __init__(self) -> None:
        """Start with none."""
        self._found: list[Problem] = []
        self._more = 0

    def add(self, message: str, where: str) -> None:
        """Note one row that was left out."""
        if len(self._found) < _PROBLEMS:
            self._found.append(Problem("broken-row", f"left out: {message}"[:500], where))
        else:
            self._more += 1

    def close(self) -> tuple[Problem, ...]:
        """Return everything noted."""
        more = [Problem("broken-row", f"{self._more} more rows were left out")] if self._more else []
        return (*self._found, *more)


def lines(stream: IO[bytes]) -> Iterator[tuple[int, bytes]]:
    """Yield (number from 1, line) of lines that are not blank. Raises FeedError if it is cut off or out of bounds."""
    try:
        for number, line in enumerate(iter(lambda: stream.readline(MAX_LINE), b""), 1):
            if number > MAX_ROWS or len(line) >= MAX_LINE:
                raise FeedError(f"line {number} of the feed is beyond its bound", "fetch the feed again")
            if line.strip():
                yield number, line
    except (OSError, EOFError, zlib.error) as error:
        raise FeedError(f"the feed is cut off or damaged: {error}", "fetch the feed again") from error


def moment(text: str) -> int:
    """Return an ISO 8601 time as microseconds since 1970 UTC, 0 if it is none. Without an offset it is UTC."""
    try:
        parsed = datetime.fromisoformat(text.strip())
    except ValueError:
        return 0
    aware = parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)
    return max(0, round(aware.timestamp() * 1_000_000))


def day(text: str) -> str:
    """Return the day of an ISO 8601 time, "" if it is none."""
    return text[:10] if moment(text[:10]) or text.startswith("1970-01-01") else ""
