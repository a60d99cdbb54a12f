"""Our reader of zip archives against zipfile's writer, and against damage."""

import contextlib
import io
import struct
import zipfile
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envscout.inventory import zips

NAMES = st.text(st.characters(exclude_categories=("Cc", "Cs")), min_size=1, max_size=20)


def archive(members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Return a zip archive of these members."""
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", method) as out:
        for name, data in members.items():
            out.writestr(name, data)
    return whole.getvalue()


def unpacked(data: bytes, limit: int = 1 << 20) -> dict[str, bytes]:
    """Return all members as our reader sees them."""
    return {each.name: zips.content(data, each, limit) for each in zips.members(data)}


@given(
    st.dictionaries(NAMES, st.binary(max_size=100), max_size=5),
    st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED]),
    st.binary(max_size=30),
)
def test_what_zipfile_writes_is_read(members: dict[str, bytes], method: int, before: bytes) -> None:
    assert unpacked(before + archive(members, method)) == members


def test_sizes_of_zip64_are_read() -> None:
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w") as out, out.open("a", "w", force_zip64=True) as member:
        member.write(b"abc")
    assert unpacked(whole.getvalue()) == {"a": b"abc"}


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"PK\5\6",
        archive({"a": b"1"})[:-5],
        archive({"a": b"1"})[20:-40],
        b"PK\5\6" + bytes(8) + struct.pack("<2LH", 0xFFFFFFF0, 0, 0),
        b"x" * 1000,
    ],
)
def test_a_damaged_directory_is_said(data: bytes) -> None:
    with pytest.raises(zips.Damaged):
        list(zips.members(data))


def test_a_member_larger_than_asked_for_is_refused_before_it_is_whole() -> None:
    bomb = archive({"a": bytes(50 << 20)})
    (member,) = zips.members(bomb)
    with pytest.raises(zips.Damaged, match="more than 1000 bytes"):
        zips.content(bomb, member, 1000)


def test_what_cannot_be_unpacked_is_said() -> None:
    whole = archive({"a": b"1" * 1000}, zipfile.ZIP_BZIP2)
    (member,) = zips.members(whole)
    with pytest.raises(zips.Damaged, match="method 12"):
        zips.content(whole, member, 1000)
    with pytest.raises(zips.Damaged, match="encrypted"):
        zips.content(whole, zips.Member("a", 0, 1, 8, encrypted=True), 1000)
    with pytest.raises(zips.Damaged, match="lies nowhere"):
        zips.content(whole, zips.Member("a", 1 << 40, 1, 8, encrypted=False), 1000)


@given(st.data())
def test_flipped_bytes_are_read_or_said(data: st.DataObject) -> None:
    whole = bytearray(archive({"a": b"1" * 100, "b": zlib.compress(b"2")}))
    for _ in range(data.draw(st.integers(1, 4))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(zips.Damaged):
        unpacked(bytes(whole))
