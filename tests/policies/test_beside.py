"""What policies say of one image beside another, why that differs, and when a gate must not open for it."""

import pytest

from envscout.model import Verdict, VerdictState
from envscout.policies.beside import Judged, PolicyChange, beside
from envscout.policies.kinds import KINDS
from envscout.policies.policy import Policy


def policy(name: str = "p", weight: int = 1) -> Policy:
    kind = next(iter(KINDS))
    return Policy(name, kind, KINDS[kind].config(), weight=weight)


def verdict(state: VerdictState | None, result: str = "", *, blocks: bool | None = None) -> Verdict | None:
    if state is None:
        return None
    return Verdict("p", "P", state, result, weight=1, blocks=state != "pass" if blocks is None else blocks)


def judged(said: Verdict | None, digest: str = "sha256:a", weight: int = 1) -> Judged:
    return Judged(digest, (policy(weight=weight),) if said else (), (said,) if said else ())


@pytest.mark.parametrize(
    ("analyzed", "comparison", "worse"),
    [
        ("pass", "pass", False),
        ("pass", "fail", False),
        ("pass", "unknown", False),
        ("fail", "pass", True),
        ("unknown", "pass", True),
        ("fail", "unknown", True),
        ("fail", "fail", False),
        ("unknown", "unknown", True),
        ("unknown", "fail", False),
        ("fail", None, True),
        ("unknown", None, True),
        ("pass", None, False),
        (None, "pass", False),
        (None, "fail", False),
    ],
)
def test_a_gate_does_not_open_for_what_is_worse(
    analyzed: VerdictState | None, comparison: VerdictState | None, worse: bool
) -> None:
    assert PolicyChange("p", verdict(analyzed), verdict(comparison)).worse is worse


def test_what_a_policy_lets_pass_unknown_is_not_worse() -> None:
    assert not PolicyChange("p", verdict("unknown", blocks=False), verdict("pass")).worse
    assert not PolicyChange("p", verdict("unknown", blocks=False), verdict("unknown")).worse


@pytest.mark.parametrize(
    ("analyzed", "comparison", "causes"),
    [
        (judged(verdict("pass")), judged(verdict("pass"), "sha256:b", 2), ()),
        (judged(verdict("fail")), judged(verdict("pass"), "sha256:b"), ("image-changed",)),
        (judged(verdict("fail", "1C")), judged(verdict("fail", "2C"), "sha256:b"), ("image-changed",)),
        (judged(verdict("fail")), judged(verdict("pass")), ("knowledge-changed",)),
        (judged(verdict("fail")), judged(verdict("pass"), weight=2), ("policy-changed",)),
        (judged(verdict("fail")), judged(verdict("pass"), "sha256:b", 2), ("policy-changed", "image-changed")),
        (judged(verdict("fail")), judged(None), ("policy-changed",)),
        (judged(None), judged(verdict("fail"), "sha256:b"), ("policy-changed",)),
    ],
)
def test_each_difference_has_its_cause(analyzed: Judged, comparison: Judged, causes: tuple[str, ...]) -> None:
    (found,) = beside(analyzed, comparison)
    assert found.causes == causes


def test_both_sides_have_a_health_score() -> None:
    assert judged(verdict("pass")).health.grade == "A"
    assert judged(verdict("unknown")).health.grade == "F"
