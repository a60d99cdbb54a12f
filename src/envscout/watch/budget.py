"""How much files may lead to, all of them taken together."""

from envscout.errors import LimitExceeded


class Budget:
    """What may still be read. most: at first. why: what is said of a place where it is more."""

    def __init__(self, most: int, why: str) -> None:
        self._left, self._why = most, why

    def spend(self, count: int, where: str) -> None:
        """Take from what is left. Raise LimitExceeded where it is not enough."""
        self._left -= count
        if self._left < 0:
            raise LimitExceeded(f"{where} {self._why}", "no such file needs that")
