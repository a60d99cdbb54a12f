"""Texts with variables filled in that remember how they are written, as what variables hold may be secret. Pure."""

import os
from collections.abc import Mapping
from pathlib import Path

from envscout.watch.interpolation import filled_in


class Filled(str):
    """A text with its variables filled in. written: as it stands in the file."""

    __slots__ = ("written",)

    written: str

    def __new__(cls, text: str, written: str) -> "Filled":
        """Make it."""
        made = super().__new__(cls, text)
        made.written = written
        return made


def filled(text: str, values: Mapping[str, str]) -> str:
    """Return a text with its variables filled in. Raise InvalidVariable."""
    return Filled(filled_in(text, values), text) if "$" in text else str(text)


def written(text: str) -> str:
    """Return what may be told of a text."""
    return text.written if isinstance(text, Filled) else text


def part(text: str, found: str) -> str:
    """Return what was found in a text; it is written as the whole of it is."""
    return Filled(found, text.written) if isinstance(text, Filled) else found


def joined(folder: str, path: str) -> str:
    """Return where a path leads from a folder."""
    found = os.path.normpath(Path(folder) / path)
    if isinstance(folder, Filled) or isinstance(path, Filled):
        return Filled(found, str(Path(written(folder)) / written(path)))
    return found


def parent(file: str) -> str:
    """Return the folder that a file lies in."""
    found = str(Path(file).parent)
    return Filled(found, str(Path(file.written).parent)) if isinstance(file, Filled) else found
