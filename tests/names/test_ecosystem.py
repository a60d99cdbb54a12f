"""Ecosystems have one spelling, and packages one identity."""

import pytest

from envscout.model import Distribution, Package
from envscout.names import ecosystem as eco


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("Ubuntu:22.04:LTS", "Ubuntu:22.04"),
        ("Ubuntu:22.04", "Ubuntu:22.04"),
        ("Ubuntu:24.10", "Ubuntu:24.10"),
        ("Ubuntu:Pro:18.04:LTS", "Ubuntu:Pro:18.04"),
        ("Alpine:3.20", "Alpine:v3.20"),
        ("Alpine:v3.20", "Alpine:v3.20"),
        ("Alpine:edge", "Alpine:edge"),
        ("Debian:12", "Debian:12"),
        ("Debian:bookworm", "Debian:12"),
        ("Debian:sid", "Debian:sid"),
        ("Debian", "Debian"),
        ("AlmaLinux:9.4", "AlmaLinux:9"),
        ("Rocky Linux:8", "Rocky Linux:8"),
        ("Azure Linux:3.0", "Azure Linux:3"),
        ("openSUSE:Leap 15.6", "openSUSE:Leap 15.6"),
        ("Maven:https://maven.google.com", "Maven"),
        ("PyPI", "PyPI"),
        ("Nowhere:1", "Nowhere:1"),
        ("", ""),
        (":", ":"),
    ],
)
def test_one_spelling(given: str, expected: str) -> None:
    assert eco.canonical(given) == expected
    assert eco.canonical(expected) == expected


def test_a_bare_distribution_stands_for_its_releases() -> None:
    assert {"Debian:8", "Debian:11", "Debian:13", "Debian:sid"} <= set(eco.releases_of("Debian"))
    assert {"Alpine:v3.3", "Alpine:v3.23", "Alpine:edge"} <= set(eco.releases_of("Alpine"))
    assert "Ubuntu:22.04" in eco.releases_of("Ubuntu")
    assert {"openSUSE:Leap 15.6", "openSUSE:Tumbleweed"} <= set(eco.releases_of("openSUSE"))
    assert eco.releases_of("Azure Linux") == ("Azure Linux:2", "Azure Linux:3")
    assert eco.releases_of("Wolfi") == ("Wolfi",)
    assert eco.releases_of("SUSE") == ("SUSE",)
    assert eco.releases_of("npm") == ("npm",)
    assert eco.releases_of("Ubuntu:22.04:LTS") == ("Ubuntu:22.04",)
    assert eco.releases_of("Nowhere") == ("Nowhere",)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("Debian:12", "deb"),
        ("Ubuntu:Pro:18.04:LTS", "deb"),
        ("Alpine:v3.20", "apk"),
        ("Wolfi", "apk"),
        ("AlmaLinux:9", "rpm"),
        ("SUSE:Linux Enterprise Server 15 SP5", "rpm"),
        ("npm", "semver"),
        ("Go", "semver"),
        ("PyPI", "pep440"),
        ("Packagist", "composer"),
        ("Packagist:https://packages.drupal.org/8", "composer"),
        ("ConanCenter", "conan"),
        ("Bitnami", "bitnami"),
        ("OSS-Fuzz", None),
        ("", None),
    ],
)
def test_scheme(given: str, expected: str | None) -> None:
    assert eco.scheme(given) == expected


@pytest.mark.parametrize(
    ("ecosystem", "name", "expected"),
    [
        ("PyPI", "Zope.Interface", "zope-interface"),
        ("PyPI", "a__b-.c", "a-b-c"),
        ("NuGet", "Newtonsoft.Json", "newtonsoft.json"),
        ("Packagist", "Symfony/HTTP-Kernel", "symfony/http-kernel"),
        ("npm", "JSONStream", "JSONStream"),
        ("Go", "github.com/Masterminds/semver", "github.com/Masterminds/semver"),
        ("SwiftURL", "https://github.com/apple/swift-nio.git", "github.com/apple/swift-nio"),
        ("Debian:12", "libSDL", "libSDL"),
        ("Nowhere", "Name", "Name"),
    ],
)
def test_names_have_one_spelling(ecosystem: str, name: str, expected: str) -> None:
    assert eco.normalise(ecosystem, name) == expected


@pytest.mark.parametrize(
    ("distribution", "expected"),
    [
        (Distribution("debian", "12"), "Debian:12"),
        (Distribution("debian", "12.7"), "Debian:12"),
        (Distribution("debian", "", "bookworm"), "Debian:12"),
        (Distribution("debian", "", "trixie/sid"), "Debian:13"),
        (Distribution("debian", "", "sid"), "Debian:sid"),
        (Distribution("debian"), None),
        (Distribution("ubuntu", "22.04"), "Ubuntu:22.04"),
        (Distribution("ubuntu"), None),
        (Distribution("alpine", "3.18.4"), "Alpine:v3.18"),
        (Distribution("alpine", "3.14.0_alpha20210212"), "Alpine:edge"),
        (Distribution("alpine", "edge"), "Alpine:edge"),
        (Distribution("alpine", "nonsense"), None),
        (Distribution("almalinux", "9.1"), "AlmaLinux:9"),
        (Distribution("rocky", "9.3"), "Rocky Linux:9"),
        (Distribution("wolfi", "20230201"), "Wolfi"),
        (Distribution("chainguard", "20230214"), "Chainguard"),
        (Distribution("opensuse-leap", "15.6"), "openSUSE:Leap 15.6"),
        (Distribution("opensuse-tumbleweed", "20250101"), "openSUSE:Tumbleweed"),
        (Distribution("mageia", "9"), "Mageia:9"),
        (Distribution("azurelinux", "3.0"), "Azure Linux:3"),
        (Distribution("mariner", "2.0"), "Azure Linux:2"),
        (Distribution("openEuler", "24.03", name="openEuler 24.03 (LTS-SP1)"), "openEuler:24.03-LTS-SP1"),
        (Distribution("openEuler", "24.03", name="openEuler 24.03 (LTS)"), "openEuler:24.03-LTS"),
        (Distribution("openEuler", "24.03"), None),
        (Distribution("raspbian", "11", "bullseye", id_like=("debian",)), None),
        (Distribution("linuxmint", "21", id_like=("ubuntu",)), None),
        (Distribution("sles", "15.5"), None),
        (Distribution("rhel", "9.3"), None),
        (Distribution(""), None),
    ],
)
def test_distributions(distribution: Distribution, expected: str | None) -> None:
    assert eco.of_distribution(distribution) == expected


