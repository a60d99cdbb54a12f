"""What `environment sync` reads: one source of those that its flags name."""

import os
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from envscout.errors import UsageError

if TYPE_CHECKING:
    from envscout.cli.commands.environment_flags import Sources
    from envscout.watch.declared import Declaration


def declared(sources: "Sources", more: Sequence[str]) -> tuple[str, "Declaration"]:
    """Return the kind of the source that is named, and what it says. Raise UsageError unless exactly one is."""
    named = {kind: given for kind in _READERS if (given := getattr(sources, kind))}
    if len(named) != 1:
        raise UsageError(
            f"`environment sync` reads one source, and {len(named) or 'none'} is named"
            if len(named) < 2
            else f"several sources are named: {', '.join(f'--{each}' for each in named)}",
            "name one of --compose FILE|DIR, --kubernetes FILE|DIR|-, --docker, --file FILE",
        )
    ((kind, given),) = named.items()
    if more and given is True:
        raise UsageError(f"--docker reads no file, and {more[0]!r} is named", "leave it out")
    files = (*(() if given is True else given), *more)
    return kind, _READERS[kind](sources, files)


def _compose(sources: "Sources", files: Sequence[str]) -> "Declaration":
    from envscout.watch import compose

    return compose.declaration(files, os.environ, sources.env_file, sources.profile)


def _kubernetes(_: "Sources", files: Sequence[str]) -> "Declaration":
    from envscout.watch import manifests

    return manifests.declaration(files)


def _docker(_sources: "Sources", _files: Sequence[str]) -> "Declaration":
    from envscout.watch import engine

    return engine.declaration()


def _file(_: "Sources", files: Sequence[str]) -> "Declaration":
    from envscout.watch import listing

    return listing.declaration(files)


_READERS: Mapping[str, Callable[["Sources", Sequence[str]], "Declaration"]] = {
    "compose": _compose,
    "kubernetes": _kubernetes,
    "docker": _docker,
    "file": _file,
}
