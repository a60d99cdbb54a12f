"""Documents of each form, as their publishers write them: what they say, of what, since when."""

import copy
from typing import Any

import pytest

from envscout.inventory.table import TOOLS
from envscout.model import Product, Statement
from envscout.sbom.envelope import opened
from envscout.vex import READER, Found, Source, read
from envscout.vex.draft import moment
from tests.vex.documents import APP, CSAF, CYCLONEDX, DIGEST, NEW, OLD, enveloped, packed, stated

HERE = Source("location", "a.json")
AT = Source("attached", DIGEST, DIGEST, frozenset({DIGEST}))
IN_APP = Product(digest=DIGEST, packages=("pkg:deb/debian/openssl@1.1",))


def said(document: Any, source: Source = HERE) -> Found:
    return read(document if isinstance(document, bytes) else packed(document), source, opened)


def by_name(found: Found) -> dict[tuple[str, str], Statement]:
    return {(each.names[0], each.kind): each for each in found.statements}


def messages(found: Found) -> str:
    return "\n".join(f"{each.code} {each.message}" for each in found.problems)


def test_openvex_of_2023() -> None:
    found = said(OLD)
    assert (found.form, found.author, found.id, found.problems) == (
        "OpenVEX",
        "Distribution Team",
        "https://example.com/vex/old",
        (),
    )
    fixed, absent = found.statements
    assert fixed.products == tuple(
        Product(packages=(f"pkg:apk/wolfi/git@2.39.0-r1?arch={arch}",)) for arch in ("armv7", "x86_64")
    )
    # 2023-01-09T00:02:03.647787Z: nanoseconds are cut, zones are heeded.
    assert (fixed.kind, fixed.at) == ("fixed", 1673222523647787)
    assert absent.products == (Product(digest=DIGEST, packages=("pkg:apk/wolfi/bash@1.0.0",)),)
    assert (absent.justification, absent.why) == ("component_not_present", "it was never there")
    assert absent.at == moment("2023-02-01T00:00:00Z")


def test_openvex_of_today() -> None:
    found = by_name(said(NEW))
    first = found["CVE-2023-0001", "not_affected"]
    assert first.names == ("CVE-2023-0001", "GHSA-aaaa-bbbb-cccc")
    # The name may be moved to another image; the hash that stands beside it cannot.
    assert first.products == (
        Product(
            digest="sha256:" + "1" * 64,
            platform="linux/amd64",
            packages=("pkg:deb/debian/openssl@1.1", "pkg:npm/%40scope/name"),
        ),
    )
    assert (first.why, first.at) == ("the parser is never called", moment("2024-02-01T00:00:00Z"))
    assert found["CVE-2023-0002", "affected"].products == (Product(digest=DIGEST),)
    assert found["CVE-2023-0002", "affected"].at == moment("2024-03-01T00:00:00Z")
    assert found["CVE-2023-0003", "under_investigation"].products == (
        Product(repository="docker.io/myorg/app", tag="v1"),
    )


def test_csaf() -> None:
    result = said(CSAF)
    assert (result.form, result.id, result.author) == ("CSAF", "ACME-2024-1", "Acme <https://psirt.acme.example>")
    first, second = (each for each in result.statements if each.kind == "not_affected")
    assert first.names == ("CVE-2023-0001", "GHSA-aaaa-bbbb-cccc")
    assert (first.products, first.justification, first.why) == ((IN_APP,), "vulnerable_code_not_present", "")
    assert second.products == (Product(packages=("pkg:npm/%40scope/name@1.0",)),)
    assert (second.justification, second.why) == ("", "never built")
    rest = {(each.names[0], each.kind): each.products for each in result.statements if each.kind != "not_affected"}
    assert rest == {
        ("CVE-2023-0001", "under_investigation"): (Product(digest=DIGEST),),
        ("CVE-2023-0002", "fixed"): (Product(digest=DIGEST),),
    }
    assert {each.at for each in result.statements} == {moment("2024-02-01T00:00:00Z")}
    # openssl of an operating system that nothing identifies is not openssl everywhere, nor is what nobody describes.
    assert "identifies (pkg:deb/debian/openssl@1.1)" in messages(result)
    assert "a product that the document does not describe (GONE)" in messages(result)


