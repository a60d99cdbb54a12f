"""CycloneDX XML (https://cyclonedx.org/docs/), read as a stream into the shape of CycloneDX JSON.

Documents with a DTD are refused, so there are no entities but those of XML itself and nothing outside is ever fetched.
Elements that say nothing of packages are passed over unread.
"""

import re
from collections.abc import Callable
from typing import Any
from xml.parsers import expat

import msgspec

from envscout.errors import LimitExceeded, SourceError
from envscout.sbom import cyclonedx
from envscout.sbom.draft import MAX_COMPONENTS, READABLE, Draft

MAX_DEPTH = 256
"""Levels of elements, whatever they are."""

MAX_NAMESPACE = 1000
"""Characters of the name of an XML namespace."""

_NAMESPACE = re.compile(r"http://cyclonedx\.org/schema/bom/(\d+\.\d+) ")
_LOOKS = re.compile(rb"\s*<[?!a-zA-Z]")
_WIDE = (b"\xff\xfe<\x00", b"\xfe\xff\x00<")

Attributes = dict[str, str]


class _Rule(msgspec.Struct, frozen=True):
    """How an element is read.

    start: its value before its children are read, from its attributes; None: its children belong to the element around
    it. children: by name; others are passed over. wrapped: in a list, the children stand under their own names.
    text: the key its text stands under; "" if the text is all there is.
    """

    start: Callable[[Attributes], Any] | None = lambda attributes: {}  # noqa: ARG005
    children: dict[str, "_Rule"] = {}
    wrapped: bool = False
    text: str | None = None


class _Open(msgspec.Struct):
    """An element that is being read."""

    rule: _Rule
    name: str
    value: Any
    words: list[str] = []


def _list(attributes: Attributes) -> list[Any]:  # noqa: ARG001 - one signature for all
    return []


_TEXT = _Rule(text="")
_LICENSES = _Rule(_list, {"license": _Rule(children={"id": _TEXT, "name": _TEXT}), "expression": _TEXT}, wrapped=True)
_PROPERTY = _Rule(lambda attributes: {"name": attributes.get("name", "")}, text="value")
_PROPERTIES = _Rule(_list, {"property": _PROPERTY})
_OCCURRENCES = _Rule(_list, {"occurrence": _Rule(children={"location": _TEXT})})
_COMPONENT = _Rule(lambda attributes: {"type": attributes.get("type", "library")})
_COMPONENTS = _Rule(_list, {"component": _COMPONENT})
_COMPONENT.children.update(
    group=_TEXT,
    name=_TEXT,
    version=_TEXT,
    purl=_TEXT,
    licenses=_LICENSES,
    properties=_PROPERTIES,
    components=_COMPONENTS,
    evidence=_Rule(children={"occurrences": _OCCURRENCES}),
)
_TOOL = _Rule(children={"name": _TEXT, "version": _TEXT})
_METADATA = _Rule(
    children={
        "timestamp": _TEXT,
        "tools": _Rule(_list, {"tool": _TOOL, "components": _Rule(None, {"component": _TOOL})}),
        "component": _COMPONENT,
        "properties": _PROPERTIES,
    }
)
_LISTED = _Rule(_list, {"component": _COMPONENT})
_ROOT = _Rule(children={"bom": _Rule(children={"metadata": _METADATA, "components": _LISTED})})


def is_xml(data: bytes) -> bool:
    """Tell whether a document is XML of any kind."""
    return bool(_LOOKS.match(data)) or data.startswith(_WIDE)


def read(data: bytes) -> Draft:
    """Return the content of a CycloneDX document. Raises SourceError, LimitExceeded."""
    reader = _Reader()
    try:
        reader.parser.Parse(data, True)
    except (expat.ExpatError, LookupError, ValueError) as error:
        raise SourceError(f"the document is no readable XML: {error}", READABLE) from error
    if not reader.version:
        raise SourceError("the XML document is no CycloneDX document", READABLE)
    document = reader.opened[0].value.get("bom") or {}
    return cyclonedx.read(msgspec.json.encode({**document, "specVersion": reader.version}))


class _Reader:
    """The state of one parse: the elements that are open, from the document to the innermost."""

    def __init__(self) -> None:
        self.opened = [_Open(_ROOT, "", {})]
        self.version = ""
        self._depth = 0
        self._passed_over = 0
        self.parser = expat.ParserCreate(namespace_separator=" ")
        self.parser.buffer_text = True
        self.parser.StartDoctypeDeclHandler = self._refuse
        self.parser.EntityDeclHandler = self._refuse
        self.parser.StartNamespaceDeclHandler = self._bound
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text

    @staticmethod
    def _refuse(*_: object) -> None:
        raise SourceError("the XML document has a document type definition, which is not read", READABLE)

    @staticmethod
    def _bound(_: str | None, uri: str | None) -> None:
        # Every name of an element is told with the name of its space.
        if uri and len(uri) > MAX_NAMESPACE:
            raise LimitExceeded("a namespace of the XML document is too long", f"At most {MAX_NAMESPACE} characters.")

    def _start(self, tag: str, attributes: Attributes) -> None:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise LimitExceeded("the elements of the XML document are nested too deep", f"At most {MAX_DEPTH} levels.")
        around = self.opened[-1]
        space = _NAMESPACE.match(tag)
        name = tag[space.end() :] if space else ""
        rule = None if self._passed_over else around.rule.children.get(name)
        if rule is None:
            self._passed_over += 1
            return
        if space and not self.version:
            self.version = space[1]
        value = rule.start(attributes) if rule.start else around.value
        self.opened.append(_Open(rule, name, value))

    def _text(self, words: str) -> None:
        if not self._passed_over and self.opened[-1].rule.text is not None:
            self.opened[-1].words.append(words)

    def _end(self, tag: str) -> None:  # noqa: ARG002 - as expat calls it
        self._depth -= 1
        if self._passed_over:
            self._passed_over -= 1
            return
        done = self.opened.pop()
        around = self.opened[-1]
        if done.rule.text == "":
            done.value = "".join(done.words).strip()
        elif done.rule.text is not None:
            done.value[done.rule.text] = "".join(done.words)
        if done.rule.start is not None:
            _add(around, done)


def _add(around: _Open, done: _Open) -> None:
    """Put a value where it belongs. What is listed by the document itself is packed at once: there may be a lot."""
    value = done.value
    if around.rule is _LISTED:
        value = msgspec.Raw(msgspec.json.encode(value))
        if len(around.value) >= MAX_COMPONENTS:
            raise LimitExceeded("the document lists too many packages", f"At most {MAX_COMPONENTS} are read.")
    if isinstance(around.value, list):
        around.value.append({done.name: value} if around.rule.wrapped else value)
    else:
        around.value[done.name] = value
