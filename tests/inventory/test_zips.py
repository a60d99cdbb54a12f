"""Our reader of zip archives against zipfile's writer, and against damage."""

import contextlib
import struct
import zipfile
import zlib
from collections import deque

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envscout.inventory import zips
from envscout.inventory.zips import Allowance, BrokenArchiveError, ExhaustedError, Member, Window, whole
from tests.inventory.archives import zipped

NAMES = st.text(st.characters(exclude_categories=("Cc", "Cs")), max_size=20).map(lambda name: f"{name}.jar")
TAILS = frozenset({b".jar"})
ONE = zipped({"a.jar": b"1" * 1000})


def members(data: bytes) -> list[Member]:
    """Return the members that end in `.jar`."""
    return list(zips.members(whole(data), TAILS))


def unpacked(data: bytes, limit: int = 1 << 20) -> dict[str, bytes]:
    """Return all of them as our reader sees them."""
    return {each.name: zips.content(whole(data), each, limit) for each in members(data)}


@given(
    st.dictionaries(NAMES, st.binary(max_size=100), max_size=5),
    st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED]),
    st.binary(max_size=30),
    st.booleans(),
)
def test_what_zipfile_writes_is_read(made: dict[str, bytes], method: int, before: bytes, zip64: bool) -> None:
    assert unpacked(before + zipped(made, method, zip64=zip64)) == made


def test_only_members_asked_for_are_seen() -> None:
    data = zipped({"r": b"", "jar": b"", "a.jar": b"1", "a.jar.txt": b"", "x" * 2000 + ".jar": b""})
    assert unpacked(data) == {"a.jar": b"1"}


def test_what_follows_an_archive_and_an_end_in_its_comment_do_not_matter() -> None:
    assert unpacked(ONE + b"trailing") == unpacked(ONE)
    assert unpacked(zipped({"a.jar": b"1"}, comment=b"PK\x05\x06" + b"\xff" * 30)) == {"a.jar": b"1"}


def test_an_archive_in_an_archive_is_opened_where_it_lies() -> None:
    for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        outer = whole(zipped({"b.jar": ONE}, method))
        inner = zips.opened(outer, next(zips.members(outer, TAILS)))
        assert (inner.data is outer.data) == (method == zipfile.ZIP_STORED)
        assert inner.size == len(ONE)
        assert [each.name for each in zips.members(inner, TAILS)] == ["a.jar"]
        assert zips.is_zip(inner)
    assert not zips.is_zip(Window(ONE, 0, 20))


@pytest.mark.parametrize(
    "data",
    [b"", b"PK\5\6", ONE[:-5], ONE[20:-40], b"PK\5\6" + bytes(8) + struct.pack("<2LH", 0xFFFFFFF0, 0, 0), b"x" * 1000],
)
def test_a_damaged_directory_is_said(data: bytes) -> None:
    with pytest.raises(BrokenArchiveError):
        members(data)


def test_what_comes_before_the_damage_is_seen() -> None:
    data = zipped({"a.jar": b"", "b.jar": b""})
    at = data.rfind(b"PK\x01\x02")
    found = zips.members(whole(data[:at] + bytes(4) + data[at + 4 :]), TAILS)
    assert next(found).name == "a.jar"
    with pytest.raises(BrokenArchiveError, match="damaged"):
        next(found)


def test_a_member_larger_than_asked_for_is_refused_or_cut() -> None:
    bomb = zipped({"a.jar": bytes(50 << 20)})
    (member,) = members(bomb)
    with pytest.raises(BrokenArchiveError, match="more than are read"):
        zips.content(whole(bomb), member, 1000)
    assert zips.content(whole(bomb), member, 1000, part=True) == bytes(1000)


@pytest.mark.parametrize("size", [1000, 8 << 20])
@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_member_that_lies_about_its_size_or_bytes_is_refused(size: int, method: int) -> None:
    data = zipped({"a.jar": b"1" * size}, method)
    (member,) = members(data)
    for other in (member._replace(size=100), member._replace(size=size + 1), member._replace(crc=member.crc ^ 1)):
        with pytest.raises(BrokenArchiveError, match="checksum"):
            zips.content(whole(data), other, 1 << 30)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"method": 12}, "method 12"),
        ({"method": -1}, "encrypted"),
        ({"offset": 1 << 40}, "begins beyond"),
        ({"offset": 1}, "no member begins"),
        ({"packed": 1 << 40}, "ends beyond"),
    ],
)
def test_what_cannot_be_unpacked_is_said(change: dict[str, int], said: str) -> None:
    (member,) = members(ONE)
    with pytest.raises(BrokenArchiveError, match=said):
        zips.content(whole(ONE), member._replace(**change), 1000)  # type: ignore[arg-type]


def test_flags_and_methods_are_taken_from_the_directory() -> None:
    at = ONE.rfind(b"PK\x01\x02")
    for place, value, method in ((8, b"\x01\x00", -1), (10, b"\x63\x00", 99)):
        (member,) = members(ONE[: at + place] + value + ONE[at + place + 2 :])
        assert member.method == method


def test_an_allowance_grows_with_the_file_and_comes_to_an_end() -> None:
    allowance = Allowance(1 << 20)
    allowance.take(70 << 20)
    with pytest.raises(ExhaustedError):
        allowance.take(70 << 20)


def test_members_without_bytes_come_to_an_end() -> None:
    allowance = Allowance(0)
    with pytest.raises(ExhaustedError):
        deque(map(allowance.take, [0] * 100_000), maxlen=0)


def test_paths_in_messages_are_printable_and_short() -> None:
    assert zips.about("", "it is cut") == "it is cut"
    assert zips.about(zips.joined("a.jar", "b"), "it is cut") == "a.jar!/b: it is cut"
    assert zips.about("\x1b[31m", "x") == "\\x1b[31m: x"
    assert len(zips.about("a" * 5000, "x")) < 400


@given(st.data())
def test_flipped_bytes_are_read_or_said(data: st.DataObject) -> None:
    flipped = bytearray(zipped({"a.jar": b"1" * 100, "b.jar": zlib.compress(b"2")}))
    for _ in range(data.draw(st.integers(1, 4))):
        flipped[data.draw(st.integers(0, len(flipped) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(BrokenArchiveError):
        unpacked(bytes(flipped))
