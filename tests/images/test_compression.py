"""gzip, zstd and plain streams, in any chunks; damage and bombs end in a reason."""

import gzip
import sys
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from envscout.images import compression
from envscout.images.chunks import CHUNK, DamagedError
from envscout.images.compression import plain

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

COMPRESS: dict[str, Callable[[bytes], bytes]] = {"gzip": gzip.compress, "zstd": zstd.compress, "plain": bytes}


def pieces(data: bytes, size: int) -> Iterator[bytes]:
    for start in range(0, len(data), size):
        yield data[start : start + size]


@given(st.binary(max_size=5000), st.sampled_from(list(COMPRESS)), st.integers(1, 700), st.integers(1, 4))
@settings(deadline=None)
def test_any_bytes_in_any_chunks_and_members(data: bytes, how: str, size: int, members: int) -> None:
    if how == "plain" and compression.is_compressed(data):
        return
    stored = COMPRESS[how](data) * (members if data else 1)
    assert b"".join(plain(pieces(stored, size))) == data * (members if data else 1)


@pytest.mark.parametrize("how", ["gzip", "zstd"])
def test_large_output_comes_in_bounded_chunks(how: str) -> None:
    stored = COMPRESS[how](b"ab" * 5_000_000)
    sizes = [len(chunk) for chunk in plain([stored])]
    assert sum(sizes) == 10_000_000
    assert max(sizes) <= CHUNK


@pytest.mark.parametrize("how", ["gzip", "zstd"])
@pytest.mark.parametrize("size", [1, 7, 100_000])
def test_every_truncation_is_damage(how: str, size: int) -> None:
    stored = COMPRESS[how](b"some bytes that do not compress to nothing" * 3)
    for cut in range(4, len(stored)):
        with pytest.raises(DamagedError):
            b"".join(plain(pieces(stored[:cut], size)))


@pytest.mark.parametrize("how", ["gzip", "zstd"])
def test_every_flipped_bit_is_damage_or_harmless(how: str) -> None:
    data = b"some bytes" * 20
    stored = (
        gzip.compress(data)
        if how == "gzip"
        else zstd.compress(data, options={zstd.CompressionParameter.checksum_flag: 1})
    )
    for place in range(4, len(stored)):
        flipped = bytearray(stored)
        flipped[place] ^= 0x10
        with suppress(DamagedError):
            assert b"".join(plain([bytes(flipped)])) == data


@pytest.mark.parametrize("how", ["gzip", "zstd"])
@pytest.mark.parametrize("size", [1, 3, 4096])
def test_padding_is_fine_and_garbage_is_not(how: str, size: int) -> None:
    stored = COMPRESS[how](b"data")
    assert b"".join(plain(pieces(stored + bytes(1000), size))) == b"data"
    for garbage in (b"x", b"\0x", b"garbage" * 100):
        with pytest.raises(DamagedError) as caught:
            b"".join(plain(pieces(stored + garbage, size)))
        assert caught.value.code == "trailing-bytes"


def test_zstd_skippable_frames() -> None:
    skippable = b"\x50\x2a\x4d\x18" + (5).to_bytes(4, "little") + b"hello"
    assert b"".join(plain([skippable + zstd.compress(b"data") + skippable])) == b"data"


def test_a_zstd_window_larger_than_the_bound_is_refused() -> None:
    options: dict[int, int] = {
        zstd.CompressionParameter.window_log: 30,
        zstd.CompressionParameter.enable_long_distance_matching: 1,
    }
    compressor = zstd.ZstdCompressor(options=options)
    stored = compressor.compress(b"x" * 1000) + compressor.flush()
    with pytest.raises(DamagedError, match="corrupt"):
        b"".join(plain([stored]))


def _gzip_bomb(size: int) -> Iterator[bytes]:
    packer = zlib.compressobj(9, wbits=31)
    block = bytes(1 << 20)
    for _ in range(size >> 20):
        yield packer.compress(block)
    yield packer.flush()


def _zstd_bomb(size: int) -> Iterator[bytes]:
    packer = zstd.ZstdCompressor()
    block = bytes(1 << 20)
    for _ in range(size >> 20):
        yield packer.compress(block)
    yield packer.flush()


@pytest.mark.parametrize("bomb", [_gzip_bomb, _zstd_bomb])
def test_bombs_go_off_harmlessly(bomb: Callable[[int], Iterator[bytes]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compression, "RATIO_FROM", 32 << 20)
    passed: list[int] = []
    with pytest.raises(DamagedError, match="bomb") as caught:
        passed.extend(len(chunk) for chunk in plain(bomb(256 << 20)))
    assert caught.value.code == "layer-too-large"
    assert sum(passed) <= (32 << 20) + CHUNK


@pytest.mark.parametrize("how", list(COMPRESS))
def test_an_absolute_bound(how: str) -> None:
    with pytest.raises(DamagedError) as caught:
        b"".join(plain([COMPRESS[how](b"x" * 1001)], max_plain=1000))
    assert caught.value.code == "layer-too-large"
