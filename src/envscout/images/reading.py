"""From layers to files: scan each once, squash them, and read again only what a link turned out to need."""

from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Protocol

import msgspec

from envscout.images.contents import Budget, Contents, Progress, Wanted
from envscout.images.layer import LayerContents, contains, scan
from envscout.images.squash import squash
from envscout.model import Image, Problem

# A link to a hard link to a hard link; more passes than this nobody's image needs.
MAX_PASSES = 4

Scan = Callable[..., LayerContents]


class LayeredSource(Protocol):
    """A place that holds an image as layers."""

    @property
    def image(self) -> Image:
        """Return the image; asking it reads no layer."""

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Return what was noticed on the way to the image."""

    def scan(self, numbers: Collection[int], scan: Scan) -> dict[int, LayerContents]:
        """Hand each of these layers' stored bytes to `scan(chunks, where=..., with_diff_id=...)`, in any order.

        Layers that are missing are missing in the result. Raises SourceError.
        """

    def close(self) -> None:
        """Let go of files and connections."""


def read(source: LayeredSource, wanted: Wanted, on_progress: Progress | None = None) -> Contents:
    """Return the wanted files as a container of this image sees them.

    on_progress: called with the bytes of layers read so far and their total. Raises SourceError.
    """
    layers = source.image.layers
    budget = Budget()
    progress = _Meter(on_progress, source.image.size)

    def first(chunks: Iterable[bytes], *, where: str = "", with_diff_id: bool = False) -> LayerContents:
        return scan(progress.meter(chunks), wanted, budget, where=where, with_diff_id=with_diff_id)

    found = source.scan(range(len(layers)), first)
    contents = [found.get(number, _missing(layer.diff_id)) for number, layer in enumerate(layers)]
    diff_ids = [layer.diff_id for layer in layers]
    extra: frozenset[str] = frozenset()
    squashed = squash(list(zip(diff_ids, contents, strict=True)))
    for _ in range(MAX_PASSES):
        if not squashed.needs - extra:
            break
        extra |= _unwanted(squashed.needs, wanted)
        _read_more(source, contents, squashed.needs, budget)
        squashed = squash(list(zip(diff_ids, contents, strict=True)), extra)
    problems = [problem for layer in contents for problem in layer.problems]
    unresolved = [
        Problem("unresolved-link", "What the link leads to could not be read.", path) for path in sorted(squashed.needs)
    ]
    return Contents(squashed.files, (*source.problems, *problems, *squashed.problems, *unresolved))


def _read_more(source: LayeredSource, contents: list[LayerContents], needs: frozenset[str], budget: Budget) -> None:
    """Scan once more the layers that hold one of these paths, and add what they give."""
    hashes = [hash(path) for path in needs]
    numbers = [
        number for number, layer in enumerate(contents) if any(contains(layer.entries, value) for value in hashes)
    ]

    def again(chunks: Iterable[bytes], *, where: str = "", with_diff_id: bool = False) -> LayerContents:
        return scan(chunks, needs.__contains__, budget, where=where, with_diff_id=with_diff_id)

    for number, more in source.scan(numbers, again).items():
        contents[number] = _merged(contents[number], more)


def _merged(layer: LayerContents, more: LayerContents) -> LayerContents:
    pending = {**layer.hard_links, **more.hard_links}
    return msgspec.structs.replace(
        layer,
        files={**layer.files, **more.files},
        links={**layer.links, **more.links},
        wanted_links=layer.wanted_links | (more.wanted_links & pending.keys()),
        hard_links={
            path: target for path, target in pending.items() if path not in more.files and path not in more.links
        },
        problems=(*layer.problems, *(problem for problem in more.problems if problem not in layer.problems)),
    )


def _unwanted(needs: frozenset[str], wanted: Wanted) -> frozenset[str]:
    return frozenset(path for path in needs if not wanted(path))


def _missing(diff_id: str) -> LayerContents:
    return LayerContents(
        problems=(Problem("damaged-layer", "The layer is missing where the image comes from.", diff_id),)
    )


class _Meter:
    """Counts bytes across layers and says so."""

    def __init__(self, on_progress: Progress | None, total: int) -> None:
        self._on_progress = on_progress
        self._total = total
        self._done = 0

    def meter(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        for chunk in chunks:
            yield chunk
            if self._on_progress:
                self._done += len(chunk)
                self._on_progress(self._done, self._total)
