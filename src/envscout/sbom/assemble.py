"""A draft becomes an inventory: identities from package URLs, one distribution, and what the document fails to say."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator

import msgspec

from envscout.errors import InvalidReference
from envscout.model import Distribution, Inventory, Package, Problem
from envscout.names import bounds, purl, upstream
from envscout.names.purl import DISTRIBUTED, Purl
from envscout.sbom.draft import Component, Draft, SubjectInfo

NOT_PACKAGES = frozenset({"oci", "docker"})
"""Purl types that name the image itself."""

OLD_TYPES = {"alpine": ("apk", "alpine"), "arch": ("alpm", "arch")}
"""Types that syft wrote before the specification had them, with the namespace they imply."""

SAYS_SOURCE = ("syft", "trivy", "envscout")
"""Tools that name the source package wherever it differs; from them silence means that it is the same."""

DISTRIBUTION_IDS = {
    "alma": "almalinux",
    "amazon": "amzn",
    "cbl-mariner": "mariner",
    "oracle": "ol",
    "redhat": "rhel",
    "suse linux enterprise server": "sles",
}
"""How Trivy and others call a distribution, as os-release(5) has it."""

MAJOR_ONLY = frozenset({"debian", "centos"})
"""Distributions whose os-release names no minor version."""

MAX_DISTRO = 128
"""Characters of a `distro` qualifier that are taken apart."""
MAX_NAMED = 5
MAX_PROBLEMS = 1000
MAX_ARCHITECTURE = 64

_ADDED = 100
"""Characters that a type's newer name may add to a package URL."""

_DISTRO = re.compile(r"(?:(?P<id>.+?)-)?(?P<version>\d[\w.]*)(?:\s*\(.*\))?")


def assemble(draft: Draft) -> Inventory:
    """Return the inventory of a document, with a Problem for everything it does not tell."""
    problems = list(draft.problems)
    identified = _identified(draft.components, problems)
    packages = merged(owned([package(component, url, problems) for component, url in identified], problems))
    distributed = [(component, url) for component, url in identified if url.type in DISTRIBUTED]
    found = draft.distribution or _distribution([url for _, url in distributed], problems)
    problems += _unlisted(draft.unidentified)
    if not draft.looked:
        problems += _lacking(draft.subject, distributed, found)
    return Inventory(tuple(packages), found, _bounded(problems), draft.looked or draft.subject.tools)


def distribution(name: str, version: str, codename: str = "", title: str = "") -> Distribution:
    """Return a distribution as os-release(5) would name it: Trivy's `redhat` is `rhel`, `2 (Karoo)` is `2`."""
    name = DISTRIBUTION_IDS.get(name.lower(), name)
    number = version.partition(" ")[0]
    return Distribution(name, number.partition(".")[0] if name in MAJOR_ONLY else number, codename, title)


def _identified(components: Iterable[Component], problems: list[Problem]) -> list[tuple[Component, Purl]]:
    """Return each package with its parsed URL; one whose URL cannot be read becomes a problem."""
    found = []
    for component in components:
        try:
            url = _parsed(component.purl)
        except InvalidReference as error:
            message = f"{bounds.shown(component.name) or 'a package'} is not listed: {error.cause}"
            problems.append(Problem("unusable-purl", message, bounds.shown(component.purl)))
            continue
        if url.type not in NOT_PACKAGES:
            found.append((component, url))
    return found


def _parsed(text: str) -> Purl:
    """Return a package URL, its type by its newer name.

    Raises InvalidReference also if its name is unusable, or if it would be too long when written.
    """
    url = purl.parse(text)
    if url.type in OLD_TYPES:
        kind, namespace = OLD_TYPES[url.type]
        url = msgspec.structs.replace(url, type=kind, namespace=url.namespace or namespace)
    if not bounds.is_name(url.full_name):
        raise InvalidReference(f"the name {bounds.shown(url.full_name)!r} is unusable")
    # Written, a character takes twelve at most: four bytes of `%` and two digits each.
    if 12 * len(text) > purl.MAX_LENGTH - _ADDED:
        str(url)
    return url


def package(component: Component, url: Purl, problems: list[Problem]) -> Package:
    """Return one package; names and versions come from the URL, which every producer fills alike."""
    name = _name(url, component)
    version = _version(component, url, name, problems)
    source, number = component.source
    if not source:
        source, number = upstream.read(url.type, name, version, url.qualifier("upstream"))
    elif not number:
        number = upstream.source_version(url.type, version)
    return Package(
        type=url.type,
        name=name,
        version=version,
        purl=str(url),
        source_name=source if bounds.is_name(source) else name,
        source_version=number if bounds.is_version(number) else "",
        architecture=bounds.escaped((component.architecture or url.qualifier("arch"))[:MAX_ARCHITECTURE]),
        licenses=component.licenses,
        locations=component.locations,
        layer=bounds.layer(component.layer),
        owner=component.owner,
    )


def _name(url: Purl, component: Component) -> str:
    """Return the name as its ecosystem spells it; the document's spelling where only upper and lower case differ."""
    if component.exact[0] and bounds.is_name(component.exact[0]):
        return component.exact[0]
    name, said = url.full_name, component.name
    return said if said != name and said.lower() == name.lower() else name


