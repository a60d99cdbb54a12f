"""Where answers go: in several forms to several files in one run, each whole or not at all.

`--output FILE` writes the form that --format names to a file and nothing to stdout, as Docker does;
`--output FORM=FILE`, repeatable, writes a form to a file beside what goes to stdout.
"""

import contextlib
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import IO, Any, TypeVar

import click

from envscout.cli import options
from envscout.cli.session import Session
from envscout.errors import UsageError

F = TypeVar("F", bound=Callable[..., Any])

Forms = Mapping[str, str]
"""The forms of a command: name -> `module:function`, which takes what was asked and yields the answer in pieces."""


DOCUMENTS: Forms = {
    "html": "formats.html:write",
    "csv": "formats.csv:write",
    "sarif": "formats.sarif:write",
    "gitlab": "formats.gitlab:write",
    "junit": "formats.junit:write",
    "openvex": "formats.openvex:write",
    "cyclonedx": "formats.cyclonedx:write",
    "spdx": "formats.spdx:write",
}
"""What every answer about vulnerabilities can be written as."""


_WORD = re.compile(r"[a-z][a-z0-9-]*")


class Outputs:
    """The open outputs of one command. A piece of text is a line, or a whole document without its line end."""

    def __init__(self, forms: Forms, targets: Sequence[tuple[str, IO[str] | None]]) -> None:
        """Take the forms of the command, and which of them goes where; None is stdout."""
        self._forms = forms
        self._targets = targets

    @property
    def names(self) -> frozenset[str]:
        """Return the forms that are wanted."""
        return frozenset(form for form, _ in self._targets)

    def write(self, shown: object, answer: Callable[[], object] = lambda: None, others: Forms | None = None) -> None:
        """Write in every form that is wanted what the command shows; writers of `formats` are given the answer.

        answer: makes it, once, where a form asks for it. others: writers of what is shown, in place of the command's.
        """
        made: list[object] = []
        for form, file in self._targets:
            place = (others or {}).get(form) or self._forms[form]
            is_document = place.startswith("formats.")
            if is_document and not made:
                made.append(answer())
            for piece in writer(place)(made[0] if is_document else shown):
                click.echo(piece, file=file)


def writer(place: str) -> Callable[[object], Iterable[str]]:
    """Return the function of a place `module:function`, imported."""
    module, _, function = place.partition(":")
    writer: Callable[[object], Iterable[str]] = getattr(import_module(f"envscout.{module}"), function)
    return writer


def output(forms: Forms) -> Callable[[F], F]:
    """Add --format and --output; the first of the forms is the default."""

    def add(command: F) -> F:
        wanted = click.option(
            "-o",
            "--output",
            multiple=True,
            metavar="[FORM=]FILE",
            help="Write the answer to a file; FORM=FILE in another form than --format, beside it. Repeatable.",
        )
        return options.form(*forms)(wanted(command))

    return add


@contextlib.contextmanager
def opened(asked: Iterable[str], form: str, forms: Forms, to_file: str = "") -> Iterator[Outputs]:
    """Open what --output names; files appear when the block ends well. Raise UsageError.

    to_file: the form that a plain FILE takes, where it is not that of --format.
    """
    from envscout.cli.output import whole

    named = [_split(each, forms) for each in asked]
    _refuse_twice([path for _, path in named])
    is_silent = any(not explicit for explicit, _ in named)
    with contextlib.ExitStack() as stack:
        files: list[tuple[str, IO[str] | None]] = [] if is_silent else [(form, None)]
        for explicit, path in named:
            files.append((explicit or to_file or form, stack.enter_context(_usable(whole, path))))
        yield Outputs(forms, files)
    for _, path in named:
        Session.say(f"Report written to {path}")


@contextlib.contextmanager
def _usable(whole: Callable[[Path], contextlib.AbstractContextManager[IO[str]]], path: str) -> Iterator[IO[str]]:
    try:
        with whole(Path(path)) as file:
            yield file
    except BrokenPipeError:
        raise
    except OSError as error:
        raise UsageError(
            f"cannot write {path}: {error.strerror}", "choose a file in a folder you may write to"
        ) from error


def _split(text: str, forms: Forms) -> tuple[str, str]:
    """Return the form that is asked for, "" for that of --format, and the path.

    What stands before `=` is a form if the command has it. It is a mistake if it is nearly one, or what the file is
    called after its dot (`pdf=report.pdf`); all else is a path that holds a `=`.
    """
    name, equals, path = text.partition("=")
    if equals and name in forms:
        if not path:
            raise UsageError(f"--output {text} names no file", f"write it as {name}=FILE")
        return name, path
    from difflib import get_close_matches

    word = name.lower()
    suffix = Path(text).suffix.removeprefix(".").lower()
    if equals and _WORD.fullmatch(word) and (get_close_matches(word, forms, 1) or word == suffix):
        raise UsageError(
            f"there is no form {name!r}",
            f"choose from {', '.join(forms)}; a file of this name is written as ./{text}",
        )
    if not text:
        raise UsageError("--output names no file", "write it as FILE, or FORM=FILE")
    return "", text


def _refuse_twice(paths: Sequence[str]) -> None:
    seen: set[Path] = set()
    for path in paths:
        # Path.resolve raises no OSError where links go in a circle: that is for what opens the file to tell.
        target = Path(os.path.realpath(path))
        if target in seen and (target.is_file() or not target.exists()):
            raise UsageError(f"{path} would be written twice in one run", "give every output a file of its own")
        seen.add(target)
