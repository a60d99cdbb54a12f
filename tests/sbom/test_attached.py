"""Attached SBOMs are believed only as far as asked: instead of our own look, or beside it."""

import json
from typing import Any

from envscout.model import Distribution, Image, Inventory, Layer, Package
from envscout.sbom.attached import Document, beside, claim, instead, is_of, stages
from tests.images import attesting
from tests.images.attesting import CYCLONEDX, SPDX

DIGEST, INDEX, OTHER = (f"sha256:{letter * 64}" for letter in "abc")
LAYER = f"sha256:{'d' * 64}"
IMAGE = Image(DIGEST, index_digest=INDEX, layers=(Layer(LAYER, LAYER, "", 1),))
LIBC = "pkg:deb/debian/libc6@2.36-9?arch=amd64&distro=debian-12"


def document(content: Any, subject: str = DIGEST, said: bool = True) -> Document:
    return Document(subject, content if isinstance(content, bytes) else json.dumps(content).encode(), said)


def stated(kind: str, predicate: Any, about: str = DIGEST) -> Document:
    return document(attesting.statement(kind, predicate, about))


def codes(found: Any) -> list[str]:
    return [problem.code for problem in found.problems]


def purls(found: Inventory | None) -> list[str]:
    assert found is not None
    return [package.purl for package in found.packages]


def test_the_first_that_can_be_read_is_taken() -> None:
    one, two = attesting.spdx(("pkg:npm/a@1", "")), attesting.cyclonedx("pkg:npm/b@1")
    found = claim([document(b"{"), stated(SPDX, one), stated(CYCLONEDX, two)], IMAGE)
    assert (purls(found.found), codes(found), found.tool) == (
        ["pkg:npm/a@1"], ["unread-attestation"], "attached-sbom@SPDX-2.3",
    )  # fmt: skip
    assert claim([stated(CYCLONEDX, two)], IMAGE).tool == "attached-sbom@CycloneDX-1.5"


def test_what_did_not_say_what_it_is_comes_last_and_fails_silently() -> None:
    unsaid = document({"predicateType": "https://example.org/scan", "predicate": {}, "subject": []}, said=False)
    assert claim([unsaid], IMAGE).problems == ()
    one, two = attesting.cyclonedx("pkg:npm/a@1"), attesting.cyclonedx("pkg:npm/b@1")
    assert purls(claim([document(one, said=False), document(two)], IMAGE).found) == ["pkg:npm/b@1"]


def test_a_statement_about_another_image_is_not_used() -> None:
    found = claim([stated(SPDX, attesting.spdx(("pkg:npm/a@1", "")), OTHER)], IMAGE)
    assert (found.found, codes(found)) == (None, ["unread-attestation"])


def test_a_statement_about_the_index_is_said_to_be_one() -> None:
    content = attesting.statement(SPDX, attesting.spdx(("pkg:npm/a@1", "")), INDEX)
    found = claim([document(content, INDEX)], IMAGE)
    assert (purls(found.found), codes(found)) == (["pkg:npm/a@1"], ["sbom-of-index"])


def test_instead_of_a_look() -> None:
    found = instead(claim([stated(SPDX, attesting.spdx((LIBC, "/var/lib/dpkg/status")))], IMAGE), IMAGE)
    assert found.distribution == Distribution("debian", "12")
    assert found.tools[0] == "attached-sbom@SPDX-2.3"
    assert (found.packages[0].locations, "no-layers" in codes(found)) == (("/var/lib/dpkg/status",), True)


def test_layers_that_the_image_does_not_have_are_not_believed() -> None:
    packages = tuple(
        {"purl": f"pkg:npm/{name}@1", "name": name, "version": "1", "type": "npm", "layer": layer}
        for name, layer in (("a", LAYER), ("b", OTHER))
    )
    own = {"schema": "envscout/sbom/1", "packages": packages}
    found = instead(claim([document(own)], IMAGE), IMAGE)
    assert [package.layer for package in found.packages] == [LAYER, ""]


