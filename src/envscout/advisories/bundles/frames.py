"""Parts of a bundle: rows packed into one zstd frame each, and back, never more of them than was said."""

import sys
from types import ModuleType
from typing import Annotated, Any

import msgspec

from envscout.advisories.bundles.manifest import MAX_ROWS, NEXT_STEP, Holds, Part
from envscout.errors import FeedError
from envscout.model import Advisory, Problem

LEVEL = 9
"""Measured: bench/bundle.py --levels."""
# No frame needs a window that is larger than its content may be.
_WINDOW_LOG = 27

MAX_CVSS = 10.0
"""Of a base score: https://www.first.org/cvss/specification-document"""
_Cvss = Annotated[float, msgspec.Meta(ge=0, le=MAX_CVSS)]
# A probability, and a percentile as a share: https://www.first.org/epss/data_stats
_Epss = Annotated[float, msgspec.Meta(ge=0, le=1)]

_DECODERS: dict[Holds, msgspec.msgpack.Decoder[Any]] = {
    "records": msgspec.msgpack.Decoder(list[tuple[Advisory, bytes]]),
    "gone": msgspec.msgpack.Decoder(list[str]),
    "problems": msgspec.msgpack.Decoder(list[Problem]),
    "epss": msgspec.msgpack.Decoder(list[tuple[str, _Epss, _Epss]]),
    "kev": msgspec.msgpack.Decoder(list[tuple[str, str, str, bool]]),
    "cve": msgspec.msgpack.Decoder(list[tuple[str, str, _Cvss | None, str, str, str]]),
}
_ARRAY = b"\xdd"
encode = msgspec.msgpack.Encoder().encode


def _zstd() -> ModuleType:
    if sys.version_info >= (3, 14):
        from compression import zstd
    else:
        from backports import zstd
    return zstd


def join(rows: list[bytes]) -> bytes:
    """Return encoded rows as one array (MessagePack, "array 32")."""
    return b"".join((_ARRAY, len(rows).to_bytes(4, "big"), *rows))


def pack(plain: bytes, level: int = LEVEL) -> bytes:
    """Return one frame."""
    packed: bytes = _zstd().compress(plain, level)
    return packed


def unpack(part: Part, packed: bytes) -> list[Any]:
    """Return the rows of a part, whose bytes were verified. Raises FeedError where it is not what it says."""
    zstd = _zstd()
    reader = zstd.ZstdDecompressor(options={zstd.DecompressionParameter.window_log_max: _WINDOW_LOG})
    try:
        plain = reader.decompress(packed, part.plain + 1)
        if len(plain) != part.plain or not reader.eof or reader.unused_data:
            raise FeedError("a part of the bundle is longer or shorter than its manifest says", NEXT_STEP)
        if plain[:1] != _ARRAY or int.from_bytes(plain[1:5], "big") > MAX_ROWS:
            raise FeedError("a part of the bundle holds more than any may, or something else", NEXT_STEP)
        found: list[Any] = _DECODERS[part.holds].decode(plain)
    except (zstd.ZstdError, EOFError, ValueError, RecursionError) as error:
        raise FeedError(f"a part of the bundle cannot be read: {error}", NEXT_STEP) from error
    return found
