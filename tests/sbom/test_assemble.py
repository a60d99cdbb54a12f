"""From package URLs to packages, one distribution, and what a document fails to say."""

import pytest

from envscout import sbom
from envscout.model import Distribution, Inventory, Package
from tests.sbom.documents import DEB, NPM, spdx, spdx_package


def inventory(*purls: str) -> Inventory:
    """Return the inventory of a document with these package URLs."""
    return sbom.read(spdx(*(spdx_package(purl, versionInfo=None) for purl in purls)))[0]


PACKAGES = [
    # package URL, type, name, version, source name, source version, architecture
    (DEB + "&upstream=openssl%403.0.11", "deb", "libssl3", "3.0.11-1", "openssl", "3.0.11", "amd64"),
    (DEB + "&upstream=openssl", "deb", "libssl3", "3.0.11-1", "openssl", "3.0.11-1", "amd64"),
    ("pkg:deb/debian/a@1-1+b2?distro=debian-12", "deb", "a", "1-1+b2", "a", "1-1", ""),
    ("pkg:deb/debian/a@1-1?epoch=2", "deb", "a", "2:1-1", "a", "2:1-1", ""),
    ("pkg:deb/debian/a@2:1-1?epoch=2", "deb", "a", "2:1-1", "a", "2:1-1", ""),
    ("pkg:alpine/ssl_client@1.34.1-r7?arch=s390x&upstream=busybox&distro=alpine-3.15.6",
     "apk", "ssl_client", "1.34.1-r7", "busybox", "1.34.1-r7", "s390x"),
    ("pkg:rpm/rhel/gdbm-libs@1.18-1.el8?arch=x86_64&epoch=1&upstream=gdbm-1.18-1.el8.src.rpm&distro=rhel-8.2",
     "rpm", "gdbm-libs", "1:1.18-1.el8", "gdbm", "1.18-1.el8", "x86_64"),
    (NPM, "npm", "@babel/core", "7.0.0", "@babel/core", "7.0.0", ""),
    ("pkg:maven/org.a/b@1", "maven", "org.a:b", "1", "org.a:b", "1", ""),
    ("pkg:golang/github.com/a/b@v1.0.0", "golang", "github.com/a/b", "v1.0.0", "github.com/a/b", "v1.0.0", ""),
    ("pkg:composer/a/b@1", "composer", "a/b", "1", "a/b", "1", ""),
    ("pkg:gem/rails@7?platform=ruby", "gem", "rails", "7", "rails", "7", ""),
]  # fmt: skip


@pytest.mark.parametrize("row", PACKAGES, ids=lambda row: row[0])
def test_a_package_url_becomes_a_package(row: tuple[str, ...]) -> None:
    (found,) = inventory(row[0]).packages
    assert (found.type, found.name, found.version) == row[1:4]
    assert (found.source_name, found.source_version, found.architecture) == row[4:]


def test_old_types_get_todays_url() -> None:
    (found,) = inventory("pkg:alpine/zlib@1?arch=x86_64&distro=alpine-3.15.6").packages
    assert found.purl == "pkg:apk/alpine/zlib@1?arch=x86_64&distro=alpine-3.15.6"


def test_the_documents_spelling_is_kept_where_only_case_differs() -> None:
    package = spdx_package("pkg:golang/github.com/azure/go@v1", "github.com/Azure/go")
    assert sbom.read(spdx(package))[0].packages[0].name == "github.com/Azure/go"
    assert sbom.read(spdx(spdx_package(NPM, "core")))[0].packages[0].name == "@babel/core"


DISTRIBUTIONS = [
    (DEB, ("debian", "12", "")),
    ("pkg:deb/debian/a@1?distro=debian-11.6", ("debian", "11", "")),
    ("pkg:deb/debian/a@1?distro=debian-trixie", ("debian", "", "trixie")),
    ("pkg:deb/ubuntu/a@1?distro=ubuntu-22.04", ("ubuntu", "22.04", "")),
    ("pkg:apk/alpine/a@1?distro=3.15.6", ("alpine", "3.15.6", "")),
    ("pkg:rpm/amazon/a@1?distro=amazon-2%20%28Karoo%29", ("amzn", "2", "")),
    ("pkg:rpm/redhat/a@1?distro=redhat-8.7", ("rhel", "8.7", "")),
    ("pkg:rpm/centos/a@1?distro=centos-7.6.1810", ("centos", "7", "")),
    ("pkg:rpm/opensuse/a@1?distro=opensuse-leap-15.5", ("opensuse-leap", "15.5", "")),
    ("pkg:deb/debian/a@1?os_distro=bookworm&os_name=debian&os_version=12", ("debian", "12", "bookworm")),
    ("pkg:apk/wolfi/a@1?distro=wolfi-20230201", ("wolfi", "20230201", "")),
    ("pkg:deb/debian/a@1", None),
    (NPM, None),
]


