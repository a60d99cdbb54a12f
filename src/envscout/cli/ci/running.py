"""Running one command line of this program in a process of its own, in the log of a step."""

import contextlib
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from envscout.cli.ci import workflow
from envscout.cli.ci.calls import Call
from envscout.cli.ci.inputs import PREFIX
from envscout.cli.output import whole
from envscout.cli.show.table import inert
from envscout.errors import UsageError

MAX_LOGGED = 256 << 10
"""Characters of a result that the log shows."""
MAX_LINE = 1 << 16
_KEPT_LINES = 20
_TOLD = re.compile(r"\s*(ERROR|✗) (.*)")
_HINT = " " * 6
_WITHHELD = ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "ACTIONS_RUNTIME_TOKEN", "GITHUB_TOKEN")
_FILES = ("GITHUB_OUTPUT", "GITHUB_ENV", "GITHUB_PATH", "GITHUB_STATE", "GITHUB_STEP_SUMMARY")


class Result(msgspec.Struct, frozen=True):
    """What a command said. text: its answer. why: what it told of a failure, "" for none."""

    command: str
    code: int
    text: str
    form: str
    why: str = ""


def run(call: Call, environ: Mapping[str, str]) -> Result:
    """Run a command line with some variables, show what it says and return it; write its file. Raise UsageError."""
    argv = [sys.executable, "-m", "envscout", *call.words]
    shown = f"envscout {' '.join(call.words)}"
    with workflow.shielded(shown), tempfile.TemporaryFile() as printed:
        with subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, stdout=printed, stderr=subprocess.PIPE, env=_theirs(environ)
        ) as process:
            told = _told(process)
        printed.seek(0)
        text = printed.read().decode(errors="backslashreplace")
        if call.form in ("markdown", "text"):
            workflow.show("\n".join(map(inert, text[:MAX_LOGGED].split("\n"))))
            if len(text) > MAX_LOGGED:
                workflow.show("\nand so on: the log has no room for the rest")
        if call.output:
            _keep(call.output, text)
    code = process.returncode if process.returncode >= 0 else 1
    if call.page:
        with contextlib.suppress(FileNotFoundError):
            text = call.page.read_text(encoding="utf-8", errors="backslashreplace")
    return Result(call.command, code, text, call.form, _why(told) if code else "")


def _why(told: Sequence[str]) -> str:
    """Return what lines tell of a failure; what to do about an error is in the line after it."""
    found = []
    for line, after in zip(told, [*told[1:], ""], strict=True):
        match = _TOLD.match(line)
        if match:
            hint = after.strip() if match[1] == "ERROR" and after.startswith(_HINT) else ""
            found.append(f"{match[2]} ({hint.rstrip('.')})" if hint else match[2])
    return "; ".join(found)


def _told(process: "subprocess.Popen[bytes]") -> list[str]:
    """Show what a process tells a person, line by line; return the last lines."""
    assert process.stderr
    lines: list[str] = []
    while line := process.stderr.readline(MAX_LINE):
        text = inert(line.decode(errors="backslashreplace").rstrip("\r\n"))
        workflow.show(f"{text}\n")
        lines = [*lines[1 - _KEPT_LINES :], text]
    return lines


def _keep(path: str, text: str) -> None:
    try:
        with whole(Path(path)) as file:
            file.write(text)
    except OSError as error:
        raise UsageError(
            f"cannot write {path}: {error.strerror}", "choose a folder that the job may write to"
        ) from error


def _theirs(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the variables of a command: none of those by which a step speaks, or is somebody."""
    return {
        name: value
        for name, value in environ.items()
        if not name.startswith(PREFIX) and name not in (*_WITHHELD, *_FILES)
    }
