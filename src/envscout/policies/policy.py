"""A policy: a kind with parameters, and the verdicts that come of it."""

from collections.abc import Iterable
from typing import Any, Literal

import msgspec

from envscout.model import Verdict, VerdictState
from envscout.policies.facts import Facts
from envscout.policies.kinds import KINDS

OnUnknown = Literal["fail", "pass"]


class Policy(msgspec.Struct, frozen=True):
    """id: unlike all others. kind: of KINDS. config: its parameters. on_unknown: what a gate makes of unknown."""

    id: str
    kind: str
    config: Any
    title: str = ""
    weight: int = 0
    on_unknown: OnUnknown = "fail"

    def __post_init__(self) -> None:
        """Make the parameters of the kind from what was read of a message: only the kind tells what they are."""
        if isinstance(self.config, dict):
            if self.kind not in KINDS:
                raise ValueError(f"there are no policies of the kind {self.kind[:100]!r}")
            msgspec.structs.force_setattr(self, "config", msgspec.convert(self.config, KINDS[self.kind].config))


def standard() -> tuple[Policy, ...]:
    """Return the policies that are in force where nobody chose any."""
    return tuple(Policy(name, name, kind.config(), weight=kind.weight) for name, kind in KINDS.items() if kind.standard)


def judge(policies: Iterable[Policy], facts: Facts) -> tuple[Verdict, ...]:
    """Return what each policy says of an image."""
    return tuple(_one(policy, facts) for policy in policies)


def _one(policy: Policy, facts: Facts) -> Verdict:
    kind = KINDS[policy.kind]
    violations, doubts, result = kind.judge(facts, policy.config)
    # What is known to be wrong is wrong, whatever else may be.
    state: VerdictState = "fail" if violations else "unknown" if doubts else "pass"
    return Verdict(
        policy=policy.id,
        title=policy.title or (kind.failed if state == "fail" else kind.title),
        state=state,
        result=result if state != "unknown" else "no data",
        violations=violations,
        reasons=doubts,
        weight=policy.weight,
        blocks=state == "fail" or (state == "unknown" and policy.on_unknown == "fail"),
    )


_GRADES = ((90, "A"), (70, "B"), (50, "C"), (30, "D"), (10, "E"))
"""Percents that have to be exceeded (Docker Scout, "Health score")."""


class Health(msgspec.Struct, frozen=True):
    """grade: A to F, "" where no policy counts. lost: ids of the policies that cost points."""

    grade: str
    percent: int
    lost: tuple[str, ...]


def health(verdicts: Iterable[Verdict]) -> Health:
    """Add up the weights of what passed; what failed or is unknown counts in the total."""
    counted = [each for each in verdicts if each.weight]
    total = sum(each.weight for each in counted)
    if not total:
        return Health("", 0, ())
    percent = 100 * sum(each.weight for each in counted if each.state == "pass") // total
    grade = next((word for least, word in _GRADES if percent > least), "F")
    return Health(grade, percent, tuple(each.policy for each in counted if each.state != "pass"))
