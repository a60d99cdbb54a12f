"""Ecosystems as OSV names them, and as what a package is matched in them. Pure: no version is compared here.

The strings are those of https://ossf.github.io/osv-schema/#defined-ecosystems, in one spelling each.
"""

import re
from collections.abc import Callable
from typing import Protocol

import msgspec

from envscout.names import modules, releases
from envscout.names.programs import UPSTREAM


class Installed(Protocol):
    """What an inventory says of one package; `model.Package` is one."""

    @property
    def type(self) -> str:
        """Return the purl type."""

    @property
    def name(self) -> str:
        """Return the name, spelt as in its ecosystem (`group:artifact`, `@scope/name`, a Go module path)."""

    @property
    def version(self) -> str:
        """Return the version."""

    @property
    def purl(self) -> str:
        """Return the package URL."""

    @property
    def source_name(self) -> str:
        """Return the name of the source package, "" if it is the same."""

    @property
    def source_version(self) -> str:
        """Return the version of the source package, "" if it is the same."""


class Identity(msgspec.Struct, frozen=True):
    """What a package is matched as.

    ecosystem: canonical, "" where no feed can know the package: nothing ever matches that. name: normalised.
    scheme: key of `versions.SCHEMES`, "" if the version has no order.
    """

    ecosystem: str
    name: str
    version: str
    scheme: str


class Ecosystem(msgspec.Struct, frozen=True):
    """One base ecosystem.

    types: purl types of its packages. release: gives the release one spelling, for distributions; None for others,
    whose suffix names a repository and not another set of packages. ids: os-release ids. binary: its advisories name
    binary packages, not source packages.
    """

    scheme: str
    types: tuple[str, ...] = ()
    name: Callable[[str], str] = str
    release: Callable[[str], str] | None = None
    ids: tuple[str, ...] = ()
    binary: bool = False


