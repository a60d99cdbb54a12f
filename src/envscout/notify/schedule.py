"""What becomes of a message that could not be sent. Pure: moments are microseconds since 1970."""

from typing import Literal, NamedTuple

SECOND = 1_000_000
DELAYS = (5, 30, 120, 600, 1800, 3600, 7200, 14_400, 28_800, 43_200, 86_400, 86_400)
"""Seconds from each attempt to the next one: three and a half days in all."""

JITTER = 0.2
MAX_AFTER = 86_400
GIVEN_UP = 7 * 86_400 * SECOND
"""Microseconds after which a message is given up, however often it was tried."""

RESTS_AFTER = 3
"""Failures in a row after which a channel rests, so that its messages are not tried one after the other."""

RESTS = (5, 15, 30, 60, 120, 300)
"""Seconds that it rests, longer with each failure."""

Result = Literal["sent", "again", "never", "gone"]


class Outcome(NamedTuple):
    """What became of one attempt. again: it may pass. never: it will not. gone: neither will any other message.

    after: seconds that the receiver asked us to wait.
    """

    result: Result
    problem: str = ""
    after: float = 0.0


def next_attempt(attempts: int, began: int, at: int, after: float, luck: float) -> int | None:
    """Return when to try again, None for never.

    attempts: how many there were. began: when the message could first be sent. luck: 0 to 1, drawn by the caller.
    """
    if attempts > len(DELAYS) or at - began > GIVEN_UP:
        return None
    delay = DELAYS[attempts - 1] * (1 - JITTER + 2 * JITTER * luck)
    return at + int(max(delay, min(after, MAX_AFTER)) * SECOND)


def rest(failures: int, at: int, after: float = 0.0) -> int:
    """Return until when a channel rests that failed so often in a row."""
    if after:
        return at + int(min(after, MAX_AFTER) * SECOND)
    if failures < RESTS_AFTER:
        return 0
    return at + RESTS[min(failures - RESTS_AFTER, len(RESTS) - 1)] * SECOND
