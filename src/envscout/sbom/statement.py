"""in-toto statements: read from their envelopes, and made around a predicate. Signatures are neither made nor checked.

Rules: in-toto attestation framework, spec v1 (https://github.com/in-toto/attestation/tree/main/spec/v1).
"""

import base64
import binascii
import re
from typing import Any

import msgspec

from envscout.errors import LimitExceeded, SourceError
from envscout.sbom.draft import READABLE, decode
from envscout.sbom.envelope import MAX_ENVELOPES, MAX_VALUES, Shape

STATEMENT = "application/vnd.in-toto+json"
ENVELOPE = "application/vnd.dsse.envelope.v1+json"
BUNDLE = "application/vnd.dev.sigstore.bundle.v0.3+json"
TYPE = "https://in-toto.io/Statement/v1"

_NONE = msgspec.Raw()
_OBJECT = re.compile(rb"\s*\{")
_OPENVEX = "https://openvex.dev/ns"


class _Subject(msgspec.Struct, frozen=True):
    digest: dict[str, str] = {}


class _Statement(msgspec.Struct, frozen=True, rename="camel"):
    subject: tuple[_Subject, ...] = ()
    predicate_type: str = ""
    predicate: msgspec.Raw = _NONE


class _Context(msgspec.Struct, frozen=True):
    context: object = msgspec.field(name="@context", default=None)


class Statement(msgspec.Struct, frozen=True):
    """A statement out of its envelopes. media_type: of the outermost one. subjects: digests, `sha256:...`."""

    data: bytes
    media_type: str
    predicate_type: str
    predicate: bytes
    subjects: tuple[str, ...]


def statement(data: bytes) -> Statement | None:
    """Return the in-toto statement in a document, None for what is none. Raises SourceError, LimitExceeded."""
    content, media_type = data, ""
    for _ in range(MAX_ENVELOPES + 1):
        if not _OBJECT.match(content):
            return None
        if content.count(b",") > MAX_VALUES:
            raise LimitExceeded(f"the document holds more than {MAX_VALUES} values", "Attach a smaller one.")
        shape = decode(content, Shape, "JSON object")
        if shape.is_document:
            return None
        if shape.predicateType and shape.subject:
            return _read(content, media_type or STATEMENT)
        if shape.dsseEnvelope:
            content, media_type = bytes(shape.dsseEnvelope), media_type or BUNDLE
        elif shape.payload:
            content, media_type = _payload(shape.payload), media_type or ENVELOPE
        else:
            return None
    raise SourceError("too many envelopes around the statement", READABLE)


def make(predicate: bytes, predicate_type: str, name: str, digest: str) -> bytes:
    """Return a statement that says a predicate of one image. Raises SourceError where the predicate is no JSON.

    name: of the image, for people. digest: `sha256:...`.
    """
    algorithm, _, value = digest.partition(":")
    document: dict[str, Any] = {
        "_type": TYPE,
        "subject": [{"name": name or "_", "digest": {algorithm: value}}],
        "predicateType": predicate_type,
        "predicate": decode(predicate, msgspec.Raw, "predicate"),
    }
    return msgspec.json.encode(document)


def told_type(predicate: bytes) -> str:
    """Return the predicate type that a document of a known format stands for, "" for any other. Raises SourceError."""
    if not _OBJECT.match(predicate):
        return ""
    shape = decode(predicate, Shape, "predicate")
    if shape.spdxVersion:
        return "https://spdx.dev/Document"
    if shape.bomFormat == "CycloneDX":
        return "https://cyclonedx.org/bom"
    context = str(decode(predicate, _Context, "predicate").context)
    return context if context.startswith(_OPENVEX) else ""


def _read(content: bytes, media_type: str) -> Statement:
    read = decode(content, _Statement, "in-toto statement")
    subjects = tuple(
        f"{algorithm}:{value}"
        for subject in read.subject
        for algorithm, value in subject.digest.items()
        if algorithm in ("sha256", "sha512")
    )
    return Statement(content, media_type, read.predicate_type, bytes(read.predicate), subjects)


def _payload(payload: msgspec.Raw) -> bytes:
    try:
        return base64.b64decode(decode(payload, str, "DSSE envelope"), validate=True)
    except (binascii.Error, ValueError) as error:
        raise SourceError("the envelope's payload is no base64", READABLE) from error
