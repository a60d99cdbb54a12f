"""How pages say numbers, moments and names in few characters."""

from envscout.formats.words import reason as reason
from envscout.names import moment

_MICROSECONDS = 1_000_000
_STEPS = ((60, "second", 1), (3_600, "minute", 60), (86_400, "hour", 3_600), (60 * 86_400, "day", 86_400))
_MONTH, _YEAR = 30.44 * 86_400, 365.25 * 86_400


def short(digest: str) -> str:
    """Return as much of a digest as tells images apart at a glance."""
    return digest.removeprefix("sha256:")[:12]


def lasting(microseconds: int | float) -> str:
    """Say how long something took or takes: `3 days`."""
    seconds = max(0, microseconds) / _MICROSECONDS
    for limit, word, length in _STEPS:
        if seconds < limit:
            return counted(int(seconds // length), word)
    if seconds < 2 * _YEAR:
        return counted(int(seconds // _MONTH), "month")
    return counted(int(seconds // _YEAR), "year")


def ago(at: int, now: int) -> str:
    """Say how long ago something was: `3 days ago`, or when it will be."""
    if at > now:
        return f"in {lasting(at - now)}"
    return "just now" if now - at < 5 * _MICROSECONDS else f"{lasting(now - at)} ago"


def days(microseconds: float) -> str:
    """Say a length in days: `12 days`, `0.4 days`."""
    number = microseconds / _MICROSECONDS / 86_400
    return f"{number:,.0f} days" if number >= 10 else f"{number:.1f} days"


def counted(number: int, word: str, words: str = "") -> str:
    """Say how many there are: `1 image`, `2,000 images`."""
    return f"{number:,} {word if number == 1 else words or f'{word}s'}"


def day(at: int) -> str:
    """Return the day of a moment: `2026-10-01`."""
    return moment.show(at)[:10]


def minute(at: int) -> str:
    """Return a moment to the minute, as tables have it: `2026-10-01 09:30`."""
    return moment.show(at)[:16].replace("T", " ")


def local(at: int | None) -> str:
    """Return a moment as a field of a form has it, "" for none."""
    return moment.show(at)[:16] if at is not None else ""


KINDS = {
    "deployed": "Deployed",
    "undeployed": "Taken away",
    "appeared": "New vulnerability",
    "escalated": "Worse:",
    "deescalated": "Less grave:",
    "resolved": "Resolved",
    "gate-failed": "Kept out by a policy",
    "unknown-coverage": "Cannot be answered for",
    "feed-trouble": "Trouble with a feed",
    "feed-recovered": "A feed is well again",
    "drift": "Runs otherwise than recorded",
    "exception-expiring": "An exception is about to end",
    "exception-ended": "An exception has ended",
}
"""What happened, by the kind of news."""

ACTIONS = {"record": "Deployed", "add": "Added beside", "remove": "Took away"}
"""What was said, by the action of the event."""
