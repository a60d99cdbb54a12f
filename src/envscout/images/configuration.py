"""The texts of an image's configuration, in which people leave what they should not. Read only when asked for.

Rules: OCI image specification 1.1, config.md; Docker's configurations have the same names, and `container_config`.
"""

from collections.abc import Iterable

import msgspec

from envscout.errors import SourceError


class Configuration(msgspec.Struct, frozen=True):
    """What runs, and how it came to be. steps: commands of the history, the first one first, each with its comment."""

    environment: tuple[str, ...] = ()
    labels: tuple[tuple[str, str], ...] = ()
    commands: tuple[str, ...] = ()
    steps: tuple[tuple[str, str], ...] = ()


class _Health(msgspec.Struct, frozen=True):
    test: tuple[str, ...] | str | None = msgspec.field(name="Test", default=None)


class Runtime(msgspec.Struct, frozen=True, rename="pascal"):
    """The part that says how to run it."""

    env: tuple[str, ...] | None = None
    cmd: tuple[str, ...] | str | None = None
    entrypoint: tuple[str, ...] | str | None = None
    labels: dict[str, str] | None = None
    healthcheck: _Health | None = None
    on_build: tuple[str, ...] | None = None


class _Step(msgspec.Struct, frozen=True):
    created_by: str = ""
    comment: str = ""


class _File(msgspec.Struct, frozen=True):
    config: Runtime | None = None
    container_config: Runtime | None = None
    history: tuple[_Step, ...] | None = None


def parse(data: bytes, where: str) -> Configuration:
    """Return the texts of a configuration. Raises SourceError where it is damaged."""
    try:
        found = msgspec.json.decode(data, type=_File)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise SourceError(f"{where} is damaged: {error}.", "Push the image again, or take another tag.") from error
    steps = tuple((step.created_by, step.comment) for step in found.history or ())
    return of((found.config, found.container_config), steps)


def of(runtimes: Iterable[Runtime | None], steps: tuple[tuple[str, str], ...]) -> Configuration:
    """Return the texts of what says how to run an image, each once."""
    given = [runtime for runtime in runtimes if runtime]
    commands = [
        word
        for each in given
        for said in (each.cmd, each.entrypoint, each.on_build, each.healthcheck and each.healthcheck.test)
        for word in ((said,) if isinstance(said, str) else said or ())
    ]
    return Configuration(
        environment=tuple(dict.fromkeys(text for each in given for text in each.env or ())),
        labels=tuple(dict.fromkeys(pair for each in given for pair in (each.labels or {}).items())),
        commands=tuple(dict.fromkeys(commands)),
        steps=steps,
    )