@pytest.mark.parametrize(
    ("purl_type", "expected"),
    [
        ("pypi", "PyPI"),
        ("golang", "Go"),
        ("cargo", "crates.io"),
        ("gem", "RubyGems"),
        ("composer", "Packagist"),
        ("swift", "SwiftURL"),
        ("conan", "ConanCenter"),
        ("deb", None),
        ("generic", None),
        ("", None),
    ],
)
def test_purl_types(purl_type: str, expected: str | None) -> None:
    assert eco.of_type(purl_type) == expected


def _package(type_: str, name: str = "libssl3", version: str = "3.0.9-1+b1") -> Package:
    return Package(type_, name, version, "", source_name="openssl", source_version="3.0.9-1")


def test_distribution_packages_are_matched_by_source() -> None:
    debian = Distribution("debian", "12")
    assert eco.identity(_package("deb"), debian) == eco.Identity("Debian:12", "openssl", "3.0.9-1", "deb")
    bare = Package("deb", "bash", "5.2-1", "")
    assert eco.identity(bare, debian) == eco.Identity("Debian:12", "bash", "5.2-1", "deb")
    rocky = eco.identity(_package("rpm"), Distribution("rocky", "9.3"))
    assert rocky == eco.Identity("Rocky Linux:9", "openssl", "3.0.9-1", "rpm")


def test_almalinux_packages_are_matched_by_binary() -> None:
    alma = eco.identity(_package("rpm"), Distribution("almalinux", "9.1"))
    assert alma == eco.Identity("AlmaLinux:9", "libssl3", "3.0.9-1+b1", "rpm")


@pytest.mark.parametrize(
    "distribution", [None, Distribution("raspbian", "12"), Distribution("debian"), Distribution("alpine", "3.18.4")]
)
def test_packages_of_an_unknown_distribution_match_nothing(distribution: Distribution | None) -> None:
    assert eco.identity(_package("deb"), distribution) == eco.Identity("", "openssl", "3.0.9-1", "deb")


def test_language_packages_are_matched_by_their_own_name() -> None:
    package = Package("pypi", "Zope.Interface", "5.0", "")
    assert eco.identity(package, Distribution("debian", "12")) == eco.Identity(
        "PyPI", "zope-interface", "5.0", "pep440"
    )
    assert eco.identity(Package("generic", "X", "1", ""), None) == eco.Identity("", "X", "1", "")


def test_extensions_of_an_editor_are_called_by_publisher_and_name() -> None:
    assert eco.normalise("VSCode", "Publisher/Name") == eco.normalise("VSCode", "publisher.name") == "publisher.name"
    assert (eco.of_type("opam"), eco.scheme("opam")) == ("opam", "deb")


def test_programs_are_matched_by_the_names_of_their_makers() -> None:
    found = eco.identity(Package("generic", "httpd", "2.4.58", "pkg:generic/httpd@2.4.58"), None)
    assert found == eco.Identity("Bitnami", "apache", "2.4.58", "bitnami")
    assert eco.identity(Package("generic", "bash", "5.2", "pkg:generic/bash@5.2"), None).ecosystem == ""


LABEL = "nodejs:18:8060020220523160029:ad008a3a"
MODULAR = "18.20.4-1.module_el8.10.0+3890+5a092792"


@pytest.mark.parametrize(
    ("query", "name"),
    [
        (f"?arch=x86_64&rpmmod={LABEL}", "nodejs:18/npm"),
        (f"?modularitylabel={LABEL.replace(':', '%3A')}", "nodejs:18/npm"),
        ("?rpmmod=nodejs:18", "nodejs:18/npm"),
    ],
)
def test_a_modular_package_is_matched_within_its_stream(query: str, name: str) -> None:
    package = Package("rpm", "npm", MODULAR, f"pkg:rpm/almalinux/npm@{MODULAR}{query}", "nodejs", MODULAR)
    assert eco.identity(package, Distribution("almalinux", "8.10")) == eco.Identity("AlmaLinux:8", name, MODULAR, "rpm")
    rocky = eco.identity(package, Distribution("rocky", "8.10"))
    assert rocky == eco.Identity("Rocky Linux:8", name.replace("npm", "nodejs"), MODULAR, "rpm")


@pytest.mark.parametrize("query", ["", "?rpmmod=", "?rpmmod=nodejs"])
def test_a_modular_package_of_an_unknown_stream_matches_nothing(query: str) -> None:
    package = Package("rpm", "nodejs", MODULAR, f"pkg:rpm/almalinux/nodejs@{MODULAR}{query}")
    assert eco.identity(package, Distribution("almalinux", "8.10")).ecosystem == ""
