"""Which document is it? Unpacks gzip and in-toto envelopes, bounds the size, and hands over to the format's reader."""

import base64
import binascii
import zlib
from collections.abc import Callable

import msgspec

from envscout.errors import LimitExceeded, SourceError
from envscout.model import Inventory
from envscout.sbom import cyclonedx, own, spdx, syft
from envscout.sbom.assemble import assemble
from envscout.sbom.draft import READABLE, Draft, SubjectInfo, decode

MAX_BYTES = 256 << 20
"""Bytes of a document, after unpacking."""
MAX_ENVELOPES = 4
"""Envelopes around a document that are opened."""

_GZIP = b"\x1f\x8b"


class _Probe(msgspec.Struct):
    """The fields by which formats and envelopes are told apart."""

    schema: object = None
    bomFormat: object = None  # noqa: N815 - the document's word
    spdxVersion: object = None  # noqa: N815
    artifacts: msgspec.Raw = msgspec.Raw()
    payload: msgspec.Raw = msgspec.Raw()
    predicate: msgspec.Raw = msgspec.Raw()
    Data: msgspec.Raw = msgspec.Raw()
    graph: msgspec.Raw = msgspec.field(name="@graph", default=msgspec.Raw())


def _assembled(read: Callable[[bytes], Draft]) -> Callable[[bytes], tuple[Inventory, SubjectInfo]]:
    """Return a reader that goes all the way to the inventory."""

    def complete(data: bytes) -> tuple[Inventory, SubjectInfo]:
        draft = read(data)
        return assemble(draft), draft.subject

    return complete


_FORMATS: tuple[tuple[Callable[[_Probe], bool], Callable[[bytes], tuple[Inventory, SubjectInfo]]], ...] = (
    (lambda probe: probe.schema == own.SCHEMA, own.read),
    (lambda probe: probe.bomFormat == "CycloneDX", _assembled(cyclonedx.read)),
    (lambda probe: str(probe.spdxVersion).startswith("SPDX-2."), _assembled(spdx.read)),
    (lambda probe: bool(probe.artifacts), _assembled(syft.read)),
)
_REFUSED: tuple[tuple[Callable[[_Probe], bool], str], ...] = (
    (lambda probe: str(probe.schema).startswith("envscout/sbom/"), "an SBOM of a newer envscout"),
    (lambda probe: bool(probe.graph), "an SPDX 3 document"),
    (lambda probe: probe.spdxVersion is not None, "an SPDX document of a version that is not read"),
)


def read(data: bytes) -> tuple[Inventory, SubjectInfo]:
    """Return the inventory in a document and what it says about its image.

    data: CycloneDX, SPDX 2.2 or 2.3, syft or our own JSON, bare or within an in-toto statement or DSSE envelope, plain
    or gzip. What the document lacks comes as Problems: `no-distribution`, `no-source-package`, `no-purl`,
    `no-package-database`, `unusable-purl`, `damaged-component`, `unproven-owner`.
    Raises SourceError for anything else, LimitExceeded beyond MAX_BYTES or a million packages.
    """
    content = _plain(data)
    for _ in range(MAX_ENVELOPES):
        probe = decode(content, _Probe, "JSON object")
        for fits, reader in _FORMATS:
            if fits(probe):
                return reader(content)
        for fits, name in _REFUSED:
            if fits(probe):
                raise SourceError(f"{name} cannot be read", READABLE)
        content = _opened(probe)
    raise SourceError("too many envelopes around the document", READABLE)


def _plain(data: bytes) -> bytes:
    """Return the bytes of the JSON text: unpacked, without byte order mark, within MAX_BYTES."""
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


def _opened(probe: _Probe) -> bytes:
    """Return what an envelope holds: a DSSE payload, an in-toto predicate, cosign's `Data`."""
    if probe.payload:
        try:
            return base64.b64decode(decode(probe.payload, str, "DSSE envelope"), validate=True)
        except (binascii.Error, ValueError) as error:
            raise SourceError("the envelope's payload is no base64", READABLE) from error
    if probe.Data:
        quoted = bytes(probe.Data).lstrip().startswith(b'"')
        return decode(probe.Data, str, "in-toto predicate").encode() if quoted else bytes(probe.Data)
    if probe.predicate:
        return bytes(probe.predicate)
    raise SourceError("the document is of no known format", READABLE)
