"""Our own document holds everything, says its version, and is the same every time."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from envscout import sbom
from envscout.model import Distribution, Image, Inventory, Layer, Package, Problem

IMAGE = Image(
    digest="sha256:1",
    platform="linux/amd64",
    created="2024-01-01T00:00:00Z",
    labels=(("a", "b"),),
    layers=(Layer("sha256:2", "sha256:3", "application/vnd.oci.image.layer.v1.tar+gzip", 7, "RUN x"),),
)
PACKAGE = Package(
    type="deb",
    name="libssl3",
    version="3.0.11-1~deb12u2",
    purl="pkg:deb/debian/libssl3@3.0.11-1~deb12u2?arch=amd64&distro=debian-12&upstream=openssl",
    source_name="openssl",
    source_version="3.0.11-1~deb12u2",
    architecture="amd64",
    licenses=("Apache-2.0",),
    locations=("/var/lib/dpkg/status",),
    layer="sha256:3",
)
OWNED = Package("pypi", "openssl", "1.0", "pkg:pypi/openssl@1.0", owner=PACKAGE.purl)
INVENTORY = Inventory(
    packages=(PACKAGE, OWNED),
    distribution=Distribution("debian", "12", "bookworm", "Debian GNU/Linux 12 (bookworm)", ("x",)),
    problems=(Problem("damaged-database", "cut", "/var/lib/dpkg/status"),),
    tools=("dpkg@1",),
)


def test_what_is_written_is_read() -> None:
    data = sbom.write(IMAGE, INVENTORY, "demo:1")
    inventory, subject = sbom.read(data)
    assert (inventory, subject.image, subject.reference) == (INVENTORY, IMAGE, "demo:1")
    assert subject.format == sbom.SCHEMA
    assert sbom.write(subject.image, inventory, subject.reference) == data


def test_the_fields_have_their_documented_names() -> None:
    document = msgspec.json.decode(sbom.write(IMAGE, INVENTORY, "demo:1"))
    assert document["schema"] == "envscout/sbom/1"
    assert document["image"]["digest"] == "sha256:1"
    assert document["distribution"]["id"] == "debian"
    assert document["problems"] == [{"code": "damaged-database", "message": "cut", "where": "/var/lib/dpkg/status"}]
    assert document["packages"][0] == {
        "purl": PACKAGE.purl,
        "name": "libssl3",
        "version": "3.0.11-1~deb12u2",
        "type": "deb",
        "source": {"name": "openssl", "version": "3.0.11-1~deb12u2"},
        "architecture": "amd64",
        "licenses": ["Apache-2.0"],
        "locations": ["/var/lib/dpkg/status"],
        "layer": "sha256:3",
        "from_base": None,
        "owner": "",
    }
    assert document["packages"][1]["owner"] == PACKAGE.purl


def test_unknown_fields_of_a_later_writer_are_no_obstacle() -> None:
    document = msgspec.json.decode(sbom.write(IMAGE, INVENTORY, "demo:1"))
    document["new"] = document["packages"][0]["new"] = {"a": 1}
    assert sbom.read(msgspec.json.encode(document))[0] == INVENTORY


def test_packages_we_would_never_write_are_told_and_not_listed() -> None:
    document = msgspec.json.decode(sbom.write(IMAGE, INVENTORY, "demo:1"))
    good = document["packages"][0]
    document["packages"] += [
        good | {"name": ""},
        good | {"purl": "x"},
        good | {"version": "1" * 600},
        {"name": 7},
        good,
    ]
    found = sbom.read(msgspec.json.encode(document))[0]
    assert found.packages == (PACKAGE, OWNED)
    assert [problem.code for problem in found.problems].count("damaged-component") == 3


@pytest.mark.parametrize(
    ("kind", "owner"),
    [
        ("pypi", "x"),
        ("pypi", "pkg:deb/debian/other@1"),
        ("pypi", "pkg:npm/left-pad@1"),
        ("pypi", "pkg:deb/debian/damaged@1"),
        ("pypi", "pkg:deb/debian/mislabelled@1"),
        ("deb", PACKAGE.purl),
        ("apk", PACKAGE.purl),
    ],
)
def test_an_owner_that_is_not_listed_hides_nothing(kind: str, owner: str) -> None:
    document = msgspec.json.decode(sbom.write(IMAGE, INVENTORY, "demo:1"))
    document["packages"] += [
        {"purl": f"pkg:{kind}/x@1", "name": "x", "version": "1", "type": kind, "owner": owner},
        {"purl": "pkg:npm/left-pad@1", "name": "left-pad", "version": "1", "type": "npm"},
        {"purl": "pkg:deb/debian/damaged@1", "name": "damaged", "version": "1" * 600, "type": "deb"},
        {"purl": "pkg:deb/debian/mislabelled@1", "name": "mislabelled", "version": "1", "type": "npm"},
    ]
    found = sbom.read(msgspec.json.encode(document))[0]
    assert {package.name: package.owner for package in found.packages if package.owner} == {"openssl": PACKAGE.purl}
    [problem] = [problem for problem in found.problems if problem.code == "unproven-owner"]
    assert problem.where == f"pkg:{kind}/x@1"


words = st.text(max_size=20)


@given(words, words, st.tuples(words, words), words)
def test_any_words_survive(reference: str, title: str, licenses: tuple[str, str], layer: str) -> None:
    package = msgspec.structs.replace(PACKAGE, licenses=licenses, layer=layer)
    given_ = Inventory((package,), Distribution("debian", title))
    inventory, subject = sbom.read(sbom.write(IMAGE, given_, reference))
    assert (inventory, subject.reference) == (given_, reference)
