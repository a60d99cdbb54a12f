"""How a step speaks to GitHub's runner, so that no text of an image can speak in its place.

Workflow commands: https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands
"""

import secrets
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from envscout.cli.show.table import inert

MAX_SUMMARY = 1 << 20
"""Bytes of the summary of a step; GitHub shows none of one that is larger."""
MAX_OUTPUT = 1 << 20
"""Bytes of an output of a step."""
MAX_MESSAGE = 4_000


def command(name: str, text: str, title: str = "") -> None:
    """Say a workflow command."""
    head = f"{name} title={_property(title)}" if title else name
    _write(f"::{head}::{_data(text)}\n")


def problem(kind: str, text: str, title: str = "envscout") -> None:
    """Show an `error`, `warning` or `notice` at the run."""
    command(kind, "\n".join(map(inert, text[:MAX_MESSAGE].splitlines())), title)


@contextmanager
def shielded(title: str) -> Iterator[None]:
    """Fold what is written meanwhile, and have the runner take nothing of it for a command."""
    word = secrets.token_hex(16)
    command("group", inert(title))
    command("stop-commands", word)
    try:
        yield
    finally:
        _write(f"\n::{word}::\n")
        command("endgroup", "")


def show(text: str) -> None:
    """Write text to the log, within a shield."""
    _write(text)


def output(file: Path, name: str, text: str) -> bool:
    """Set an output of the step; return whether it is small enough to be one."""
    if len(text.encode(errors="replace")) > MAX_OUTPUT:
        return False
    # Nobody can write an end that they cannot guess.
    end = secrets.token_hex(16)
    _append(file, f"{name}<<{end}\n{text}\n{end}\n")
    return True


def summary(file: Path, text: str) -> bool:
    """Add to the summary of the step; return whether there was room for all of it."""
    room = MAX_SUMMARY - (file.stat().st_size if file.exists() else 0)
    fitting = within(text, room, lambda part: len(part.encode(errors="replace")))
    _append(file, fitting)
    return fitting == text


def within(text: str, most: int, size: Callable[[str], int], note: str = "") -> str:
    """Return as many whole lines of Markdown as fit, after a note that says so; folds that are cut are closed."""
    if size(text) <= most:
        return text
    head = f"> {note or 'This is shortened: there was no room for all of it.'}\n\n"
    room = most - size(head) - _CLOSING
    kept: list[str] = []
    for line in text.splitlines(keepends=True):
        room -= size(line)
        if room < 0:
            break
        kept.append(line)
    cut = "".join(kept)
    is_open = cut.count("<details>") > cut.count("</details>")
    whole = head + cut + ("\n</details>\n" if is_open else "")
    return whole if size(whole) <= most else ""


_CLOSING = len("\n</details>\n")


def _append(file: Path, text: str) -> None:
    with file.open("a", encoding="utf-8", errors="replace", newline="") as opened:
        opened.write(text)


def _write(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
