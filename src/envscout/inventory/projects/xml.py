"""XML as a tree of plain elements: no document types, no entities, no name spaces, bounded depth and size."""

import msgspec

from envscout.inventory.projects.listing import Unreadable

MAX_ELEMENTS = 500_000
MAX_DEPTH = 64


class Element(msgspec.Struct):
    """One element: its name without prefix, its attributes and its text without that of its children."""

    name: str
    attributes: dict[str, str] = {}
    children: list["Element"] = []
    pieces: list[str] = []

    @property
    def text(self) -> str:
        """Return the text, without space around it."""
        return "".join(self.pieces).strip()

    def all(self, *names: str) -> list["Element"]:
        """Return the elements at a path of names below this one."""
        found = [self]
        for name in names:
            found = [child for each in found for child in each.children if child.name == name]
        return found

    def value(self, *names: str) -> str:
        """Return the text of the first element at a path, "" if there is none."""
        return next((each.text for each in self.all(*names)), "")


class _Builder:
    """Takes what the parser sees and keeps the elements that are open."""

    def __init__(self) -> None:
        self.open = [Element("")]
        self._count = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self._count += 1
        if self._count > MAX_ELEMENTS or len(self.open) > MAX_DEPTH:
            raise Unreadable(f"it has more than {MAX_ELEMENTS} elements or {MAX_DEPTH} levels")
        element = Element(name.rpartition(":")[2], attributes)
        self.open[-1].children.append(element)
        self.open.append(element)

    def end(self, _name: str) -> None:
        self.open.pop()

    def characters(self, data: str) -> None:
        self.open[-1].pieces.append(data)

    def refuse(self, *_: object) -> None:
        raise Unreadable("it has a document type, which may hide anything")


def xml(data: bytes) -> Element:
    """Return the root element. Raise Unreadable for what is not well-formed, has a document type or is too large."""
    from xml.parsers.expat import ExpatError, ParserCreate

    builder = _Builder()
    parser = ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.characters
    parser.StartDoctypeDeclHandler = builder.refuse
    try:
        parser.Parse(data, True)
    except (ExpatError, ValueError, LookupError) as error:
        raise Unreadable(f"it is no XML ({error})") from error
    return builder.open[0].children[0]
