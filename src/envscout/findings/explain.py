"""Why a package is affected by a vulnerability, or is not, or why nobody can tell. Pure."""

from collections.abc import Iterable, Mapping
from typing import Literal

import msgspec

from envscout.findings.merge import range_text
from envscout.findings.severity import vendor
from envscout.versions import RULES

Answer = Literal["affected", "not-affected", "unknown"]


class Candidate(msgspec.Struct, frozen=True):
    """An installed package beside one range that speaks of its name.

    owner: package URL of the distribution package that brought it, else "". ecosystem, matched, matched_version: what
    it is matched as, in the order of a scheme. low, high, fixed: as in `model.Range`. word: the vendor's for it.
    has_order: the version can be compared at all; above, below: it is not older than the beginning of the range, and
    older than its end. stands: the advisory still says so.
    """

    purl: str
    type: str
    name: str
    version: str
    owner: str
    ecosystem: str
    matched: str
    matched_version: str
    scheme: str
    advisory: str
    feed: str
    low: str
    high: str
    fixed: str
    word: str
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
    """What one record means for one package. range: in words, "" where the record names none.

    state: what its publisher makes of it, "" where nothing is to be said.
    """

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
    ecosystem: str = ""
    state: str = ""


class Spoken(msgspec.Struct, frozen=True):
    """An ecosystem that standing records of a vulnerability speak of, the packages that they name in it.

    held: how many packages of the ecosystem the image has. met: one of them has such a name.
    """

    ecosystem: str
    packages: tuple[str, ...]
    held: int
    met: bool


def spoken(
    named: Iterable[tuple[str, str]], held: Mapping[str, int], reasonings: Iterable[Reasoning]
) -> tuple[Spoken, ...]:
    """Return what records speak of, by ecosystem. held: how many packages of each the image has."""
    found: dict[str, list[str]] = {}
    for ecosystem, name in named:
        found.setdefault(ecosystem, []).append(name)
    met = {each.ecosystem for each in reasonings}
    return tuple(Spoken(each, tuple(names), held.get(each, 0), each in met) for each, names in found.items())


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
        ecosystem=each.ecosystem,
        state=_state(each) if each.stands and not each.owner else "",
    )


def _state(each: Candidate) -> str:
    """Say what the publisher of the advisory makes of it."""
    name = vendor(each.advisory)
    word = f"{name} calls it {each.word}" if each.word else ""
    if each.fixed or each.high:
        return word
    return f"{name} names no version that fixes it" + (f", and calls it {each.word}" if each.word else "")


def _judged(each: Candidate) -> tuple[Answer, str]:
    matched = f"it is matched as {each.matched} {each.matched_version} in {each.ecosystem}"
    if not each.stands:
        return "not-affected", "the advisory was withdrawn, or says it no more"
    if each.owner:
        owner = each.owner.partition("?")[0]
        return "not-affected", f"{owner} brought it, and the distribution's advisories answer for that package"
    if not each.has_order:
        return "unknown", f"{matched}, and that version has no place in the order of versions: check it by hand"
    rules = f"{matched}; by the rules of {RULES.get(each.scheme, each.scheme)} {each.matched_version} is"
    if each.above and each.below:
        return "affected", f"{rules} {_between(each)}"
    if not each.above:
        return "not-affected", f"{rules} older than {each.low}, where the range begins"
    end = f"not older than {each.fixed}, which fixes it" if each.fixed else f"newer than {each.high}, {_LAST}"
    return "not-affected", f"{rules} {end}"


_LAST = "the last that is affected"


def _between(each: Candidate) -> str:
    if each.low and each.low == each.high and not each.fixed:
        return "the version that is affected"
    parts = [f"not older than {each.low}, where the range begins"] if each.low else []
    if each.fixed or each.high:
        parts.append(
            f"older than {each.fixed}, which fixes it" if each.fixed else f"not newer than {each.high}, {_LAST}"
        )
    return ", and ".join(parts) or "affected, as every version is"


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
