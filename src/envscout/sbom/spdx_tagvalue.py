"""SPDX 2.2 and 2.3 as tags and values (https://spdx.github.io/spdx-spec/v2.3/), read into the shape of SPDX JSON.

One statement a line, `Tag: value`; a value between <text> and </text> may have several lines. A package or file goes
on until the next one begins.
"""

import re
from collections.abc import Iterator
from typing import Any

import msgspec

from envscout.errors import LimitExceeded
from envscout.sbom import spdx
from envscout.sbom.draft import MAX_COMPONENTS, Draft

_FIRST = re.compile(rb"(?:\s|#[^\n]*\n)*SPDXVersion:")
_OPEN, _CLOSE = "<text>", "</text>"

# Tag -> field of the JSON document; what is not here is not needed.
_DOCUMENT = {"SPDXVersion": "spdxVersion", "DocumentName": "name"}
_CREATION = {"Created": "created"}
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
    return spdx.read(msgspec.json.encode(_Document(data.decode("utf-8", "replace")).json))


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
    """The JSON document in the making: what has been said, and what is being spoken of."""

    def __init__(self, text: str) -> None:
        self.creators: list[str] = []
        self.creation: dict[str, Any] = {"creators": self.creators}
        self.packages: list[dict[str, Any]] = []
        self.files: list[dict[str, Any]] = []
        self.relationships: list[dict[str, str]] = []
        self.json: dict[str, Any] = {
            "creationInfo": self.creation,
            "packages": self.packages,
            "files": self.files,
            "relationships": self.relationships,
        }
        self._subject, self._fields = self.json, _DOCUMENT
        self._package: dict[str, Any] | None = None
        self._annotated = ""
        self._comments: dict[str, list[dict[str, str]]] = {}
        for tag, value in _statements(text):
            self._say(tag, value)
        for package in self.packages:
            package["annotations"] = self._comments.get(package.get("SPDXID", ""), [])

    def _say(self, tag: str, value: str) -> None:
        if tag in self._fields:
            self._subject[self._fields[tag]] = value
        elif tag in _CREATION:
            self.creation[_CREATION[tag]] = value
        elif tag in _ACTIONS:
            _ACTIONS[tag](self, value)
        elif tag in _OTHERS:
            self._subject, self._fields, self._package = {}, {}, None

    def begin_package(self, name: str) -> None:
        """Speak of a package from now on."""
        self._package = {"name": name, "externalRefs": [], "attributionTexts": [], "hasFiles": []}
        self._begin(self.packages, self._package, _PACKAGE)

    def begin_file(self, name: str) -> None:
        """Speak of a file from now on."""
        self._begin(self.files, {"fileName": name}, _FILE)

    def _begin(self, known: list[dict[str, Any]], subject: dict[str, Any], fields: dict[str, str]) -> None:
        known.append(subject)
        if len(known) > MAX_COMPONENTS:
            raise LimitExceeded("the document lists too many packages", f"At most {MAX_COMPONENTS} are read.")
        self._subject, self._fields = subject, fields

    def refer(self, value: str) -> None:
        """Note an external reference: category, type, locator."""
        words = value.split(None, 2)
        if self._package is not None and len(words) == 3:
            self._package["externalRefs"].append({"referenceType": words[1], "referenceLocator": words[2]})

    def attribute(self, value: str) -> None:
        """Note an attribution text."""
        if self._package is not None:
            self._package["attributionTexts"].append(value)

    def relate(self, value: str) -> None:
        """Note a relationship: element, type, element."""
        words = value.split()
        if len(words) == 3:
            names = ("spdxElementId", "relationshipType", "relatedSpdxElement")
            self.relationships.append(dict(zip(names, words, strict=True)))

    def annotate(self, value: str) -> None:
        """Note of which element the next comment speaks."""
        self._annotated = value

    def comment(self, value: str) -> None:
        """Note what an annotation says."""
        self._comments.setdefault(self._annotated, []).append({"comment": value})

    def create(self, value: str) -> None:
        """Note who made the document."""
        self.creators.append(value)


_ACTIONS = {
    "PackageName": _Document.begin_package,
    "FileName": _Document.begin_file,
    "ExternalRef": _Document.refer,
    "PackageAttributionText": _Document.attribute,
    "Relationship": _Document.relate,
    "SPDXREF": _Document.annotate,
    "AnnotationComment": _Document.comment,
    "Creator": _Document.create,
}