@pytest.mark.parametrize(("purl", "expected"), DISTRIBUTIONS)
def test_the_distribution_is_in_the_qualifiers(purl: str, expected: tuple[str, str, str] | None) -> None:
    found = inventory(purl).distribution
    assert found == (Distribution(*expected) if expected else None)


LACKING = [
    ((), ["no-package-database"]),
    ((NPM,), ["no-package-database"]),
    ((DEB,), ["no-source-package"]),
    ((DEB, DEB.replace("libssl3", "a") + "&upstream=b"), []),
    (("pkg:deb/debian/a@1?upstream=b",), ["no-distribution"]),
    ((DEB + "&upstream=b", "pkg:deb/debian/a@1?distro=debian-11"), ["mixed-distributions"]),
    ((DEB + "&upstream=b", "junk"), ["unusable-purl"]),
    ((DEB + "&upstream=b", "pkg:maven/a/b"), ["unusable-version"]),
    ((DEB + "&upstream=b", "pkg:maven/a/b@" + "1" * 600), ["unusable-version"]),
    ((DEB + "&upstream=b", "pkg:maven/a/b@1%00"), ["unusable-version"]),
    ((DEB + "&upstream=b", "pkg:oci/image@sha256:1"), []),
]


@pytest.mark.parametrize(("purls", "codes"), LACKING)
def test_what_the_document_lacks_is_told(purls: tuple[str, ...], codes: list[str]) -> None:
    found = [problem.code for problem in inventory(*purls).problems]
    assert [code for code in found if code != "no-layers"] == codes
    assert ("no-layers" in found) == any(purl.startswith("pkg:deb/") for purl in purls)


def test_a_tool_that_names_sources_is_believed_when_it_names_none() -> None:
    document = spdx(spdx_package(DEB), creationInfo={"creators": ["Tool: syft-1.0"]})
    assert [problem.code for problem in sbom.read(document)[0].problems] == ["no-layers"]


def test_the_most_named_distribution_wins() -> None:
    purls = [f"pkg:deb/debian/a{number}@1?distro=debian-{12 if number else 11}&upstream=b" for number in range(3)]
    found = inventory(*purls)
    assert found.distribution == Distribution("debian", "12")
    assert "debian 11" in found.problems[0].message


def test_packages_without_url_are_named() -> None:
    named = [{"SPDXID": f"SPDXRef-Package-{n}", "name": f"tool{n}", "versionInfo": "1"} for n in range(7)]
    problems = {each.code: each.message for each in sbom.read(spdx(*named))[0].problems}
    assert problems["no-purl"].endswith("tool0 1, tool1 1, tool2 1, tool3 1, tool4 1 and 2 more")


def test_a_damaged_entry_is_told_and_the_rest_is_read() -> None:
    found = sbom.read(spdx({"name": 7}, spdx_package(NPM), {"externalRefs": "x"}))[0]
    assert [each.name for each in found.packages] == ["@babel/core"]
    assert [each.code for each in found.problems].count("damaged-component") == 2


def test_many_problems_are_bounded() -> None:
    found = sbom.read(spdx(*({"name": number} for number in range(3000))))[0]
    assert len(found.problems) == 1001
    assert found.problems[-1].code == "more-problems"


def test_one_url_in_several_places_is_one_package() -> None:
    said = "acquired package info from installed python package manifest file: "
    packages = [spdx_package(NPM, f"n{place}", sourceInfo=f"{said}/{place}/package.json") for place in "ba"]
    found = sbom.read(spdx(*packages))[0].packages
    assert found == (
        Package(
            "npm",
            "@babel/core",
            "7.0.0",
            NPM,
            source_name="@babel/core",
            source_version="7.0.0",
            locations=("/a/package.json", "/b/package.json"),
        ),
    )