def _pep503(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _extension(name: str) -> str:
    return name.lower().replace("/", ".", 1)


def _repository(name: str) -> str:
    return re.sub(r"^[a-z+]+://|\.git$|/$", "", name.lower())


def _ubuntu(release: str) -> str:
    return release.removesuffix(":LTS")


def _or_same(rule: Callable[[str], str]) -> Callable[[str], str]:
    return lambda release: rule(release) or release


_BASES = {
    # Distributions.
    "AlmaLinux": Ecosystem("rpm", ("rpm",), release=releases.major, ids=("almalinux",), binary=True),
    "Alpaquita": Ecosystem("apk", ("apk",), release=str),
    "Alpine": Ecosystem("apk", ("apk",), release=_or_same(releases.alpine_release), ids=("alpine",)),
    "Azure Linux": Ecosystem("rpm", ("rpm",), release=releases.major, ids=("azurelinux", "mariner")),
    "BellSoft Hardened Containers": Ecosystem("apk", ("apk",), release=str),
    "Chainguard": Ecosystem("apk", ("apk",), release=str, ids=("chainguard",)),
    "Debian": Ecosystem("deb", ("deb",), release=_or_same(releases.debian_release), ids=("debian",)),
    "Mageia": Ecosystem("rpm", ("rpm",), release=str, ids=("mageia",)),
    "MinimOS": Ecosystem("apk", ("apk",), release=str, ids=("minimos",)),
    # A SLES or RHEL image draws on several products, each an ecosystem of its own, which os-release does not tell:
    # these have no ids, so that their images stay unknown instead of half matched.
    "Red Hat": Ecosystem("rpm", ("rpm",), release=str),
    "Rocky Linux": Ecosystem("rpm", ("rpm",), release=releases.major, ids=("rocky",)),
    "SUSE": Ecosystem("rpm", ("rpm",), release=str),
    "Ubuntu": Ecosystem("deb", ("deb",), release=_ubuntu, ids=("ubuntu",)),
    "Wolfi": Ecosystem("apk", ("apk",), release=str, ids=("wolfi",)),
    "openEuler": Ecosystem("rpm", ("rpm",), release=str, ids=("openEuler",)),
    "openSUSE": Ecosystem("rpm", ("rpm",), release=str, ids=("opensuse-leap", "opensuse-tumbleweed")),
    # Languages and the rest.
    "Bioconductor": Ecosystem("cran", ("bioconductor",)),
    "Bitnami": Ecosystem("bitnami", ("bitnami",), str.lower),
    "CRAN": Ecosystem("cran", ("cran",)),
    "ConanCenter": Ecosystem("conan", ("conan",), str.lower),
    "GitHub Actions": Ecosystem("semver", ("githubactions", "github"), str.lower),
    "Go": Ecosystem("semver", ("golang",)),
    "Hackage": Ecosystem("hackage", ("hackage",)),
    "Hex": Ecosystem("semver", ("hex",), str.lower),
    "Julia": Ecosystem("semver", ("julia",)),
    "Maven": Ecosystem("maven", ("maven",)),
    "NuGet": Ecosystem("nuget", ("nuget",), str.lower),
    "Packagist": Ecosystem("composer", ("composer",), str.lower),
    "Pub": Ecosystem("pub", ("pub",)),
    "PyPI": Ecosystem("pep440", ("pypi",), _pep503),
    "RubyGems": Ecosystem("gem", ("gem",)),
    "SwiftURL": Ecosystem("semver", ("swift",), _repository),
    "VSCode": Ecosystem("semver", ("vscode-extension",), _extension),
    "crates.io": Ecosystem("semver", ("cargo",)),
    "npm": Ecosystem("semver", ("npm",)),
    # opam orders versions as Debian does (opam manual, "Version ordering").
    "opam": Ecosystem("deb", ("opam",)),
}
_BY_TYPE = {type_: base for base, row in _BASES.items() if row.release is None for type_ in row.types}
_BY_ID = {id_: base for base, row in _BASES.items() for id_ in row.ids}
_DISTRIBUTION_TYPES = {"deb": "deb", "apk": "apk", "rpm": "rpm", "alpm": "alpm", "ebuild": "ebuild"}


def _split(ecosystem: str) -> tuple[str, str]:
    base, _, suffix = ecosystem.partition(":")
    return base, suffix


def _join(base: str, release: str) -> str:
    return f"{base}:{release}" if release else base


def bases() -> tuple[str, ...]:
    """Return every ecosystem we know, without releases."""
    return tuple(_BASES)


def canonical(ecosystem: str) -> str:
    """Return the one spelling of an ecosystem: `Ubuntu:22.04:LTS` is `Ubuntu:22.04`; unknown ones stay as they are."""
    base, suffix = _split(ecosystem)
    row = _BASES.get(base)
    if row is None:
        return ecosystem
    return _join(base, row.release(suffix)) if row.release and suffix else base


def releases_of(ecosystem: str) -> tuple[str, ...]:
    """Return the releases we know of a bare distribution (`Debian`), and for anything else the ecosystem itself."""
    row = _BASES.get(ecosystem)
    labels = [label for id_ in row.ids for label in releases.LINES[id_].ends] if row else []
    return tuple(dict.fromkeys(_join(ecosystem, label) for label in labels)) or (canonical(ecosystem),)


def scheme(ecosystem: str) -> str | None:
    """Return the version scheme of an ecosystem (a key of `versions.SCHEMES`), None if we know none."""
    row = _BASES.get(_split(ecosystem)[0])
    return row.scheme if row else None


def normalise(ecosystem: str, name: str) -> str:
    """Return the one spelling of a package name in its ecosystem."""
    row = _BASES.get(_split(ecosystem)[0])
    return row.name(name) if row else name


def of_distribution(distribution: releases.OperatingSystem) -> str | None:
    """Return the ecosystem of a distribution's own packages, None where no feed can serve it.

    Only the distribution's own id counts: a derivative (Raspbian of Debian) rebuilds packages with fixes of its own.
    """
    base = _BY_ID.get(distribution.id)
    label = releases.release(distribution)
    return None if base is None or label is None else _join(base, label)


def of_type(purl_type: str) -> str | None:
    """Return the ecosystem of a purl type; None for packages of distributions and types no feed knows."""
    return _BY_TYPE.get(purl_type)


def identity(package: Installed, distribution: releases.OperatingSystem | None) -> Identity:
    """Return what a package is matched as.

    Packages of a distribution are matched by source package and source version, or by their own where the
    distribution's advisories name binary packages (AlmaLinux). Modular rpms are matched within their stream.
    """
    if package.type in _DISTRIBUTION_TYPES:
        return _of_distribution_package(package, distribution)
    base, name = _BY_TYPE.get(package.type, ""), package.name
    if package.type == "generic" and name in UPSTREAM:
        base, name = "Bitnami", UPSTREAM[name]
    return Identity(base, normalise(base, name), package.version, scheme(base) or "")


def _of_distribution_package(package: Installed, distribution: releases.OperatingSystem | None) -> Identity:
    ecosystem = (of_distribution(distribution) if distribution else None) or ""
    row = _BASES.get(_split(ecosystem)[0])
    if row is None or package.type not in row.types:
        ecosystem, row = "", None
    name, version = package.name, package.version
    if not (row and row.binary):
        name, version = package.source_name or name, package.source_version or version
    if package.type == "rpm" and (stream := modules.stream(package.purl)):
        name = modules.within(stream, name)
    elif package.type == "rpm" and modules.is_modular(package.version):
        # Which stream's fixes count cannot be told.
        ecosystem = ""
    return Identity(ecosystem, name, version, _DISTRIBUTION_TYPES[package.type])
