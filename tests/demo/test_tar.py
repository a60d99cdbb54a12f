"""Layers: what a real tar reader sees in them."""

import gzip
import io
import tarfile

import pytest

from envscout.demo.layout import digest_of, layer
from envscout.demo.tar import Compression, Directory, Entry, Hardlink, Symlink, Whiteout, compress, pack

ENTRIES: dict[str, Entry] = {
    "etc/os-release": Symlink("../usr/lib/os-release"),
    "usr/lib/os-release": b"ID=debian\n",
    "usr/lib/copy": Hardlink("usr/lib/os-release"),
    "var/cache": Whiteout(),
    "opt": Whiteout(opaque=True),
    "empty": Directory(0o700),
    "a" * 90 + "/" + "b" * 200: b"long",
}


def _members(plain: bytes) -> dict[str, tarfile.TarInfo]:
    with tarfile.open(fileobj=io.BytesIO(plain)) as archive:
        return {member.name: member for member in archive}


def test_each_kind_of_entry_is_what_it_says() -> None:
    members = _members(pack(ENTRIES, mtime=7))
    assert members["etc/os-release"].linkname == "../usr/lib/os-release"
    assert members["usr/lib/copy"].islnk()
    assert members["usr/lib/copy"].linkname == "usr/lib/os-release"
    assert members["var/.wh.cache"].size == 0
    assert members["opt/.wh..wh..opq"].size == 0
    assert members["empty"].isdir()
    assert members["empty"].mode == 0o700
    assert members["a" * 90 + "/" + "b" * 200].size == 4
    assert {member.mtime for member in members.values()} == {7}
    assert {(member.uid, member.gid) for member in members.values()} == {(0, 0)}


def test_parents_come_once_and_first() -> None:
    with tarfile.open(fileobj=io.BytesIO(pack({"a/b/c": b"", "a/b/d": b"", "a/e": b""}))) as archive:
        assert archive.getnames() == ["a", "a/b", "a/b/c", "a/b/d", "a/e"]


def test_a_whiteout_at_the_root_lies_at_the_root() -> None:
    assert list(_members(pack({"gone": Whiteout()}))) == [".wh.gone"]


@pytest.mark.parametrize("how", ["gzip", "zstd", "none"])
def test_equal_entries_give_equal_bytes(how: Compression) -> None:
    one, two = layer(ENTRIES, "COPY", how), layer(ENTRIES, "COPY", how)
    assert one == two
    assert one.diff_id == digest_of(pack(ENTRIES))


def test_gzip_carries_neither_time_nor_name() -> None:
    packed = compress(b"x", "gzip")
    assert packed[3:8] == bytes(5)
    assert gzip.decompress(packed) == b"x"
