"""`go.mod` of Go modules (go.dev/ref/mod#go-mod-file).

The Go version in it is the oldest that may build the project, not the one that did: the standard library is told by
what was built.
"""

import re
from collections.abc import Iterator

from envscout.inventory.projects.listing import Found, Listed, incomplete, listing
from envscout.inventory.record import Reading, damaged, text
from envscout.model import Problem

_GO = re.compile(r"1\.([0-9]{1,4})(?![0-9])")
_COMPLETE_SINCE = 17
_BLOCKS = frozenset({"require", "replace", "exclude", "retract", "tool", "ignore", "godebug"})


def read(path: str, data: bytes) -> Reading:
    """Return the required modules after replacement; one replaced by a folder is the project's own."""
    return listing(path, data, _listed)


def _listed(path: str, data: bytes) -> Listed:
    required: dict[tuple[str, str], None] = {}
    replaced: dict[tuple[str, str], tuple[str, str]] = {}
    go = 0
    for words in _directives(text(data)):
        match words:
            case ["require", name, version]:
                required[name, version] = None
            case ["replace", name, *version, "=>", new] if len(version) <= 1:
                replaced[name, "".join(version)] = (new, "")
            case ["replace", name, *version, "=>", new, number] if len(version) <= 1:
                replaced[name, "".join(version)] = (new, number)
            case ["go", version]:
                go = int(found[1]) if (found := _GO.match(version)) else _COMPLETE_SINCE
            case ["require" | "replace", *_]:
                yield damaged(path, f"the line {' '.join(words)[:60]!r} makes no sense")
            case _:
                pass
    yield from _modules(required, replaced)
    if required and go < _COMPLETE_SINCE:
        message = "before Go 1.17 it names direct dependencies only; index what is built of it"
        yield incomplete(path, message)


def _modules(
    required: dict[tuple[str, str], None], replaced: dict[tuple[str, str], tuple[str, str]]
) -> Iterator[Found | Problem]:
    for module in required:
        name, version = replaced.get(module) or replaced.get((module[0], "")) or module
        if version:
            yield Found("golang", name, version)


def _directives(lines: str) -> Iterator[list[str]]:
    """Yield each line's words, those in a block with the block's word before them."""
    block = ""
    for line in lines.splitlines():
        words = [word.strip('"`') for word in line.partition("//")[0].split()]
        if words == [")"]:
            block = ""
        elif len(words) == 2 and words[0] in _BLOCKS and words[1] == "(":
            block = words[0]
        elif words:
            yield [block, *words] if block else words
