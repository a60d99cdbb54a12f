"""Why a package is affected by a vulnerability, or is not, or why nobody can tell. Pure."""

from collections.abc import Iterable
from typing import Literal

import msgspec

from envscout.findings.merge import range_text

Answer = Literal["affected", "not-affected", "unknown"]


class Candidate(msgspec.Struct, frozen=True):
    """An installed package beside one range that speaks of its name.

    owner: package URL of the distribution package that brought it, else "". ecosystem, matched, matched_version: what
    it is matched as. low, high, fixed: as in `model.Range`. has_order: the version can be compared at all; above,
    below: it is not older than the beginning of the range, and older than its end. stands: the advisory still says so.
    """

    purl: str
    type: str
    name: str
    version: str
    owner: str
    ecosystem: str
    matched: str
    matched_version: str
    advisory: str
    feed: str
    low: str
    high: str
    fixed: str
    has_order: bool
    above: bool
    below: bool
    stands: bool = True


class Doubt(msgspec.Struct, frozen=True):
    """An installed package that a record names without a range that could be compared."""

    purl: str
    type: str
    name: str
    version: str
    advisory: str
    feed: str


class Reasoning(msgspec.Struct, frozen=True):
    """What one record means for one package. range: in words, "" where the record names none."""

    purl: str
    name: str
    version: str
    type: str
    advisory: str
    feed: str
    range: str
    answer: Answer
    why: str
    fixed_version: str | None = None


def reason(candidates: Iterable[Candidate], doubts: Iterable[Doubt] = ()) -> tuple[Reasoning, ...]:
    """Return what each record means, what is affected first."""
    found = [*map(_compared, candidates), *map(_doubted, doubts)]
    return tuple(sorted(dict.fromkeys(found), key=_place))


_ORDER = {"affected": 0, "unknown": 1, "not-affected": 2}


def _place(each: Reasoning) -> tuple[int, str, str, str]:
    return _ORDER[each.answer], each.name, each.purl, each.advisory


def _compared(each: Candidate) -> Reasoning:
    answer, why = _judged(each)
    return Reasoning(
        purl=each.purl,
        name=each.name,
        version=each.version,
        type=each.type,
        advisory=each.advisory,
        feed=each.feed,
        range=range_text(each.low, each.high, each.fixed),
        answer=answer,
        why=why,
        fixed_version=each.fixed or None,
    )


def _judged(each: Candidate) -> tuple[Answer, str]:
    matched = f"it is matched as {each.matched} {each.matched_version} in {each.ecosystem}"
    if not each.stands:
        return "not-affected", "the advisory was withdrawn, or says it no more"
    if each.owner:
        owner = each.owner.partition("?")[0]
        return "not-affected", f"{owner} brought it, and the distribution's advisories answer for that package"
    if not each.has_order:
        return "unknown", f"{matched}, and that version has no place in the order of versions: check it by hand"
    if each.above and each.below:
        return "affected", f"{matched}: {_between(each)}"
    if not each.above:
        return "not-affected", f"{matched}, older than {each.low}, where the range begins"
    end = f"not older than {each.fixed}, which fixes it" if each.fixed else f"newer than {each.high}, the last affected"
    return "not-affected", f"{matched}, {end}"


def _between(each: Candidate) -> str:
    low = f"not older than {each.low}" if each.low else "nothing is too old for the range"
    high = "no end is known"
    if each.fixed or each.high:
        high = f"older than {each.fixed}" if each.fixed else f"not newer than {each.high}"
    return f"{low}, and {high}"


def _doubted(each: Doubt) -> Reasoning:
    return Reasoning(
        purl=each.purl,
        name=each.name,
        version=each.version,
        type=each.type,
        advisory=each.advisory,
        feed=each.feed,
        range="",
        answer="unknown",
        why="the record names this package, but no versions that can be compared: read the advisory",
    )
