"""One layer, read once: what it adds, hides and removes, and what was wrong with it."""

import gzip
import hashlib
import io
import tarfile
from collections.abc import Callable

import pytest

from envscout.demo.tar import Directory, Entry, Hardlink, Symlink, Whiteout, compress, pack
from envscout.errors import DigestMismatch
from envscout.images import contents as bounds
from envscout.images import layer as layers
from envscout.images.contents import Budget
from envscout.images.digest import verified
from envscout.images.layer import LayerContents, contains, hashed, scan
from tests.images.images import bytes_of, everything


def read(entries: dict[str, Entry], budget: Budget | None = None) -> LayerContents:
    return scan([pack(entries)], everything, budget or Budget())


def codes(contents: LayerContents) -> list[str]:
    return [problem.code for problem in contents.problems]


def member(name: str, kind: bytes = tarfile.REGTYPE, body: bytes = b"", link: str = "") -> bytes:
    made = tarfile.TarInfo(name)
    made.type, made.size, made.linkname = kind, len(body), link
    return made.tobuf(tarfile.GNU_FORMAT) + body.ljust(-(-len(body) // 512) * 512, b"\0")


@pytest.mark.parametrize("how", ["gzip", "zstd", "none"])
def test_wanted_files_and_every_link(how: str) -> None:
    entries: dict[str, Entry] = {"a/b": b"1", "a/c": b"2", "l": Symlink("a/b"), "h/b": Hardlink("a/b")}
    stored = compress(pack(entries), how)  # type: ignore[arg-type]
    contents = scan([stored], bytes_of({"a/b", "h/b"}.__contains__), Budget(), with_diff_id=True)
    assert contents.files == {"a/b": b"1", "h/b": b"1"}
    assert contents.links == {"l": "a/b"}
    assert contents.wanted_links == frozenset()
    assert contents.diff_id == f"sha256:{hashlib.sha256(pack(entries)).hexdigest()}"
    assert all(contains(contents.entries, hashed(path)) for path in ("a/b", "a/c", "l", "h/b"))
    assert not contains(contents.entries, hashed("a"))
    assert contains(contents.directories, hashed("a"))


def test_whiteouts_and_opaque_directories() -> None:
    contents = read({"d/x": Whiteout(), "top": Whiteout(), "o": Whiteout(opaque=True)})
    assert [contains(contents.whiteouts, hashed(path)) for path in ("d/x", "top", "o")] == [True, True, False]
    assert contains(contents.opaques, hashed("o"))
    assert contents.files == {"d": None, "o": None}


def test_whiteouts_of_nothing_remove_nothing() -> None:
    contents = scan(
        [b"".join(member(name) for name in (".wh.", "d/.wh..", "d/.wh...", ".wh..wh.plnk"))], everything, Budget()
    )
    assert list(contents.whiteouts) == []
    assert codes(contents) == ["path-escape"] * 3


@pytest.mark.parametrize("name", ["../x", "a/../x", "a/..", "/../../etc/passwd", "n" * 5000])
def test_paths_that_leave_the_image_are_refused(name: str) -> None:
    contents = scan([member("ok", body=b"1") + member(name, body=b"2")], everything, Budget())
    assert contents.files == {"ok": b"1"}
    assert codes(contents) == ["path-escape"]


@pytest.mark.parametrize("name", ["./a/b", "/a/b", "//a//b", "a/./b", "./././a/b", "a//b"])
def test_paths_are_normalised(name: str) -> None:
    assert scan([member(name, body=b"1")], everything, Budget()).files == {"a/b": b"1"}


def test_names_that_are_no_utf8() -> None:
    name = tarfile.TarInfo("a\udcff").tobuf(tarfile.GNU_FORMAT, "utf-8", "surrogateescape")
    assert scan([name], everything, Budget()).files == {"a\\xff": b""}


def test_the_later_entry_of_a_path_wins() -> None:
    assert scan([member("a", body=b"1") + member("a", body=b"2")], everything, Budget()).files == {"a": b"2"}
    as_link = scan([member("a", body=b"1") + member("a", tarfile.SYMTYPE, link="b")], everything, Budget())
    assert (as_link.files, as_link.links) == ({}, {"a": "b"})
    as_file = scan([member("a", tarfile.SYMTYPE, link="b") + member("a", body=b"1")], everything, Budget())
    assert (as_file.files, as_file.links) == ({"a": b"1"}, {})
    as_directory = scan([member("a", body=b"1") + member("a", tarfile.DIRTYPE)], everything, Budget())
    assert as_directory.files == {"a": None}


def test_a_file_in_the_place_of_a_directory_ends_what_was_below() -> None:
    contents = scan([member("d/x", body=b"1") + member("d", body=b"2")], everything, Budget())
    assert contents.files == {"d": b"2"}


def test_devices_and_sparse_files_have_no_bytes() -> None:
    contents = scan([member("dev", tarfile.CHRTYPE) + member("s", b"S", b"abc")], everything, Budget())
    assert contents.files == {"dev": None, "s": None}
    assert codes(contents) == ["sparse-file"]


def test_a_hard_link_to_what_nobody_wanted_is_left_open() -> None:
    contents = scan([pack({"a": b"1", "b": Hardlink("./a")})], bytes_of("b".__eq__), Budget())
    assert (contents.files, contents.hard_links) == ({}, {"b": "a"})


def test_a_hard_link_to_a_symbolic_link_is_one() -> None:
    contents = read({"a": Symlink("t"), "b": Hardlink("a")})
    assert contents.links == {"a": "t", "b": "t"}


def test_a_hard_link_out_of_the_image_is_refused() -> None:
    contents = read({"b": Hardlink("../../etc/passwd")})
    assert (contents.files, codes(contents)) == ({"b": None}, ["path-escape"])


@pytest.mark.parametrize("target", ["", "t" * 4097])
def test_links_to_nowhere_are_said(target: str) -> None:
    contents = read({"a": Symlink(target)})
    assert (contents.files, contents.links, codes(contents)) == ({"a": None}, {}, ["bad-link"])


def test_files_beyond_the_bounds_are_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "MAX_FILE", 10)
    contents = read({"a": b"x" * 11, "b": b"x" * 10, "c": b"x" * 10}, Budget(820))
    assert contents.files == {"a": None, "b": b"x" * 10, "c": None}
    assert codes(contents) == ["file-too-large", "file-too-large"]


def test_links_beyond_the_bound_are_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layers, "MAX_SYMLINKS", 1)
    contents = read({"a": Symlink("x"), "b": Symlink("y")})
    assert (contents.links, contents.files, codes(contents)) == ({"a": "x"}, {"b": None}, ["too-many-links"])