def test_cyclonedx() -> None:
    result = said(CYCLONEDX)
    assert (result.form, result.author) == ("CycloneDX", "Acme <psirt@acme.example>")
    found = by_name(result)
    first = found["CVE-2023-0001", "not_affected"]
    assert first.names == ("CVE-2023-0001", "GHSA-aaaa-bbbb-cccc")
    assert first.products == (IN_APP, Product(digest=DIGEST, packages=("pkg:npm/%40scope/name",)))
    assert first.justification == "vulnerable_code_not_in_execute_path"
    assert (first.why, first.at) == ("the parser is never called", moment("2024-02-01T00:00:00Z"))
    assert found["CVE-2023-0002", "affected"].products == (Product(digest=DIGEST),)
    linked = found["CVE-2023-0003", "not_affected"]
    assert linked.products == (Product(packages=("pkg:npm/left-pad@1.0",)),)
    assert (linked.justification, linked.why) == ("", "requires_environment")
    assert len(result.statements) == 3


@pytest.mark.parametrize(
    ("versions", "expected"),
    [
        ([], ("pkg:npm/a",)),
        ([{"version": "1.0", "status": "unaffected"}], ("pkg:npm/a@1.0",)),
        ([{"version": "1.0"}, {"version": "1.1"}], ("pkg:npm/a@1.0", "pkg:npm/a@1.1")),
        ([{"version": "1.0", "status": "unknown"}], ()),
        ([{"range": "vers:npm/<2.0.0", "status": "affected"}], ()),
    ],
)
def test_versions_of_cyclonedx_narrow_a_component_that_has_none(versions: Any, expected: tuple[str, ...]) -> None:
    entry = {
        "id": "CVE-2023-0001",
        "analysis": {"state": "not_affected"},
        "affects": [{"ref": "pkg:npm/a", "versions": versions}],
    }
    result = said({"bomFormat": "CycloneDX", "specVersion": "1.6", "vulnerabilities": [entry]})
    assert (
        tuple(text for each in result.statements for product in each.products for text in product.packages) == expected
    )
    assert bool(result.problems) == (not expected)


@pytest.mark.parametrize(
    "subject", [{"type": "application", "name": "other"}, {"type": "container", "bom-ref": "x"}, {}]
)
def test_packages_of_something_that_cyclonedx_does_not_name_are_not_everybody_s(subject: dict[str, str]) -> None:
    entry = {"id": "CVE-2023-0001", "analysis": {"state": "not_affected"}, "affects": [{"ref": "pkg:npm/a@1"}]}
    document = {"bomFormat": "CycloneDX", "metadata": {"component": subject}, "vulnerabilities": [entry]}
    found = said(document)
    assert (found.statements, bool(found.problems)) == ((), True)
    assert [each.products for each in said(document, AT).statements] == [
        (Product(digest=DIGEST, packages=("pkg:npm/a@1",)),)
    ]


@pytest.mark.parametrize("state", ["resolved", "resolved_with_pedigree"])
def test_what_is_resolved_is_fixed(state: str) -> None:
    entry = {"id": "CVE-2023-0001", "analysis": {"state": state}, "affects": [{"ref": "pkg:npm/a@1"}]}
    (only,) = said({"bomFormat": "CycloneDX", "vulnerabilities": [entry]}).statements
    assert only.kind == "fixed"


@pytest.mark.parametrize("document", [OLD, NEW, CSAF, CYCLONEDX])
def test_envelopes_change_nothing(document: Any) -> None:
    bare = said(document)
    for wrapped in (stated(document), enveloped(stated(document)), {"dsseEnvelope": enveloped(stated(document))}):
        assert said(wrapped) == bare


def test_a_statement_about_another_image_says_nothing_of_this() -> None:
    foreign = stated(NEW, "sha256:" + "9" * 64)
    assert said(foreign, AT).statements == ()
    assert "speaks of another image" in messages(said(foreign, AT))
    assert len(said(stated(NEW), AT).statements) == 3


@pytest.mark.parametrize(
    ("source", "document", "products"),
    [
        (AT, {}, (Product(digest=DIGEST),)),
        (HERE, {}, ()),
        (HERE, "stated", (Product(digest=DIGEST),)),
    ],
)
def test_a_statement_without_products(source: Source, document: Any, products: tuple[Product, ...]) -> None:
    bare = {**NEW, "statements": [{"vulnerability": {"name": "CVE-2023-0001"}, "status": "fixed"}]}
    result = said(stated(bare) if document == "stated" else bare, source)
    assert tuple(product for each in result.statements for product in each.products) == products
    assert ("names no product" in messages(result)) == (not products)


