"""Everything that hangs on an image is listed within bounds; what cannot be read is said."""

import json
from pathlib import Path
from typing import Any

import pytest

from envscout.errors import DigestMismatch, UsageError
from envscout.images import attestation_list
from envscout.images.attachments import Attachments
from envscout.images.attestation_list import Hung, Listing
from envscout.names.reference import parse
from tests.images import attesting
from tests.images.attesting import IN_TOTO, SPDX, fallback
from tests.images.fake_registry import FakeRegistry
from tests.images.images import AMD, blob, write


def listing(text: str) -> Listing:
    with Attachments(parse(text), "linux/amd64") as attached:
        return attached.listing()


@pytest.fixture
def layout(tmp_path: Path) -> Path:
    write(tmp_path / "layout", v1=AMD)
    return tmp_path / "layout"


def referrers(layout: Path, count: int, media_type: str = IN_TOTO) -> str:
    """Hang documents on the image and return its digest."""
    digest = str(attesting.entry(layout, "v1")["digest"])
    entries = [
        attesting.manifest(
            layout,
            [attesting.layer(layout, {"number": number}, media_type, {"predicateType": f"x:{number}"})],
            subject=digest,
            artifact_type=media_type,
        )
        for number in range(count)
    ]
    attesting.index(layout, fallback(digest), entries)
    return digest


def test_types_of_all_kinds_are_listed(layout: Path) -> None:
    digest = referrers(layout, 3)
    found = listing(f"oci-dir://{layout}:v1")
    assert [(each.type, each.kind, each.place, each.subject) for each in found.entries] == [
        (f"x:{number}", "", "referrer", digest) for number in range(3)
    ]
    assert found.problems == ()


def test_what_is_no_statement_is_listed_under_its_media_type(layout: Path) -> None:
    referrers(layout, 1, "application/vnd.example.scan+json")
    assert [each.type for each in listing(f"oci-dir://{layout}:v1").entries] == ["application/vnd.example.scan+json"]


def test_the_list_is_bounded_and_says_so(layout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    referrers(layout, 5)
    monkeypatch.setattr(attestation_list, "MAX_LISTED", 2)
    found = listing(f"oci-dir://{layout}:v1")
    assert (len(found.entries), [each.code for each in found.problems]) == (2, ["cut-list"])
    monkeypatch.setattr(attestation_list, "MAX_ARTIFACTS", 4)
    monkeypatch.setattr(attestation_list, "MAX_LISTED", 100)
    found = listing(f"oci-dir://{layout}:v1")
    assert len(found.entries) < 5
    assert {each.code for each in found.problems} == {"unread-attestation"}
    assert "More than 4 parts" in found.problems[0].message


def test_more_than_the_bound_is_not_even_held(layout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A manifest of four megabytes names a hundred thousand documents, and there may be hundreds of manifests."""
    layers = [{"mediaType": "a", "digest": f"sha256:{number}", "size": 1} for number in range(10_000)]
    subject = str(attesting.entry(layout, "v1")["digest"])
    entries = [attesting.manifest(layout, layers, subject=subject, artifact_type=f"x/{each}") for each in range(3)]
    attesting.index(layout, fallback(subject), entries)
    held = 0

    def counted(**fields: Any) -> Hung:
        nonlocal held
        held += 1
        return Hung(**fields)

    monkeypatch.setattr(attestation_list, "Hung", counted)
    found = listing(f"oci-dir://{layout}:v1")
    assert (len(found.entries), held) == (attestation_list.MAX_LISTED, attestation_list.MAX_LISTED + 1)
    assert "More than 1,000 documents" in found.problems[0].message


def test_a_damaged_manifest_does_not_hide_the_others(layout: Path) -> None:
    digest = referrers(layout, 3)
    tag = attesting.entry(layout, fallback(digest))["digest"]
    second = json.loads(blob(layout, tag).read_bytes())["manifests"][1]["digest"]
    blob(layout, second).write_bytes(b"{}")
    found = listing(f"oci-dir://{layout}:v1")
    assert [each.type for each in found.entries] == ["x:0", "x:2"]
    assert [each.code for each in found.problems] == ["unread-attestation"]


def test_a_document_that_is_another(layout: Path) -> None:
    referrers(layout, 1)
    with Attachments(parse(f"oci-dir://{layout}:v1")) as attached:
        (one,) = attached.listing().entries
        assert json.loads(attached.read(one)) == {"number": 0}
        path = blob(layout, one.digest)
        path.write_bytes(path.read_bytes().replace(b"0", b"1"))
        with pytest.raises(DigestMismatch):
            attached.read(one)


def test_a_registry_whose_account_leads_elsewhere(layout: Path) -> None:
    digest = referrers(layout, 2)
    entries = json.loads(blob(layout, attesting.entry(layout, fallback(digest))["digest"]).read_bytes())["manifests"]
    with FakeRegistry() as fake:
        fake.layout, fake.tags["v1"] = layout, digest
        fake.referrers, fake.next_page = {digest: [entries[:1], entries[1:]]}, "http://127.0.0.1:1/more"
        found = listing(f"registry://{fake.host}/my/app:v1")
        assert found.entries == ()
        assert [each.code for each in found.problems] == ["unread-attestation"]
        fake.next_page = ""
        assert [each.type for each in listing(f"registry://{fake.host}/my/app:v1").entries] == ["x:0", "x:1"]


def test_places_that_hold_none(tmp_path: Path) -> None:
    (tmp_path / "root").mkdir()
    with pytest.raises(UsageError, match="keeps nothing"):
        listing(f"fs://{tmp_path}/root")


def test_what_is_told_of_one(layout: Path) -> None:
    digest = str(attesting.entry(layout, "v1")["digest"])
    built = attesting.buildkit(layout, {SPDX: {}}, digest)
    attesting.index(layout, "index", [attesting.entry(layout, "v1"), built])
    (one,) = listing(f"oci-dir://{layout}:index").entries
    layers = json.loads(blob(layout, built["digest"]).read_bytes())["layers"]
    assert one == Hung(SPDX, "sbom", IN_TOTO, layers[0]["digest"], layers[0]["size"], "index", digest, built["digest"])
