"""The documents of Compose files, each file read once, within bounds on what files may lead to."""

from collections.abc import Collection, Mapping
from typing import Any

from envscout.errors import LimitExceeded, SourceError
from envscout.watch.documents import Items, Text, Tree, documents, room
from envscout.watch.filled import written
from envscout.watch.interpolation import InvalidVariable, unset
from envscout.watch.reading import read, read_named

MAX_FILES = 100
MAX_VISITS = 200
MAX_VISITED = 64 << 20
"""Files, and their bytes, each counted as often as it is taken: they may include one another many times over."""


class Sources:
    """Reads files. given: those that a person named. unset: variables without a value, and where each stands first."""

    def __init__(self, given: Collection[str]) -> None:
        self.unset: dict[str, str] = {}
        self._given = given
        self._room = room()
        self._trees: dict[str, list[Tree]] = {}
        self._sizes: dict[str, int] = {}
        self._visits = self._visited = 0

    def trees(self, file: str) -> list[Tree]:
        """Return the documents of a file: each changes those before it.

        Raise NotFound, SourceError, LimitExceeded.
        """
        if file not in self._trees:
            if len(self._trees) >= MAX_FILES:
                raise LimitExceeded(f"more than {MAX_FILES} Compose files lead to one another", "give fewer")
            data = read(file) if file in self._given else read_named(file)
            found = documents(data, shown(file), self._room)
            if not all(isinstance(each, Tree) for each in found):
                raise SourceError(f"{shown(file)} is no Compose file: it is no mapping", "give a Compose file")
            self._trees[file], self._sizes[file] = found, len(data)
        return self._trees[file]

    def visit(self, file: str, values: Mapping[str, str]) -> list[Tree]:
        """Return the documents of a file that is taken into a project. Raise as `trees` does."""
        found = self.trees(file)
        self._visits += 1
        self._visited += self._sizes[file]
        if self._visits > MAX_VISITS or self._visited > MAX_VISITED:
            raise LimitExceeded(
                f"Compose files lead to more than {MAX_VISITS} others, or to too large ones", "give fewer"
            )
        for each in found:
            self._note_unset(each, shown(file), values)
        return found

    def _note_unset(self, tree: Tree, file: str, values: Mapping[str, str]) -> None:
        """Keep in mind the variables that have no value, wherever they stand: what they are in may run otherwise."""
        seen: set[int] = set()
        pending: list[Any] = [tree]
        while pending:
            each = pending.pop()
            if id(each) in seen:
                continue
            seen.add(id(each))
            if isinstance(each, Text) and "$" in each:
                try:
                    for name in unset(each, values):
                        self.unset.setdefault(name, f"{file}:{each.line}")
                except InvalidVariable:
                    # Where it decides what runs, that is told there.
                    continue
            elif isinstance(each, Items | Tree):
                pending += reversed(list(each.values()) if isinstance(each, Tree) else each)


def shown(file: str) -> str:
    """Return what a file is called in messages."""
    return "standard input" if file == "-" else written(file)
