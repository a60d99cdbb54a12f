"""Count what each environment carries and carried: aside, so that whoever looks at all of them waits for nothing."""

import time
from collections.abc import Mapping

from envscout.findings.heeding import Heed
from envscout.model import Counted
from envscout.standing.history import Times, numbers, past
from envscout.standing.numbers import Question, grade
from envscout.store import Database, counted, judged, now, summaries
from envscout.store.counted import Due, Said
from envscout.store.judged import Images, Judged

LIMITS: Mapping[str, int] = {"critical": 15, "high": 30, "medium": 90, "low": 180}
"""Days after which a vulnerability of a severity should be gone: 15 and 30 as CISA's directive BOD 19-02 has it."""

_HEED = Heed()


def count(database: Database, heed: Heed = _HEED, limits: Mapping[str, int] = LIMITS, seconds: float = 0.0) -> int:
    """Count every environment whose numbers may be others by now; return how many were.

    seconds: after which no further one is begun, 0 for never.
    """
    until = time.monotonic() + seconds
    done, times, known = 0, None, 0
    while not (seconds and done and time.monotonic() > until):
        with database.read() as connection:
            due = counted.due(connection, now())
            if due is None:
                break
            if times is None or known != due.known:
                times, known = Times(*counted.times(connection)), due.known
        _one(database, due, Question(heed=heed), times, limits)
        done += 1
    return done


def _one(database: Database, due: Due, question: Question, times: Times, limits: Mapping[str, int]) -> None:
    at = now()
    with database.read() as connection:
        found = past(connection, due, at)
    if found.sets:
        summaries.fill(database, found.sets, grade)
    with database.read() as connection:
        made = numbers(connection, found, question, times, at, limits)
    with database.write() as connection:
        counted.put(connection, due, at, made)


def listed(database: Database, organization: str = "") -> list[Counted]:
    """Return what was counted last of every environment of an organization, "" for all."""
    with database.read() as connection:
        return counted.counted(connection, organization)


def last_said(database: Database, organization: str = "") -> list[Said]:
    """Return what was said last of every environment of an organization, "" for all."""
    with database.read() as connection:
        return counted.last_said(connection, organization)


def judged_by(database: Database, organization: str = "") -> list[Judged]:
    """Return what policies said last of every environment of an organization, "" for all."""
    with database.read() as connection:
        return judged.judged(connection, organization)


def judged_of(database: Database, environment: str, organization: str = "") -> Images | None:
    """Return what policies said last of each image of an environment, None where nobody judged it yet."""
    with database.read() as connection:
        return judged.images(connection, organization, environment)
