"""VEX documents: those that a user names, and those that hang on an image."""

import os
from collections.abc import Iterator
from pathlib import Path

import msgspec

from envscout.errors import UsageError
from envscout.model import Problem, Statement
from envscout.names import bounds
from envscout.store import Database, images, now, vex

MAX_FILES = 10_000
"""Documents of all folders that are named."""
MAX_DEPTH = 16
MAX_TOTAL = 512 << 20
"""Bytes of all documents that are named."""


class Said(msgspec.Struct, frozen=True):
    """What documents say, and what of them could not be used. author: of all of them. at: moment of the answer."""

    statements: tuple[Statement, ...] = ()
    problems: tuple[Problem, ...] = ()
    author: str = ""
    at: int = 0


def hung(database: Database, image_id: int) -> Said:
    """Return what the documents in an image, and those that are attached to it, say; they are read anew."""
    from envscout.sbom.envelope import opened
    from envscout.vex import Source
    from envscout.vex import read as read_vex

    with database.read() as connection:
        image = images.get(connection, image_id).image
        documents = vex.documents(connection, image_id)
    subjects = frozenset(filter(None, (image.digest, image.index_digest)))
    found = [read_vex(each.data, Source(each.place, each.path, image.digest, subjects), opened) for each in documents]
    authors = dict.fromkeys(each.author for each in found if each.author)
    return Said(
        tuple(statement for each in found for statement in each.statements),
        tuple(problem for each in found for problem in each.problems),
        ", ".join(authors) or "unknown",
        now(),
    )


def located(places: tuple[str, ...]) -> Said:
    """Return what the documents in some files and folders say. Raise UsageError for a place that is not there.

    A file that the user names must be VEX, or is a problem; of a folder every `.json` file is looked at, and what is no
    VEX is a problem, too: the user expects it to be heeded.
    """
    from envscout.sbom.envelope import opened
    from envscout.vex import Source
    from envscout.vex import read as read_vex

    statements: list[Statement] = []
    problems: list[Problem] = []
    left = MAX_TOTAL
    for number, path in enumerate(path for place in places for path in _files(Path(place), problems)):
        if number >= MAX_FILES or left <= 0:
            text = f"only the first {number} files of --vex-location are read"
            problems.append(Problem("unread-vex", text))
            break
        data = _bytes(path, problems)
        left -= len(data)
        if data:
            found = read_vex(data, Source("location", bounds.escaped(str(path))), opened)
            statements += found.statements
            problems += found.problems
    return Said(tuple(statements), tuple(problems))


def _files(place: Path, problems: list[Problem]) -> Iterator[Path]:
    if not place.exists():
        raise UsageError(f"there is no {place}", "--vex-location takes files and folders with VEX documents")
    if not place.is_dir():
        yield place
        return
    base = len(place.parts)
    for folder, inner, names in os.walk(place):
        inner.sort()
        if len(Path(folder).parts) - base >= MAX_DEPTH and inner:
            where = bounds.escaped(folder)
            problems.append(Problem("unread-vex", f"{where}: folders more than {MAX_DEPTH} deep are not read", where))
            inner.clear()
        yield from (Path(folder, name) for name in sorted(names) if name.endswith(".json"))


def _bytes(path: Path, problems: list[Problem]) -> bytes:
    from envscout.vex import MAX_BYTES

    try:
        if not path.is_file():
            raise OSError(None, "it is no regular file")
        with path.open("rb") as file:
            # An envelope is a third larger than what it holds.
            return file.read(2 * MAX_BYTES + 1)
    except OSError as error:
        where = bounds.escaped(str(path))
        problems.append(Problem("unread-vex", f"{where} could not be read: {error.strerror}", where))
        return b""
