"""Search an image for secrets. Nothing of it is kept: every search reads the image again."""

import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import msgspec

from envscout import images
from envscout.errors import EnvscoutError, SourceError, UsageError
from envscout.model import Image, Problem, Secret
from envscout.names.reference import Reference

if TYPE_CHECKING:
    from envscout.inventory.embedded import Text

Progress = Callable[[int, int], None]


class Searched(msgspec.Struct, frozen=True):
    """What was found. files, size: how much was looked at, each layer for itself."""

    secrets: tuple[Secret, ...]
    problems: tuple[Problem, ...]
    files: int
    size: int


def search(
    reference: Reference,
    *,
    platform: str = "",
    archive_ref: str = "",
    digest: str = "",
    on_progress: Progress | None = None,
    credentials: images.Credentials | None = None,
) -> Searched:
    """Return the secrets of the known kinds in all layers and in the configuration of an image.

    digest: of the image that is meant, "" for any. credentials: as verbs.index. Raises SourceError where the reference
    leads to another image by now, or cannot be read; NotFound; UsageError for a document.
    """
    from envscout.inventory.embedded import Place, Seeker

    if reference.prefix == "sbom":
        raise UsageError("a document has no files that could be searched for secrets", "name the image itself")
    seeker = Seeker(os.urandom(32))
    with images.open_image(reference, platform=platform, archive_ref=archive_ref, credentials=credentials) as opened:
        if digest and opened.image.digest not in ("", digest):
            raise SourceError(f"{reference.familiar} has become another image.", "Try again.")
        found = opened.trace(images.Interest(lambda _: "", lambda _path, _data: b"", seeker.probe), on_progress)
        texts, unread = _texts(opened)
    places = (Place(each.path, each.layer, each.data, each.visible) for each in found.traces)
    secrets, unsearched = seeker.told(places, texts)
    return Searched(secrets, tuple(dict.fromkeys((*found.problems, *unread, *unsearched))), *seeker.looked)


def masked(image: Image) -> Image:
    """Return what is known of an image without the secrets that its commands and labels hold."""
    from envscout.inventory.embedded import masked as hidden

    layers = (msgspec.structs.replace(each, created_by=hidden(each.created_by)) for each in image.layers)
    # A label counts by its name, too.
    labels = ((name, hidden(f"{name}={value}")[len(name) + 1 :]) for name, value in image.labels)
    return msgspec.structs.replace(image, layers=tuple(layers), labels=tuple(labels))


def _texts(opened: images.OpenImage) -> "tuple[dict[str, Sequence[Text]], tuple[Problem, ...]]":
    """Return the texts of the configuration by their place; a step's layer is the first that this command made."""
    from envscout.inventory.embedded import Text

    try:
        told = opened.configuration()
    except EnvscoutError as error:
        return {}, (Problem("unread-configuration", f"The configuration was not searched for secrets: {error.cause}"),)
    layers = {layer.created_by: layer.diff_id for layer in reversed(opened.image.layers) if layer.created_by}
    return {
        "environment": [Text(text, text.partition("=")[0]) for text in told.environment],
        "label": [Text(f"{name}={value}", name) for name, value in told.labels],
        "command": [Text(text) for text in told.commands],
        "history": [
            Text(f"{command}\n{comment}", "", number, layers.get(command, ""))
            for number, (command, comment) in enumerate(told.steps, 1)
        ],
    }, ()
