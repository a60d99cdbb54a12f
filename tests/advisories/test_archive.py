"""Zips as publishers make them, and as attackers do."""

import struct
import zipfile
import zlib
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from envscout.advisories import archive
from envscout.advisories.archive import Archive, BrokenMemberError, directory
from envscout.errors import FeedError
from tests.advisories.samples import write_zip


def contents(path: Path) -> dict[str, bytes]:
    with Archive(path) as opened:
        return {member.name: opened.read(member) for member in directory(path)}


def test_every_json_member_is_read(tmp_path: Path) -> None:
    members = {"a.json": b"{}", "deep/ü.json": b"x" * 100_000, "empty.json": b"", "README.md": b"no record"}
    path = write_zip(tmp_path / "all.zip", members)
    with zipfile.ZipFile(path, "a", zipfile.ZIP_STORED) as more:
        more.writestr("stored.json", b"plain")
        more.comment = b"PK\x05\x06 is not the end"[:20].replace(b"PK", b"kp")
    members.pop("README.md")
    assert contents(path) == members | {"stored.json": b"plain"}


@given(st.dictionaries(st.from_regex(r"[a-z]{1,8}\.json", fullmatch=True), st.binary(max_size=300), min_size=1))
@settings(max_examples=40)
def test_members_are_what_zipfile_says(tmp_path_factory: pytest.TempPathFactory, members: dict[str, bytes]) -> None:
    path = write_zip(tmp_path_factory.mktemp("zip") / "all.zip", members)
    assert contents(path) == members


def test_zips_with_large_counts_and_offsets_are_read(tmp_path: Path) -> None:
    path = tmp_path / "all.zip"
    with zipfile.ZipFile(path, "w") as made:
        for number in range(66_000):
            made.writestr(f"{number}.json", b"")
        made.writestr("last.json", b"here")
    assert b"PK\x06\x06" in path.read_bytes()
    assert len(directory(path)) == 66_001
    assert contents(path)["last.json"] == b"here"


def test_a_member_with_zip64_sizes_is_read(tmp_path: Path) -> None:
    path = tmp_path / "all.zip"
    with zipfile.ZipFile(path, "w") as made, made.open("a.json", "w", force_zip64=True) as member:
        member.write(b"long" * 10)
    assert contents(path) == {"a.json": b"long" * 10}


@pytest.mark.parametrize("kept", [0, 1, 10, 21, 22, 60, 0.3, 0.5, 0.9, 0.99, -1])
def test_a_truncated_zip_is_an_error(tmp_path: Path, kept: float) -> None:
    path = write_zip(tmp_path / "all.zip", {f"{number}.json": bytes([number]) * 200 for number in range(50)})
    whole = path.read_bytes()
    path.write_bytes(whole[: int(kept * len(whole)) if 0 < kept < 1 else int(kept)])
    with pytest.raises(FeedError):
        directory(path)


@given(st.binary(max_size=300), st.integers(0, 10_000))
@settings(max_examples=150)
def test_damage_anywhere_is_an_error_and_no_crash(
    tmp_path_factory: pytest.TempPathFactory, noise: bytes, place: int
) -> None:
    path = write_zip(tmp_path_factory.mktemp("zip") / "all.zip", {f"{n}.json": b"{}" * n for n in range(20)})
    data = bytearray(path.read_bytes())
    place %= len(data)
    data[place : place + len(noise)] = noise
    path.write_bytes(data)
    try:
        members = directory(path)
    except FeedError:
        return
    with Archive(path) as opened:
        for member in members:
            with suppress(BrokenMemberError):
                assert len(opened.read(member)) == member.size


def test_offsets_beyond_every_file_are_an_error(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "all.zip", {"a.json": b"{}"})
    end = b"PK\x06\x07" + b"\0" * 4 + b"\xff" * 8 + b"\0" * 4
    data = path.read_bytes()
    place = data.rindex(b"PK\x05\x06")
    path.write_bytes(data[:place] + end + b"PK\x05\x06" + b"\xff" * 16 + b"\0\0")
    with pytest.raises(FeedError):
        directory(path)


def test_what_is_no_zip_is_an_error(tmp_path: Path) -> None:
    for data in (b"", b"PK", b"not a zip" * 1000, b"PK\x05\x06" + b"\xff" * 18):
        (tmp_path / "x").write_bytes(data)
        with pytest.raises(FeedError):
            directory(tmp_path / "x")
    with pytest.raises(FeedError, match="cannot be read"):
        directory(tmp_path / "missing")


def test_a_zip_without_records_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FeedError, match=r"no \.json member"):
        directory(write_zip(tmp_path / "all.zip", {"README": b"empty"}))


def test_a_flipped_bit_is_found(tmp_path: Path) -> None:
    path = tmp_path / "all.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as made:
        made.writestr("a.json", b"0123456789")
    path.write_bytes(path.read_bytes().replace(b"0123456789", b"0123456788"))
    with Archive(path) as opened, pytest.raises(BrokenMemberError, match="checksum"):
        opened.read(directory(path)[0])


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "all.zip", {"a.json": b"\0" * (archive.MAX_MEMBER + 1)})
    with Archive(path) as opened, pytest.raises(BrokenMemberError, match="more than it may have"):
        opened.read(directory(path)[0])


def test_a_bomb_that_lies_about_its_size_is_not_unpacked(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "all.zip", {"a.json": b"\0" * 50_000_000})
    data = path.read_bytes()
    path.write_bytes(data.replace(struct.pack("<L", 50_000_000), struct.pack("<L", 100)))
    with Archive(path) as opened, pytest.raises(BrokenMemberError, match="checksum"):
        opened.read(directory(path)[0])


def test_an_unknown_method_or_password_is_named(tmp_path: Path) -> None:
    path = tmp_path / "all.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_BZIP2) as made:
        made.writestr("a.json", b"x" * 100)
    with Archive(path) as opened, pytest.raises(BrokenMemberError, match="method 12"):
        opened.read(directory(path)[0])


def test_more_members_than_allowed_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MAX_MEMBERS", 3)
    with pytest.raises(FeedError, match="more than 3 members"):
        directory(write_zip(tmp_path / "all.zip", {f"{n}.json": b"{}" for n in range(4)}))


def test_more_bytes_than_allowed_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MAX_TOTAL", 100)
    with pytest.raises(FeedError, match="GiB"):
        directory(write_zip(tmp_path / "all.zip", {"a.json": zlib.compress(b"x") * 40}))


def test_real_zips_are_read_as_zipfile_reads_them(data: Path) -> None:
    for path in sorted((data / "advisories").glob("*/all.zip"))[:3]:
        with zipfile.ZipFile(path) as expected, Archive(path) as opened:
            members = directory(path)
            assert [member.name for member in members] == expected.namelist()
            for member in members[::97]:
                assert opened.read(member) == expected.read(member.name)