PRODUCTS = (
    ("pkg:docker/nginx@1.27", Product(repository="docker.io/library/nginx", tag="1.27")),
    ("pkg:docker/myorg/app", Product(repository="docker.io/myorg/app")),
    ("pkg:docker/myorg/app@v1?repository_url=ghcr.io", Product(repository="ghcr.io/myorg/app", tag="v1")),
    ("pkg:docker/app@sha256%3A" + "0" * 64, Product(digest=DIGEST)),
    ("pkg:docker/app@sha256:" + "0" * 64, Product(digest=DIGEST)),
    ("pkg:docker/app@sha256:0000", None),
    (APP, Product(digest=DIGEST)),
    ("pkg:oci/app?repository_url=ghcr.io/myorg/app&tag=v1", Product(repository="ghcr.io/myorg/app", tag="v1")),
    ("pkg:oci/app?repository_url=https://ghcr.io/myorg&tag=v1", Product(repository="ghcr.io/myorg/app", tag="v1")),
    (
        "pkg:oci/app?repository_url=ghcr.io/myorg/app&arch=arm64",
        Product(repository="ghcr.io/myorg/app", platform="arm64"),
    ),
    ("pkg:oci/app?tag=v1", None),
    ("pkg:oci/app", None),
    (DIGEST, Product(digest=DIGEST)),
    ("myorg/app:v1", Product(repository="docker.io/myorg/app", tag="v1")),
    (f"ghcr.io/myorg/app@{DIGEST}", Product(digest=DIGEST)),
    ("myorg/app", None),
    ("app", None),
    ("https://example.com/app", None),
    ("cpe:2.3:a:acme:app:1.0:*:*:*:*:*:*:*", None),
    ("pkg:npm/a@1", Product(packages=("pkg:npm/a@1",))),
    ("pkg:", None),
    ("", None),
    ("\x00", None),
)


@pytest.mark.parametrize(("text", "product"), PRODUCTS)
@pytest.mark.parametrize("source", [HERE, AT])
def test_names_of_products(text: str, product: Product | None, source: Source) -> None:
    entry = {"vulnerability": "CVE-2023-0001", "status": "fixed", "products": [{"@id": text}]}
    result = said({**NEW, "statements": [entry]}, source)
    found = tuple(each for statement in result.statements for each in statement.products)
    assert found == ((product,) if product else ())
    assert bool(result.problems) == (product is None)


def test_a_package_with_parts_is_not_used() -> None:
    entry = {
        "vulnerability": "CVE-2023-0001",
        "status": "not_affected",
        "products": [{"@id": "pkg:golang/app", "subcomponents": [{"@id": "pkg:golang/part"}]}],
    }
    result = said({**NEW, "statements": [entry]})
    assert result.statements == ()
    assert "a package with parts" in messages(result)


def test_parts_that_nothing_identifies_do_not_become_the_whole() -> None:
    entry = {
        "vulnerability": "CVE-2023-0001",
        "status": "not_affected",
        "products": [{"@id": APP, "subcomponents": [{"@id": "https://example.com/part"}]}],
    }
    result = said({**NEW, "statements": [entry]}, AT)
    assert result.statements == ()
    assert "parts of a product" in messages(result)


def test_a_document_keeps_what_is_whole() -> None:
    document = copy.deepcopy(NEW)
    document["statements"] += [
        7,
        None,
        {"vulnerability": {"name": "CVE-2023-0009"}, "products": [{"@id": APP}], "status": "maybe"},
        {"vulnerability": {}, "products": [{"@id": APP}], "status": "fixed"},
        {"vulnerability": {"name": "\x00"}, "products": [{"@id": APP}], "status": "fixed"},
        {"vulnerability": {"name": "CVE-2023-0009"}, "products": "x", "status": "fixed"},
        {
            "vulnerability": {"name": "CVE-1"},
            "products": [{"@id": APP}],
            "status": "not_affected",
            "justification": "no",
        },
    ]
    result = said(document)
    assert [each.names[0] for each in result.statements] == ["CVE-2023-0001", "CVE-2023-0002", "CVE-2023-0003", "CVE-1"]
    assert result.statements[-1].justification == ""
    text = messages(result)
    for words in (
        "Expected `object`, got `int`",
        "Expected `object`, got `null`",
        "(maybe)",
        "2 times, a statement that names no vulnerability",
        "a justification",
    ):
        assert words in text, text


def test_what_reads_documents_is_among_what_looks_into_images() -> None:
    # Another reader makes another inventory: images that hold documents are read anew.
    assert READER in TOOLS
