"""One search of one image: what its files, its variables and its history hold, put together."""

import threading
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import msgspec

from envscout.inventory.embedded.form import CHECKED, EXAMPLE, LIKELY
from envscout.inventory.embedded.search import Hit, Search, Sought
from envscout.model import Problem, Secret
from envscout.names import bounds

MAX_BYTES = 1 << 28
"""Bytes of one file that are looked at."""
MAX_TOTAL = 1 << 36
MAX_FILES = 5_000_000
MAX_SECRETS = 10_000

_ORDER = {CHECKED: 0, LIKELY: 1, EXAMPLE: 2}


class Text(NamedTuple):
    """A text of an image's configuration. name, line: as in Secret; layer: diff_id, "" for none."""

    text: str
    name: str = ""
    line: int = 0
    layer: str = ""


class Place(NamedTuple):
    """What `Probe.done` returned for a file. layer, visible: as in Secret."""

    path: str
    layer: str
    data: bytes
    visible: bool


class Probe:
    """One file as it goes by, as far as bytes are left."""

    def __init__(self, path: str, key: bytes, most: int) -> None:
        self._path = path
        self._search = Search(path, key)
        self._left = most
        self._is_cut = False

    def feed(self, piece: bytes | memoryview) -> None:
        """Take the next piece."""
        self._is_cut = self._is_cut or len(piece) > self._left
        self._search.feed(piece[: self._left])
        self._left -= min(len(piece), self._left)

    def done(self) -> bytes:
        """Return what to keep of the file, b"" where nothing was found."""
        found = self._search.done()
        if self._is_cut:
            message = f"Only the first {MAX_BYTES:,} bytes were searched for secrets."
            found = msgspec.structs.replace(
                found, problems=(*found.problems, Problem("secrets-unread", message, self._path))
            )
        return _encode(found) if found != Sought() else b""


class Seeker:
    """Searches one image. key: 16 random bytes or more, so that nothing that is kept can be guessed."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._lock = threading.Lock()
        self._files = self._bytes = 0
        self._is_over = False

    def probe(self, path: str, head: bytes, size: int) -> Probe | None:  # noqa: ARG002
        """Return who looks into a file while it goes by; None for an empty one, and where an image has too many."""
        if not size:
            return None
        most = min(size, MAX_BYTES)
        with self._lock:
            self._is_over = self._is_over or self._bytes + most > MAX_TOTAL or self._files >= MAX_FILES
            if self._is_over:
                return None
            self._files += 1
            self._bytes += most
        return Probe(path, self._key, MAX_BYTES)

    @property
    def looked(self) -> tuple[int, int]:
        """Return how many files, and bytes of them, were looked at; a file counts in each layer that holds it."""
        return self._files, self._bytes

    def told(
        self, files: Iterable[Place], texts: Mapping[str, Sequence[Text]]
    ) -> tuple[tuple[Secret, ...], tuple[Problem, ...]]:
        """Return the secrets, each once in each place, the most certain first; and what was not looked at.

        files: lowest layer first. texts: by their place, as in Secret.
        """
        found: dict[tuple[str, str, bytes], Secret] = {}
        problems: dict[Problem, None] = {}
        for place in files:
            sought = _decode(place.data)
            problems.update(dict.fromkeys(sought.problems))
            for hit in sought.hits:
                key = (place.path, hit.kind, hit.identity)
                told = _secret(hit, "file", path=place.path, line=hit.line, layer=place.layer, visible=place.visible)
                known = found.setdefault(key, told)
                if place.visible and not known.visible:
                    found[key] = msgspec.structs.replace(known, visible=True, line=hit.line)
        secrets = [
            *found.values(),
            *(each for place, parts in texts.items() for each in self._in(place, parts, problems)),
        ]
        if self._is_over:
            message = (
                f"The image has more than {MAX_TOTAL:,} bytes or {MAX_FILES:,} files; the others were not searched."
            )
            problems[Problem("secrets-unread", message)] = None
        if len(secrets) > MAX_SECRETS:
            message = f"More than {MAX_SECRETS:,} secrets; the others are not listed."
            problems[Problem("secrets-left-out", message)] = None
        secrets.sort(key=lambda each: (_ORDER[each.certainty], each.place, each.path, each.line, each.name, each.kind))
        return tuple(secrets[:MAX_SECRETS]), tuple(problems)

    def _in(self, place: str, parts: Sequence[Text], problems: dict[Problem, None]) -> Iterator[Secret]:
        """Search texts together, for the two halves of a key may lie in two variables; tell each by its own."""
        search = Search("", self._key, settings=True)
        starts, at = [], 0
        for part in parts:
            data = part.text.encode("utf-8", "surrogatepass") + b"\n"
            search.feed(data)
            starts.append(at)
            at += len(data)
        sought = search.done()
        problems.update(dict.fromkeys(sought.problems))
        for hit in sought.hits:
            part = parts[bisect_right(starts, hit.at) - 1]
            yield _secret(hit, place, name=bounds.shown(part.name), line=part.line, layer=part.layer)


def masked(text: str) -> str:
    """Return a text of an image's configuration with `…` for every secret of the known kinds."""
    data = text.encode("utf-8", "surrogatepass")
    search = Search("", b"", settings=True)
    search.feed(data)
    search.done()
    parts, at = [], 0
    for low, high in search.spans:
        if high > at:
            parts.append(data[at : max(low, at)])
            at = high
    if not at:
        return text
    return "…".join(part.decode("utf-8", "replace") for part in (*parts, data[at:]))


def _secret(hit: Hit, place: str, **fields: object) -> Secret:
    return Secret(
        hit.kind, hit.title, hit.certainty, place, starts=hit.starts, length=hit.length, fingerprint=hit.fingerprint,
        **fields,  # type: ignore[arg-type]
    )  # fmt: skip


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Sought).decode
