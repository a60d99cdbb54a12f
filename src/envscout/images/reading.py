"""From layers to files: scan each once, squash them, and read again only what a link turned out to need."""

import threading
from collections.abc import Collection, Iterable, Iterator
from typing import Protocol

import msgspec

from envscout.images import kept
from envscout.images.configuration import Configuration
from envscout.images.contents import Budget, Contents, Interest, LayerCache, Progress, Trace, Traces
from envscout.images.layer import LayerContents, contains, hashed, scan
from envscout.images.side_by_side import StoppedError
from envscout.images.squash import squash
from envscout.model import Image, Problem

# A link to a hard link to a hard link; more passes than this nobody's image needs.
MAX_PASSES = 4


class Scan(Protocol):
    """Reads one layer."""

    def __call__(self, chunks: Iterable[bytes], /, *, where: str = "", with_diff_id: bool = False) -> LayerContents:
        """Return what a layer does, from its stored bytes; where: how its problems name it."""


class LayeredSource(Protocol):
    """A place that holds an image as layers."""

    @property
    def image(self) -> Image:
        """Return the image; asking it reads no layer."""

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Return what was noticed on the way to the image."""

    def proof(self, number: int) -> str:
        """Return the digest that `scan` proves the bytes of a layer by, so that they may be known by it."""

    def scan(self, numbers: Collection[int], scan: Scan, stop: threading.Event) -> dict[int, LayerContents]:
        """Hand each of these layers' stored bytes to `scan(chunks, where=..., with_diff_id=...)`, in any order.

        scan may be called in several threads at once and fails when `stop` is set. Layers that are missing are missing
        in the result. Raises SourceError.
        """

    def close(self) -> None:
        """Let go of files and connections."""


class DescribedSource(LayeredSource, Protocol):
    """A place that holds the image's configuration as well."""

    def configuration(self) -> Configuration:
        """Return the texts of the image's configuration. Raises SourceError."""


class NoCache:
    """A cache for those who want none."""

    def get(self, digest: str) -> None:
        """Know nothing."""

    def put(self, digest: str, data: bytes) -> None:
        """Remember nothing."""


def read(
    source: LayeredSource, interest: Interest, cache: LayerCache | None = None, on_progress: Progress | None = None
) -> Contents:
    """Return what is of interest in the files that a container of this image sees.

    on_progress: called with the bytes of layers done and their total. Raises SourceError.
    """
    return _Reading(source, interest, NoCache() if cache is None else cache, on_progress).run()


def trace(source: LayeredSource, interest: Interest, on_progress: Progress | None = None) -> Traces:
    """Return what a probe keeps of the files of every layer, whether a container sees them or not.

    interest: names no kind; only its probe is asked. Raises SourceError.
    """
    return _Reading(source, interest, NoCache(), on_progress).trace()