def test_problems_are_bounded_and_counted() -> None:
    contents = scan([b"".join(member(f"../{number}") for number in range(250))], everything, Budget())
    assert len(contents.problems) == 101
    assert "150 more" in contents.problems[-1].message


def test_damage_keeps_what_came_before_and_hides_what_lies_below() -> None:
    plain = pack({"a": b"1" * 600, "b": b"2" * 600})
    contents = scan([plain[:-10240] + plain[:2700]], everything, Budget(), where="sha256:x")
    assert contents.files["a"] == b"1" * 600
    cut = scan([plain[:2600]], everything, Budget(), where="sha256:x")
    assert cut.files == {"a": b"1" * 600, "b": None}
    assert [(problem.code, problem.where) for problem in cut.problems] == [("damaged-layer", "sha256:x")]


def test_corrupt_compression_is_a_problem() -> None:
    stored = bytearray(gzip.compress(pack({"a": b"1" * 600})))
    stored[-6] ^= 1
    contents = scan([bytes(stored)], everything, Budget(), with_diff_id=True)
    assert codes(contents) == ["damaged-layer"]
    assert contents.diff_id == ""


def test_what_is_no_tar_at_all_is_a_problem() -> None:
    assert codes(scan([b"<html>not found</html>" * 100], everything, Budget())) == ["damaged-layer"]


def test_an_empty_layer_is_empty() -> None:
    for stored in (b"", bytes(1024), gzip.compress(bytes(1024))):
        assert scan([stored], everything, Budget()).problems == ()


@pytest.mark.parametrize("place", ["header", "end"])
def test_damage_does_not_stop_the_digest(place: str) -> None:
    """Bytes that are not those of the manifest are an error even where they are damaged besides."""
    stored = pack({"a": b"1" * 600})
    damaged = b"x" * 512 + stored if place == "header" else stored[:600]
    digest = f"sha256:{hashlib.sha256(stored).hexdigest()}"
    with pytest.raises(DigestMismatch):
        scan(verified(io.BytesIO(damaged), digest, -1), everything, Budget())


def test_a_damaged_tar_with_its_true_digest_is_still_known() -> None:
    stored = pack({"a": b"1"}) + b"x" * 512
    broken = b"x" * 512 + stored
    contents = scan([broken], everything, Budget(), with_diff_id=True)
    assert codes(contents) == ["damaged-layer"]
    assert contents.diff_id == f"sha256:{hashlib.sha256(broken).hexdigest()}"


def test_directories_where_files_were() -> None:
    contents = read({"a": Directory(), "a/b": b"1"})
    assert contents.files == {"a": None, "a/b": b"1"}


def test_a_hard_link_with_another_name_is_not_read_by_the_first_name() -> None:
    contents = read({"a": b"1", "b": Hardlink("a")})
    assert contents.files == {"a": b"1"}
    assert contents.hard_links == {"b": "a"}


def test_replacing_directories_again_and_again_ends() -> None:
    again = (member("q/x", body=b"1") + member("q")) * 400
    contents = scan([b"".join(member(f"k/{number}") for number in range(20_000)) + again], everything, Budget())
    assert codes(contents) == ["layer-too-large"]
    assert not contents.is_whole


@pytest.mark.parametrize(
    "entry",
    [
        pytest.param(lambda name: member(name), id="files"),
        pytest.param(lambda name: member(name, tarfile.DIRTYPE), id="directories"),
        pytest.param(lambda name: member(name, tarfile.SYMTYPE, link="x"), id="links"),
    ],
)
def test_what_a_layer_does_takes_of_the_budget(entry: Callable[[str], bytes]) -> None:
    layer = b"".join(entry(f"{number}/{'d/' * 20}x") for number in range(2_000))
    contents = scan([layer], everything, Budget(100_000))
    assert codes(contents) == ["layer-too-large"]
    assert not contents.is_whole
    assert contents.directories or contents.entries


def test_many_entries_take_of_the_budget() -> None:
    layer = member("d", tarfile.DIRTYPE) * 70_000
    assert codes(scan([layer], bytes_of("x".__eq__), Budget(1 << 20))) == ["layer-too-large"]
    assert codes(scan([layer], bytes_of("x".__eq__), Budget())) == []
