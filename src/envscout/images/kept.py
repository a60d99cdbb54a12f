"""What one layer does, as bytes to remember: so that a layer seen once need not be read again. Pure."""

import sys
from array import array

import msgspec

from envscout.images.compression import zstandard
from envscout.images.layer import LayerContents
from envscout.model import Problem

MAX_PLAIN = 512 << 20


class _Kept(msgspec.Struct, array_like=True):
    """As LayerContents, but what hard links share is here once: files and extras give the place in `readings`."""

    readings: list[bytes]
    files: dict[str, int | None]
    extras: dict[str, dict[str, int | None]]
    links: dict[str, str]
    wanted_links: list[str]
    hard_links: dict[str, str]
    hashes: tuple[bytes, bytes, bytes, bytes]
    problems: list[Problem]


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(_Kept).decode


def pack(layer: LayerContents) -> bytes:
    """Return the bytes that stand for a layer, compressed."""
    hashes = (layer.entries, layer.directories, layer.whiteouts, layer.opaques)
    places: dict[bytes, int] = {}

    def placed(files: dict[str, bytes | None]) -> dict[str, int | None]:
        return {path: None if data is None else places.setdefault(data, len(places)) for path, data in files.items()}

    files = placed(layer.files)
    extras = {link: placed(found) for link, found in layer.extras.items()}
    kept = _Kept(
        list(places),
        files,
        extras,
        layer.links,
        sorted(layer.wanted_links),
        layer.hard_links,
        tuple(map(_bytes, hashes)),  # type: ignore[arg-type]
        list(layer.problems),
    )
    packed: bytes = zstandard().compress(_encode(kept), 1)
    return packed


def unpack(data: bytes | None) -> LayerContents | None:
    """Return the layer that was packed; None for bytes that were not packed by this version."""
    if data is None:
        return None
    zstd = zstandard()
    try:
        kept = _decode(zstd.ZstdDecompressor().decompress(data, MAX_PLAIN))
        entries, directories, whiteouts, opaques = map(_array, kept.hashes)
        files = _found(kept, kept.files)
        extras = {link: _found(kept, places) for link, places in kept.extras.items()}
    except (zstd.ZstdError, msgspec.MsgspecError, EOFError, ValueError, IndexError):
        return None
    return LayerContents(
        files=files,
        extras=extras,
        links=kept.links,
        wanted_links=frozenset(kept.wanted_links),
        hard_links=kept.hard_links,
        entries=entries,
        directories=directories,
        whiteouts=whiteouts,
        opaques=opaques,
        problems=tuple(kept.problems),
    )


def _found(kept: _Kept, places: dict[str, int | None]) -> dict[str, bytes | None]:
    return {path: None if place is None else kept.readings[place] for path, place in places.items()}


def _bytes(hashes: "array[int]") -> bytes:
    return _little(array("q", hashes)).tobytes()


def _array(data: bytes) -> "array[int]":
    return _little(array("q", data))


def _little(hashes: "array[int]") -> "array[int]":
    if sys.byteorder == "big":
        hashes.byteswap()
    return hashes
