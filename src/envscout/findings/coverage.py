"""How far an answer can be trusted: "no finding" means nothing where nobody could have known. Pure.

Reason codes:
not-indexed               the image's content was never read
no-package-database       no database of the distribution's packages was found
unread-package-database   there is one, of a kind that is not read
unknown-distribution      no release that we know
unsupported-distribution  no feed serves it
end-of-life               its security support has ended
no-feed                   an ecosystem without advisories in the store
stale-feed                advisories older than they may be
no-source-package         an SBOM that does not say what its distribution packages were built from
unkeyable-version         versions that have no place in their order
unassessable-package      packages that are known only in part: no advisory can be found for them
unassessable-advisory     advisories about installed packages whose versions cannot be compared
no-kev, no-epss           a filter by facts that the store does not have
unknown-vulnerability     a filter by the id of a vulnerability that no advisory speaks of
unspecified-severity      a filter of severities left out what has none yet
no-base-image             a filter by the base image, which is not known
incomplete-inventory      parts of the image that hold packages which they do not name
damaged-layer, damaged-database   parts of the image that could not be read
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime
from typing import Protocol

import msgspec

from envscout.model import AsOf, Coverage, Distribution, Problem, Reason, State
from envscout.names import ecosystem as ecosystems
from envscout.names import releases

_DAY = 86_400_000_000
_DISTRIBUTION_TYPES = frozenset({"deb", "apk", "rpm", "alpm", "ebuild"})
# What these mean is told from the packages and the distribution, or harms no answer.
_TOLD_OTHERWISE = frozenset({
    "no-package-database", "unknown-distribution", "unusable-version", "platform-fallback",
    "no-source-package", "no-layers", "source-tree", "no-attached-sbom",
    "unread-provenance", "unread-vex",
})  # fmt: skip
_LAYER_CODES = frozenset({"damaged-layer", "unresolved-link"})
# What went wrong with single packages, and with what should name packages; told for a few and counted.
_PACKAGE_CODES = frozenset({"unknown-group", "no-purl", "unusable-purl", "damaged-component", "unproven-owner"})
_NAMELESS_CODES = frozenset({
    "unknown-modules", "packed-executable", "incomplete-project", "mixed-distributions", "unread-attestation",
    "sbom-of-index",
})  # fmt: skip
_TOLD = 3
_UPDATE = "run `envscout db update`"


class Count(Protocol):
    """How many packages of one ecosystem and purl type an image holds, and how many of them have no key."""

    @property
    def ecosystem(self) -> str:
        """Return the canonical ecosystem, "" where no feed can know the packages."""

    @property
    def type(self) -> str:
        """Return the purl type."""

    @property
    def packages(self) -> int:
        """Return how many there are."""

    @property
    def unkeyable(self) -> int:
        """Return how many have versions that cannot be compared."""


class _Found(msgspec.Struct, frozen=True):
    """One reason, and whether it makes the whole answer unknown."""

    grave: bool
    code: str
    message: str


def assess(
    indexed: bool,
    distribution: Distribution | None,
    problems: Iterable[Problem],
    counts: Iterable[Count],
    feeds: Mapping[str, int],
    now: int,
    max_age: int = 7,
    unassessed: Iterable[tuple[str, str]] = (),
) -> Coverage:
    """Say how far the findings of one image can be trusted.

    problems: of its inventory. counts: of the packages that are matched. feeds: ecosystem, exact or its base
    (`Debian`) -> the moment its advisories are of. now and moments: microseconds since 1970 UTC; 0: not known.
    max_age: days after which advisories are stale. unassessed: (package, vulnerability) that could not be compared.
    """
    if not indexed:
        text = "The content of this image was never read: record it again where it can be reached, without --no-index."
        return Coverage("unknown", (Reason("not-indexed", text),))
    held = [count for count in counts if count.packages]
    met = tuple(problems)
    found = [
        *_database(met, held),
        *_distribution(distribution, held, now),
        *_feeds(distribution, held, feeds, now, max_age),
        *_versions(held),
        *(_Found(False, "unassessable-advisory", _unassessed(*each)) for each in unassessed),
        *_damage(met),
    ]
    return _coverage(found)


def of_feeds(present: Iterable[str], feeds: Mapping[str, int], now: int, max_age: int = 7) -> Coverage:
    """Say how far an answer about packages of these ecosystems, wherever they are, can be trusted."""
    found: list[_Found] = []
    for name in sorted(present):
        as_of = _as_of(name, feeds)
        if as_of is None:
            found.append(_Found(False, "no-feed", f"The store holds no advisories for {name}: {_UPDATE}."))
        else:
            found += _stale(name, as_of, now, max_age)
    return _coverage(found)


def lacking(kinds: Iterable[str]) -> Coverage:
    """Say that an answer was filtered by facts (kev, epss) that the store does not have."""
    return _coverage(
        [
            _Found(True, f"no-{kind}", f"The store holds no {_FACTS[kind]}, so nothing can be told by it: {_UPDATE}.")
            for kind in kinds
        ]
    )


def unheard(ids: Iterable[str]) -> Coverage:
    """Say that vulnerabilities were asked for that no advisory speaks of."""
    text = "No advisory in the store speaks of {}: {}, or check the id.".format
    return _coverage([_Found(True, "unknown-vulnerability", text(name, _UPDATE)) for name in sorted(ids)])


def left_out(unspecified: int) -> Coverage:
    """Say that vulnerabilities without a severity were left out by a filter of severities."""
    if not unspecified:
        return Coverage()
    many = "1 vulnerability has" if unspecified == 1 else f"{unspecified} vulnerabilities have"
    were, them = ("was", "it") if unspecified == 1 else ("were", "them")
    text = f"{many} no severity yet and {were} left out by the filter: --only-severity unspecified shows {them}."
    return _coverage([_Found(False, "unspecified-severity", text)])


def without_base(references: Iterable[str]) -> Coverage:
    """Say that only what the base image brought was asked for, of images whose base or layers are not known."""
    text = "the image that it was built on is not known, or not which packages it brought: ask without --only-base."
    return _coverage([_Found(True, "no-base-image", f"{reference}: {text}") for reference in references])


_FACTS = {"kev": "catalog of known exploited vulnerabilities", "epss": "EPSS scores"}


def _unassessed(package: str, vulnerability: str) -> str:
    return f"{package} may have {vulnerability}: its advisory names no versions that can be compared. Check by hand."


def _coverage(found: Iterable[_Found]) -> Coverage:
    found = tuple(found)
    reasons = tuple(dict.fromkeys(Reason(one.code, one.message) for one in found))
    state: State = "unknown" if any(one.grave for one in found) else "partial" if found else "complete"
    return Coverage(state, reasons)


def combine(coverages: Iterable[Coverage]) -> Coverage:
    """Return the coverage of an answer about several images: the worst state, all reasons."""
    all_ = tuple(coverages)
    states = {coverage.state for coverage in all_}
    state: State = "unknown" if "unknown" in states else "partial" if "partial" in states else "complete"
    return Coverage(state, tuple(dict.fromkeys(reason for coverage in all_ for reason in coverage.reasons)))


def _database(problems: Iterable[Problem], held: Iterable[Count]) -> Iterator[_Found]:
    unread = [problem for problem in problems if problem.code == "unread-package-database"]
    if any(problem.code == "no-source-package" for problem in problems):
        text = (
            "The document does not say which source packages its distribution packages were built from, and advisories "
            "name those: make it with a tool that does (syft, Trivy, envscout), or pass the image."
        )
        yield _Found(True, "no-source-package", text)
    for problem in unread:
        text = f"{_sentence(problem.message)} Its packages are not part of this answer: pass an SBOM (sbom://FILE)."
        yield _Found(True, problem.code, text)
    is_source_tree = any(problem.code == "source-tree" for problem in problems)
    if not unread and not is_source_tree and not any(count.type in _DISTRIBUTION_TYPES for count in held):
        text = (
            "No package database was found, so the packages of the image's distribution are not known: "
            "pass an SBOM made when the image was built (sbom://FILE)."
        )
        yield _Found(True, "no-package-database", text)


def _sentence(text: str) -> str:
    return text if text.endswith(".") else f"{text}."


def _distribution(distribution: Distribution | None, held: Iterable[Count], now: int) -> Iterator[_Found]:
    if not any(count.type in _DISTRIBUTION_TYPES for count in held):
        if distribution is not None and releases.is_known(distribution):
            yield from _ended(distribution, now)
        return
    if distribution is None:
        text = "No file names the distribution of the image's packages: pass an SBOM that names it (sbom://FILE)."
        yield _Found(True, "unknown-distribution", text)
    elif distribution.id not in releases.LINES:
        text = f"No advisory feed serves {_title(distribution)}: ask its publisher how its packages are fixed."
        yield _Found(True, "unsupported-distribution", text)
    elif not releases.is_known(distribution):
        text = f"{_title(distribution)} is no release that is known here: update envscout if it is a new one."
        yield _Found(True, "unknown-distribution", text)
    else:
        yield from _ended(distribution, now)


def _ended(distribution: Distribution, now: int) -> Iterator[_Found]:
    end = releases.support_end(distribution)
    if end is not None and _date(now) > end:
        text = (
            f"{_title(distribution)} reached its end of life on {end}: newer vulnerabilities are not published for it. "
            "Move to a supported release."
        )
        yield _Found(True, "end-of-life", text)


def _title(distribution: Distribution) -> str:
    label = (releases.release(distribution) or distribution.version).removeprefix("v")
    name = _NAMES.get(distribution.id) or distribution.name or distribution.id
    return f"{name} {label}".strip() if label not in name else name


_NAMES = {
    "almalinux": "AlmaLinux",
    "alpine": "Alpine",
    "azurelinux": "Azure Linux",
    "debian": "Debian",
    "mageia": "Mageia",
    "mariner": "CBL-Mariner",
    "openEuler": "openEuler",
    "opensuse-leap": "openSUSE",
    "opensuse-tumbleweed": "openSUSE",
    "rocky": "Rocky Linux",
    "ubuntu": "Ubuntu",
    "wolfi": "Wolfi",
}


def _date(moment: int) -> date:
    return datetime.fromtimestamp(moment / 1_000_000, UTC).date()


def _feeds(
    distribution: Distribution | None, held: list[Count], feeds: Mapping[str, int], now: int, max_age: int
) -> Iterator[_Found]:
    own = ecosystems.of_distribution(distribution) if distribution is not None else None
    present = {count.ecosystem: count.packages for count in held if count.ecosystem}
    if own is not None and any(count.type in _DISTRIBUTION_TYPES for count in held):
        present.setdefault(own, 0)
    missing = {name for name in present if _as_of(name, feeds) is None}
    for name in sorted(present):
        if name in missing:
            text = f"The store holds no advisories for {name}: {_UPDATE}."
            yield _Found(name == own or missing == set(present), "no-feed", text)
        else:
            yield from _stale(name, _as_of(name, feeds) or 0, now, max_age)
    for type_ in sorted({count.type for count in held if not count.ecosystem} - _DISTRIBUTION_TYPES):
        text = f"No advisory feed is known for packages of type {type_}: check them by hand."
        yield _Found(not present, "no-feed", text)


def _as_of(ecosystem: str, feeds: Mapping[str, int]) -> int | None:
    return feeds.get(ecosystem, feeds.get(ecosystem.partition(":")[0]))


def _stale(ecosystem: str, as_of: int, now: int, max_age: int) -> Iterator[_Found]:
    if as_of <= 0:
        yield _Found(False, "stale-feed", f"How old the advisories for {ecosystem} are is not known: {_UPDATE}.")
    elif now - as_of > max_age * _DAY:
        days = (now - as_of) // _DAY
        text = f"The advisories for {ecosystem} are of {_date(as_of)}, {days} days old: {_UPDATE}."
        yield _Found(False, "stale-feed", text)
    elif isinstance(as_of, AsOf) and 0 < as_of.every < now - as_of:
        text = f"The advisories for {ecosystem} are of {_date(as_of)}, and newer ones that were promised have not come."
        yield _Found(False, "stale-feed", f"{text} Apply the next bundle: `envscout db bundle apply`.")


def _versions(held: Iterable[Count]) -> Iterator[_Found]:
    for count in held:
        if count.unkeyable and count.ecosystem:
            many = "1 package has a version" if count.unkeyable == 1 else f"{count.unkeyable} packages have versions"
            text = f"{many} of type {count.type} that cannot be compared with advisories: check by hand what they are."
            yield _Found(False, "unkeyable-version", text)


def _damage(problems: Iterable[Problem]) -> Iterator[_Found]:
    problems = tuple(problems)
    yield from _listed(
        [problem for problem in problems if problem.code in _PACKAGE_CODES], "unassessable-package", "check it by hand"
    )
    yield from _listed(
        [problem for problem in problems if problem.code in _NAMELESS_CODES],
        "incomplete-inventory",
        "pass an SBOM made when it was built (sbom://FILE)",
    )
    for problem in problems:
        if (
            problem.code == "unread-package-database"
            or problem.code in _TOLD_OTHERWISE | _PACKAGE_CODES | _NAMELESS_CODES
        ):
            continue
        code = "damaged-layer" if problem.code in _LAYER_CODES else "damaged-database"
        where = f" ({problem.where})" if problem.where and problem.where not in problem.message else ""
        text = f"A part of the image could not be read: {problem.message.rstrip('.')}{where}. Pull or build it again."
        yield _Found(False, code, text)


def _listed(problems: list[Problem], code: str, next_step: str) -> Iterator[_Found]:
    for problem in problems[:_TOLD]:
        yield _Found(False, code, f"{problem.message.rstrip('.').removeprefix('unknown: ')}: {next_step}.")
    if len(problems) > _TOLD:
        more = len(problems) - _TOLD
        yield _Found(False, code, f"{more} more of this kind: `envscout sbom --format list` names them.")
