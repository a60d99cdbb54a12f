"""What policies say of one image beside what they say of another, and why that differs. Pure.

Causes of a difference:
policy-changed      the policy is another one: with other parameters, or in force on one side alone
image-changed       another image is judged
knowledge-changed   the same image, and something else was known or said of it
"""

from collections.abc import Iterable, Sequence

import msgspec

from envscout.model import Verdict
from envscout.policies.policy import Health, Policy, health

_RANK = {"pass": 0, "unknown": 1, "fail": 2}


class Judged(msgspec.Struct, frozen=True):
    """Everything that is said of one image. digest: its own."""

    digest: str
    policies: tuple[Policy, ...]
    verdicts: tuple[Verdict, ...]

    @property
    def health(self) -> Health:
        """Return the health score."""
        return health(self.verdicts)


class PolicyChange(msgspec.Struct, frozen=True):
    """What one policy says of both; None where it is not in force. causes: () where both answers are the same."""

    policy: str
    analyzed: Verdict | None
    comparison: Verdict | None
    causes: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """Return what the policy is called."""
        said = self.analyzed or self.comparison
        return said.title if said else self.policy

    @property
    def worse(self) -> bool:
        """Return whether a gate must not open: the comparison was better, or it may have been and nobody knows."""
        if self.analyzed is None or not self.analyzed.blocks:
            return False
        before = self.comparison.state if self.comparison else "pass"
        # What is not known on either side may be met there and not here.
        return _RANK[self.analyzed.state] > _RANK[before] or self.analyzed.state == before == "unknown"


def beside(analyzed: Judged, comparison: Judged) -> tuple[PolicyChange, ...]:
    """Lay the verdicts of two images beside one another, in the order of the first."""
    ours, theirs = _by_id(analyzed.verdicts), _by_id(comparison.verdicts)
    before = {each.id: each for each in comparison.policies}
    changed = {each.id for each in analyzed.policies if before.get(each.id) != each} | (before.keys() - ours.keys())
    elsewhere = "image-changed" if analyzed.digest != comparison.digest else "knowledge-changed"
    return tuple(
        PolicyChange(name, ours.get(name), theirs.get(name), _causes(name, ours, theirs, changed, elsewhere))
        for name in dict.fromkeys((*ours, *theirs))
    )


def _by_id(verdicts: Iterable[Verdict]) -> dict[str, Verdict]:
    return {each.policy: each for each in verdicts}


def _causes(
    name: str, ours: dict[str, Verdict], theirs: dict[str, Verdict], changed: set[str], elsewhere: str
) -> tuple[str, ...]:
    one, other = ours.get(name), theirs.get(name)
    if one is None or other is None:
        return ("policy-changed",)
    if (one.state, one.result) == (other.state, other.result):
        return ()
    # Another image may differ by itself as well; of the same image the policy alone tells.
    if name not in changed:
        return (elsewhere,)
    return ("policy-changed", elsewhere) if elsewhere == "image-changed" else ("policy-changed",)


def met(verdicts: Sequence[Verdict]) -> int:
    """Return how many policies are met."""
    return sum(each.state == "pass" for each in verdicts)