def _version(component: Component, url: Purl, name: str, problems: list[Problem]) -> str:
    """Return the version with its epoch, which some producers keep apart; "" and a problem if it is unusable."""
    version = component.exact[1] or _with_epoch(url, url.version or component.version)
    if bounds.is_version(version):
        return version
    said = f"the unusable version {bounds.shown(version)!r} ({len(version)} characters)" if version else "no version"
    message = f"{url.type} package {bounds.shown(name)} has {said}: it cannot be compared"
    problems.append(Problem("unusable-version", message, bounds.shown(component.purl)))
    return ""


def _with_epoch(url: Purl, version: str) -> str:
    if url.type not in ("rpm", "deb") or ":" in version:
        return version
    epoch = url.qualifier("epoch")
    return f"{epoch}:{version}" if epoch not in ("", "0") else version


def merged(packages: Iterable[Package]) -> list[Package]:
    """Return the packages sorted, those with one URL and owner as one that has all their locations."""
    same: dict[tuple[str, str], list[Package]] = {}
    for each in packages:
        same.setdefault((each.purl, each.owner), []).append(each)
    joined = (group[0] if len(group) == 1 else _joined(group) for group in same.values())
    return sorted(joined, key=lambda each: (each.type, each.name, each.version, each.purl, each.owner))


def _joined(group: list[Package]) -> Package:
    return msgspec.structs.replace(group[0], locations=tuple(sorted({at for each in group for at in each.locations})))


def owned(packages: Iterable[Package], problems: list[Problem]) -> tuple[Package, ...]:
    """Return the packages, each with its owner only where the document lists that package of a distribution.

    What has an owner is not matched by itself: an owner that nothing proves would hide vulnerabilities.
    """
    packages = tuple(packages)
    owners = {each.purl for each in packages if _is_distributed(each)}
    return tuple(
        each if not each.owner or _is_proven(each, owners, problems) else msgspec.structs.replace(each, owner="")
        for each in packages
    )


def _is_distributed(each: Package) -> bool:
    return each.type in DISTRIBUTED and each.purl.startswith(f"pkg:{each.type}/")


def _is_proven(each: Package, owners: set[str], problems: list[Problem]) -> bool:
    proven = each.type not in DISTRIBUTED and each.owner in owners
    if not proven:
        message = f"its owner {bounds.shown(each.owner)!r} is no listed package of a distribution: not believed"
        problems.append(Problem("unproven-owner", message, bounds.shown(each.purl)))
    return proven


def _distribution(urls: Iterable[Purl], problems: list[Problem]) -> Distribution | None:
    """Return the distribution that most package URLs name, None if none does."""
    told = Counter((url.qualifier("os_name"), url.qualifier("os_version"), url.qualifier("os_distro"),
                    url.qualifier("distro"), url.namespace) for url in urls)  # fmt: skip
    votes: Counter[Distribution] = Counter()
    for words, number in told.items():
        found = _qualified(*words)
        if found:
            votes[found] += number
    if not votes:
        return None
    ranked = sorted(votes, key=lambda each: (-votes[each], each.id, each.version))
    if len(ranked) > 1:
        others = ", ".join(f"{each.id} {each.version}" for each in ranked[1 : MAX_NAMED + 1])
        message = f"packages of several distributions: {ranked[0].id} {ranked[0].version} is taken, not {others}"
        problems.append(Problem("mixed-distributions", bounds.escaped(message)))
    return ranked[0]


def _qualified(name: str, version: str, codename: str, distro: str, namespace: str) -> Distribution | None:
    """Return the distribution in the qualifiers of one URL: `distro=debian-12`, Docker Scout's `os_name=debian`."""
    if name:
        return distribution(name, version, codename)
    found = _DISTRO.fullmatch(distro) if len(distro) <= MAX_DISTRO else None
    if found:
        return distribution(found["id"] or namespace, found["version"])
    name, _, codename = distro.partition("-")
    return distribution(name, "", codename) if name else None


def _unlisted(unidentified: tuple[str, ...]) -> Iterator[Problem]:
    """Yield that the document has packages which nothing names so that they can be matched."""
    if unidentified:
        listed = ", ".join(bounds.shown(each) for each in unidentified[:MAX_NAMED])
        more = f" and {len(unidentified) - MAX_NAMED} more" if len(unidentified) > MAX_NAMED else ""
        yield Problem("no-purl", f"packages without package URL are not listed: {listed}{more}")


def _lacking(
    subject: SubjectInfo, distributed: list[tuple[Component, Purl]], found: Distribution | None
) -> Iterator[Problem]:
    """Yield what the document does not say and a direct look at the image would."""
    if not distributed:
        yield Problem("no-package-database", "unknown: the document lists no packages of a distribution")
        return
    if not found:
        yield Problem("no-distribution", "unknown: the document does not say of which distribution its packages are")
    if not any(tool.lower().startswith(SAYS_SOURCE) for tool in subject.tools) and not any(
        component.source[0] or url.qualifier("upstream") for component, url in distributed
    ):
        yield Problem("no-source-package", "the document names no source packages; binary names are compared instead")
    if not any(component.layer for component, _ in distributed):
        yield Problem("no-layers", "the document does not say which layers brought its packages")


def _bounded(problems: list[Problem]) -> tuple[Problem, ...]:
    """Return the problems sorted, at most MAX_PROBLEMS and one that counts the rest."""
    ordered = sorted(set(problems))
    if len(ordered) <= MAX_PROBLEMS:
        return tuple(ordered)
    rest = Problem("more-problems", f"{len(ordered) - MAX_PROBLEMS} more problems in this document")
    return (*ordered[:MAX_PROBLEMS], rest)
