"""What is attached to an image is found wherever builders put it; what is damaged, foreign or too much is said."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from envscout.images import attestations, open_image
from envscout.images import registry as registries
from envscout.images.attestations import PROVENANCE, SBOM, UNSAID, Attached
from envscout.names.reference import parse
from tests.images import attesting
from tests.images.attesting import CYCLONEDX, DSSE, IN_TOTO, SLSA_1, SPDX, fallback
from tests.images.fake_registry import FakeRegistry
from tests.images.images import AMD, ARM, blob, write
from tests.servers.registry import Registry

DOCUMENT = attesting.spdx(("pkg:npm/a@1", ""))
BOTH = {SPDX: DOCUMENT, SLSA_1: attesting.slsa()}
BUNDLE = "application/vnd.dev.sigstore.bundle.v0.3+json"


def attached(text: str, *kinds: str, everywhere: bool = True) -> Attached:
    with open_image(parse(text), platform="linux/amd64") as opened:
        return opened.attached(kinds or (SBOM, PROVENANCE), everywhere=everywhere)


def places(found: Attached) -> list[tuple[str, str, str]]:
    return [(one.kind, one.type, one.place) for one in found.documents]


@pytest.fixture
def layout(tmp_path: Path) -> Path:
    """Return a layout with an image for two platforms under names of their own."""
    write(tmp_path / "layout", amd=AMD, arm=ARM)
    return tmp_path / "layout"


def built(layout: Path, statements: dict[str, Any] = BOTH) -> str:
    """Make the index `v1` as BuildKit does; return the digest of the image for amd64."""
    amd, arm = attesting.entry(layout, "amd"), attesting.entry(layout, "arm")
    marks = [attesting.buildkit(layout, statements, amd["digest"])]
    marks += [attesting.buildkit(layout, {SPDX: attesting.spdx(("pkg:npm/arm@1", ""))}, arm["digest"])]
    attesting.index(layout, "v1", [amd, arm, *marks])
    return str(amd["digest"])


def referrer(
    layout: Path, subject: str, media_type: str = IN_TOTO, content: Any = None, **notes: str
) -> dict[str, Any]:
    """Store a manifest that refers to an image and return its descriptor."""
    document = content if content is not None else attesting.statement(SPDX, DOCUMENT, subject)
    return attesting.manifest(
        layout, [attesting.layer(layout, document, media_type, notes)], subject=subject, artifact_type=media_type
    )


def test_manifests_of_buildkit_in_a_layout(layout: Path) -> None:
    digest = built(layout)
    found = attached(f"oci-dir://{layout}:v1")
    assert places(found) == [(SBOM, SPDX, "index"), (PROVENANCE, SLSA_1, "index")]
    assert {one.subject for one in found.documents} == {digest}
    assert json.loads(found.documents[0].data)["predicate"] == DOCUMENT
    assert found.problems == ()
    assert places(attached(f"oci-dir://{layout}:v1", PROVENANCE, everywhere=False)) == [(PROVENANCE, SLSA_1, "index")]


def test_an_index_that_is_the_layouts_own(layout: Path) -> None:
    built(layout)
    index = json.loads(blob(layout, attesting.entry(layout, "v1")["digest"]).read_bytes())
    (layout / "index.json").write_text(json.dumps(index))
    assert len(attached(f"oci-dir://{layout}").documents) == 2
    # One platform alone: the image is chosen at once, and its attestation lies beside it.
    index["manifests"] = [index["manifests"][0], index["manifests"][2]]
    (layout / "index.json").write_text(json.dumps(index))
    assert len(attached(f"oci-dir://{layout}").documents) == 2


def test_manifests_of_buildkit_in_a_registry(layout: Path, registry: Registry) -> None:
    built(layout)
    registry.put(layout, "attested/buildkit:v1", "v1")
    found = attached(f"registry://{registry.host}/attested/buildkit:v1")
    assert places(found) == [(SBOM, SPDX, "index"), (PROVENANCE, SLSA_1, "index")]


def test_referrers_under_the_tag_in_place_of_them(layout: Path, registry: Registry) -> None:
    digest = attesting.entry(layout, "amd")["digest"]
    notes = {"in-toto.io/predicate-type": SPDX}
    attesting.index(layout, fallback(digest), [referrer(layout, digest, **notes)])
    registry.put(layout, "attested/fallback:v1", "amd")
    registry.put(layout, f"attested/fallback:{fallback(digest)}", fallback(digest))
    for text in (f"registry://{registry.host}/attested/fallback:v1", f"oci-dir://{layout}:amd"):
        assert places(attached(text, SBOM)) == [(SBOM, SPDX, "referrer")]
        assert attached(text, SBOM, everywhere=False) == Attached()


def test_cosigns_tags(layout: Path, registry: Registry) -> None:
    digest = attesting.entry(layout, "amd")["digest"]
    signed = attesting.envelope(attesting.statement(SLSA_1, attesting.slsa(), digest))
    layers = [attesting.layer(layout, signed, DSSE, {"predicateType": SLSA_1})]
    attesting.tag(layout, fallback(digest, ".att"), attesting.manifest(layout, layers))
    layers = [attesting.layer(layout, attesting.cyclonedx("pkg:npm/a@1"), "application/vnd.cyclonedx+json")]
    attesting.tag(layout, fallback(digest, ".sbom"), attesting.manifest(layout, layers))
    for ref in ("amd", fallback(digest, ".att"), fallback(digest, ".sbom")):
        registry.put(layout, f"attested/cosign:{'v1' if ref == 'amd' else ref}", ref)
    for text in (f"registry://{registry.host}/attested/cosign:v1", f"oci-dir://{layout}:amd"):
        assert places(attached(text)) == [
            (PROVENANCE, SLSA_1, "tag"),
            (SBOM, "application/vnd.cyclonedx+json", "tag"),
        ]


def served(layout: Path, then: Callable[[FakeRegistry, str], None], *kinds: str) -> tuple[Attached, list[str]]:
    """Return what is found in a registry that was prepared, and the paths that it was asked for."""
    with FakeRegistry() as registry:
        registry.layout = layout
        digest = attesting.entry(layout, "amd")["digest"]
        registry.tags = {"v1": digest}
        then(registry, digest)
        found = attached(f"registry://{registry.host}/app:v1", *kinds)
        return found, [path for path, _ in registry.seen]


def test_the_registrys_own_account_of_referrers(layout: Path) -> None:
    def prepare(registry: FakeRegistry, digest: str) -> None:
        signature = {"digest": "sha256:" + "0" * 64, "artifactType": "application/vnd.cncf.notary.signature", "size": 1}
        first = referrer(layout, digest, "application/spdx+json", DOCUMENT)
        signed = attesting.envelope(attesting.statement(SLSA_1, attesting.slsa(), digest))
        bundle = {"mediaType": BUNDLE, "dsseEnvelope": signed}
        second = referrer(layout, digest, BUNDLE, bundle)
        second["annotations"] = {"dev.sigstore.bundle.predicateType": SLSA_1}
        registry.referrers = {digest: [[signature, first], [], [second]]}

    found, asked = served(layout, prepare)
    assert places(found) == [(SBOM, "application/spdx+json", "referrer"), (PROVENANCE, SLSA_1, "referrer")]
    assert found.problems == ()
    # All was found: cosign's tags need not be asked for.
    assert not any("sha256-" in path for path in asked)


def test_what_the_account_does_not_say_is_left_to_who_reads_it(layout: Path) -> None:
    def prepare(registry: FakeRegistry, digest: str) -> None:
        registry.referrers = {digest: [[referrer(layout, digest)]]}

    assert places(served(layout, prepare, SBOM)[0]) == [(UNSAID, IN_TOTO, "referrer")]


def test_a_referrer_to_something_else_is_not_believed(layout: Path) -> None:
    def prepare(registry: FakeRegistry, digest: str) -> None:
        other = attesting.entry(layout, "arm")["digest"]
        registry.referrers = {digest: [[referrer(layout, other, **{"in-toto.io/predicate-type": SPDX})]]}

    assert served(layout, prepare)[0] == Attached()


@pytest.mark.parametrize("status", [400, 403, 405])
def test_a_registry_that_refuses_to_tell_has_the_tag_at_least(layout: Path, status: int) -> None:
    def prepare(registry: FakeRegistry, digest: str) -> None:
        registry.referrers, registry.referrers_status = {}, status
        tag = fallback(digest)
        attesting.index(layout, tag, [referrer(layout, digest, **{"in-toto.io/predicate-type": SPDX})])
        registry.tags[tag] = attesting.entry(layout, tag)["digest"]

    found, _ = served(layout, prepare, SBOM)
    assert (places(found), found.problems) == ([(SBOM, SPDX, "referrer")], ())


def test_a_registry_that_refuses_to_tell_is_said(layout: Path) -> None:
    def prepare(registry: FakeRegistry, _: str) -> None:
        registry.referrers, registry.referrers_status = {}, 403

    found, _ = served(layout, prepare)
    assert [problem.code for problem in found.problems] == ["unread-attestation"]
    assert "403" in found.problems[0].message


def test_pages_that_lead_elsewhere_are_not_followed(layout: Path) -> None:
    with FakeRegistry() as other:

        def prepare(registry: FakeRegistry, digest: str) -> None:
            registry.auth = "anonymous"
            registry.referrers = {digest: [[], []]}
            registry.next_page = f"http://{other.host}/v2/app/referrers/{digest}?page=1"

        found, _ = served(layout, prepare)
        assert "another host" in found.problems[0].message
        assert other.seen == []


def test_pages_without_end(layout: Path) -> None:
    def prepare(registry: FakeRegistry, digest: str) -> None:
        registry.referrers = {digest: [[] for _ in range(100)]}

    found, asked = served(layout, prepare)
    assert "more than 20 pages" in found.problems[0].message
    assert len(asked) < 40


def test_pages_of_more_than_anybody_keeps(layout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page of four megabytes holds a million entries that say nothing."""
    monkeypatch.setattr(registries, "MAX_REFERRERS", 10)

    def prepare(registry: FakeRegistry, digest: str) -> None:
        registry.referrers = {digest: [[{}] * 6 for _ in range(15)]}

    found, asked = served(layout, prepare)
    assert "More than 10 artifacts refer" in found.problems[0].message
    assert len([path for path in asked if "/referrers/" in path]) <= 4


