"""in-toto statements are found in their envelopes, and made around predicates."""

import base64
import json
from typing import Any

import pytest

from envscout.errors import SourceError
from envscout.sbom.statement import BUNDLE, ENVELOPE, STATEMENT, Statement, make, statement, told_type

DIGEST = f"sha256:{'a' * 64}"
PLAIN = make(b'{"a": 1}', "x:y", "name", DIGEST)


def dsse(content: bytes) -> bytes:
    return json.dumps({"payload": base64.b64encode(content).decode(), "payloadType": STATEMENT}).encode()


def test_what_is_made_is_read() -> None:
    assert json.loads(PLAIN)["_type"] == "https://in-toto.io/Statement/v1"
    assert statement(PLAIN) == Statement(PLAIN, STATEMENT, "x:y", b'{"a": 1}', (DIGEST,))


@pytest.mark.parametrize(
    ("data", "media_type"),
    [
        (dsse(PLAIN), ENVELOPE),
        (b'{"mediaType": "bundle", "dsseEnvelope": ' + dsse(PLAIN) + b"}", BUNDLE),
        (b"\n " + PLAIN + b"\n", STATEMENT),
    ],
)
def test_envelopes(data: bytes, media_type: str) -> None:
    found = statement(data)
    assert found
    assert (found.media_type, found.predicate_type, found.subjects) == (media_type, "x:y", (DIGEST,))
    assert json.loads(found.data) == json.loads(PLAIN)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"SPDXVersion: SPDX-2.3",
        b"{}",
        b'{"spdxVersion": "SPDX-2.3", "payload": "x"}',
        b'{"bomFormat": "CycloneDX", "predicateType": "x", "subject": []}',
        b'{"predicateType": "x:y"}',
    ],
)
def test_what_is_no_statement(data: bytes) -> None:
    assert statement(data) is None


def nested(times: int) -> bytes:
    data = PLAIN
    for _ in range(times):
        data = dsse(data)
    return data


@pytest.mark.parametrize(
    "data",
    [
        b'{"payload": 5}',
        b'{"payload": "***"}',
        b'{"predicateType": 5, "subject": 5}',
        b'{"predicateType": "x", "subject": [{"digest": {"sha256": 5}}]}',
        b'{"predicateType": "x", "subject": [',
        b'{"a": ' + b"[" * 100_000,
        nested(7),
    ],
)
def test_damaged_and_endless_ones(data: bytes) -> None:
    with pytest.raises(SourceError):
        statement(data)


@pytest.mark.parametrize("predicate", [b"", b"not json", b'{"a": ', b"{} {}", b"\xff"])
def test_a_predicate_has_to_be_json(predicate: bytes) -> None:
    with pytest.raises(SourceError):
        make(predicate, "x:y", "name", DIGEST)


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({"spdxVersion": "SPDX-2.3"}, "https://spdx.dev/Document"),
        ({"bomFormat": "CycloneDX", "specVersion": "1.6"}, "https://cyclonedx.org/bom"),
        ({"@context": "https://openvex.dev/ns/v0.2.0"}, "https://openvex.dev/ns/v0.2.0"),
        ({"@context": ["https://openvex.dev/ns"]}, ""),
        ({"a": 1}, ""),
    ],
)
def test_documents_that_tell_their_type(document: Any, expected: str) -> None:
    assert told_type(json.dumps(document).encode()) == expected
