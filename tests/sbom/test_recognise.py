"""Any document is recognised, opened, bounded, or refused with a reason and a next step."""

import base64
import gzip
import zipfile
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from envscout import sbom
from envscout.errors import LimitExceeded, SourceError
from envscout.model import Image, Inventory, Package
from envscout.sbom import draft, envelope
from tests.sbom.documents import DEB, DIGEST, as_json, cyclonedx, properties, spdx, spdx_package, syft

SPDX = spdx(spdx_package(DEB, "libssl3"))
CYCLONEDX = cyclonedx({"type": "library", "name": "libssl3", "purl": DEB})
SYFT = syft({"name": "libssl3", "version": "3.0.11-1", "purl": DEB})
OWN = sbom.write(Image("sha256:1"), Inventory((Package("deb", "libssl3", "3.0.11-1", DEB),)), "demo")
DOCUMENTS = {"spdx": SPDX, "cyclonedx": CYCLONEDX, "syft": SYFT, "own": OWN}


def dsse(payload: bytes) -> bytes:
    """Return a DSSE envelope."""
    return as_json({"payloadType": "application/vnd.in-toto+json", "payload": base64.b64encode(payload).decode()})


def statement(predicate: object) -> bytes:
    """Return an in-toto statement."""
    return as_json({"_type": "https://in-toto.io/Statement/v0.1", "predicate": predicate})


WRAPPED = {
    "plain": SPDX,
    "byte order mark": b"\xef\xbb\xbf" + SPDX,
    "gzip": gzip.compress(SPDX),
    "statement": b'{"_type":"x","predicateType":"https://spdx.dev/Document","predicate":' + SPDX + b"}",
    "statement with a subject": b'{"subject":[{"name":"x","digest":{"sha256":"%s"}}],"predicate":%s}'
    % (DIGEST[7:].encode(), SPDX),
    "statement with a predicate as text": statement(SPDX.decode()),
    "bundle": b'{"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json","dsseEnvelope":%s}'
    % dsse(b'{"predicate":%s}' % SPDX),
    "what buildx prints": b'{"SPDX":%s}' % SPDX,
    "what GitHub exports": b'{"sbom":%s}' % SPDX,
    "statement with text": statement({"Data": SPDX.decode()}),
    "statement with object": b'{"predicate":{"Data":' + SPDX + b"}}",
    "envelope": dsse(b'{"predicate":' + SPDX + b"}"),
    "envelope in gzip": gzip.compress(dsse(statement({"Data": SPDX.decode()}))),
}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_formats_are_recognised(name: str) -> None:
    inventory, subject = sbom.read(DOCUMENTS[name])
    assert [(each.type, each.name, each.version) for each in inventory.packages] == [("deb", "libssl3", "3.0.11-1")]
    assert subject.format


@pytest.mark.parametrize("name", WRAPPED)
def test_wrappings_are_opened(name: str) -> None:
    inventory, subject = sbom.read(SPDX)
    attested = (DIGEST,) if "subject" in name else ()
    assert sbom.read(WRAPPED[name]) == (inventory, msgspec.structs.replace(subject, attested=attested))


REFUSED = {
    "empty": (b"", "JSON"),
    "text": (b"SPDX: SPDX-2.3\n", "JSON"),
    "xml": (b"<bom/>", "no CycloneDX"),
    "list": (b"[]", "JSON"),
    "null": (b"null", "JSON"),
    "object": (b"{}", "no known format"),
    "package.json": (b'{"name":"x","version":"1"}', "no known format"),
    "truncated": (SPDX[:-10], "JSON"),
    "not utf-8": (b'{"spdxVersion":"\xff"}', "JSON"),
    "deep": (b'{"a":' * 500_000, "JSON"),
    "deep list": (b'{"components":' + b"[" * 500_000, "JSON"),
    "spdx 3 graph no list": (b'{"@graph":7}', "SPDX 3"),
    "spdx 1": (b'{"spdxVersion":"SPDX-1.2"}', "not read"),
    "newer own": (b'{"schema":"envscout/sbom/2","packages":[]}', "newer envscout"),
    "packages no list": (b'{"spdxVersion":"SPDX-2.3","packages":{}}', "SPDX"),
    "components no list": (b'{"bomFormat":"CycloneDX","components":7}', "CycloneDX"),
    "artifacts no list": (b'{"artifacts":7}', "syft"),
    "truncated gzip": (gzip.compress(SPDX)[:-12], "cut short"),
    "damaged gzip": (b"\x1f\x8b\x08\x00" + b"\xff" * 50, "damaged"),
    "no base64": (b'{"payload":"%%%"}', "base64"),
    "envelopes without end": (dsse(dsse(dsse(dsse(dsse(SPDX))))), "too many envelopes"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_other_things_are_refused_with_cause_and_next_step(name: str) -> None:
    data, cause = REFUSED[name]
    with pytest.raises(SourceError, match=cause) as refusal:
        sbom.read(data)
    assert refusal.value.next_step


def test_size_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(envelope, "MAX_BYTES", 10_000)
    for data in (b"{" + b" " * 10_000, gzip.compress(b"{" + b" " * 1_000_000)):
        with pytest.raises(LimitExceeded):
            sbom.read(data)


def test_the_number_of_packages_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(draft, "MAX_COMPONENTS", 1)
    with pytest.raises(LimitExceeded, match="2 packages"):
        sbom.read(spdx(spdx_package(DEB), spdx_package(DEB)))


def test_null_stands_for_an_empty_list() -> None:
    package = spdx_package(DEB, "libssl3") | {"hasFiles": None, "attributionTexts": None}
    assert len(sbom.read(spdx(package, creationInfo={"creators": None}))[0].packages) == 1
    component = {"name": "x", "purl": DEB, "licenses": None, "properties": None, "components": None, "evidence": None}
    assert len(sbom.read(cyclonedx(component))[0].packages) == 1
    assert len(sbom.read(syft({"purl": DEB, "licenses": None, "locations": None, "metadata": None}))[0].packages) == 1
    for data in (b'{"spdxVersion":"SPDX-2.3","packages":null}', b'{"bomFormat":"CycloneDX","components":null}'):
        assert sbom.read(data)[0].packages == ()


def test_real_documents_are_all_imported_and_survive_our_own_format(data: Path) -> None:
    documents = packages = 0
    for archive in sorted((data / "sboms").glob("*.zip")):
        with zipfile.ZipFile(archive) as zipped:
            for name in zipped.namelist():
                content = zipped.read(name)
                inventory, subject = sbom.read(content)
                again, same = sbom.read(sbom.write(subject.image, inventory, subject.reference))
                assert (again, same.image, same.reference) == (inventory, subject.image, subject.reference), name
                assert inventory.packages or inventory.problems, name
                assert subject.image.digest.removeprefix("sha256:") in name
                documents += 1
                packages += len(inventory.packages)
    assert (documents, packages) == (191, 46_494)


@given(st.sampled_from(list(DOCUMENTS)), st.integers(0, 2000), st.binary(max_size=6), st.integers(0, 6))
def test_damage_is_refused_or_read_never_a_crash(name: str, at: int, noise: bytes, lost: int) -> None:
    data = DOCUMENTS[name]
    at %= len(data)
    try:
        inventory, _ = sbom.read(data[:at] + noise + data[at + lost :])
    except SourceError:
        return
    assert all(package.name and package.purl.startswith("pkg:") for package in inventory.packages)


def test_properties_of_the_helper_are_spelt_as_producers_do() -> None:
    assert properties(syft__package__type="deb") == [{"name": "syft:package:type", "value": "deb"}]
