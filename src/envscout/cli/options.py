"""Flags that several commands share, and what they mean."""

import contextlib
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from envscout.cli.session import Session
from envscout.errors import UsageError
from envscout.names import moment

if TYPE_CHECKING:
    from envscout.store.deployments import Scope

F = TypeVar("F", bound=Callable[..., Any])


def org(command: F) -> F:
    """Add --org."""
    text = "Organization; by default as configured, else of the repository when recording, all when asking."
    return click.option("--org", default="", metavar="NAME", help=text)(command)


def platform(command: F) -> F:
    """Add --platform; its value is in normal form."""

    def normal(_ctx: click.Context, _param: click.Parameter, value: str) -> str:
        if not value:
            return ""
        from envscout.images import platform as platforms

        return platforms.parse(value)

    text = "Platform of the image, such as linux/arm64; by default the machine's own."
    return click.option("--platform", default="", metavar="OS/ARCH", callback=normal, help=text)(command)


def ref(command: F) -> F:
    """Add --ref."""
    return click.option("--ref", default="", metavar="REF", help="Which image of an archive that holds several.")(
        command
    )


def sbom_source(command: F) -> F:
    """Add --sbom-source."""
    return click.option(
        "--sbom-source",
        type=click.Choice(("index", "attached", "both")),
        default="index",
        show_default=True,
        help="Look into the image, believe the SBOM attached to it, or add what only that one lists.",
    )(command)


def at(command: F) -> F:
    """Add --at."""
    return click.option(
        "--at", default="", metavar="TIME", help="Answer for a past moment: 2026-10-01, 2026-10-01T12:00Z, 7d."
    )(command)


def output(command: F) -> F:
    """Add --output."""
    return click.option(
        "-o", "--output", default="", metavar="FILE", help="Write the answer to a file; it appears whole or not at all."
    )(command)


def form(*choices: str) -> Callable[[F], F]:
    """Add --format; the first choice is the default."""
    return click.option(
        "--format",
        "form",
        type=click.Choice(choices),
        default=choices[0],
        show_default=True,
        help="Form of the answer.",
    )


class CommaList(click.ParamType):  # type: ignore[type-arg]
    """Values separated by commas; the flag may also be repeated."""

    name = "list"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, ...]:  # noqa: ARG002
        """Split one occurrence."""
        return value if isinstance(value, tuple) else tuple(each.strip() for each in value.split(",") if each.strip())


def many(name: str, meaning: str, short: str = "") -> Callable[[F], F]:
    """Add a flag that takes comma lists and repeats; its value is one flat tuple. short: its other spelling."""

    def flat(_ctx: click.Context, _param: click.Parameter, values: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
        return tuple(each for value in values for each in value)

    names = [short, name] if short else [name]
    return click.option(*names, type=CommaList(), multiple=True, callback=flat, metavar="LIST", help=meaning)


def when(text: str) -> int | None:
    """Read --at: None for now. A moment to the second means its end, so that one copied from a history includes it."""
    if not text:
        return None
    from envscout.store import now

    present = now()
    asked = moment.parse(text, present)
    if asked > present:
        raise UsageError(f"{text} lies in the future", "ask for a moment that has been")
    return min(present, asked + 999_999) if _TO_THE_SECOND.search(text) else asked


_TO_THE_SECOND = re.compile(r"T\d\d:?\d\d:?\d\d(Z|[+-]\d\d:?\d\d)?$", re.ASCII)


def whose(session: Session, asked: str) -> str:
    """Return the organization that is meant: as asked for, else as configured, "" for none."""
    return asked or session.settings.text("organization")


def scope(session: Session, asked_org: str, environment: str = "", repository: str = "", at: str = "") -> "Scope":
    """Return what of the record is asked about; no organization named or configured means all of them.

    A repository is looked for as the service of that name, and as the path Docker gives it (`library/nginx`).
    """
    from envscout.errors import InvalidReference
    from envscout.names.reference import parse
    from envscout.store.deployments import Scope

    service = other = repository
    with contextlib.suppress(InvalidReference):
        reference = parse(repository)
        if reference.path:
            # `api@sha256:...` also names one image of a service that was called `api` when it was recorded, and a
            # service may have been called `localhost:5000/api`.
            bare, _, tag = repository.partition("@")[0].rpartition(":")
            service, other = reference.service, repository.partition("@")[0] if "/" in tag or not bare else bare
    return Scope(whose(session, asked_org), environment, service, other, when(at))


@contextlib.contextmanager
def to_output(path: str) -> Iterator[None]:
    """Send stdout to a file for the length of a command; the file appears whole or not at all."""
    if not path:
        yield
        return
    from envscout.cli.output import whole

    try:
        with whole(Path(path)) as file, contextlib.redirect_stdout(file):
            yield
    except OSError as error:
        raise UsageError(
            f"cannot write {path}: {error.strerror}", "choose a file in a folder you may write to"
        ) from error
    Session.say(f"Report written to {path}")


def lines(texts: Iterable[str]) -> None:
    """Write lines of the answer to stdout."""
    for line in texts:
        click.echo(line)


def document(content: object) -> None:
    """Write one document as a line of JSON."""
    from envscout.cli.show.documents import encoded

    sys.stdout.write(encoded(content) + "\n")


def tell(form: str, kind: str, content: object, lines: Iterable[str]) -> None:
    """Write an answer as JSON `{"schema": "envscout/KIND/1", KIND: content}` or as lines of text."""
    if form == "json":
        document({"schema": f"envscout/{kind}/1", kind: content})
        return
    for line in lines:
        click.echo(line)
