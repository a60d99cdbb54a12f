"""Which document is it? Opens what lies around it and hands over to the format's reader."""

from collections.abc import Callable

import msgspec

from envscout.errors import SourceError
from envscout.model import Inventory
from envscout.sbom import cyclonedx, cyclonedx_xml, own, spdx, spdx3, spdx_tagvalue, syft
from envscout.sbom.assemble import assemble
from envscout.sbom.draft import READABLE, Draft, SubjectInfo, decode
from envscout.sbom.envelope import Shape, opened

Read = tuple[Inventory, SubjectInfo]


def _assembled(read: Callable[[bytes], Draft]) -> Callable[[bytes], Read]:
    """Return a reader that goes all the way to the inventory."""

    def complete(data: bytes) -> Read:
        draft = read(data)
        return assemble(draft), draft.subject

    return complete


_FORMATS: tuple[tuple[Callable[[Shape], bool], Callable[[bytes], Read]], ...] = (
    (lambda shape: shape.schema == own.SCHEMA, own.read),
    (lambda shape: shape.bomFormat == "CycloneDX", _assembled(cyclonedx.read)),
    (lambda shape: str(shape.spdxVersion).startswith("SPDX-2."), _assembled(spdx.read)),
    (lambda shape: bool(shape.graph), _assembled(spdx3.read)),
    (lambda shape: bool(shape.artifacts), _assembled(syft.read)),
)
_TEXTS: tuple[tuple[Callable[[bytes], bool], Callable[[bytes], Read]], ...] = (
    (cyclonedx_xml.is_xml, _assembled(cyclonedx_xml.read)),
    (spdx_tagvalue.is_tagvalue, _assembled(spdx_tagvalue.read)),
)
_REFUSED: tuple[tuple[Callable[[Shape], bool], str], ...] = (
    (lambda shape: str(shape.schema).startswith("envscout/sbom/"), "an SBOM of a newer envscout cannot be read"),
    (lambda shape: shape.spdxVersion is not None, "an SPDX document of a version that is not read"),
    (lambda shape: True, "the document is of no known format"),  # noqa: ARG005
)


def read(data: bytes) -> Read:
    """Return the inventory in a document and what it says about its image.

    data: CycloneDX 1.2-1.6 as JSON or XML, SPDX 2.2 and 2.3 as JSON or tag-value, SPDX 3.0 as JSON-LD, JSON of syft, of
    Docker Scout or our own, bare or within an in-toto statement or DSSE envelope, plain or gzip. What the document
    lacks comes as Problems: `no-distribution`, `no-source-package`, `no-layers`, `no-purl`, `no-package-database`,
    `unusable-purl`, `unusable-version`, `damaged-component`, `unproven-owner`.
    Raises SourceError for anything else, LimitExceeded beyond 256 MiB or a million packages.
    """
    found = opened(data)
    inventory, subject = _reader(found.content, found.shape)(found.content)
    return inventory, msgspec.structs.replace(subject, attested=found.attested) if found.attested else subject


def _reader(content: bytes, shape: Shape | None) -> Callable[[bytes], Read]:
    if shape is None:
        for is_one, reader in _TEXTS:
            if is_one(content):
                return reader
        shape = decode(content, Shape, "JSON object")
    for fits, reader in _FORMATS:
        if fits(shape):
            return reader
    raise SourceError(next(name for fits, name in _REFUSED if fits(shape)), READABLE)
