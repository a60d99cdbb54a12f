"""Who needs whom, in lock files that tell development apart at the roots alone."""

from collections.abc import Callable, Hashable, Iterable
from typing import TypeVar

Node = TypeVar("Node", bound=Hashable)


def reached(roots: Iterable[Node], needs: Callable[[Node], Iterable[Node]]) -> set[Node]:
    """Return the roots and everything they lead to."""
    seen = set(roots)
    waiting = list(seen)
    while waiting:
        for each in needs(waiting.pop()):
            if each not in seen:
                seen.add(each)
                waiting.append(each)
    return seen
