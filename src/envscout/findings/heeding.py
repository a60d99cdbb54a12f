"""Whose statements about vulnerabilities are heeded, and where those that are find what they speak of. Pure."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Protocol

import msgspec

from envscout.findings.products import Subject
from envscout.findings.suppress import Book, Entry, Page
from envscout.model import Finding, Problem, Statement
from envscout.model.statement import NOT_AFFECTED
from envscout.names.expression import Expression, expressions
from envscout.names.vulnerability import is_cve

PLACES = ("image", "attached")
"""Where VEX may come from beside files that the user names."""

MAX_AUTHOR = 200
"""Characters of an author that are compared with an expression."""


class Reading(Protocol):
    """What a document says."""

    @property
    def statements(self) -> tuple[Statement, ...]:
        """Return what could be used."""

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Return what could not."""


class Heed(msgspec.Struct, frozen=True):
    """What of what is said counts, and what of what does not count is shown.

    organization: of images that run nowhere, "" if it is not known. statements, problems: of files that the user named.
    authors: expressions of which one must be found in a VEX statement's author; () for all. places: those of PLACES
    that are heeded. hide: show nothing that is suppressed; hide_vex: nothing that VEX says is not affected.
    """

    organization: str = ""
    statements: tuple[Statement, ...] = ()
    problems: tuple[Problem, ...] = ()
    authors: tuple[Expression, ...] = ()
    places: frozenset[str] = frozenset(PLACES)
    hide: bool = False
    hide_vex: bool = False

    def shown(self, suppressed: tuple[Finding, ...]) -> tuple[Finding, ...]:
        """Return what of suppressed findings is to be shown."""
        if self.hide:
            return ()
        return tuple(each for each in suppressed if not (self.hide_vex and _is_unaffected(each)))

    def takes(self, statement: Statement) -> bool:
        """Tell whether a statement is heeded: exceptions are ours, VEX is everybody's."""
        if statement.source != "vex":
            return True
        if statement.place in PLACES and statement.place not in self.places:
            return False
        return not self.authors or any(each.search(statement.who[:MAX_AUTHOR]) for each in self.authors)


def heeded(authors: str, places: str) -> Heed:
    """Return whose statements a store heeds by itself, from the settings `vex_authors` and `vex_sources`."""
    listed = [[each.strip() for each in text.split(",") if each.strip()] for text in (authors, places)]
    return Heed(authors=expressions(listed[0], "author"), places=frozenset(PLACES) & set(listed[1]))


class Desk:
    """Everything that is said of some images."""

    def __init__(
        self,
        heed: Heed,
        exceptions: Iterable[Statement],
        kept: Mapping[int, Sequence[Reading]],
        resolve: Callable[[str], Iterable[str]],
        present: int,
    ) -> None:
        """Sort what is heeded. kept: by image number. resolve: the vulnerabilities that a name stands for.

        present: this moment, after which nobody can have said anything.
        """
        self._present = present
        self._heed = heed
        self._resolve = resolve
        self._names: dict[str, tuple[str, ...]] = {}
        self._refused: Counter[str] = Counter()
        self._unsaid: Counter[str] = Counter()
        self._problems = dict.fromkeys(heed.problems)
        # Images that share a base share what it says: each set of readings is sorted once.
        alike: dict[tuple[int, ...], list[int]] = {}
        for number, readings in kept.items():
            alike.setdefault(tuple(map(id, readings)), []).append(number)
        said = {
            tuple(numbers): self._heeded(each for reading in kept[numbers[0]] for each in reading.statements)
            for numbers in alike.values()
        }
        books = {numbers: self._book(statements) for numbers, statements in said.items() if statements}
        self._own = {number: book for numbers, book in books.items() for number in numbers}
        for readings in kept.values():
            self._problems |= dict.fromkeys(problem for reading in readings for problem in reading.problems)
        # Of two statements of the same moment the nearer to the user counts: first images, then files, then exceptions.
        first = max((len(statements) for statements in said.values()), default=0)
        self._shared = self._book(self._heeded([*heed.statements, *exceptions]), first)

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Return what could not be used of documents, and whose statements were not heeded."""
        refused = [
            Problem("vex-not-heeded", f"{_many(count)} by {author or 'nobody'} not heeded: {_WHY}")
            for author, count in sorted(self._refused.items())
        ]
        unsaid = [
            Problem("vex-of-the-future", f"{_many(count)} dated in the future, and not heeded: {where}")
            for where, count in sorted(self._unsaid.items())
        ]
        return (*self._problems, *refused, *unsaid)

    def __bool__(self) -> bool:
        """Tell whether anything is said at all."""
        return bool(self._shared) or bool(self._own)

    @property
    def names(self) -> set[str]:
        """Return the vulnerabilities that anything is said of, in capitals."""
        return self._shared.names.union(*(book.names for book in self._own.values()))

    def page(self, number: int, image: Subject) -> Page:
        """Return what could be said of an image."""
        own = self._own.get(number)
        return Page([*self._shared.about(image), *(own.about(image) if own else ())], image)

    def entries(self, number: int, names: Iterable[str]) -> list[Entry]:
        """Return everything that is said of a vulnerability, by those who are heeded, whatever product they mean."""
        own = self._own.get(number)
        names = tuple(names)
        return [*self._shared.everything(names), *(own.everything(names) if own else ())]

    def _heeded(self, statements: Iterable[Statement]) -> list[Statement]:
        taken = []
        for each in statements:
            if not self._heed.takes(each):
                self._refused[each.who] += 1
            elif each.source == "vex" and each.at > self._present:
                self._unsaid[each.where] += 1
            else:
                taken.append(each)
        return taken

    def _book(self, statements: Sequence[Statement], first: int = 0) -> Book:
        # What names a CVE is found by it: a finding is shown under its CVE wherever it has one.
        nameless = (each.names for each in statements if not any(map(is_cve, each.names)))
        for name in {name for names in nameless for name in names} - self._names.keys():
            self._names[name] = tuple(self._resolve(name))
        return Book(statements, self._names, first)


_WHY = "see --vex-author and the settings vex_authors and vex_sources"


def _is_unaffected(finding: Finding) -> bool:
    return finding.suppression is not None and finding.suppression.kind == NOT_AFFECTED


def _many(count: int) -> str:
    return "1 VEX statement is" if count == 1 else f"{count} VEX statements are"
