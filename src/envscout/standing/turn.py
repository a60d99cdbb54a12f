"""What became of one vulnerability in one environment between two looks: a rule. Pure."""

from collections.abc import Callable
from typing import Literal, NamedTuple

from envscout.model import NewsCause, NewsKind
from envscout.store.standing import Told


class Turn(NamedTuple):
    """What became of it. direction: for whoever runs it."""

    kind: NewsKind
    direction: Literal["worse", "better"]
    cause: NewsCause


class Why(NamedTuple):
    """Why it was looked at. deployed: other images run there, rather than that other things are known of them.

    withdrawn: no record speaks of it any more.
    """

    deployed: bool
    withdrawn: bool = False


def turn(before: Told | None, after: Told | None, why: Why) -> Turn | None:
    """Return what is to be told, None for nothing."""
    was = before is not None and not before.suppressed
    is_there = after is not None and not after.suppressed
    if before is not None and after is not None and was and is_there:
        return _moved(before, after, why)
    if is_there:
        cause: NewsCause = "exception" if before is not None else _by(why)
        return Turn("appeared", "worse", cause)
    if was:
        return Turn("resolved", "better", "exception" if after is not None else _by(why))
    return None


def _by(why: Why) -> NewsCause:
    return "deployment" if why.deployed else "advisory"


def _moved(before: Told, after: Told, why: Why) -> Turn | None:
    for holds, cause in _WORSE:
        if holds(before, after):
            return Turn("escalated", "worse", cause)
    if not why.deployed and _reaches(before, after):
        return Turn("escalated", "worse", "advisory")
    for holds, cause in _WORSE:
        if holds(after, before):
            return Turn("deescalated", "better", cause)
    if before.fixed != after.fixed:
        return Turn("deescalated", "better", "fix") if after.fixed else Turn("deescalated", "worse", "fix")
    return None


_WORSE: tuple[tuple[Callable[[Told, Told], bool], NewsCause], ...] = (
    (lambda before, after: after.kev > before.kev, "kev"),
    (lambda before, after: after.level > before.level, "severity"),
    (lambda before, after: after.band > before.band, "epss"),
)


def _reaches(before: Told, after: Told) -> bool:
    """Tell whether it is in a service where it was not."""
    return before.services != after.services and not set(before.numbers).issuperset(after.numbers)
