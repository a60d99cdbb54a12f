"""Proposed policies beside the present ones, tried on what was promoted: what either would have stopped. Pure."""

from collections import Counter
from collections.abc import Iterable

import msgspec

from envscout.model import Deployment, Verdict, VerdictState

MAX_REASONS = 10
_OF_EACH = 2
_ORDER: tuple[VerdictState, ...] = ("fail", "unknown", "pass")


class Outcome(msgspec.Struct, frozen=True):
    """What one set of policies says of one image. stopped: whether a gate stays shut. policies: id -> state.

    state: the worst of those that keep it shut, `pass` where none does. why: of those, what is wrong or not known.
    """

    state: VerdictState
    stopped: bool
    policies: dict[str, VerdictState]
    why: tuple[str, ...] = ()


class Trial(msgspec.Struct, frozen=True):
    """One promotion, and what the proposed and the present policies say of it, by what was known then."""

    promoted: Deployment
    proposed: Outcome
    present: Outcome

    @property
    def is_news(self) -> bool:
        """Return whether only the proposed policies would have stopped it."""
        return self.proposed.stopped and not self.present.stopped

    @property
    def is_let_go(self) -> bool:
        """Return whether only the present policies would have stopped it."""
        return self.present.stopped and not self.proposed.stopped


class Totals(msgspec.Struct, frozen=True):
    """Counts over trials. by_policy: id -> state -> how often, of the proposed ones."""

    promotions: int
    passed: int
    failed: int
    unknown: int
    stopped: int
    stopped_now: int
    newly_stopped: int
    no_longer_stopped: int
    by_policy: dict[str, dict[str, int]]


def outcome(verdicts: Iterable[Verdict]) -> Outcome:
    """Return what verdicts add up to at a gate."""
    found = tuple(verdicts)
    blocking = [each for each in found if each.blocks]
    states = {each.state for each in blocking}
    why = (f"{each.policy}: {text}" for each in blocking for text in _reasons(each))
    return Outcome(
        state=next((state for state in _ORDER if state in states), "pass"),
        stopped=bool(blocking),
        policies={each.policy: each.state for each in found},
        why=tuple(text for text, _ in zip(why, range(MAX_REASONS), strict=False)),
    )


def _reasons(verdict: Verdict) -> tuple[str, ...]:
    """Return the first reasons of one policy, so that it leaves room for the others."""
    return (*(each.message for each in verdict.violations[:_OF_EACH]), *verdict.reasons)[:_OF_EACH]


def totals(trials: Iterable[Trial]) -> Totals:
    """Count."""
    found = tuple(trials)
    states = Counter(each.proposed.state for each in found)
    by_policy: dict[str, dict[str, int]] = {}
    for trial in found:
        for name, state in trial.proposed.policies.items():
            counts = by_policy.setdefault(name, {"pass": 0, "fail": 0, "unknown": 0})
            counts[state] += 1
    return Totals(
        promotions=len(found),
        passed=states["pass"],
        failed=states["fail"],
        unknown=states["unknown"],
        stopped=sum(each.proposed.stopped for each in found),
        stopped_now=sum(each.present.stopped for each in found),
        newly_stopped=sum(each.is_news for each in found),
        no_longer_stopped=sum(each.is_let_go for each in found),
        by_policy=by_policy,
    )
