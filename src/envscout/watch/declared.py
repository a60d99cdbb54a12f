"""What a source says runs in an environment, however the source writes it down."""

import msgspec

from envscout.errors import EnvscoutError
from envscout.model import Problem
from envscout.names.reference import Reference, parse
from envscout.watch.filled import Filled, written

_IDLE = frozenset({"scaled-to-zero", "suspended"})
"""Notes on what is meant not to run: a source of those alone was read. What else is left out may run all the same."""


class Declared(msgspec.Struct, frozen=True):
    """One image that a source names. service: what the source calls it. reference: with variables filled in, `Filled`.

    where: the place that says so, `FILE:LINE` or the name of a container. image: what to look into, where that is
    another name than the reference; "" for the reference itself.
    """

    service: str
    reference: str
    where: str
    image: str = ""


class Declaration(msgspec.Struct, frozen=True):
    """What one source says. problems: references that could not be made out, so that more may run than is declared.

    notes: what was left out on purpose, or filled in; nothing is missing for that.
    """

    declared: tuple[Declared, ...] = ()
    problems: tuple[Problem, ...] = ()
    notes: tuple[Problem, ...] = ()

    @property
    def says_something(self) -> bool:
        """Tell whether anything is named that runs, or that is meant not to."""
        return bool(self.declared or self.problems or any(each.code in _IDLE for each in self.notes))


class Named(msgspec.Struct, frozen=True):
    """What is declared, read as a reference. why: the reason that it is none, "" where it is."""

    declared: Declared
    reference: Reference | None
    why: str = ""


def references(told: Declaration) -> list[Named]:
    """Return what is declared, each image once."""
    found: dict[tuple[str, str], Named] = {}
    for each in told.declared:
        named = _named(each)
        key = named.reference.canonical if named.reference else f"{each.where} {each.reference}"
        found.setdefault((key, each.image), named)
    return list(found.values())


def _named(declared: Declared) -> Named:
    try:
        reference = parse(declared.reference)
    except EnvscoutError as error:
        return Named(declared, None, _no_reference(declared.reference, error))
    if not reference.service:
        return Named(declared, None, f"{written(declared.reference)} names no repository")
    return Named(declared, reference)


def _no_reference(text: str, error: EnvscoutError) -> str:
    """Return why a text is no reference, and what to do, with nothing of what its variables hold."""
    if isinstance(text, Filled):
        return f"{text.written[:200]!r} is no image reference with its variables filled in. Check what they hold."
    return f"{error.cause} {error.next_step}"