def test_more_referrers_than_anybody_reads(layout: Path) -> None:
    def prepare(registry: FakeRegistry, digest: str) -> None:
        many = [referrer(layout, digest, "application/x-other", {"number": number}) for number in range(200)]
        registry.referrers = {digest: [many]}

    found, asked = served(layout, prepare)
    assert {problem.code for problem in found.problems} == {"unread-attestation"}
    assert len(asked) < 100


def test_more_documents_than_anybody_reads(layout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attestations, "MAX_DOCUMENTS", 2)
    digest = attesting.entry(layout, "amd")["digest"]
    layers = [
        attesting.layer(layout, {"number": number}, IN_TOTO, {"in-toto.io/predicate-type": SPDX}) for number in range(9)
    ]
    entry = attesting.manifest(layout, layers)
    entry["annotations"] = {"vnd.docker.reference.type": "attestation-manifest", "vnd.docker.reference.digest": digest}
    attesting.index(layout, "v1", [attesting.entry(layout, "amd"), entry])
    found = attached(f"oci-dir://{layout}:v1", SBOM)
    assert len(found.documents) == 2
    assert "More than 2 documents" in found.problems[0].message


@pytest.mark.parametrize("name", ["MAX_DOCUMENT", "MAX_TOTAL"])
def test_documents_that_are_too_large(layout: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    built(layout, {SPDX: attesting.spdx(*((f"pkg:npm/a{number}@1", "") for number in range(100)))})
    monkeypatch.setattr(attestations, name, 10_000)
    found = attached(f"oci-dir://{layout}:v1", SBOM)
    assert found.documents == ()
    assert "is larger than 10,000 bytes" in found.problems[0].message


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"null", b'{"layers": 3}', b'{"layers":[{"size":"x"}]}'])
def test_damaged_manifests(layout: Path, data: bytes) -> None:
    amd = attesting.entry(layout, "amd")
    entry = attesting.layer(layout, data, attesting.MANIFEST)
    marks = {"vnd.docker.reference.type": "attestation-manifest", "vnd.docker.reference.digest": amd["digest"]}
    attesting.index(layout, "v1", [amd, {**entry, "annotations": marks}])
    found = attached(f"oci-dir://{layout}:v1", SBOM)
    assert (found.documents, [problem.code for problem in found.problems]) == ((), ["unread-attestation"])


