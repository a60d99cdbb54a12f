"""What Maven leaves in an archive: `META-INF/maven/GROUP/ARTIFACT/pom.properties` and `pom.xml`."""

import re
from typing import Any

import msgspec

from envscout.inventory.record import text
from envscout.names import bounds

MAX_PROPERTIES = 1 << 16
MAX_POM = 1 << 20
"""Bytes that are read of one file of either kind."""

_LINE = re.compile(rb"^[ \t]*(groupId|artifactId|version)[ \t]*[=:][ \t]*([^\r\n]*)", re.M)
_PLACE = re.compile(r"(?:\A|/)META-INF/maven/([^/]+)/([^/]+)/pom\.(?:properties|xml)\Z")
_WORD = re.compile(r"[^\s/:${}]+")
_WANTED = {
    ("project", "groupId"): "group",
    ("project", "artifactId"): "artifact",
    ("project", "version"): "version",
    ("project", "parent", "groupId"): "parent_group",
    ("project", "parent", "version"): "parent_version",
}


class Coordinates(msgspec.Struct, frozen=True):
    """What Maven calls a package; "" for what is not known. Group and artifact hold neither blanks nor colons."""

    group: str
    artifact: str
    version: str

    @property
    def name(self) -> str:
        """Return the name by which advisories know it, the artifact alone where no group is known."""
        return f"{self.group}:{self.artifact}" if self.group else self.artifact


class NoPomError(ValueError):
    """A file that holds no coordinates; the reason is the argument."""


def is_pom(name: str) -> bool:
    """Tell whether a member is what Maven calls the `pom.xml` of an artifact, and no template or example."""
    return name.endswith("/pom.xml") and _PLACE.search(name) is not None


def read_properties(name: str, data: bytes) -> Coordinates:
    """Return the coordinates in a `pom.properties` called `name`; what it lacks is told by the folders it lies in.

    Raises NoPomError where there is no artifact.
    """
    fields: dict[str, str] = {}
    for field, value in _LINE.findall(data):
        fields.setdefault(field.decode(), text(value))
    return _coordinates(name, fields.get("groupId", ""), fields.get("artifactId", ""), fields.get("version", ""))


def read_xml(name: str, data: bytes) -> Coordinates:
    """Return the coordinates in a `pom.xml` (maven.apache.org/pom.html); what it lacks its parent says, or its folders.

    Raises NoPomError where there is no artifact, or the file is no XML. A file with a document type is refused: no pom
    needs one, and entities could be made to grow.
    """
    found = _Reader().read(data)
    group = found.get("group") or found.get("parent_group", "")
    version = found.get("version") or found.get("parent_version", "")
    return _coordinates(name, group, found.get("artifact", ""), version)


def _coordinates(name: str, group: str, artifact: str, version: str) -> Coordinates:
    place = _PLACE.search(name)
    group = _word(group) or (_word(place[1]) if place else "")
    artifact = _word(artifact) or (_word(place[2]) if place else "")
    version = version.strip()
    if not artifact or not bounds.is_name(f"{group}:{artifact}"):
        raise NoPomError("it names no artifact")
    return Coordinates(group, artifact, "" if "${" in version else version)


def _word(value: str) -> str:
    """Return a group or artifact, "" for what cannot be one, such as a property that nobody filled in."""
    value = value.strip()
    return value if _WORD.fullmatch(value) and value.isprintable() else ""


class _Reader:
    """Collects the wanted elements of one pom.xml."""

    def __init__(self) -> None:
        self._found: dict[str, str] = {}
        self._path: list[str] = []
        self._key = ""

    def read(self, data: bytes) -> dict[str, str]:
        from xml.parsers import expat

        parser = expat.ParserCreate(namespace_separator=" ")
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        parser.StartDoctypeDeclHandler = _refuse
        try:
            parser.Parse(data, True)
        except (expat.ExpatError, ValueError, LookupError) as error:
            raise NoPomError(f"it is no pom ({error})") from error
        return self._found

    def _start(self, name: str, _: Any) -> None:
        self._path.append(name.rpartition(" ")[2] if len(self._path) < 3 else "")
        self._key = _WANTED.get(tuple(self._path), "") if len(self._path) <= 3 else ""

    def _end(self, _: str) -> None:
        self._path.pop()
        self._key = ""

    def _text(self, value: str) -> None:
        if self._key and len(self._found.get(self._key, "")) <= bounds.MAX_VERSION:
            self._found[self._key] = self._found.get(self._key, "") + value


def _refuse(*_: Any) -> None:
    raise NoPomError("it has a document type")
