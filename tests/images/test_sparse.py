"""Sparse files, as GNU tar writes them in each of its four forms, are read with their zeros; hostile maps are not."""

import io
import tarfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envscout.images import contents as contents_module
from envscout.images.chunks import ChunkReader, DamagedError
from envscout.images.contents import MAX_FILE, Budget, Interest, Probe
from envscout.images.layer import LayerContents, scan
from envscout.images.sparse import Layout, expanded, layout
from envscout.images.tar import Walker
from tests.images.images import bytes_of, everything
from tests.servers.program import need, run

FORMS = [
    ("--format=gnu",),
    ("--format=posix", "--sparse-version=0.0"),
    ("--format=posix", "--sparse-version=0.1"),
    ("--format=posix", "--sparse-version=1.0"),
]
MEBI = 1 << 20


def codes_of(found: LayerContents) -> list[str]:
    return [problem.code for problem in found.problems]


def holey(path: Path, fragments: int, size: int) -> bytes:
    """Write a file with holes between its fragments and return its bytes."""
    with path.open("wb") as file:
        for number in range(fragments):
            file.seek(number * size // fragments)
            file.write(b"fragment %d\n" % number * 300)
        file.truncate(size)
    return path.read_bytes()


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("fragments", [0, 1, 3, 60])
def test_as_gnu_tar_writes_them(tmp_path: Path, form: tuple[str, ...], fragments: int) -> None:
    need("tar")
    whole = holey(tmp_path / ("n" * 120), fragments, 5 * MEBI)
    (tmp_path / "after").write_bytes(b"plain")
    run("tar", "--sparse", *form, "-C", tmp_path, "-cf", tmp_path / "it.tar", "n" * 120, "after")
    stored = (tmp_path / "it.tar").read_bytes()
    assert len(stored) < MEBI
    found = scan([stored[at : at + 700] for at in range(0, len(stored), 700)], everything, Budget())
    assert found.files == {"n" * 120: whole, "after": b"plain"}
    assert found.problems == ()


@pytest.mark.parametrize("form", FORMS)
def test_probes_see_the_zeros_too(tmp_path: Path, form: tuple[str, ...]) -> None:
    need("tar")
    whole = holey(tmp_path / "program", 3, MEBI)
    run("tar", "--sparse", *form, "-C", tmp_path, "-cf", tmp_path / "it.tar", "program")
    heads: list[tuple[bytes, int]] = []

    class Taking(Probe):
        def __init__(self) -> None:
            self.taken = b""

        def feed(self, piece: bytes) -> None:
            self.taken += piece

        def done(self) -> bytes:
            return self.taken

    def probe(_path: str, head: bytes, size: int) -> Probe:
        heads.append((head, size))
        return Taking()

    found = scan([(tmp_path / "it.tar").read_bytes()], Interest(lambda _: "", lambda _, data: data, probe), Budget())
    assert heads == [(whole[:64], MEBI)]
    assert found.files == {"program": whole}


def sparse(records: dict[str, str], body: bytes = b"", more: bytes = b"") -> bytes:
    """Return a layer with one file of these PAX records."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        info = tarfile.TarInfo("s")
        info.size, info.pax_headers = len(body), records
        archive.addfile(info, io.BytesIO(body))
        after = tarfile.TarInfo("after")
        after.size = len(more)
        archive.addfile(after, io.BytesIO(more))
    return buffer.getvalue()


def mapped(text: str, size: int, body: bytes) -> LayerContents:
    records = {"GNU.sparse.major": "0", "GNU.sparse.minor": "1", "GNU.sparse.size": str(size), "GNU.sparse.map": text}
    return scan([sparse(records, body, b"after")], everything, Budget())


@pytest.mark.parametrize(
    ("text", "size", "body"),
    [
        ("0,3,2,3", 9, b"abcdef"),  # fragments that overlap
        ("4,3,0,3", 9, b"abcdef"),  # or go back
        ("0,3,6,4", 9, b"abcdefg"),  # or leave the file
        ("0,3", 9, b"abcdef"),  # bytes that belong nowhere
        ("0,7", 9, b"abcdef"),  # bytes that are missing
        ("0,3,6", 9, b"abc"),
        ("0,x", 9, b"abc"),
        ("0,-3", 9, b"abc"),
        ("", 9, b""),
        ("0," + "9" * 19, 9, b"abc"),
        ("0," + "9" * 5000, 9, b"abc"),
    ],
)
def test_maps_that_make_no_sense(text: str, size: int, body: bytes) -> None:
    found = mapped(text, size, body)
    assert found.files == {"s": None, "after": b"after"}
    assert codes_of(found) == ["sparse-file"]


@pytest.mark.parametrize(
    "records",
    [
        {"GNU.sparse.major": "2", "GNU.sparse.minor": "0", "GNU.sparse.map": "0,3", "GNU.sparse.size": "3"},
        {"GNU.sparse.major": "1", "GNU.sparse.minor": "0"},
        {"GNU.sparse.major": "0", "GNU.sparse.minor": "1", "GNU.sparse.map": "0,3"},
        {"GNU.sparse.numblocks": "1"},
    ],
)
def test_unknown_versions_and_sizes_are_said(records: dict[str, str]) -> None:
    found = scan([sparse(records, b"abc", b"after")], everything, Budget())
    assert (found.files, codes_of(found)) == ({"s": None, "after": b"after"}, ["sparse-file"])


@pytest.mark.parametrize(
    "head", [b"", b"0\n", b"x\n", b"1\n0\n", b"99999999999\n0\n3\n", b"1" * 40, b"2\n0\n3\n2\n3\n"]
)
def test_maps_before_the_bytes_that_make_no_sense(head: bytes) -> None:
    records = {"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.realsize": "3"}
    found = scan([sparse(records, head.ljust(512, b"\0") + b"abc", b"after")], everything, Budget())
    assert (found.files, codes_of(found)) == ({"s": None, "after": b"after"}, ["sparse-file"])


def test_a_map_before_the_bytes_of_too_many_fragments() -> None:
    records = {"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.realsize": "9"}
    body = b"999999\n" + b"0\n0\n" * 400_000
    found = scan([sparse(records, body, b"after")], everything, Budget())
    assert (found.files, codes_of(found)) == ({"s": None, "after": b"after"}, ["sparse-file"])


def test_holes_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    assert codes_of(mapped("0,3", MAX_FILE + 1, b"abc")) == ["file-too-large"]
    monkeypatch.setattr(contents_module, "MAX_HOLES", 2 * MEBI)
    one = mapped("0,3", MEBI, b"abc")
    assert (one.files["s"], one.problems) == (b"abc".ljust(MEBI, b"\0"), ())
    records = {"GNU.sparse.map": "0,3", "GNU.sparse.size": str(MEBI)}
    budget = Budget()
    layers = [scan([sparse(records, b"abc")], everything, budget) for _ in range(4)]
    assert [codes_of(layer) for layer in layers] == [[], [], ["file-too-large"], ["file-too-large"]]


def test_what_nobody_wants_costs_nothing() -> None:
    records = {"GNU.sparse.map": "0,3", "GNU.sparse.size": str(1 << 60)}
    found = scan([sparse(records, b"abc")], bytes_of("after".__eq__), Budget())
    assert (found.files, found.problems) == ({"after": b""}, ())


def test_a_stream_that_ends_inside() -> None:
    records = {"GNU.sparse.map": "0,3,1000,900", "GNU.sparse.size": "5000"}
    data = sparse(records, b"abc" + b"x" * 900)
    for end in (600, 1024, 1536 + 2, 1536 + 500):
        found = scan([data[:end]], everything, Budget())
        assert codes_of(found) == ["damaged-layer"]
        assert not any(found.files.values())


def test_old_maps_may_not_go_on_forever() -> None:
    info = tarfile.TarInfo("old")
    info.type = b"S"
    header = bytearray(info.tobuf(tarfile.GNU_FORMAT))
    header[482] = 1
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    more = bytearray(512)
    more[504] = 1
    with pytest.raises(DamagedError, match="map is too large"):
        list(Walker([bytes(header), bytes(more) * 3000]))
    with pytest.raises(DamagedError, match="ends early"):
        list(Walker([bytes(header), bytes(more)]))


@given(st.lists(st.tuples(st.integers(0, 200), st.binary(max_size=100)), max_size=10), st.integers(0, 300))
def test_zeros_stand_where_nothing_is(parts: list[tuple[int, bytes]], tail: int) -> None:
    whole, stored, numbers = b"", b"", []
    for gap, data in parts:
        whole += bytes(gap)
        numbers += [len(whole), len(data)]
        whole, stored = whole + data, stored + data
    whole += bytes(tail)
    found = layout(numbers, len(whole), len(stored))
    assert isinstance(found, Layout)
    assert b"".join(expanded(ChunkReader([stored]), found)) == whole
    first = found.first(64)
    assert b"".join(expanded(ChunkReader([stored[: first.stored]]), first)) == whole[:64]
