"""Two images beside one another, with all that `compare` says of them."""

import msgspec

from envscout.environments.compare import Comparison
from envscout.policies.beside import Judged, PolicyChange, beside
from envscout.verbs.ask import ImageReport


class Pair(msgspec.Struct, frozen=True):
    """Both answers, and how the first differs from the second. ignore_unchanged: leave out what both have.

    judged: what policies say of each, () where they were not asked. base_tags: other names of the base images.
    """

    analyzed: ImageReport
    comparison: ImageReport
    found: Comparison
    ignore_unchanged: bool = False
    judged: tuple[()] | tuple[Judged, Judged] = ()
    hide_policies: bool = False
    ignore_suppressed: bool = False
    base_tags: tuple[tuple[str, ...], ...] = ((), ())

    @property
    def changes(self) -> tuple[PolicyChange, ...]:
        """Return what each policy says of both."""
        return beside(*self.judged) if self.judged else ()
