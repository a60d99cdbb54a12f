"""What lies around a document: gzip, DSSE and Sigstore envelopes, in-toto statements, exports of GitHub and buildx.

Signatures are not looked at: who may vouch for a document is not decided here.
"""

import base64
import binascii
import re
import zlib

import msgspec

from envscout.errors import LimitExceeded, SourceError
from envscout.sbom.draft import JSON_ERRORS, READABLE, decode

MAX_BYTES = 256 << 20
"""Bytes of a document, after unpacking."""
MAX_ENVELOPES = 4
"""Envelopes around a document that are opened."""

MAX_VALUES = 8_000_000
"""Values in a JSON document: each costs up to a hundred times the bytes that name it."""

_GZIP = b"\x1f\x8b"
_OBJECT = re.compile(rb"\s*\{")
_NONE = msgspec.Raw()


class Shape(msgspec.Struct):
    """The fields by which formats and envelopes are told apart."""

    schema: object = None
    bomFormat: object = None  # noqa: N815 - the document's word
    spdxVersion: object = None  # noqa: N815
    artifacts: msgspec.Raw = _NONE
    graph: msgspec.Raw = msgspec.field(name="@graph", default=_NONE)
    predicateType: object = None  # noqa: N815
    subject: msgspec.Raw = _NONE
    payload: msgspec.Raw = _NONE
    dsseEnvelope: msgspec.Raw = _NONE  # noqa: N815
    predicate: msgspec.Raw = _NONE
    Data: msgspec.Raw = _NONE
    SPDX: msgspec.Raw = _NONE
    SLSA: msgspec.Raw = _NONE
    sbom: msgspec.Raw = _NONE

    @property
    def is_document(self) -> bool:
        """Tell whether this is no envelope."""
        return bool(self.bomFormat or self.spdxVersion or self.artifacts or self.graph) or isinstance(self.schema, str)


class Statement(msgspec.Struct, frozen=True):
    """The innermost content. predicate_type, attested: as the last in-toto statement around it says; "" and ()."""

    content: bytes
    shape: Shape | None
    predicate_type: str = ""
    attested: tuple[str, ...] = ()


class _Subject(msgspec.Struct):
    digest: dict[str, str] = {}


def opened(data: bytes) -> Statement:
    """Return what is in all the envelopes: JSON with its shape, or other text with None.

    Raises SourceError for damaged or endless envelopes, LimitExceeded beyond MAX_BYTES, MAX_VALUES.
    """
    found = Statement(_plain(data), None)
    for _ in range(MAX_ENVELOPES + 1):
        if not _OBJECT.match(found.content):
            return found
        if len(found.content) > MAX_VALUES and found.content.count(b",") > MAX_VALUES:
            raise LimitExceeded(f"the document holds more than {MAX_VALUES} values", "Pass the image itself.")
        shape = decode(found.content, Shape, "JSON object")
        inner = b"" if shape.is_document else _inner(shape)
        if not inner:
            return msgspec.structs.replace(found, shape=shape)
        if shape.predicate:
            found = Statement(inner, None, str(shape.predicateType or ""), _attested(shape.subject))
        else:
            found = msgspec.structs.replace(found, content=inner)
    raise SourceError("too many envelopes around the document", READABLE)


def _plain(data: bytes) -> bytes:
    """Return the bytes of the text: unpacked, without byte order mark, within MAX_BYTES."""
    if data.startswith(_GZIP):
        inflater = zlib.decompressobj(wbits=31)
        try:
            plain = inflater.decompress(data, MAX_BYTES + 1)
        except zlib.error as error:
            raise SourceError(f"the gzip file is damaged: {error}", READABLE) from error
        if len(plain) <= MAX_BYTES and not inflater.eof:
            raise SourceError("the gzip file is cut short", "Fetch the document again.")
    else:
        plain = data
    if len(plain) > MAX_BYTES:
        raise LimitExceeded("the document is too large", f"At most {MAX_BYTES >> 20} MiB are read.")
    return plain.removeprefix(b"\xef\xbb\xbf")


def _inner(shape: Shape) -> bytes:
    """Return what an envelope holds, b"" if this is none."""
    if shape.payload:
        try:
            return base64.b64decode(decode(shape.payload, str, "DSSE envelope"), validate=True)
        except (binascii.Error, ValueError) as error:
            raise SourceError("the envelope's payload is no base64", READABLE) from error
    held = (shape.dsseEnvelope, shape.Data, shape.predicate, shape.SPDX, shape.SLSA, shape.sbom)
    inner = next((each for each in held if each), _NONE)
    # cosign quotes a predicate that is no JSON, and some that are.
    text = bytes(inner)
    return decode(inner, str, "in-toto predicate").encode() if text.startswith(b'"') else text


def _attested(subject: msgspec.Raw) -> tuple[str, ...]:
    try:
        subjects = msgspec.json.decode(subject, type=list[_Subject]) if subject else []
    except JSON_ERRORS:
        return ()
    return tuple(f"sha256:{each.digest['sha256']}" for each in subjects if "sha256" in each.digest)