class _Reading:
    """The state of reading one image."""

    def __init__(
        self, source: LayeredSource, interest: Interest, cache: LayerCache, on_progress: Progress | None
    ) -> None:
        self._source = source
        self._interest = interest
        self._cache = cache
        self._budget = Budget()
        self._stop = threading.Event()
        self._meter = _Meter(on_progress, source.image.size, self._stop)
        self._layers = source.image.layers
        self._contents: list[LayerContents] = []

    def run(self) -> Contents:
        self._contents = self._first_pass()
        diff_ids = [layer.diff_id for layer in self._layers]
        squashed = squash(list(zip(diff_ids, self._contents, strict=True)), self._interest.kind)
        for _ in range(MAX_PASSES):
            if not squashed.needs:
                break
            self._read_more(squashed.needs)
            squashed = squash(list(zip(diff_ids, self._contents, strict=True)), self._interest.kind)
        problems = [problem for layer in self._contents for problem in layer.problems]
        unresolved = [
            Problem("unresolved-link", "What the link leads to could not be read.", path)
            for path in sorted({link for links in squashed.needs.values() for link in links})
        ]
        return Contents(squashed.files, (*self._source.problems, *problems, *squashed.problems, *unresolved))

    def trace(self) -> Traces:
        """Scan every layer, and see which of its files no later layer hides."""
        self._contents = self._first_pass()
        layers = list(zip([layer.diff_id for layer in self._layers], self._contents, strict=True))
        squashed = squash(layers, self._interest.kind)
        seen = {(file.path, file.layer) for file in squashed.files}
        traces = tuple(
            Trace(path, diff_id, data, (path, diff_id) in seen)
            for diff_id, contents in layers
            for path, data in sorted(contents.files.items())
            if data
        )
        problems = [problem for layer in self._contents for problem in layer.problems]
        return Traces(traces, (*self._source.problems, *problems, *squashed.problems))

    def _first_pass(self) -> list[LayerContents]:
        """Return what every layer does, from the cache where it is known."""
        known = {
            number: found
            for number in range(len(self._layers))
            if (found := kept.unpack(self._cache.get(self._source.proof(number)))) is not None
        }
        self._meter.passed(sum(self._layers[number].size for number in known))
        missing = [number for number in range(len(self._layers)) if number not in known]
        fresh = self._scan(missing, self._interest) if missing else {}
        self._meter.ended()
        self._remember(fresh)
        return [
            known.get(number) or fresh.get(number) or _missing(layer.diff_id)
            for number, layer in enumerate(self._layers)
        ]

    def _scan(self, numbers: Collection[int], interest: Interest) -> dict[int, LayerContents]:
        def one(chunks: Iterable[bytes], *, where: str = "", with_diff_id: bool = False) -> LayerContents:
            metered = self._meter.meter(chunks)
            return scan(metered, interest, self._budget, where=where, with_diff_id=with_diff_id)

        return self._source.scan(numbers, one, self._stop)

    def _remember(self, contents: dict[int, LayerContents]) -> None:
        done: set[str] = set()
        for number, found in contents.items():
            proof = self._source.proof(number)
            # Damage was not proved by any digest, and what found no room here might have a place in another image.
            if proof not in done and found.is_whole:
                self._cache.put(proof, kept.pack(found))
            done.add(proof)

    def _read_more(self, needs: dict[str, list[str]]) -> None:
        """Scan once more the layers that hold one of these paths, read by the names of its links; add what they give.

        What a file tells may depend on its name, as a JAR's does, so it is read once for each link.
        """

        def reduce(path: str, data: bytes) -> bytes:
            alike: dict[bytes, list[str]] = {}
            for link in needs[path]:
                alike.setdefault(self._interest.reduce(link, data), []).append(link)
            return _readings.encode([(links, reading) for reading, links in alike.items()])

        hashes = [hashed(path) for path in needs]
        numbers = [
            number
            for number, layer in enumerate(self._contents)
            if any(contains(layer.entries, value) for value in hashes)
        ]
        # Each path is a kind of its own, so that no hard link takes what was read for another.
        wanted = Interest(lambda path: path if path in needs else "", reduce)
        self._stop.clear()
        more = self._scan(numbers, wanted)
        for number, found in more.items():
            self._contents[number] = _merged(self._contents[number], found, needs)
        self._remember({number: self._contents[number] for number in more})


_readings = msgspec.msgpack.Encoder()
_as_readings = msgspec.msgpack.Decoder(list[tuple[list[str], bytes]])


def _merged(layer: LayerContents, more: LayerContents, needs: dict[str, list[str]]) -> LayerContents:
    """Return a layer with what a pass for some paths found."""
    extras = {link: dict(files) for link, files in layer.extras.items()}
    for path, data in more.files.items():
        readings = [(needs[path], None)] if data is None else _as_readings.decode(data)
        for links, reading in readings:
            for link in links:
                extras.setdefault(link, {})[path] = reading
    pending = {**layer.hard_links, **more.hard_links}
    return msgspec.structs.replace(
        layer,
        extras=extras,
        links={**layer.links, **more.links},
        wanted_links=layer.wanted_links | (more.wanted_links & pending.keys()),
        hard_links={
            path: target for path, target in pending.items() if path not in more.files and path not in more.links
        },
        is_whole=layer.is_whole and more.is_whole,
        problems=(*layer.problems, *(problem for problem in more.problems if problem not in layer.problems)),
    )


def _missing(diff_id: str) -> LayerContents:
    return LayerContents(
        problems=(Problem("damaged-layer", "The layer is missing where the image comes from.", diff_id),)
    )


class _Meter:
    """Counts bytes across layers and says so; stops them all where one failed."""

    def __init__(self, on_progress: Progress | None, total: int, stop: threading.Event) -> None:
        self._on_progress = on_progress
        self._total = total
        self._stop = stop
        self._lock = threading.Lock()
        self._done = 0

    def meter(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        for chunk in chunks:
            if self._stop.is_set():
                raise StoppedError
            yield chunk
            self.passed(len(chunk))

    def ended(self) -> None:
        """Say no more: what is read a second time was counted the first time."""
        self._on_progress = None

    def passed(self, size: int) -> None:
        if self._on_progress and size:
            with self._lock:
                self._done += size
                self._on_progress(self._done, self._total)
