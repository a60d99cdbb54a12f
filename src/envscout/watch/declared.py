"""What a source says runs in an environment, however the source writes it down."""

import msgspec

from envscout.model import Problem


class Declared(msgspec.Struct, frozen=True):
    """One image that a source names. service: what the source calls it. reference: with variables filled in.

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
