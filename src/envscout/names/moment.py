"""Moments as people and documents write them, in microseconds since 1970 UTC. The clock is passed in."""

import re
from datetime import UTC, datetime

from envscout.errors import UsageError

_AGO = re.compile(r"(\d{1,6})\s*(s|m|h|d|w)(\s+ago)?")
_AHEAD = re.compile(r"(\d{1,5})(h|d|w)", re.ASCII)
_DATED = 1981
"""Years before it are those of reproducible builds, which date themselves to the beginning of time."""
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}


def parse(text: str, now: int) -> int:
    """Read `2026-10-01`, `2026-10-01T12:00:00Z` (no zone: UTC) or `36h`, `7d`, `2w` before now. Raise UsageError."""
    ago = _AGO.fullmatch(text.strip())
    if ago:
        return _since_1970(text, now - int(ago[1]) * _SECONDS[ago[2]] * 1_000_000)
    try:
        # Python 3.11 takes the first digits of any long row of them for a date.
        moment = datetime.fromisoformat(text.strip() if "-" in text else "")
    except ValueError as error:
        raise UsageError(
            f"{text[:64]!r} is no moment in time", "write 2026-10-01, 2026-10-01T12:00:00Z, or 7d for seven days ago"
        ) from error
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return _since_1970(text, int(moment.timestamp() * 1_000_000))


def told(text: str) -> int | None:
    """Read when something was made, as its builder tells it in RFC 3339; None for what is no moment or says nothing."""
    try:
        found = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return None
    return round(found.timestamp() * 1_000_000) if found.tzinfo and found.year >= _DATED else None


def to_come(text: str, now: int) -> int:
    """Read a moment to come: `2027-01-01`, or `36h`, `90d`, `2w` from now. Raise UsageError."""
    ahead = _AHEAD.fullmatch(text.strip())
    found = now + int(ahead[1]) * _SECONDS[ahead[2]] * 1_000_000 if ahead else parse(text, now)
    if found <= now:
        raise UsageError(f"{text[:64]} has been", "write 2027-01-01, or 90d for ninety days from now")
    return found


def _since_1970(text: str, moment: int) -> int:
    if moment < 0:
        raise UsageError(f"{text[:64]!r} lies before 1970", "ask for a moment since the first image was recorded")
    return moment


def show(moment: int) -> str:
    """Write a moment as RFC 3339 in UTC, to the second."""
    return datetime.fromtimestamp(moment / 1_000_000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
