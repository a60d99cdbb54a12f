"""A draft becomes an inventory: identities from package URLs, one distribution, and what the document fails to say."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator

import msgspec

from envscout.errors import InvalidReference
from envscout.model import Distribution, Inventory, Package, Problem
from envscout.names import bounds, purl, upstream
from envscout.names.purl import DISTRIBUTED, Purl
from envscout.sbom.draft import Component, Draft

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

MAX_NAMED = 5
MAX_PROBLEMS = 1000

_DISTRO = re.compile(r"(?:(?P<id>.+?)-)?(?P<version>\d[\w.]*)(?:\s*\(.*\))?")


def assemble(draft: Draft) -> Inventory:
    """Return the inventory of a document, with a Problem for everything it does not tell."""
    problems = list(draft.problems)
    identified = list(_identified(draft.components, problems))
    packages = _merged(_package(component, url, problems) for component, url in identified)
    distributed = [url for _, url in identified if url.type in DISTRIBUTED]
    found = draft.distribution or _distribution(distributed, problems)
    named = any(component.source[0] or url.qualifier("upstream") for component, url in identified)
    told = named or any(tool.lower().startswith(SAYS_SOURCE) for tool in draft.subject.tools)
    problems += _lacking(draft, bool(distributed), found, told)
    return Inventory(packages, found, _bounded(problems), draft.subject.tools)


def distribution(name: str, version: str, codename: str = "", title: str = "") -> Distribution:
    """Return a distribution as os-release(5) would name it: Trivy's `redhat` is `rhel`, `2 (Karoo)` is `2`."""
    name = DISTRIBUTION_IDS.get(name.lower(), name)
    number = version.partition(" ")[0]
    return Distribution(name, number.partition(".")[0] if name in MAJOR_ONLY else number, codename, title)


def _identified(components: Iterable[Component], problems: list[Problem]) -> Iterator[tuple[Component, Purl]]:
    """Yield each package with its parsed URL; one whose URL cannot be read becomes a problem."""
    for component in components:
        try:
            url = purl.parse(component.purl)
        except InvalidReference as error:
            message = f"{bounds.shown(component.name) or 'a package'} is not listed: {error.cause}"
            problems.append(Problem("unusable-purl", message, bounds.shown(component.purl)))
            continue
        if url.type in OLD_TYPES:
            kind, namespace = OLD_TYPES[url.type]
            url = msgspec.structs.replace(url, type=kind, namespace=url.namespace or namespace)
        if url.type not in NOT_PACKAGES:
            yield component, url


def _package(component: Component, url: Purl, problems: list[Problem]) -> Package:
    """Return one package; names and versions come from the URL, which every producer fills alike."""
    name = _name(url, component.name)
    version = _version(component, url, name, problems)
    source, number = upstream.read(url.type, name, version, url.qualifier("upstream"))
    if component.source[0]:
        source, number = component.source[0], component.source[1] or upstream.source_version(url.type, version)
    return Package(
        type=url.type,
        name=name,
        version=version,
        purl=str(url),
        source_name=source if bounds.is_name(source) else name,
        source_version=number if bounds.is_version(number) else "",
        architecture=component.architecture or url.qualifier("arch"),
        licenses=component.licenses,
        locations=component.locations,
        layer=component.layer,
    )


def _name(url: Purl, said: str) -> str:
    """Return the name as its ecosystem spells it; the document's spelling where only upper and lower case differ."""
    name = url.full_name
    return said if said.lower() == name.lower() else name


def _version(component: Component, url: Purl, name: str, problems: list[Problem]) -> str:
    """Return the version with its epoch, which some producers keep apart; "" and a problem if it is unusable."""
    version = url.version or component.version
    epoch = url.qualifier("epoch")
    if url.type in ("rpm", "deb") and epoch not in ("", "0") and ":" not in version:
        version = f"{epoch}:{version}"
    if bounds.is_version(version):
        return version
    said = f"the unusable version {bounds.shown(version)!r} ({len(version)} characters)" if version else "no version"
    message = f"{url.type} package {bounds.shown(name)} has {said}: it cannot be compared"
    problems.append(Problem("unusable-version", message, bounds.shown(component.purl)))
    return ""


def _merged(packages: Iterable[Package]) -> tuple[Package, ...]:
    """Return the packages sorted, those with one URL as one that has all their locations."""
    same: dict[str, list[Package]] = {}
    for package in packages:
        same.setdefault(package.purl, []).append(package)
    merged = (
        group[0]
        if len(group) == 1
        else msgspec.structs.replace(group[0], locations=tuple(sorted({at for each in group for at in each.locations})))
        for group in same.values()
    )
    return tuple(sorted(merged, key=lambda each: (each.type, each.name, each.version, each.purl)))


def _distribution(urls: Iterable[Purl], problems: list[Problem]) -> Distribution | None:
    """Return the distribution that most package URLs name, None if none does."""
    votes = Counter(filter(None, map(_qualified, urls)))
    if not votes:
        return None
    ranked = sorted(votes, key=lambda each: (-votes[each], each.id, each.version))
    if len(ranked) > 1:
        others = ", ".join(f"{each.id} {each.version}" for each in ranked[1 : MAX_NAMED + 1])
        message = f"packages of several distributions: {ranked[0].id} {ranked[0].version} is taken, not {others}"
        problems.append(Problem("mixed-distributions", bounds.escaped(message)))
    return ranked[0]


def _qualified(url: Purl) -> Distribution | None:
    """Return the distribution in the qualifiers of one URL: `distro=debian-12`, Docker Scout's `os_name=debian`."""
    if url.qualifier("os_name"):
        version = url.qualifier("os_version")
        return distribution(url.qualifier("os_name"), version, url.qualifier("os_distro"))
    words = url.qualifier("distro")
    found = _DISTRO.fullmatch(words)
    if found:
        return distribution(found["id"] or url.namespace, found["version"])
    name, _, codename = words.partition("-")
    return distribution(name, "", codename) if name else None


def _lacking(draft: Draft, distributed: bool, found: Distribution | None, told: bool) -> Iterator[Problem]:
    """Yield what the document does not say and a direct look at the image would."""
    if draft.unidentified:
        listed = ", ".join(bounds.shown(each) for each in draft.unidentified[:MAX_NAMED])
        more = f" and {len(draft.unidentified) - MAX_NAMED} more" if len(draft.unidentified) > MAX_NAMED else ""
        yield Problem("no-purl", f"packages without package URL are not listed: {listed}{more}")
    if distributed and not found:
        yield Problem("no-distribution", "unknown: the document does not say of which distribution its packages are")
    if distributed and not told:
        yield Problem("no-source-package", "the document names no source packages; binary names are compared instead")
    if not distributed:
        yield Problem("no-package-database", "unknown: the document lists no packages of a distribution")


def _bounded(problems: list[Problem]) -> tuple[Problem, ...]:
    """Return the problems sorted, at most MAX_PROBLEMS and one that counts the rest."""
    ordered = sorted(set(problems))
    if len(ordered) <= MAX_PROBLEMS:
        return tuple(ordered)
    rest = Problem("more-problems", f"{len(ordered) - MAX_PROBLEMS} more problems in this document")
    return (*ordered[:MAX_PROBLEMS], rest)
