"""When a channel is to be told, and how often at most. Pure: moments are microseconds since 1970."""

import re
from datetime import UTC, datetime, time, timedelta
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from envscout.errors import UsageError

SECOND = 1_000_000
HOUR = 3600 * SECOND
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_QUIET = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)", re.ASCII)
_TIME = re.compile(r"([01]\d|2[0-3]):([0-5]\d)", re.ASCII)


class Terms(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """When a channel is told.

    delivery: at once, or gathered. at: HH:MM, of daily and weekly digests; weekday: of weekly ones. quiet: HH:MM-HH:MM
    when nothing is sent, "" for never; urgent: critical vulnerabilities that are exploited are sent even then. zone: of
    all these times. budget: messages an hour, 0 for as many as there are; what is beyond comes as one;
    None for what is usual.
    """

    delivery: Literal["immediate", "hourly", "daily", "weekly"] = "immediate"
    at: str = "09:00"
    weekday: str = "monday"
    quiet: str = ""
    urgent: bool = True
    zone: str = "UTC"
    budget: int | None = None


class Plan(NamedTuple):
    """due: not before. gathered: with whatever else is due then."""

    due: int
    gathered: bool


def checked(terms: Terms) -> Terms:
    """Return terms whose words all have a meaning. Raise UsageError."""
    if terms.quiet and not (_QUIET.fullmatch(terms.quiet) and terms.quiet[:5] != terms.quiet[6:]):
        raise UsageError(f"{terms.quiet[:40]!r} are no hours of a day", "write 22:00-07:00")
    if not _TIME.fullmatch(terms.at):
        raise UsageError(f"{terms.at[:40]!r} is no time of day", "write 09:00")
    if terms.weekday not in DAYS:
        raise UsageError(f"{terms.weekday[:40]!r} is no day of the week", f"known are: {', '.join(DAYS)}")
    if terms.budget is not None and not 0 <= terms.budget <= 1_000_000:
        raise UsageError(f"a budget of {terms.budget} messages an hour has no meaning", "0 means no limit")
    _zone(terms.zone)
    return terms


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (OSError, ValueError, KeyError) as error:
        raise UsageError(f"there is no time zone {name[:60]!r} here", "write one like Europe/Berlin, or UTC") from error


def plan(terms: Terms, at: int, urgent: bool) -> Plan:
    """Return when a message that there is from a moment on is to be sent. urgent: see `Terms`."""
    if terms.delivery != "immediate":
        return Plan(_next_digest(terms, at), True)
    ends = quiet_until(terms, at)
    if ends is None or (urgent and terms.urgent):
        return Plan(at, False)
    return Plan(ends, True)


def quiet_until(terms: Terms, at: int) -> int | None:
    """Return when the quiet hours end that a moment lies in, None where it lies in none."""
    found = _QUIET.fullmatch(terms.quiet)
    if not found:
        return None
    zone = _zone(terms.zone)
    here = datetime.fromtimestamp(at / SECOND, UTC).astimezone(zone)
    begins, ends = time(int(found[1]), int(found[2])), time(int(found[3]), int(found[4]))
    present = here.time().replace(tzinfo=None)
    inside = begins <= present < ends if begins < ends else present >= begins or present < ends
    if not inside:
        return None
    day = here.date() + timedelta(days=1 if present >= ends else 0)
    return _moment(datetime.combine(day, ends, zone))


def _next_digest(terms: Terms, at: int) -> int:
    """Return the first moment after another one at which a digest goes out."""
    if terms.delivery == "hourly":
        return at - at % HOUR + HOUR
    zone = _zone(terms.zone)
    here = datetime.fromtimestamp(at / SECOND, UTC).astimezone(zone)
    hour, minute = terms.at.split(":")
    wanted = None if terms.delivery == "daily" else DAYS.index(terms.weekday)
    for days in range(9):
        day = here.date() + timedelta(days=days)
        moment = _moment(datetime.combine(day, time(int(hour), int(minute)), zone))
        if moment > at and wanted in (None, day.weekday()):
            return moment
    raise AssertionError("a week has seven days")


def _moment(when: datetime) -> int:
    return int(when.timestamp() * SECOND)
