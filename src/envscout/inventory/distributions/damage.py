"""What of a binary database could not be read: gathered while the rest of it is read."""

from envscout.inventory.record import damaged
from envscout.model import Problem

MAX_PROBLEMS = 50
"""Damages of one file that are told one by one."""


class DamagedError(ValueError):
    """A part of a database, of whatever size, that cannot be read; its text says why."""


class Damage:
    """The damages of one file, in the order they were met, and the number of those left out."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._messages: dict[str, None] = {}
        self._left_out = 0

    def add(self, message: object) -> None:
        """Note one damage; a second one of the same words counts for nothing."""
        words = str(message)
        if words in self._messages:
            return
        if len(self._messages) < MAX_PROBLEMS:
            self._messages[words] = None
        else:
            self._left_out += 1

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Return what was met as problems of that file."""
        messages = list(self._messages)
        if self._left_out:
            messages.append(f"{self._left_out} more parts of it could not be read")
        return tuple(damaged(self._path, message) for message in messages)
