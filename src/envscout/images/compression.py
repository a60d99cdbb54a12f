"""Plain bytes out of gzip, zstd or plain bytes, as they stream by; recognised by magic, never by media type."""

import sys
from collections.abc import Callable, Iterable, Iterator
from types import ModuleType
from typing import Any, NamedTuple, Protocol

from envscout.images.chunks import CHUNK, DamagedError

GZIP_MAGIC = b"\x1f\x8b"
ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
ZSTD_SKIPPABLE = b"\x2a\x4d\x18"

MAX_PLAIN = 64 << 30
MAX_RATIO = 200
# Below this many plain bytes any ratio is harmless: a layer of zeros is allowed to be small.
RATIO_FROM = 1 << 30
# 128 MiB, zstd's own limit for streams: more window than that is memory the sender makes us spend.
MAX_WINDOW_LOG = 27

_TRAILING = "Bytes that belong to nothing follow the compressed layer."


class _Decompressor(Protocol):
    @property
    def eof(self) -> bool: ...

    @property
    def needs_input(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...

    def decompress(self, data: bytes, max_length: int, /) -> bytes: ...


def plain(chunks: Iterable[bytes], max_plain: int = MAX_PLAIN) -> Iterator[bytes]:
    """Yield plain bytes in chunks of at most 1 MiB (as they come where they were plain already).

    Raises DamagedError for corrupt or truncated streams, and for bombs: more than `max_plain` bytes, or more than
    MAX_RATIO times the stored bytes once that is at least RATIO_FROM.
    """
    stream = iter(chunks)
    head = b""
    for chunk in stream:
        head += chunk
        if len(head) >= 4:
            break
    codec = _codec_for(head)
    if codec is None:
        yield from _bounded(_chain(head, stream), max_plain)
    else:
        yield from _inflate(_chain(head, stream), codec(), max_plain)


def is_compressed(head: bytes) -> bool:
    """Return whether the first bytes of a stream are those of gzip or zstd."""
    return _codec_for(head) is not None


def _codec_for(head: bytes) -> "Callable[[], _Codec] | None":
    if head.startswith(GZIP_MAGIC):
        return _gzip
    if head.startswith(ZSTD_MAGIC) or (head[1:4] == ZSTD_SKIPPABLE and head[0] & 0xF0 == 0x50):
        return _zstd
    return None


class _Codec(NamedTuple):
    start: Callable[[], _Decompressor]
    errors: tuple[type[Exception], ...]


def _gzip() -> _Codec:
    from isal import igzip_lib

    return _Codec(lambda: igzip_lib.IgzipDecompressor(flag=igzip_lib.DECOMP_GZIP), _gzip_errors())


def _gzip_errors() -> tuple[type[Exception], ...]:
    from isal import igzip_lib

    # The stubs of isal call this class an instance.
    broken: Any = igzip_lib.IsalError
    return (broken, OSError, EOFError, ValueError)


def zstandard() -> ModuleType:
    """Return the module that speaks zstd: the standard library's, or its backport."""
    if sys.version_info >= (3, 14):
        from compression import zstd
    else:
        from backports import zstd
    return zstd


def _zstd() -> _Codec:
    zstd = zstandard()
    options: dict[int, int] = {zstd.DecompressionParameter.window_log_max: MAX_WINDOW_LOG}
    return _Codec(lambda: zstd.ZstdDecompressor(options=options), (zstd.ZstdError, EOFError, ValueError))


def _chain(head: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    if head:
        yield head
    yield from rest


def _bounded(chunks: Iterator[bytes], max_plain: int) -> Iterator[bytes]:
    total = 0
    for chunk in chunks:
        total += len(chunk)
        if total > max_plain:
            raise DamagedError(f"The layer holds more than {max_plain:,} bytes.", "layer-too-large")
        yield chunk


def _inflate(chunks: Iterator[bytes], codec: _Codec, max_plain: int) -> Iterator[bytes]:
    """Inflate one member after the other; zeros may follow the last one, anything else is damage."""
    bounds = _Bounds(max_plain)
    decompressor = codec.start()
    data = b""
    for chunk in chunks:
        bounds.stored += len(chunk)
        data += chunk
        while data or not (decompressor.needs_input or decompressor.eof):
            if decompressor.eof:
                data = _next_member(data)
                if len(data) < len(ZSTD_MAGIC):
                    break
                decompressor = codec.start()
            out = _step(decompressor, codec, data)
            data = decompressor.unused_data if decompressor.eof else b""
            if out:
                bounds.check(len(out))
                yield out
    if data.strip(b"\0"):
        raise DamagedError(_TRAILING, "trailing-bytes")
    if not decompressor.eof:
        raise DamagedError("The compressed layer ends early.")


def _next_member(data: bytes) -> bytes:
    """Return where the next member starts, b"" for padding, a short rest as it is until more of it is here."""
    if len(data) < len(ZSTD_MAGIC) or not data.strip(b"\0"):
        return data if data.strip(b"\0") else b""
    if _codec_for(data) is None:
        raise DamagedError(_TRAILING, "trailing-bytes")
    return data


def _step(decompressor: _Decompressor, codec: _Codec, data: bytes) -> bytes:
    try:
        return decompressor.decompress(data, CHUNK)
    except codec.errors as error:
        raise DamagedError(f"The compressed layer is corrupt: {error}.") from error


class _Bounds:
    """How much came in and went out of one stream."""

    def __init__(self, max_plain: int) -> None:
        self.stored = 0
        self._plain = 0
        self._max_plain = max_plain

    def check(self, size: int) -> None:
        self._plain += size
        if self._plain > self._max_plain:
            raise DamagedError(f"The layer unpacks to more than {self._max_plain:,} bytes.", "layer-too-large")
        if self._plain > RATIO_FROM and self._plain > self.stored * MAX_RATIO:
            raise DamagedError(
                f"The layer unpacks to more than {MAX_RATIO} times its size: a decompression bomb.", "layer-too-large"
            )
