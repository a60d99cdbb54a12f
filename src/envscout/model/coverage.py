"""How far an answer can be trusted."""

from typing import Literal

import msgspec

# A gate does not fail for these alone: what is known was compared, but for single packages that are named.
_NOT_BLIND = frozenset(
    {
        "end-of-life",
        "stale-feed",
        "unkeyable-version",
        "unassessable-advisory",
        "unassessable-package",
        "unspecified-severity",
    }
)


class AsOf(int):
    """The moment that advisories are of. every: microseconds after which their source promised newer ones, 0: none."""

    every: int

    def __new__(cls, moment: int, every: int = 0) -> "AsOf":
        """Return the moment with its promise."""
        made = super().__new__(cls, moment)
        made.every = every
        return made

    def lasts(self, longest: int) -> int:
        """Return the microseconds for which they are good: what is allowed, or less where less was promised."""
        return min(longest, self.every or longest)


State = Literal["complete", "partial", "unknown"]


class Reason(msgspec.Struct, frozen=True, order=True):
    """Why an answer is not complete. message: a sentence with the next step."""

    code: str
    message: str


class Coverage(msgspec.Struct, frozen=True):
    """state: complete (the answer can be trusted), partial, or unknown (it must not be read as "clean")."""

    state: State = "complete"
    reasons: tuple[Reason, ...] = ()

    @property
    def blind(self) -> bool:
        """Return whether even what is known could have been missed; an end of life only hides what nobody publishes."""
        return any(reason.code not in _NOT_BLIND for reason in self.reasons)
