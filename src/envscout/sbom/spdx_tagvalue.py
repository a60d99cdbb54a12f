"""SPDX 2.2 and 2.3 as tags and values (https://spdx.github.io/spdx-spec/v2.3/), read into the parts of SPDX.

One statement a line, `Tag: value`; a value between <text> and </text> may have several lines. A package or file goes
on until the next one begins.
"""

import re
from collections.abc import Iterator

import msgspec

from envscout.errors import LimitExceeded
from envscout.sbom import spdx
from envscout.sbom.draft import MAX_COMPONENTS, Draft
from envscout.sbom.spdx_parts import Annotation, File, Package, Parts, Reference, Relationship

_FIRST = re.compile(rb"(?:\s|#[^\n]*\n)*SPDXVersion:")
_OPEN, _CLOSE = "<text>", "</text>"

# Tag -> field; what is not here is not needed.
_DOCUMENT = {"SPDXVersion": "version", "DocumentName": "name"}
_PACKAGE = {
    "SPDXID": "SPDXID",
    "PackageVersion": "versionInfo",
    "PackageSourceInfo": "sourceInfo",
    "PackageLicenseDeclared": "licenseDeclared",
    "PackageLicenseConcluded": "licenseConcluded",
    "PrimaryPackagePurpose": "primaryPackagePurpose",
}
_FILE = {"SPDXID": "SPDXID", "FileComment": "comment"}
# Tags that begin something whose SPDXID is nobody's here.
_OTHERS = frozenset({"SnippetSPDXID", "LicenseID"})


def is_tagvalue(data: bytes) -> bool:
    """Tell whether a document begins as SPDX in tags and values does."""
    return bool(_FIRST.match(data))


def read(data: bytes) -> Draft:
    """Return the content of an SPDX document. Raises SourceError, LimitExceeded."""
    return spdx.draft(_Document(data.decode("utf-8", "replace")).parts)


def _statements(text: str) -> Iterator[tuple[str, str]]:
    """Yield tag and value of each statement; a text without end goes on to the end of the document."""
    lines = iter(text.split("\n"))
    for line in lines:
        tag, colon, value = line.partition(":")
        if not colon or tag.startswith("#"):
            continue
        value = value.strip()
        if value.startswith(_OPEN):
            value = _whole(value, lines)
        yield tag.strip(), value


def _whole(value: str, lines: Iterator[str]) -> str:
    parts = [value.removeprefix(_OPEN)]
    while _CLOSE not in parts[-1]:
        following = next(lines, None)
        if following is None:
            break
        parts.append(following)
    parts[-1] = parts[-1].partition(_CLOSE)[0]
    return "\n".join(parts)


class _Document:
    """The document in the making: what has been said, and what is being spoken of."""

    def __init__(self, text: str) -> None:
        self.parts = Parts("", "", "", [], [], [], [])
        self._subject: msgspec.Struct = self.parts
        self._fields = _DOCUMENT
        self._package: Package | None = None
        self._annotated = ""
        self._comments: dict[str, list[Annotation]] = {}
        for tag, value in _statements(text):
            self._say(tag, value)
        for package in self.parts.packages:
            # An identifier is given once; what is noted of it goes to the first that has it.
            package.annotations = self._comments.pop(package.SPDXID, None)

    def _say(self, tag: str, value: str) -> None:
        if tag in self._fields:
            setattr(self._subject, self._fields[tag], value)
        elif tag in _ACTIONS:
            _ACTIONS[tag](self, value)
        elif tag in _OTHERS:
            self._subject, self._fields, self._package = self.parts, {}, None

    def begin_package(self, name: str) -> None:
        """Speak of a package from now on."""
        self._package = Package(name=name, externalRefs=[], attributionTexts=[])
        self._subject, self._fields = self._package, _PACKAGE
        self.parts.packages.append(self._package)
        _bound(len(self.parts.packages))

    def begin_file(self, name: str) -> None:
        """Speak of a file from now on."""
        file = File(fileName=name)
        self._subject, self._fields = file, _FILE
        self.parts.files.append(file)
        _bound(len(self.parts.files))

    def refer(self, value: str) -> None:
        """Note an external reference: category, type, locator."""
        words = value.split(None, 2)
        if self._package and self._package.externalRefs is not None and len(words) == 3:
            self._package.externalRefs.append(Reference(words[1], words[2]))

    def attribute(self, value: str) -> None:
        """Note an attribution text."""
        if self._package and self._package.attributionTexts is not None:
            self._package.attributionTexts.append(value)

    def relate(self, value: str) -> None:
        """Note a relationship: element, type, element."""
        words = value.split()
        if len(words) == 3:
            self.parts.relationships.append(Relationship(*words))

    def annotate(self, value: str) -> None:
        """Note of which element the next comment speaks."""
        self._annotated = value

    def comment(self, value: str) -> None:
        """Note what an annotation says."""
        self._comments.setdefault(self._annotated, []).append(Annotation(value))

    def create(self, value: str) -> None:
        """Note who made the document."""
        self.parts.creators.append(value)

    def created(self, value: str) -> None:
        """Note when the document was made."""
        self.parts.created = value


def _bound(number: int) -> None:
    if number > MAX_COMPONENTS:
        raise LimitExceeded("the document lists too many packages", f"At most {MAX_COMPONENTS} are read.")


_ACTIONS = {
    "PackageName": _Document.begin_package,
    "FileName": _Document.begin_file,
    "ExternalRef": _Document.refer,
    "PackageAttributionText": _Document.attribute,
    "Relationship": _Document.relate,
    "SPDXREF": _Document.annotate,
    "AnnotationComment": _Document.comment,
    "Created": _Document.created,
    "Creator": _Document.create,
}
