"""The header walker reads what tarfile writes, as tarfile reads it, and says where a stream is damaged."""

import io
import string
import tarfile
from collections.abc import Iterator
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from envscout.images.chunks import ChunkReader, DamagedError
from envscout.images.tar import MAX_EXTENDED, Entry, Walker

FORMATS = [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT]
KINDS = {
    tarfile.REGTYPE: "file",
    tarfile.DIRTYPE: "directory",
    tarfile.SYMTYPE: "symlink",
    tarfile.LNKTYPE: "hard-link",
    tarfile.CHRTYPE: "other",
    tarfile.FIFOTYPE: "other",
}

_names = st.text(string.ascii_letters + "._-é☃ ", min_size=1, max_size=30).filter(lambda name: name.strip("./ "))
_paths = st.lists(_names, min_size=1, max_size=12).map("/".join)
_members = st.lists(
    st.tuples(_paths, st.sampled_from(list(KINDS)), st.binary(max_size=1500), _paths), min_size=0, max_size=8
)


def pieces(data: bytes, size: int) -> Iterator[bytes]:
    for start in range(0, len(data), size):
        yield data[start : start + size]


def walk(data: bytes, size: int = 4096) -> list[tuple[Entry, bytes]]:
    walker = Walker(pieces(data, size))
    return [(entry, walker.body()) for entry in walker]


def info(name: str, kind: bytes = tarfile.REGTYPE, size: int = 0, link: str = "") -> tarfile.TarInfo:
    made = tarfile.TarInfo(name)
    made.type, made.size, made.linkname = kind, size, link
    return made


def tar(members: list[tuple[tarfile.TarInfo, bytes]], form: int = tarfile.GNU_FORMAT) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=form) as archive:
        for member, data in members:
            archive.addfile(member, io.BytesIO(data))
    return buffer.getvalue()


@given(_members, st.sampled_from([tarfile.GNU_FORMAT, tarfile.PAX_FORMAT]), st.integers(1, 3000))
@settings(max_examples=300, deadline=None)
def test_reads_as_tarfile_reads(members: list[tuple[str, bytes, bytes, str]], form: int, size: int) -> None:
    data = tar(
        [
            (info(name, kind, len(body) if kind == tarfile.REGTYPE else 0, link), body)
            for name, kind, body, link in members
        ],
        form,
    )
    found = walk(data, size)
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        expected = [
            (
                KINDS[member.type],
                member.name,
                member.linkname if member.type in (tarfile.SYMTYPE, tarfile.LNKTYPE) else "",
                archive.extractfile(member).read() if member.isreg() else b"",  # type: ignore[union-attr]
            )
            for member in archive
        ]
    assert [(entry.kind, entry.name.rstrip("/"), entry.link, body) for entry, body in found] == expected


@given(st.binary(max_size=3000), st.integers(0, 3000), st.integers(0, 255))
@settings(max_examples=300, deadline=None)
def test_damage_is_said_and_never_an_accident(body: bytes, place: int, value: int) -> None:
    data = bytearray(tar([(info("a" * 120, size=len(body)), body), (info("b/c"), b"")], tarfile.PAX_FORMAT))
    data[place % len(data)] = value
    with suppress(DamagedError):
        walk(bytes(data))


