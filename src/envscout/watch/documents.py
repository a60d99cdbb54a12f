"""YAML and JSON files as trees whose texts know their lines. What is shared by aliases stays shared, however often."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from envscout.errors import LimitExceeded, NotFound, SourceError

if TYPE_CHECKING:
    import yaml

MAX_FILE = 16 << 20
MAX_DEPTH = 60
_MERGE = "tag:yaml.org,2002:merge"
_NULL = "tag:yaml.org,2002:null"


class Text(str):
    """What a scalar says, as it was written; "" for null. line: counted from 1."""

    line: int
    tag: str

    def __new__(cls, text: str, line: int = 0, tag: str = "") -> "Text":
        """Make it. tag: `!reset` and the like, "" for none."""
        made = super().__new__(cls, text)
        made.line, made.tag = line, tag
        return made


class Tree(dict[str, Any]):
    """A mapping of Text, Tree and lists. tag: `!reset` and the like, "" for none."""

    line: int = 0
    tag: str = ""


def read(location: str) -> bytes:
    """Return what a file holds, "-" for standard input. Raise NotFound, SourceError, LimitExceeded."""
    try:
        if location == "-":
            if sys.stdin is None:
                raise SourceError("standard input is closed", "name a file")
            data = sys.stdin.buffer.read(MAX_FILE + 1)
        else:
            with Path(location).open("rb") as file:
                data = file.read(MAX_FILE + 1)
    except FileNotFoundError as error:
        raise NotFound(f"there is no file {location}", "check the path") from error
    except OSError as error:
        raise SourceError(f"cannot read {location}: {error.strerror}", "check the path") from error
    if len(data) > MAX_FILE:
        raise LimitExceeded(f"{location} is larger than {MAX_FILE >> 20} MiB", "split it")
    return data


def documents(data: bytes, name: str) -> list[Any]:
    """Return the trees of all documents of a file but the empty ones. Raise SourceError, with the line at fault."""
    import yaml

    try:
        _check_depth(data, name)
        loader = yaml.CSafeLoader(data)
        try:
            found = []
            while loader.check_node():
                node = loader.get_node()
                assert node is not None
                found.append(_Maker(name).tree(node))
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise SourceError(
            f"{name}{f':{mark.line + 1}' if mark else ''} is no YAML: {_printable(error.problem or '')}",
            "mend it; a template has to be rendered first (helm template, envsubst)",
        ) from error
    except (yaml.YAMLError, UnicodeError, ValueError) as error:
        raise SourceError(f"{name} is no YAML: {_printable(str(error))}", "mend it") from error
    return [each for each in found if each != ""]


def _printable(text: str) -> str:
    return "".join(each if each.isprintable() else " " for each in text)[:300]


def _check_depth(data: bytes, name: str) -> None:
    """Refuse what nests too deep before anything is built of it: building it goes as deep."""
    import yaml

    depth = 0
    for event in yaml.parse(data, yaml.CSafeLoader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH:
            raise LimitExceeded(f"{name} nests more than {MAX_DEPTH} levels", "no such file needs that")


def _tag(node: "yaml.Node") -> str:
    return node.tag if node.tag.startswith("!") else ""


class _Maker:
    """Makes one tree of nodes, each node once."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._made: dict[int, Any] = {}
        self._within: set[int] = set()

    def tree(self, node: "yaml.Node") -> Any:
        key = id(node)
        if key in self._made:
            return self._made[key]
        if key in self._within or len(self._within) > 2 * MAX_DEPTH:
            raise SourceError(f"{self._name}:{node.start_mark.line + 1} holds itself", "mend its anchors")
        self._within.add(key)
        self._made[key] = found = self._one(node)
        self._within.discard(key)
        return found

    def _one(self, node: "yaml.Node") -> Any:
        import yaml

        if isinstance(node, yaml.ScalarNode):
            return Text("" if node.tag == _NULL else node.value, node.start_mark.line + 1, _tag(node))
        if isinstance(node, yaml.SequenceNode):
            return [self.tree(each) for each in node.value]
        assert isinstance(node, yaml.MappingNode)
        return self._mapping(node)

    def _mapping(self, node: "yaml.MappingNode") -> Tree:
        own, merged = Tree(), Tree()
        for key, value in node.value:
            if key.tag == _MERGE:
                found = self.tree(value)
                # Of several, the first that has a key counts: https://yaml.org/type/merge.html
                for each in reversed(found if isinstance(found, list) else [found]):
                    merged |= each if isinstance(each, Tree) else {}
                continue
            name = self.tree(key)
            if not isinstance(name, str):
                raise SourceError(f"{self._name}:{key.start_mark.line + 1} has a key that is no text", "mend it")
            if name in own:
                raise SourceError(
                    f"{self._name}:{key.start_mark.line + 1}: {_printable(name)!r} is there twice", "keep one of them"
                )
            own[name] = self.tree(value)
        made = Tree(merged | own)
        made.line = node.start_mark.line + 1
        made.tag = _tag(node)
        return made