def test_bytes_that_are_not_what_their_digest_says(layout: Path) -> None:
    built(layout)
    index = json.loads(blob(layout, attesting.entry(layout, "v1")["digest"]).read_bytes())
    manifest = blob(layout, index["manifests"][2]["digest"])
    document = blob(layout, json.loads(manifest.read_bytes())["layers"][0]["digest"])
    document.write_bytes(document.read_bytes().replace(b"npm", b"nqm"))
    found = attached(f"oci-dir://{layout}:v1")
    assert [one.kind for one in found.documents] == [PROVENANCE]
    assert "have the digest" in found.problems[0].message
    document.unlink()
    assert "has no blobs" in attached(f"oci-dir://{layout}:v1").problems[0].message
    manifest.write_bytes(manifest.read_bytes() + b" ")
    found = attached(f"oci-dir://{layout}:v1")
    assert (found.documents, len(found.problems)) == ((), 1)


def test_a_digest_that_is_none(layout: Path) -> None:
    amd = attesting.entry(layout, "amd")
    marks = {"vnd.docker.reference.type": "attestation-manifest", "vnd.docker.reference.digest": amd["digest"]}
    evil = {"mediaType": attesting.MANIFEST, "digest": "sha256:../../../etc/passwd", "size": 1, "annotations": marks}
    attesting.index(layout, "v1", [amd, evil])
    assert "is no digest" in attached(f"oci-dir://{layout}:v1").problems[0].message