def looked(*packages: Package) -> Inventory:
    return Inventory(packages, None, (), ("dpkg@1",))


def test_beside_a_look_only_what_it_lacks_is_added() -> None:
    own = looked(
        Package("npm", "a", "1", "pkg:npm/a@1", locations=("/a",)),
        Package("golang", "m", "v1.2", "pkg:golang/m@v1.2"),
    )
    claimed = attesting.cyclonedx("pkg:npm/a@1?x=y", "pkg:golang/m@1.2", "pkg:npm/a@2", "pkg:cargo/linked@3")
    found = beside(own, claim([stated(CYCLONEDX, claimed)], IMAGE), IMAGE)
    added = {package.purl: package.locations for package in found.packages[2:]}
    assert added == {
        "pkg:npm/a@2": ("attached-sbom@CycloneDX-1.5:",),
        "pkg:cargo/linked@3": ("attached-sbom@CycloneDX-1.5:",),
    }
    assert found.packages[:2] == own.packages
    assert found.tools == ("dpkg@1", "attached-sbom@CycloneDX-1.5")


def test_a_database_knows_better_what_is_installed() -> None:
    claimed = claim([stated(SPDX, attesting.spdx((LIBC, "")))], IMAGE)
    own = looked(Package("deb", "libc6", "2.36-9+deb12u1", "pkg:deb/debian/libc6@2.36-9%2Bdeb12u1"))
    assert beside(own, claimed, IMAGE).packages == own.packages
    bare = beside(looked(), claimed, IMAGE)
    assert (len(bare.packages), bare.distribution) == (1, Distribution("debian", "12"))


def test_nothing_that_was_added_has_an_owner() -> None:
    packages = (
        {"purl": "pkg:deb/debian/o@1", "name": "o", "version": "1", "type": "deb"},
        {"purl": "pkg:pypi/p@1", "name": "p", "version": "1", "type": "pypi", "owner": "pkg:deb/debian/o@1"},
    )
    claimed = claim([document({"schema": "envscout/sbom/1", "packages": packages})], IMAGE)
    assert claimed.found is not None
    assert [package.owner for package in claimed.found.packages] == ["", "pkg:deb/debian/o@1"]
    assert {package.owner for package in beside(looked(), claimed, IMAGE).packages} == {""}


def test_nothing_attached_is_said_beside_a_look() -> None:
    found = beside(looked(), claim([], IMAGE), IMAGE)
    assert (codes(found), found.tools[-1]) == (["no-attached-sbom"], "attached-sbom@none")


def test_of_which_source_an_inventory_is() -> None:
    own = ("dpkg@1", "npm@1")
    assert is_of((*own, "attached-sbom@SPDX-2.3"), own)
    assert is_of(("attached-sbom@SPDX-2.3", "syft-1"), ())
    assert not is_of(("attached-sbom@SPDX-2.3", "syft-1"), own)
    assert not is_of((*own, "attached-sbom@none"), own)
    assert not is_of((*own, "attached-sbom@SPDX-2.3"), ())
    assert not is_of(own, own)
    assert not is_of((), ())


def test_documents_of_stages_are_told_apart_by_their_names() -> None:
    image = Image(digest="sha256:" + "a" * 64)
    of_stage = json.dumps({**attesting.spdx(("pkg:npm/a@1", "")), "name": "sbom-build"}).encode()
    of_image = json.dumps({**attesting.spdx(("pkg:npm/b@1", "")), "name": "sbom"}).encode()
    documents = [Document(image.digest, data) for data in (of_stage, of_image, b"{", of_stage)]
    assert [each.purl for each in (claim(documents, image).found or Inventory()).packages] == ["pkg:npm/b@1"]
    assert {name: [each.purl for each in found.packages] for name, found in stages(documents, image).items()} == {
        "build": ["pkg:npm/a@1"]
    }
    # Somebody who writes one document may call it as they like.
    alone = claim([Document(image.digest, of_stage)], image).found
    assert [each.purl for each in (alone or Inventory()).packages] == ["pkg:npm/a@1"]
