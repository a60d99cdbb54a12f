"""The comment that a step keeps on its pull request, found again by a mark that nobody sees."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

import msgspec

from envscout.cli.ci import workflow
from envscout.cli.ci.github import Comments
from envscout.cli.ci.inputs import Inputs
from envscout.errors import EnvscoutError
from envscout.names.reference import parse

MAX_COMMENT = 65_536
"""Characters of a comment, counted as UTF-16 does, which is never less."""


class _Pull(msgspec.Struct, frozen=True):
    number: int


class _Issue(msgspec.Struct, frozen=True):
    number: int
    pull_request: dict[str, object] | None = None


class _Event(msgspec.Struct, frozen=True):
    pull_request: _Pull | None = None
    issue: _Issue | None = None


def pull_request(environ: Mapping[str, str]) -> int:
    """Return the number of the pull request that the run is about, 0 for none."""
    try:
        event = msgspec.json.decode(Path(environ.get("GITHUB_EVENT_PATH", "")).read_bytes(), type=_Event)
    except (OSError, msgspec.MsgspecError):
        return 0
    if event.pull_request:
        return event.pull_request.number
    return event.issue.number if event.issue and event.issue.pull_request else 0


def mark(inputs: Inputs, environ: Mapping[str, str]) -> str:
    """Return what the comment of a step begins with: the same in every run, another one in every step and matrix."""
    image = inputs.image and (parse(inputs.image).repository or inputs.image)
    asked = (inputs.text(name) for name in ("command", "environment", "to-env", "service", "platform"))
    parts = (environ.get("GITHUB_WORKFLOW", ""), environ.get("GITHUB_JOB", ""), image, *asked)
    return f"<!-- envscout {hashlib.sha256(chr(0).join(parts).encode()).hexdigest()[:16]} -->"


def fitting(text: str, mark: str) -> str:
    """Return as much of a text as a comment takes."""
    note = "This is shortened: the summary of the run has all of it."
    return workflow.within(text, MAX_COMMENT - len(mark) - 1, _size, note)


def _size(text: str) -> int:
    return len(text.encode("utf-16-le", "replace")) // 2


def keep(inputs: Inputs, environ: Mapping[str, str], text: str) -> None:
    """Keep the comment of a step, or say why there is none. What the step answers does not depend on that."""
    number = pull_request(environ)
    if not number:
        workflow.show("No comment: this run is about no pull request\n")
        return
    token = inputs.text("github-token")
    if not token:
        workflow.problem("warning", "No comment: the input `github-token` is empty")
        return
    repository = inputs.text("repo") or environ.get("GITHUB_REPOSITORY", "")
    try:
        own = mark(inputs, environ)
        with Comments(environ, token, repository, number) as comments:
            done = comments.keep(own, fitting(text, own), hide_previous=inputs.is_on("keep-previous-comments"))
    except EnvscoutError as error:
        workflow.problem("warning", "; ".join(filter(None, (f"No comment: {error.cause}", error.next_step))))
        return
    workflow.show(f"Comment on pull request {number} {done}\n")
