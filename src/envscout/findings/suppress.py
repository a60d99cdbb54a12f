"""Which finding does not count, and who says so: exceptions and VEX statements beside findings. Pure.

Of all statements that speak of a finding, the newest counts; only `not_affected`, `fixed`, and exceptions of ours that
stand, suppress. An accepted risk is no claim that a product is not affected, so that nobody's `affected` undoes it.
docs/adr/0013-whose-statements-count.md has the reasons.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import product as combined

import msgspec

from envscout.findings.products import Subject, image_mismatch, package_mismatch, variant_mismatch
from envscout.model import Finding, Lapse, Product, Statement, Suppression
from envscout.model.statement import ACCEPTED, SUPPRESSING
from envscout.names import moment as moments
from envscout.names.vulnerability import is_cve

_Key = tuple[str, str, str, str, str]


class Entry(msgspec.Struct, frozen=True):
    """A statement about one of its products. rank: later ones win among statements of one moment."""

    statement: Statement
    product: Product
    rank: int


Shelf = Mapping[str, Sequence[Entry]]
"""By the name of the vulnerability, in capitals."""


class Ruling(msgspec.Struct, frozen=True):
    """What becomes of a finding. suppression: None where it counts. lapses: exceptions that no longer speak of it."""

    suppression: Suppression | None = None
    lapses: tuple[Lapse, ...] = ()


class Opinion(msgspec.Struct, frozen=True):
    """A statement about a vulnerability beside one finding. decides: it is the one that counts. why: it does not."""

    statement: Statement
    decides: bool
    why: str = ""


class Book:
    """Statements, found by vulnerability within those that an image could be meant by."""

    def __init__(
        self, statements: Iterable[Statement], names: Mapping[str, Iterable[str]] | None = None, first: int = 0
    ) -> None:
        """Sort statements into the book. names: other names of vulnerabilities, by the one used. first: lowest rank."""
        self._shelves: dict[_Key, dict[str, list[Entry]]] = {}
        for rank, statement in enumerate(statements, first):
            called = {each.upper() for name in statement.names for each in (name, *(names or {}).get(name, ()))}
            for product in statement.products or (Product(),):
                shelf = self._shelves.setdefault(_key(product), {})
                entry = Entry(statement, product, rank)
                for name in called:
                    shelf.setdefault(name, []).append(entry)

    def __bool__(self) -> bool:
        """Tell whether anything is said at all."""
        return bool(self._shelves)

    @property
    def names(self) -> set[str]:
        """Return the vulnerabilities that anything is said of, in capitals."""
        return {name for shelf in self._shelves.values() for name in shelf}

    def about(self, image: Subject) -> "list[Shelf]":
        """Return the statements that could speak of an image, by vulnerability."""
        if not self._shelves:
            return []
        sides = (
            ("", image.organization),
            ("", image.environment),
            ("", *image.services),
            ("", *image.repositories),
            ("", *image.digests),
        )
        keys = dict.fromkeys(combined(*sides))
        return [self._shelves[key] for key in keys if key in self._shelves]

    def everything(self, names: Iterable[str]) -> Iterator[Entry]:
        """Yield every statement about a vulnerability of these names, whatever its product."""
        wanted = {name.upper() for name in names}
        for shelf in self._shelves.values():
            for name in wanted & shelf.keys():
                yield from shelf[name]


def _key(product: Product) -> _Key:
    return product.organization, product.environment, product.service, product.repository, product.digest


class Page:
    """The statements that could speak of one image."""

    def __init__(self, shelves: Sequence[Shelf], image: Subject) -> None:
        self._shelves = shelves
        self._image = image

    def __bool__(self) -> bool:
        """Tell whether there is any."""
        return bool(self._shelves)

    def split(
        self, findings: Iterable[Finding], moment: int
    ) -> tuple[tuple[Finding, ...], tuple[Finding, ...], tuple[Lapse, ...]]:
        """Return the findings that count, those that do not, and the exceptions that have ended. moment: of today."""
        if not self._shelves:
            return tuple(findings), (), ()
        counted: list[Finding] = []
        suppressed: list[Finding] = []
        lapses: dict[Lapse, None] = {}
        for finding in findings:
            ruling = self.ruling(finding, moment)
            if ruling.suppression:
                suppressed.append(msgspec.structs.replace(finding, suppression=ruling.suppression))
            else:
                counted.append(finding)
                lapses |= dict.fromkeys(ruling.lapses)
        return tuple(counted), tuple(suppressed), tuple(lapses)

    def ruling(self, finding: Finding, moment: int) -> Ruling:
        """Return what becomes of a finding at a moment (microseconds)."""
        # The shelves hold only what is about this image by name and place.
        entries = [
            entry
            for entry in self._of(finding)
            if not (
                _is_to_come(entry, moment)
                or variant_mismatch(entry.product, self._image)
                or package_mismatch(entry.product, finding.package)
            )
        ]
        if not entries:
            return Ruling()
        ended = {id(entry): lapse for entry in entries if (lapse := lapsed(entry.statement, finding, moment))}
        decisive = decision(entry for entry in entries if id(entry) not in ended)
        if decisive and decisive.statement.kind in SUPPRESSING:
            return Ruling(suppression(decisive.statement))
        return Ruling(None, tuple(dict.fromkeys(ended.values())))

    def _of(self, finding: Finding) -> Iterable[Entry]:
        names = {name.upper() for name in (finding.vulnerability, *finding.aliases)}
        for shelf in self._shelves:
            for name in names:
                if name in shelf:
                    yield from (entry for entry in shelf[name] if _is_about(entry.statement, finding))


def _is_about(statement: Statement, finding: Finding) -> bool:
    """Tell whether a statement that shares a name with a finding means its vulnerability.

    An advisory may cover several CVEs: who names one of them, and that advisory as another name, means that one.
    """
    meant = [name for name in map(str.upper, statement.names) if is_cve(name)]
    return not meant or not is_cve(finding.vulnerability) or finding.vulnerability in meant


def decision(entries: Iterable[Entry]) -> Entry | None:
    """Return the entry that counts among those that speak of one finding: the newest, but for accepted risks.

    Where claims of the same moment contradict one another, the one that does not suppress counts.
    """
    ordered = sorted(entries, key=_precedence, reverse=True)
    claims = [entry for entry in ordered if entry.statement.kind != ACCEPTED]
    if claims and claims[0].statement.kind in SUPPRESSING:
        return claims[0]
    return next((entry for entry in ordered if entry.statement.kind == ACCEPTED), claims[0] if claims else None)


def _precedence(entry: Entry) -> tuple[int, bool, int]:
    return entry.statement.at, entry.statement.kind not in SUPPRESSING, entry.rank


def lapsed(statement: Statement, finding: Finding, moment: int) -> Lapse | None:
    """Return how an exception has ended for a finding, None if it stands."""
    ends = (
        (statement.until is not None and statement.until <= moment, "expired", ""),
        (statement.on_fix and finding.fixed_version is not None, "fix-known", finding.fixed_version or ""),
        (
            statement.on_kev and _is_exploited(finding, moment),
            "known-exploited",
            finding.kev.added if finding.kev else "",
        ),
    )
    for is_over, cause, detail in ends:
        if is_over:
            until = statement.until if cause == "expired" else None
            return Lapse(statement.where, finding.vulnerability, statement.who, cause, until, detail)
    return None


def _is_exploited(finding: Finding, moment: int) -> bool:
    """Tell whether a vulnerability was known to be exploited at a moment: what the catalog took up later was not."""
    return finding.kev is not None and finding.kev.added <= moments.show(moment)[:10]


def suppression(statement: Statement) -> Suppression:
    """Return a statement as what it says of a finding."""
    return Suppression(
        source=statement.source,
        kind=statement.kind,
        who=statement.who,
        why=statement.why,
        justification=statement.justification,
        since=statement.at or None,
        until=statement.until,
        where=statement.where,
    )


def _is_to_come(entry: Entry, moment: int) -> bool:
    # The store gives only exceptions that had been made.
    return entry.statement.at > moment and entry.statement.source == "vex"


def _mismatch(entry: Entry, image: Subject, finding: Finding, moment: int) -> str:
    """Return why a statement about a vulnerability does not speak of this finding, "" if it does."""
    if _is_to_come(entry, moment):
        return "a later moment"
    return image_mismatch(entry.product, image) or package_mismatch(entry.product, finding.package)


def opinions(entries: Iterable[Entry], image: Subject, finding: Finding, moment: int) -> tuple[Opinion, ...]:
    """Return every statement about a finding's vulnerability with why it counts or not, the one that counts first.

    A statement about several products is told once, by the product that comes nearest.
    """
    best: dict[int, tuple[Entry, str]] = {}
    for entry in entries:
        if not _is_about(entry.statement, finding):
            continue
        why = _why_not(entry, image, finding, moment)
        held = best.get(entry.rank)
        if held is None or (held[1] and not why):
            best[entry.rank] = (entry, why)
    decisive = decision(entry for entry, why in best.values() if not why)
    told = [
        Opinion(entry.statement, entry is decisive, why or ("" if entry is decisive else "a newer statement counts"))
        for entry, why in best.values()
    ]
    return tuple(sorted(told, key=lambda each: (not each.decides, -each.statement.at, each.statement.where)))


def _why_not(entry: Entry, image: Subject, finding: Finding, moment: int) -> str:
    other = _mismatch(entry, image, finding, moment)
    if other:
        return f"it speaks of {other}"
    lapse = lapsed(entry.statement, finding, moment)
    return _ENDED[lapse.cause].format(lapse.detail) if lapse else ""


_ENDED = {
    "expired": "it has expired",
    "fix-known": "it ended when a fix was known: {}",
    "known-exploited": "it ended when the vulnerability was known to be exploited: {}",
}