@given(st.binary(max_size=2048))
def test_noise_is_damage_or_an_end(data: bytes) -> None:
    try:
        walk(data)
    except DamagedError:
        return
    assert not data[:512].strip(b"\0") or len(data) >= 512


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("length", [99, 100, 101, 150])
def test_long_names_and_links(form: int, length: int) -> None:
    name, link = "d" * (length // 2) + "/" + "n" * (length - length // 2 - 1), "t" * min(length, 100)
    entries = walk(tar([(info(name, tarfile.SYMTYPE, link=link), b""), (info("after", size=3), b"abc")], form))
    assert [(entry.name, entry.link, body) for entry, body in entries] == [(name, link, b""), ("after", "", b"abc")]


@pytest.mark.parametrize("form", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_very_long_names(form: int) -> None:
    name, link = "n" * 3000, "l" * 3000
    [(entry, _)] = walk(tar([(info(name, tarfile.SYMTYPE, link=link), b"")], form))
    assert (entry.name, entry.link) == (name, link)


def test_pax_size_and_bytes_that_are_no_utf8() -> None:
    member = info("x", size=5)
    member.pax_headers = {"comment": "a=b"}
    [(entry, body)] = walk(tar([(member, b"12345")], tarfile.PAX_FORMAT))
    assert (entry.name, body) == ("x", b"12345")
    raw = bytearray(tar([(info("a?b"), b"")]))
    raw[1] = 0xFF
    _fix_sum(raw)
    assert walk(bytes(raw))[0][0].name == "a\\xffb"


def test_base_256_sizes() -> None:
    data = bytearray(tar([(info("big", size=3), b"abc")]))
    data[124:136] = bytes([0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3])
    _fix_sum(data)
    assert walk(bytes(data))[0][1] == b"abc"
    for impossible in (b"\xff" * 12, b"\x80\xff" + b"\xff" * 10):
        data[124:136] = impossible
        _fix_sum(data)
        with pytest.raises(DamagedError, match="impossible size"):
            walk(bytes(data))


def test_a_body_that_is_not_read_is_passed_over() -> None:
    data = tar([(info("a", size=5000), b"a" * 5000), (info("b", size=2), b"bb")])
    assert [entry.name for entry in Walker(pieces(data, 100))] == ["a", "b"]


def test_a_body_in_pieces() -> None:
    walker = Walker(pieces(tar([(info("a", size=5000), b"a" * 5000), (info("b", size=2), b"bb")]), 700))
    bodies = {entry.name: b"".join(walker.body_pieces()) for entry in walker}
    assert bodies == {"a": b"a" * 5000, "b": b"bb"}


def test_signed_checksums_of_historic_writers() -> None:
    data = bytearray(tar([(info("a"), b"")]))
    data[0] = 0xE9
    signed = sum(byte - 256 if byte > 127 else byte for byte in data[:148] + data[156:512]) + 256
    data[148:156] = b"%06o\0 " % signed
    assert walk(bytes(data))[0][0].name == "\\xe9"


@pytest.mark.parametrize("cut", [1, 511, 513, 1000, 1023])
def test_a_stream_that_ends_early(cut: int) -> None:
    data = tar([(info("a", size=512), b"a" * 512), (info("b"), b"")])
    with pytest.raises(DamagedError, match="ends early"):
        walk(data[:cut])


def test_a_stream_without_its_end_mark_is_whole() -> None:
    assert [entry.name for entry, _ in walk(tar([(info("a"), b"")])[:512])] == ["a"]


def test_data_after_one_block_of_zeros_is_damage() -> None:
    data = tar([(info("a"), b"")])
    with pytest.raises(DamagedError, match="after its end mark"):
        walk(data[:512] + bytes(512) + data[:512])


def test_a_wrong_checksum() -> None:
    data = bytearray(tar([(info("a"), b"")]))
    data[5] ^= 1
    with pytest.raises(DamagedError, match="checksum"):
        walk(bytes(data))


def test_extended_headers_are_bounded() -> None:
    with pytest.raises(DamagedError, match="larger than"):
        walk(info("a", b"x", MAX_EXTENDED + 1).tobuf())


@pytest.mark.parametrize("record", [b"9 path=a", b"0 a=b\n", b"99 path=abc\n", b"x", b"5 a=\n\n", b"14 path=ab\0cde\n"])
def test_malformed_pax_records(record: bytes) -> None:
    with pytest.raises(DamagedError, match="PAX"):
        walk(tar([(info("h", b"x", len(record)), record), (info("a"), b"")]))


def test_sparse_files_are_recognised_and_passed_over() -> None:
    records = b"".join(
        b"%d %s" % (len(text) + 3, text) for text in (b"GNU.sparse.major=1\n", b"GNU.sparse.name=real\n")
    )
    data = tar([(info("h", b"x", len(records)), records), (info("fake", size=3), b"abc"), (info("after"), b"")])
    assert [(entry.kind, entry.name) for entry, _ in walk(data)] == [("sparse", "real"), ("file", "after")]


def test_old_sparse_maps_are_passed_over() -> None:
    header = bytearray(info("old", b"S", 3).tobuf(tarfile.GNU_FORMAT))
    header[482] = 1
    _fix_sum(header)
    more, last = bytearray(512), bytearray(512)
    more[504] = 1
    data = bytes(header + more + last) + b"abc".ljust(512, b"\0") + tar([(info("after"), b"")])
    assert [(entry.kind, entry.name) for entry, _ in walk(data)] == [("sparse", "old"), ("file", "after")]


def test_global_headers_speak_about_no_entry() -> None:
    record = b"11 path=no\n"
    data = tar([(info("g", b"g", len(record)), record), (info("yes"), b"")])
    assert [entry.name for entry, _ in walk(data)] == ["yes"]


@given(
    st.lists(st.binary(max_size=50), max_size=10), st.lists(st.tuples(st.booleans(), st.integers(0, 60)), max_size=20)
)
def test_a_reader_takes_and_passes_over_exactly(chunks: list[bytes], steps: list[tuple[bool, int]]) -> None:
    whole = b"".join(chunks)
    reader, at = ChunkReader(chunks), 0
    for is_read, size in steps:
        expected = whole[at : at + size]
        if is_read:
            assert reader.read(size) == expected
        else:
            assert reader.skip(size) == len(expected)
        at += len(expected)
        assert reader.position == at


def _fix_sum(data: bytearray) -> None:
    data[148:156] = b" " * 8
    data[148:156] = b"%06o\0 " % sum(data[:512])
