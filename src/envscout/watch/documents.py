"""YAML and JSON files as trees whose texts know their lines. What is shared by aliases stays shared, however often."""

from typing import TYPE_CHECKING, Any

from envscout.errors import LimitExceeded, SourceError
from envscout.watch.budget import Budget

if TYPE_CHECKING:
    import yaml

MAX_DEPTH = 60
MAX_NODES = 2_000_000
"""Texts, mappings and lists, and the keys that `<<` brings: some 300 MB of memory."""
_TAGS = "tag:yaml.org,2002:"
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})


class Text(str):
    """What a scalar says, as it was written; "" for null. line: counted from 1. null: nothing is said."""

    __slots__ = ("line", "null", "tag")

    line: int
    tag: str
    null: bool

    def __new__(cls, text: str, line: int = 0, tag: str = "", null: bool = False) -> "Text":
        """Make it. tag: `!reset` and the like, "" for none."""
        made = super().__new__(cls, "" if null else text)
        made.line, made.tag, made.null = line, tag, null
        return made


class Tree(dict[str, Any]):
    """A mapping of Text, Tree and Items. tag: `!reset` and the like, "" for none."""

    line: int = 0
    tag: str = ""


class Items(list[Any]):
    """A list of Text, Tree and Items. tag: `!reset` and the like, "" for none."""

    line: int = 0
    tag: str = ""


def room() -> Budget:
    """Return how many values may be read."""
    return Budget(MAX_NODES, f"is the end of {MAX_NODES:,} values, and more follow")


def documents(data: bytes, name: str, budget: Budget | None = None) -> list[Any]:
    """Return the trees of all documents of a file but the empty ones. budget: that it shares with other files.

    Raise SourceError, with the line at fault, and LimitExceeded.
    """
    import yaml

    maker = _Maker(name, budget or room())
    try:
        for event in yaml.parse(data, yaml.CSafeLoader):
            maker.take(event)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise SourceError(
            f"{name}{f':{mark.line + 1}' if mark else ''} is no YAML: {_printable(error.problem or '')}",
            "mend it; a template has to be rendered first (helm template, envsubst)",
        ) from error
    except yaml.reader.ReaderError as error:
        line = data.count(b"\n", 0, error.position) + 1
        raise SourceError(f"{name}:{line} is no YAML: {error.reason}", "write it in UTF-8") from error
    except (yaml.YAMLError, UnicodeError, ValueError) as error:
        raise SourceError(f"{name} is no YAML: {_printable(str(error))}", "mend it") from error
    return [each for each in maker.documents if each != ""]


def _printable(text: str) -> str:
    return "".join(each if each.isprintable() else " " for each in text)[:300]


class _Open:
    """A mapping or list whose end was not met yet. merged: what `<<` brings to a mapping."""

    def __init__(self, made: Tree | Items) -> None:
        self.made = made
        self.key: Text | None = None
        self.merging = False
        self.merged = Tree()


class _Maker:
    """Makes trees of the events of a parser, without going deeper itself than one call."""

    def __init__(self, name: str, budget: Budget) -> None:
        self.documents: list[Any] = []
        self._name = name
        self._budget = budget
        self._open: list[_Open] = []
        self._anchors: dict[str, Any] = {}

    def take(self, event: "yaml.Event") -> None:
        import yaml

        line = event.start_mark.line + 1 if event.start_mark else 0
        match event:
            case yaml.ScalarEvent():
                self._put(self._anchored(event, _text(event, line, self._tag(event))), line, merge=_is_merge(event))
            case yaml.AliasEvent():
                self._put(self._alias(event.anchor or "", line), line)
            case yaml.SequenceStartEvent() | yaml.MappingStartEvent():
                made = Tree() if isinstance(event, yaml.MappingStartEvent) else Items()
                made.line, made.tag = line, self._tag(event)
                if len(self._open) >= MAX_DEPTH:
                    raise LimitExceeded(
                        f"{self._name}:{line} nests more than {MAX_DEPTH} levels", "no such file needs that"
                    )
                self._open.append(_Open(self._anchored(event, made)))
            case yaml.CollectionEndEvent():
                closed = self._open.pop()
                if isinstance(closed.made, Tree):
                    for key, value in closed.merged.items():
                        closed.made.setdefault(key, value)
                self._put(closed.made, closed.made.line)
            case yaml.DocumentStartEvent():
                self._anchors = {}

    def _tag(self, event: "yaml.NodeEvent") -> str:
        """Return a tag of the application; what is in something that has one is taken as it is."""
        tag: str = getattr(event, "tag", "") or ""
        return "" if tag[:1] != "!" or tag == "!" or any(each.made.tag for each in self._open) else tag

    def _anchored(self, event: "yaml.NodeEvent", made: Any) -> Any:
        # An anchor may be given anew: https://yaml.org/spec/1.2.2/#3222-anchors-and-aliases
        if event.anchor:
            self._anchors[event.anchor] = made
        return made

    def _alias(self, anchor: str, line: int) -> Any:
        if anchor not in self._anchors:
            raise SourceError(f"{self._name}:{line} is no YAML: nothing is called {_printable(anchor)!r}", "mend it")
        found = self._anchors[anchor]
        if any(each.made is found for each in self._open):
            raise SourceError(f"{self._name}:{line} holds itself", "mend its anchors")
        return found

    def _put(self, value: Any, line: int, merge: bool = False) -> None:
        self._budget.spend(1, f"{self._name}:{line}")
        if not self._open:
            self.documents.append(value)
            return
        within = self._open[-1]
        if isinstance(within.made, Items):
            within.made.append(value)
        elif within.merging:
            self._merge(within, value, line)
        elif within.key is None and merge:
            within.merging = True
        elif within.key is None:
            within.key = self._key(within.made, value, line)
        else:
            within.made[within.key] = value
            within.key = None

    def _key(self, made: Tree, key: Any, line: int) -> Text:
        if not isinstance(key, Text):
            raise SourceError(f"{self._name}:{line} has a key that is no text", "mend it")
        if key in made:
            raise SourceError(f"{self._name}:{line}: {_printable(key)!r} is there twice", "keep one of them")
        return key

    def _merge(self, within: _Open, value: Any, line: int) -> None:
        # Of several, the first that has a key counts: https://yaml.org/type/merge.html
        for each in reversed(value if isinstance(value, Items) else [value]):
            if not isinstance(each, Tree):
                raise SourceError(f"{self._name}:{line} merges what is no mapping", "mend what follows `<<`")
            self._budget.spend(len(each), f"{self._name}:{line}")
            within.merged |= each
        within.merging = False


def _text(event: "yaml.ScalarEvent", line: int, tag: str) -> Text:
    plain = event.implicit[0] and not event.tag
    null = event.tag == f"{_TAGS}null" or (plain and event.value in _NULLS)
    return Text(event.value, line, tag, null)


def _is_merge(event: "yaml.ScalarEvent") -> bool:
    return event.tag == f"{_TAGS}merge" or (event.value == "<<" and event.implicit[0] and not event.tag)