def test_what_hangs_on_the_index_comes_after_what_hangs_on_the_image(layout: Path) -> None:
    built(layout, {SLSA_1: attesting.slsa()})
    index = attesting.entry(layout, "v1")["digest"]
    layers = [attesting.layer(layout, attesting.cyclonedx(), "application/vnd.cyclonedx+json")]
    attesting.tag(layout, fallback(index, ".sbom"), attesting.manifest(layout, layers))
    found = attached(f"oci-dir://{layout}:v1")
    assert [(one.kind, one.subject == index) for one in found.documents] == [(PROVENANCE, False), (SBOM, True)]


def test_an_image_beside_what_speaks_of_it_is_still_the_only_one(layout: Path) -> None:
    digest = attesting.entry(layout, "amd")["digest"]
    document = json.loads((layout / "index.json").read_bytes())
    document["manifests"] = document["manifests"][:1]
    (layout / "index.json").write_text(json.dumps(document))
    unnamed = referrer(layout, digest, "application/vnd.cyclonedx+json", attesting.cyclonedx())
    document["manifests"].append(unnamed)
    (layout / "index.json").write_text(json.dumps(document))
    attesting.tag(layout, fallback(digest, ".sig"), attesting.manifest(layout, []))
    assert places(attached(f"oci-dir://{layout}", SBOM)) == [(SBOM, "application/vnd.cyclonedx+json", "referrer")]


def test_predicates_of_other_kinds_are_not_fetched(layout: Path) -> None:
    built(layout, {"https://cosign.sigstore.dev/attestation/vuln/v1": {}, CYCLONEDX + "/v1.5": attesting.cyclonedx()})
    assert places(attached(f"oci-dir://{layout}:v1")) == [(SBOM, CYCLONEDX + "/v1.5", "index")]


def test_places_without_attestations(tmp_path: Path) -> None:
    assert attached(f"fs://{tmp_path}") == Attached()
