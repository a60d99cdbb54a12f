"""What an image says of the image that it was built on. Pure.

Annotations and labels org.opencontainers.image.base.name and .digest
(https://github.com/opencontainers/image-spec/blob/main/annotations.md), the materials of its provenance, and the steps
of its history. Which of them is believed is not decided here.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple
from urllib.parse import unquote

from envscout.errors import InvalidReference
from envscout.model import BaseImage
from envscout.names import purl

NAME = "org.opencontainers.image.base.name"
DIGEST = "org.opencontainers.image.base.digest"
MAX_TEXT = 512

_ENDS = ("CMD", "ENTRYPOINT")
_SHELL = "/bin/sh -c #(nop) "
_BUILDKIT = "buildkit."


class Step(NamedTuple):
    """One step of a configuration's history."""

    created: str
    created_by: str
    comment: str
    is_empty: bool


def told(
    labels: Mapping[str, str], annotations: Mapping[str, str], steps: Sequence[Step], layers: int
) -> tuple[BaseImage, ...]:
    """Return what an image's manifest and configuration say. layers: how many it has."""
    notes = annotations if annotations.get(NAME) or annotations.get(DIGEST) else labels
    found = []
    if notes.get(NAME) or notes.get(DIGEST):
        found.append(BaseImage(_bounded(notes.get(NAME, "")), _bounded(notes.get(DIGEST, "")), 0, "label"))
    count = guessed(steps, layers)
    return (*found, BaseImage("", "", count, "history")) if count else tuple(found)


def from_materials(materials: Iterable[tuple[str, str]]) -> tuple[BaseImage, ...]:
    """Return what provenance says, given as (uri, digest) of the images that a build used."""
    return tuple(BaseImage(_bounded(_name(uri)), digest, 0, "provenance") for uri, digest in materials)


def guessed(steps: Sequence[Step], layers: int) -> int:
    """Return how many of the lowest layers a base image seems to have brought, 0 where nothing tells.

    A base image ends where its history says what it runs (CMD, ENTRYPOINT) and layers follow; where another builder
    went on with BuildKit; and where what is dated at the beginning of time, as reproducible builds do, is followed by
    what is not. The last such place counts. It errs for Dockerfiles that say CMD before they copy.
    """
    if sum(not step.is_empty for step in steps) != layers:
        return 0
    found = done = 0
    for step, following in pairwise(steps):
        done += not step.is_empty
        if 0 < done < layers and _ends(step, following):
            found = done
    return found


def _ends(step: Step, following: Step) -> bool:
    return (
        (step.is_empty and step.created_by.removeprefix(_SHELL).strip().startswith(_ENDS))
        or (following.comment.startswith(_BUILDKIT) and not step.comment.startswith(_BUILDKIT))
        or (_is_undated(step) and not _is_undated(following))
    )


def _is_undated(step: Step) -> bool:
    """Return whether a step is dated before there were containers: 0001, 1970 or 1980."""
    return step.created[:4] in ("0001", "1970", "1980")


def _name(uri: str) -> str:
    """Return `python:3.12` for `pkg:docker/python@3.12?platform=...`."""
    if uri.startswith(("docker-image://", "docker://")):
        return uri.partition("://")[2].partition("@sha256:")[0]
    try:
        found = purl.parse(uri)
    except InvalidReference:
        return ""
    name = unquote("/".join(part for part in (found.namespace, found.name) if part))
    return f"{name}:{found.version}" if found.version and not found.version.startswith("sha256:") else name


def _bounded(text: str) -> str:
    return text if len(text) <= MAX_TEXT and text.isprintable() else ""
