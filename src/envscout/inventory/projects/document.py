"""JSON, TOML and YAML as trees of mappings, sequences and text; hostile ones are refused as Unreadable.

Nothing here is executed, expanded or followed: YAML is put together from its events, so that there are no tags, no
aliases and no depth beyond MAX_DEPTH, and every scalar stays the text that was written (`1.10` is no number).
"""

import re
from collections.abc import Iterator
from typing import Any

import msgspec

from envscout.inventory.projects.listing import Unreadable

MAX_DEPTH = 32
MAX_YAML = 8 << 20
"""Bytes of YAML, which takes a second a megabyte to read; real lock files stay under 3 MB."""

_BOM = b"\xef\xbb\xbf"
# tomllib takes quadratic time for a key of many parts; real ones have four.
_LONG_KEY = re.compile(rb"""(?<![\w-])(?:(?:[\w-]++|"[^"\n]*+"|'[^'\n]*+')[ \t]*+\.[ \t]*+){32}""")
# Strings are matched only to be passed over.
_TRAILING_COMMA = re.compile(rb'("(?:[^"\\]++|\\(?:.|\Z))*+(?:"|\Z))|,(?=\s*+[}\]])', re.S)


def json(data: bytes) -> dict[str, Any]:
    """Return a JSON object."""
    try:
        return mapping(msgspec.json.decode(data.removeprefix(_BOM)), "the document")
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise Unreadable(f"it is no JSON ({error})") from error


def json_with_commas(data: bytes) -> dict[str, Any]:
    """Return a JSON object in which commas may end lists, as bun writes it."""
    return json(_TRAILING_COMMA.sub(lambda match: match[1] or b"", data))


def toml(data: bytes) -> dict[str, Any]:
    """Return a TOML document."""
    import tomllib

    if _LONG_KEY.search(data):
        raise Unreadable("it is no lock file: it has a key of more than 32 parts")
    try:
        return tomllib.loads(data.removeprefix(_BOM).decode())
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"it is no TOML ({str(error)[:200]})") from error


def yaml(data: bytes) -> list[dict[str, Any]]:
    """Return every YAML document of a file that is a mapping; the others are empty."""
    from yaml import CSafeLoader, YAMLError, parse

    if len(data) > MAX_YAML:
        raise Unreadable(f"it has {len(data):,} bytes; of YAML at most {MAX_YAML:,} are read")
    try:
        return [mapping(each, "the document") for each in _trees(parse(data, Loader=CSafeLoader)) if each != ""]
    except (YAMLError, UnicodeError, ValueError) as error:
        raise Unreadable(f"it is no YAML ({' '.join(str(error).split())[:200]})") from error


def _trees(events: Iterator[Any]) -> Iterator[Any]:
    """Yield the tree of each document, put together from events of PyYAML."""
    from yaml import AliasEvent, MappingStartEvent, NodeEvent, ScalarEvent, SequenceEndEvent, SequenceStartEvent
    from yaml.events import MappingEndEvent

    open_: list[list[Any]] = []
    for event in events:
        if isinstance(event, NodeEvent):
            if isinstance(event, AliasEvent) or event.anchor:
                raise Unreadable("it has YAML anchors, which lock files never have")
            if isinstance(event, ScalarEvent):
                done: Any = event.value
            elif len(open_) >= MAX_DEPTH:
                raise Unreadable(f"it nests deeper than {MAX_DEPTH} levels")
            else:
                assert isinstance(event, (MappingStartEvent, SequenceStartEvent))
                open_.append([])
                continue
        elif isinstance(event, SequenceEndEvent):
            done = open_.pop()
        elif isinstance(event, MappingEndEvent):
            done = _mapped(open_.pop())
        else:
            continue
        if open_:
            open_[-1].append(done)
        else:
            yield done


def _mapped(flat: list[Any]) -> dict[str, Any]:
    """Return keys and values that took turns as a mapping; keys that are no text are left out."""
    return {key: value for key, value in zip(flat[::2], flat[1::2], strict=True) if isinstance(key, str)}


def mapping(value: object, what: str) -> dict[str, Any]:
    """Return a mapping, empty for nothing; raise Unreadable for anything else."""
    if isinstance(value, dict):
        return value
    if value is None or value == "":
        return {}
    raise Unreadable(f"{what} is no mapping")


def sequence(value: object, what: str) -> list[Any]:
    """Return a sequence, empty for nothing; raise Unreadable for anything else."""
    if isinstance(value, list):
        return value
    if value is None or value == "":
        return []
    raise Unreadable(f"{what} is no list")


def entry(value: object) -> dict[str, Any]:
    """Return one entry of a list; one that is no mapping is empty, and has neither name nor version then."""
    return value if isinstance(value, dict) else {}


def items(value: object) -> list[Any]:
    """Return a part of an entry that should be a list; anything else is empty."""
    return value if isinstance(value, list) else []


def text(value: object) -> str:
    """Return a text, "" for anything else."""
    return value if isinstance(value, str) else ""
