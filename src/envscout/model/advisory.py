"""What is known to be vulnerable: advisories and the version ranges they name."""

import msgspec

from envscout.model.problem import Problem


class Range(msgspec.Struct, frozen=True, gc=False):
    """A half-open interval of versions of one package, `low <= version < high`.

    low, high: the words of the advisory ("" as low: from the beginning; "" as high: no end known).
    lo, hi: their byte keys (see envscout.versions). fixed: the version that fixes it, "" if none is known or the
    upper bound is the last affected version.
    """

    ecosystem: str
    name: str
    lo: bytes
    hi: bytes
    low: str = ""
    high: str = ""
    fixed: str = ""
    severity: str = ""


class Advisory(msgspec.Struct, frozen=True, gc=False):
    """One record of a feed.

    aliases: other ids of the same vulnerability. upstream: vulnerabilities this record covers (a distribution's
    advisory may cover many). published, modified: microseconds since 1970 UTC, 0 if the record does not say.
    severity: the vendor's word, lower case, "" if none. vectors: CVSS vectors, best version first.
    score: a CVSS base score that the record states without a vector. unassessed: (canonical ecosystem, normalised name)
    of packages that the record calls affected, but whose versions it names in words that have no order, or not at all:
    whether an installed one is affected stays unknown.
    """

    id: str
    aliases: tuple[str, ...] = ()
    upstream: tuple[str, ...] = ()
    published: int = 0
    modified: int = 0
    withdrawn: bool = False
    summary: str = ""
    details: str = ""
    severity: str = ""
    vectors: tuple[str, ...] = ()
    score: float | None = None
    cwes: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    ranges: tuple[Range, ...] = ()
    problems: tuple[Problem, ...] = ()
    unassessed: tuple[tuple[str, str], ...] = ()
